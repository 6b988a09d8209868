"""What is done after somebody was answered, so that the answer does not tell by its time what was done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

import structlog

log = structlog.get_logger(__name__)

#: At the same time, and waiting for their turn; what comes on top is left out, and logged.
AT_ONCE, MOST = 4, 1000

_under_way: set[asyncio.Task[None]] = set()
_turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None


def later(name: str, act: Callable[[], Awaitable[object]]) -> None:
    """Do it soon, in a unit of work of its own. It is lost if this process is killed before that.

    Args:
        name: what it is, for the log.
    """
    if len(_under_way) >= MOST:
        log.error("background.full", left_out=name)
        return
    # A context of its own: it is in no unit of work, whichever we are in.
    task = asyncio.get_running_loop().create_task(_in_turn(name, act), context=Context())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def settled(seconds: float = 60.0) -> None:
    """Wait until all of it is done, but not for ever: the installation closes when this returns."""
    ends = time.monotonic() + seconds
    while _under_way and time.monotonic() < ends:
        await asyncio.wait(_under_way, timeout=ends - time.monotonic())
    if _under_way:
        log.error("background.left", count=len(_under_way))


async def _in_turn(name: str, act: Callable[[], Awaitable[object]]) -> None:
    global _turns
    loop = asyncio.get_running_loop()
    if _turns is None or _turns[0] is not loop:
        _turns = (loop, asyncio.Semaphore(AT_ONCE))
    async with _turns[1]:
        try:
            await act()
        except Exception as error:  # nobody is there to hear of it; its message may quote what it was about
            log.error("background.failed", act=name, error=type(error).__name__)
