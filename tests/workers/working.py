"""A worker inside the test's own process, on the installation of the tests; and small chunks, so that small files have many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tenants.installation import Installation
from workers.clock import Clock
from workers.worker import make_worker

WriteFile = Callable[[Sequence[str]], Path]


@asynccontextmanager
async def working() -> AsyncIterator[None]:
    worker = make_worker(handle_signals=False)
    tasks = [asyncio.create_task(worker.async_run()), asyncio.create_task(Clock().run())]
    try:
        yield
    finally:
        for task in (*tasks, *worker.tasks.values()):
            task.cancel()
        await asyncio.gather(*tasks, *worker.tasks.values(), return_exceptions=True)


def with_settings(opened: Installation, patch: pytest.MonkeyPatch, **changed: object) -> None:
    """Settings of this one test."""
    patch.setattr("tenants.installation._open", replace(opened, settings=opened.settings.model_copy(update=changed)))


def written(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to become true; `condition` may be a coroutine function."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.01)
    raise AssertionError("It has not come true in time.")
