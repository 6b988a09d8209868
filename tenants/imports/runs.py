"""An import run's life: started, paused, resumed, cancelled, failed, done; and every move there is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from tenants import jobs
from tenants.ids import new_id
from tenants.imports.options import ImportOptions
from tenants.imports.progress import Progress, progress
from tenants.imports.turns import let_in
from tenants.installation import installation
from tenants.jobs import JobKind
from tenants.models import ImportRun
from tenants.refusals import Conflict, Invalid, NotFound
from tenants.session import session
from tenants.trail import Event, note
from tenants.uploads import upload
from tenants.words import RecordType

__all__ = ["MOVES", "Progress", "Status", "cancel", "fail", "pause", "progress", "resume", "start_import"]


class Status(StrEnum):
    WAITING = "WAITING"
    READING = "READING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_over(self) -> bool:
        return not MOVES[self]


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.READING, Status.PAUSED, Status.FAILED, Status.CANCELLED}),
    Status.READING: frozenset({Status.RUNNING, Status.PAUSED, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.PAUSED: frozenset({Status.WAITING, Status.READING, Status.RUNNING, Status.FAILED, Status.CANCELLED}),
    Status.DONE: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


#: What a file may hold: lines and contacts come in the rows of their orders and customers as well.
IMPORTABLE = frozenset(RecordType) - {RecordType.ORDER_LINE}


async def start_import(upload_id: UUID, record_type: RecordType, options: ImportOptions, *, is_dry_run: bool = False) -> UUID:
    """A new run, and the job that begins it: at once, unless the tenant has three imports under way already.

    A dry run goes the whole way and writes no record. It looks at each chunk as if the chunks before had not been in the
    file: two rows about one person thousands of rows apart both count as created.

    Raises:
        NotFound: no such upload.
        Invalid: files of this type cannot be imported.
    """
    if record_type not in IMPORTABLE:
        raise Invalid("Order lines are imported with their orders: one row for each line, with the order's number.", field=["recordType"])
    await upload(upload_id)
    id = new_id()
    await ImportRun.create(
        id=id,
        tenant_id=session().tenant_id,
        upload_id=upload_id,
        record_type=record_type.value,
        options=options.stored(),
        is_dry_run=is_dry_run,
        started_by_kind=session().actor.kind.value,
        started_by=session().actor.id,
    )
    await jobs.create(JobKind.IMPORT_READ, id, due=False)
    await let_in()
    told = {"upload": upload_id, "recordType": record_type, "isDryRun": is_dry_run}
    await note(Event.IMPORT_STARTED, subject_type="IMPORT", subject_id=id, details=told)
    return id


async def pause(run_id: UUID) -> None:
    """Stop between two chunks, until resumed.

    Raises:
        NotFound: no such run.
        Conflict: it is over, or paused already.
    """
    await move(await lock(run_id), Status.PAUSED)
    await jobs.hold_back(run_id)
    await let_in()


async def resume(run_id: UUID) -> None:
    """Go on where it was paused.

    Raises:
        NotFound: no such run.
        Conflict: it is not paused.
    """
    run = await lock(run_id)
    if Status(run["status"]) is not Status.PAUSED:
        raise Conflict(f"An import that is {run['status']} cannot be resumed.")
    if not run["is_staged"]:
        await move(run, Status.READING if run["started_at"] else Status.WAITING)
        await jobs.release(run_id, JobKind.IMPORT_READ)
        return
    await move(run, Status.RUNNING, "running_at = now(), rows_before = rows_read")
    await release_next(run_id, run["chunks_applied"])


async def cancel(run_id: UUID) -> None:
    """End a run; what was taken in stays.

    Raises:
        NotFound: no such run.
        Conflict: it is over.
    """
    await _end(await lock(run_id), Status.CANCELLED)


async def fail(run_id: UUID, reason: str) -> None:
    """End a run that cannot go on, for a reason a tenant admin understands. One that is over stays as it is."""
    run = await lock(run_id)
    if not Status(run["status"]).is_over:
        await _end(run, Status.FAILED, "failure_reason = $3", reason)


async def lock(run_id: UUID) -> Any:
    """The run's row, ours until the end of the transaction: whoever changes what becomes of a run holds this first.

    Raises:
        NotFound: no such run.
    """
    run = await session().connection.fetchrow(_LOCK, session().tenant_id, run_id)
    if run is None:
        raise NotFound("There is no such import.")
    return run


async def move(run: Any, status: Status, change: str = "", *arguments: Any) -> None:
    """Move a locked run to another status.

    Args:
        change: further assignments, whose parameters start at $3.

    Raises:
        Conflict: there is no such move.
    """
    now = Status(run["status"])
    if status not in MOVES[now]:
        raise Conflict(f"An import that is {now} cannot become {status}.")
    extra = f", {change}" if change else ""
    await session().connection.execute(
        f"UPDATE import_run SET status = '{status}', updated_at = now(), version = version + 1{extra} WHERE tenant_id = $1 AND id = $2",
        session().tenant_id,
        run["id"],
        *arguments,
    )
    if event := _event(now, status):
        await note(event, subject_type="IMPORT", subject_id=run["id"], details={"status": status})


async def done(run: Any) -> None:
    """Every row is accounted for."""
    await move(run, Status.DONE, "finished_at = now()")
    await jobs.create(JobKind.IMPORT_TIDY, run["id"])
    await let_in()


async def release_next(run_id: UUID, chunks_applied: int) -> None:
    """Make the next few chunks due: those that are held back among them."""
    await jobs.release(run_id, JobKind.IMPORT_ROWS, chunks_applied, chunks_applied + lookahead() - 1)


def lookahead() -> int:
    """How many chunks of one run stand in the queue or are worked on at once: enough that no worker waits, few enough that
    a long import is not in everybody's way."""
    return max(2, 2 * (installation().settings.worker_processes or os.cpu_count() or 1))


def _event(now: Status, status: Status) -> Event | None:
    """What the trail calls a move; that a run gets on by itself is none of its matters."""
    if status.is_over:
        return Event.IMPORT_ENDED
    if Status.PAUSED in (now, status):
        return Event.IMPORT_RESUMED if now is Status.PAUSED else Event.IMPORT_PAUSED
    return None


async def _end(run: Any, status: Status, change: str = "", *arguments: Any) -> None:
    await move(run, status, f"finished_at = now(){f', {change}' if change else ''}", *arguments)
    await jobs.cancel_all(run["id"])
    await jobs.create(JobKind.IMPORT_TIDY, run["id"])
    await let_in()


def loaded(column: str) -> Any:
    """A jsonb column as asyncpg gives it, as Python."""
    return orjson.loads(column)


_LOCK = "SELECT * FROM import_run WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
