"""The steps most journeys share: a file goes up, its import is started, somebody waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants.imports.options import ImportOptions
from tenants.imports.runs import Progress, progress, start_import
from tenants.models import Upload
from tenants.session import Actor, acting_as
from tenants.uploads import receive
from tenants.words import RecordType

_BLOCK = 1 << 20

Watcher = Callable[[Progress], Awaitable[None]]


async def upload_file(actor: Actor, file: Path) -> Upload:
    async def blocks() -> AsyncIterator[bytes]:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                yield block

    return await receive(actor, file.name, blocks())


async def start(actor: Actor, file: Path, record_type: RecordType = RecordType.CUSTOMER, **options: Any) -> UUID:
    """Upload a file and start its import."""
    upload = await upload_file(actor, file)
    async with acting_as(actor):
        return await start_import(upload.id, record_type, ImportOptions.of(**options))


async def look(actor: Actor, run_id: UUID) -> Progress:
    async with acting_as(actor, read_only=True):
        return await progress(run_id)


async def finish(actor: Actor, run_id: UUID, *, seconds: float = 60, every_seconds: float = 0.02, watch: Watcher | None = None) -> Progress:
    """Wait until an import is done, looking at it now and then.

    Raises:
        AssertionError: it ended otherwise, or not in time.
    """
    deadline = time.monotonic() + seconds
    while not (run := await look(actor, run_id)).is_over:
        assert time.monotonic() < deadline, f"not over within {seconds} s: {run}"
        if watch is not None:
            await watch(run)
        await asyncio.sleep(every_seconds)
    assert run.status == "DONE", (run.status, run.failure_reason)
    return run


async def bring_in(actor: Actor, file: Path, record_type: RecordType = RecordType.CUSTOMER, **options: Any) -> Progress:
    """Upload and import a file, and wait until that is done."""
    return await finish(actor, await start(actor, file, record_type, **options))


def counts(run: Progress) -> dict[str, int]:
    """What became of a file's rows."""
    words = ("created", "updated", "unchanged", "skipped", "rejected")
    found: dict[str, int] = {word: getattr(run, f"rows_{word}") for word in words}
    assert sum(found.values()) == run.rows_read == run.rows_total
    return found
