"""The steps of the import tests: small files, in chunks of ten rows, taken in by a worker in the test's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import jobs
from tenants.imports import runs
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.stories.journey import look, start
from tests.workers.working import until, working, written

HEADER = "external_id,name,phone"
ORDER_HEADER = "number,customer_external_id,ordered_at,product,quantity,unit_price"


def people(first: int, last: int) -> list[str]:
    return [f"C{number},Person {number},+86138{number:08}" for number in range(first, last)]


def file_of(folder: Path, *lines: str, header: str = HEADER) -> Path:
    return written(folder / "file.csv", [header, *lines])


async def over(actor: Actor, run_id: UUID) -> runs.Progress:
    """The run once it has ended, however it ended, and once its chunks are gone."""
    await until(lambda: _is_over(actor, run_id))
    return await look(actor, run_id)


async def _is_over(actor: Actor, run_id: UUID) -> bool:
    async with acting_as(actor):
        return (await runs.progress(run_id)).is_over and not await jobs.open_jobs(run_id)


async def imported(actor: Actor, file: Path, record_type: RecordType = RecordType.CUSTOMER, **options: Any) -> runs.Progress:
    async with working():
        return await over(actor, await start(actor, file, record_type, **options))


async def has_read(actor: Actor, run_id: UUID, rows: int) -> bool:
    return (await look(actor, run_id)).rows_read >= rows


async def is_quiet(actor: Actor, run_id: UUID) -> bool:
    """Whether no job of the run is in a worker's hands or due."""
    async with acting_as(actor) as current:
        busy = await current.connection.fetchval(
            "SELECT count(*) FROM job WHERE tenant_id = $1 AND subject_id = $2 AND due_at IS NOT NULL", actor.tenant_id, run_id
        )
    return busy == 0


async def has_staged(actor: Actor, run_id: UUID, rows: int) -> bool:
    return (await look(actor, run_id)).rows_staged >= rows
