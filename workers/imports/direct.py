"""An import without a server: the file streamed from disk, the run followed to its end, workers of its own beside it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import jobs
from tenants.api_keys import authenticate
from tenants.cli import operator_of
from tenants.imports import runs
from tenants.imports.findings import findings
from tenants.imports.options import ImportOptions
from tenants.imports.progress import Progress, progress
from tenants.imports.rejected import rejected_csv
from tenants.installation import open_installation
from tenants.intake.problems import Problem, Severity
from tenants.intake.rules import TenantRules
from tenants.refusals import Conflict, Invalid
from tenants.session import Actor, acting_as
from tenants.settings import settings
from tenants.uploads import receive
from tenants.words import RecordType
from workers.crew import crew
from workers.imports.mapping import ColumnMapping, guess_record_type
from workers.imports.read import mapped
from workers.imports.reading import ReadingOptions, Table, open_table
from workers.imports.reading.table import Blocks

#: Problems shown: of so many, so many, errors first.
LOOKED_AT, SHOWN = 1000, 20

_BLOCK_BYTES = 1 << 20
_LOOK_SECONDS = 0.2
_TIDY_SECONDS = 5.0
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command was told. `processes`: how many workers to bring along; 0 leaves the work to others."""

    file: Path
    tenant: str | None
    record_type: RecordType | None
    options: ImportOptions
    is_dry_run: bool
    rejected: Path | None
    processes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The run as it ended, and its first problems, errors before warnings."""

    run: Progress
    problems: list[Problem]


#: Told where the run is, a few times a second.
Watch = Callable[[Progress], None]


async def import_directly(wanted: Wanted, watch: Watch) -> Outcome:
    """Upload the file, import it, and wait until that is over.

    Raises:
        Refusal: the tenant, the file or an option is refused before a run begins.
    """
    async with open_installation():
        actor = await _actor(wanted.tenant)
        record_type = wanted.record_type or guess_record_type(*_top(_opened(wanted)))
        upload = await receive(actor, wanted.file.name, _blocks(wanted.file))
        async with acting_as(actor):
            run_id = await runs.start_import(upload.id, record_type, wanted.options, is_dry_run=wanted.is_dry_run)
        level = None if settings().log_level == "DEBUG" else "ERROR"
        async with crew(wanted.processes, level) if wanted.processes else nullcontext():
            run = await _follow(actor, run_id, watch, may_cancel=wanted.processes > 0)
            await _tidied(actor, run_id)
        async with acting_as(actor, read_only=True):
            found = await findings(run_id, LOOKED_AT)
        if wanted.rejected:
            await _write_rejected(actor, run_id, wanted.rejected)
        return Outcome(run, sorted(found, key=lambda problem: problem.severity is not Severity.ERROR)[:SHOWN])


async def mapping_of(wanted: Wanted) -> ColumnMapping:
    """Which column would go to which field; nothing is uploaded.

    Raises:
        Refusal: as `import_directly`.
    """
    async with open_installation():
        actor = await _actor(wanted.tenant)
        table = _opened(wanted)
        async with acting_as(actor, read_only=True):
            rules = await TenantRules.load()
        record_type = wanted.record_type or guess_record_type(*_top(table))
        return mapped(table, record_type, wanted.options, frozenset(rules.custom_fields))


async def _actor(tenant: str | None) -> Actor:
    if tenant:
        return await operator_of(tenant)
    if secret := os.environ.get("KELU_API_KEY"):
        return await authenticate(secret)
    raise Invalid("Whose records are these? Give --tenant ten_… (or set KELU_TENANT), or a key in KELU_API_KEY.")


def _opened(wanted: Wanted) -> Table:
    options = wanted.options
    reading = ReadingOptions(options.encoding, options.separator, options.sheet, options.header_row)
    return open_table(_local(wanted.file), wanted.file.name, wanted.file.stat().st_size, reading)


def _top(table: Table) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and first rows."""
    rows = (row.cells for row, _ in zip(table.rows(), range(_SAMPLE_ROWS), strict=False) if row.fault is None)
    return table.header, list(rows)


def _local(file: Path) -> Blocks:
    def blocks(offset: int) -> Iterator[bytes]:
        with file.open("rb") as opened:
            opened.seek(offset)
            while block := opened.read(_BLOCK_BYTES):
                yield block

    return blocks


async def _blocks(file: Path) -> AsyncIterator[bytes]:
    for block in _local(file)(0):
        yield block


async def _follow(actor: Actor, run_id: UUID, watch: Watch, *, may_cancel: bool) -> Progress:
    """The run when it is over. Ctrl-C cancels it, or only ends the watching where others do the work."""
    async with _interruption() as interrupted:
        while True:
            async with acting_as(actor, read_only=True):
                run = await progress(run_id)
            watch(run)
            if run.is_over or (interrupted.is_set() and not may_cancel):
                return run
            if interrupted.is_set():
                with suppress(Conflict):
                    async with acting_as(actor):
                        await runs.cancel(run_id)
                interrupted.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(interrupted.wait(), _LOOK_SECONDS)


@asynccontextmanager
async def _interruption() -> AsyncIterator[asyncio.Event]:
    interrupted, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    try:
        yield interrupted
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _tidied(actor: Actor, run_id: UUID) -> None:
    """Give the workers a moment to clear away the run's chunks; whoever works next does it otherwise."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_TIDY_SECONDS):
            while await _open_jobs(actor, run_id):
                await asyncio.sleep(0.05)


async def _open_jobs(actor: Actor, run_id: UUID) -> int:
    async with acting_as(actor, read_only=True):
        return await jobs.open_jobs(run_id)


async def _write_rejected(actor: Actor, run_id: UUID, file: Path) -> None:
    # Rejected rows are somebody's personal data in clear: for the eyes of whoever asked for them.
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        async for piece in rejected_csv(actor, run_id):
            opened.write(piece)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for programs."""
    run = outcome.run
    names = ("created", "updated", "unchanged", "skipped", "rejected")
    return {
        "status": run.status,
        "recordType": run.record_type,
        "file": run.file_name,
        "isDryRun": run.is_dry_run,
        "failureReason": run.failure_reason,
        "rows": {"total": run.rows_total, "blank": run.rows_blank} | {name: getattr(run, f"rows_{name}") for name in names},
        "warnings": run.warnings,
        "records": run.records,
        "rowsPerSecond": run.rows_per_second,
        "mapping": run.mapping,
        "problems": [problem._asdict() for problem in outcome.problems],
    }
