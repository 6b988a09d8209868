"""What lasts: streams and sockets, counted by key or session, and ended when the client is gone or may not ask any more."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from server.authentication import Context
from tenants.installation import installation
from tenants.refusals import NotAllowed

T = TypeVar("T")

_open: Counter[str] = Counter()
_of_tenants: Counter[UUID] = Counter()


def open_of(tenant_id: UUID) -> int:
    """How many websockets and event streams of a tenant are open in this process."""
    return _of_tenants[tenant_id]


class Lasting:
    """One place among those that a key or a session may hold open in this process."""

    def __init__(self, context: Context) -> None:
        self._key, self._tenant_id = context.caller, context.actor.tenant_id

    def __enter__(self) -> None:
        most = installation().settings.sockets_most
        if _open[self._key] >= most:
            raise NotAllowed(f"This key or session has {most} websockets and event streams open, which is the limit.", code="TOO_MANY")
        _open[self._key] += 1
        _of_tenants[self._tenant_id] += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _open[self._key] -= 1
        _of_tenants[self._tenant_id] -= 1
        kinds: tuple[tuple[Any, Any], ...] = ((_open, self._key), (_of_tenants, self._tenant_id))
        for counted, name in kinds:
            if not counted[name]:
                del counted[name]


async def watched(
    source: AsyncGenerator[T, None], gone: asyncio.Future[None], every_seconds: float, check: Callable[[], Awaitable[object]]
) -> AsyncGenerator[T | None, None]:
    """The items of a source until `gone` is done, and None whenever `every_seconds` have passed and `check` has too.

    Raises:
        NotAllowed: what `check` raises.
    """
    coming: asyncio.Future[T] | None = None
    beat = time.monotonic() + every_seconds
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source))
            await asyncio.wait((coming, gone), timeout=max(0.0, beat - time.monotonic()), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            if time.monotonic() >= beat:  # also where one item follows the other without a pause
                await check()
                beat = time.monotonic() + every_seconds
                yield None
            if coming.done():
                try:
                    item = coming.result()
                except StopAsyncIteration:
                    return
                coming = None
                yield item
    finally:
        if coming is not None and not coming.done():
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
        await source.aclose()
