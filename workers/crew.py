"""A crew: so many worker processes, each started again when it dies, all told to stop together.

arq's worker ends when Redis goes away, and any process may be killed; a worker's jobs are rung for again by the clock of another one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from tenants.settings import settings
from workers.worker import LAST_SECONDS

log = structlog.get_logger()

#: Between a worker's death and its successor's start; doubled each time while they live shorter than that.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
_LONG_LIFE_SECONDS = 5.0


@asynccontextmanager
async def crew(processes: int, log_level: str | None = None) -> AsyncIterator[None]:
    """Have so many workers as long as we are inside; on the way out they finish the jobs they have.

    They work on the installation that the environment's settings name. Should this process be killed, they stop too: they hold
    the other end of a pipe.
    """
    stopping, environment = asyncio.Event(), os.environ | {"KELU_WORKER_PROCESSES": str(processes)}
    if log_level is not None:
        environment["KELU_LOG_LEVEL"] = log_level
    places = [asyncio.create_task(_keep_manned(stopping, environment)) for _ in range(processes)]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*places)


def usual_size() -> int:
    """How many processes a crew has unless told: what the settings say, else one for each processor."""
    return settings().worker_processes or os.cpu_count() or 1


async def _keep_manned(stopping: asyncio.Event, environment: Mapping[str, str]) -> None:
    """One place in the crew: a worker, or the pause before the next one."""
    pause = _FIRST_PAUSE_SECONDS
    while not stopping.is_set():
        born = time.monotonic()
        worker = await _start(environment)
        ended, stopped = asyncio.create_task(worker.wait()), asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stopping.is_set():
            await _stop(worker)
            return
        lived = time.monotonic() - born
        log.warning("worker.ended", pid=worker.pid, exit_code=worker.returncode, lived_seconds=round(lived, 1))
        pause = _FIRST_PAUSE_SECONDS if lived > _LONG_LIFE_SECONDS else min(2 * pause, _LONGEST_PAUSE_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)


async def _start(environment: Mapping[str, str]) -> Process:
    # A session of its own: Ctrl-C reaches us, and we tell them. Its standard input is how it knows that we are there.
    command = (sys.executable, "-m", "workers.worker")
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, start_new_session=True, env=environment)


async def _stop(worker: Process) -> None:
    with suppress(ProcessLookupError):
        worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), LAST_SECONDS + 10)
    except TimeoutError:
        log.warning("worker.killed", pid=worker.pid)
        worker.kill()
        await worker.wait()
