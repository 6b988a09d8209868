"""The job `import_read`: a run's file read, its columns mapped, its rows staged in chunks, some seconds' worth at a time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import orjson

from tenants import jobs
from tenants.imports import chunks, runs
from tenants.imports.options import ImportOptions
from tenants.imports.rejected import is_own, is_returned
from tenants.imports.runs import Status
from tenants.installation import installation
from tenants.intake.rules import TenantRules
from tenants.jobs import Claim, JobKind, LostClaim
from tenants.models import Upload
from tenants.refusals import Refusal
from tenants.session import Actor, acting_as, session
from tenants.uploads import opener, upload
from tenants.words import RecordType
from workers.imports.evidence import Evidence
from workers.imports.mapping import ColumnMapping, propose
from workers.imports.reading import Cursor, ReadingOptions, Table, open_table
from workers.imports.staging import Place, Staged, Staging

#: What is staged becomes known this often, and after this long another tenant has its turn.
_COMMIT_SECONDS = 2.0
_TURN_SECONDS = 10.0

_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class _Task:
    """What this job needs to know, read at its beginning."""

    run: Any
    upload: Upload
    options: ImportOptions
    custom_fields: frozenset[str]
    place: Place


async def import_read(actor: Actor, claim: Claim) -> None:
    """Stage rows for a while, then give the job back; the last turn starts the taking in.

    Applying waits for the last row because a column may only say at its end how its dates are written. A file that cannot
    be used fails the run with the reason; no record has been written by then.
    """
    task = await _begin(actor, claim)
    if task is None:
        return
    try:
        opened = await asyncio.to_thread(_open, task)
        await _describe(actor, claim, opened)
        await _stage(actor, claim, task, opened.staging)
    except Refusal as refusal:
        async with acting_as(actor):
            await jobs.finish(claim)
            await runs.fail(claim.subject_id, refusal.message)
    except LostClaim:
        await _leave_nothing(actor, claim)
        raise


async def _begin(actor: Actor, claim: Claim) -> _Task | None:
    async with acting_as(actor) as current:
        run = await runs.lock(claim.subject_id)
        status = Status(run["status"])
        if status is Status.PAUSED:
            await jobs.give_back(claim, None)
            return None
        if status is Status.WAITING:
            await runs.move(run, Status.READING, "started_at = now()")
        rules = await TenantRules.load()
        place = Place(installation().files, await current.keyring(), claim.subject_id)
        options = ImportOptions.of(**runs.loaded(run["options"]))
        return _Task(run, await upload(run["upload_id"]), options, frozenset(rules.custom_fields), place)


@dataclass(frozen=True, slots=True)
class _Opened:
    table: Table
    mapping: ColumnMapping
    staging: Staging


def _open(task: _Task) -> _Opened:
    """The file, opened where the run's cursor stands. CPU and disk: runs in a thread."""
    run, options = task.run, task.options
    reading = ReadingOptions(options.encoding, options.separator, options.sheet, options.header_row)
    blocks = opener(task.place.store, task.place.keyring, task.upload.id)
    table = open_table(blocks, task.upload.name, task.upload.size, reading)
    record_type = RecordType(run["record_type"])
    mapping = mapped(table, record_type, options, task.custom_fields)
    evidence = Evidence.of(record_type, mapping.places, runs.loaded(run["evidence"]))
    cursor = Cursor(*runs.loaded(run["cursor"])) if run["cursor"] else None
    return _Opened(table, mapping, Staging(task.place, table, mapping, evidence, cursor, installation().settings.chunk_rows))


def mapped(table: Table, record_type: RecordType, options: ImportOptions, custom_fields: frozenset[str]) -> ColumnMapping:
    """The mapping of a table's columns: the same file and options always give the same.

    Raises:
        Invalid: no column is of any use, or the sender's mapping does not fit the file.
    """
    sample = [row.cells for row in islice(table.rows(), _SAMPLE_ROWS) if row.fault is None]
    given = {name: target or "-" for name, target in options.columns.items()}
    if is_returned(table.header):
        given |= {f"#{number}": "-" for number, name in enumerate(table.header, 1) if is_own(name)}
    return propose(table.header, record_type, sample, custom_fields=custom_fields, given=given)


async def _describe(actor: Actor, claim: Claim, opened: _Opened) -> None:
    """What the file was found to be, shown while its rows are still being read."""
    table = opened.table
    source = {
        "form": table.form.value,
        "encoding": table.encoding,
        "separator": table.separator,
        "sheet": table.sheet,
        "header": table.header,
        "header_row": table.header_row,
    }
    async with acting_as(actor):
        await jobs.heartbeat(claim)
        await session().connection.execute(
            "UPDATE import_run SET source = $3, mapping = $4 WHERE tenant_id = $1 AND id = $2",
            session().tenant_id,
            claim.subject_id,
            orjson.dumps(source).decode(),
            orjson.dumps(opened.mapping.as_json()["columns"]).decode(),
        )


async def _stage(actor: Actor, claim: Claim, task: _Task, staging: Staging) -> None:
    position, until = int(task.run["chunks_staged"]), time.monotonic() + _TURN_SECONDS
    goes_on = True
    while goes_on:
        staged = await asyncio.to_thread(partial(staging.stage, position, _COMMIT_SECONDS))
        goes_on = await _commit(actor, claim, staging, staged, position, has_time=time.monotonic() < until)
        position += len(staged.rows)


async def _commit(actor: Actor, claim: Claim, staging: Staging, staged: Staged, position: int, *, has_time: bool) -> bool:
    """Make staged chunks known, with their jobs, the cursor and the evidence; whether this worker goes on."""
    async with acting_as(actor):
        run = await runs.lock(claim.subject_id)
        await jobs.heartbeat(claim)
        await _record(claim, staging, staged, position)
        if staged.is_end:
            await _start_taking_in(run, claim, position + len(staged.rows))
            return False
        if Status(run["status"]) is Status.PAUSED:
            await jobs.give_back(claim, None)
            return False
        if not has_time:
            await jobs.give_back(claim)
        return has_time


async def _record(claim: Claim, staging: Staging, staged: Staged, position: int) -> None:
    connection, tenant_id = session().connection, session().tenant_id
    positions = list(range(position, position + len(staged.rows)))
    await connection.execute(_CHUNKS, tenant_id, claim.subject_id, positions, staged.first_rows, staged.rows)
    await jobs.create_many(JobKind.IMPORT_ROWS, claim.subject_id, positions, due=False)
    await connection.execute(
        _STAGED,
        tenant_id,
        claim.subject_id,
        sum(staged.rows),
        staged.blank_rows,
        len(positions),
        orjson.dumps(list(staged.cursor or ())).decode(),
        orjson.dumps(staging.evidence.as_json()).decode(),
        staged.is_end,
    )


async def _start_taking_in(run: Any, claim: Claim, chunk_count: int) -> None:
    """The whole file is staged: begin, unless the run is paused; resuming begins then."""
    await jobs.finish(claim)
    if Status(run["status"]) is Status.PAUSED:
        return
    if chunk_count == 0:
        await runs.done(run)
        return
    await runs.move(run, Status.RUNNING, "running_at = now()")
    await runs.release_next(claim.subject_id, 0)


async def _leave_nothing(actor: Actor, claim: Claim) -> None:
    """The run was ended while this worker was staging: what it laid down after the tidying goes too."""
    async with acting_as(actor):
        status = Status((await runs.lock(claim.subject_id))["status"])
    if status.is_over:
        await asyncio.to_thread(installation().files.delete_folder, actor.tenant_id, chunks.folder(claim.subject_id))


_CHUNKS = """
INSERT INTO import_chunk (tenant_id, run_id, position, first_row, rows)
SELECT $1, $2, new.position, new.first_row, new.rows
FROM unnest($3::integer[], $4::bigint[], $5::integer[]) AS new (position, first_row, rows)
"""

_STAGED = """
UPDATE import_run SET rows_staged = rows_staged + $3, rows_blank = rows_blank + $4, chunks_staged = chunks_staged + $5,
    cursor = $6, evidence = $7, is_staged = $8, updated_at = now()
WHERE tenant_id = $1 AND id = $2
"""
