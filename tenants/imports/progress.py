"""How far an import run is: its counts, its speed, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tenants.refusals import NotFound
from tenants.session import session
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Progress:
    """An import run as it stands. All counts are of rows of the file, blank ones apart.

    Args:
        status: a word of `runs.Status`.
        rows_total: rows in the file; None until all of it has been read.
        rows_staged: rows read from the file so far.
        rows_read: rows taken in so far: the sum of created, updated, unchanged, skipped and rejected.
        records: by record type and action, e.g. {"ORDER": {"CREATE": 830}, "ORDER_LINE": {"CREATE": 2155}}.
        mapping: one entry per column of the file, as `workers.imports.mapping` proposed it with the sender's overrides.
        source: what the file was found to be: form, encoding, separator, sheet, header, header_row.
        rows_per_second: while reading, of reading; afterwards of taking in; over the whole run once it is over.
        seconds_left: None while nobody can tell.
    """

    id: UUID
    upload_id: UUID
    file_name: str
    record_type: RecordType
    status: str
    is_dry_run: bool
    rows_total: int | None
    rows_staged: int
    rows_blank: int
    rows_read: int
    rows_created: int
    rows_updated: int
    rows_unchanged: int
    rows_skipped: int
    rows_rejected: int
    warnings: int
    records: dict[str, dict[str, int]]
    mapping: list[dict[str, Any]]
    source: dict[str, Any]
    failure_reason: str | None
    rows_per_second: float | None
    seconds_left: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status in ("DONE", "FAILED", "CANCELLED")


async def progress(run_id: UUID) -> Progress:
    """How far a run of the tenant we act in is.

    Raises:
        NotFound: there is no such run.
    """
    run = await session().connection.fetchrow(_PROGRESS, session().tenant_id, run_id)
    if run is None:
        raise NotFound("There is no such import.")
    speed = _rows_per_second(run)
    left = run["rows_staged"] - run["rows_read"]
    return Progress(
        **{name: run[name] for name in _AS_STORED},
        record_type=RecordType(run["record_type"]),
        rows_total=run["rows_staged"] if run["is_staged"] else None,
        records=orjson.loads(run["records"]),
        mapping=orjson.loads(run["mapping"]),
        source=orjson.loads(run["source"]),
        rows_per_second=speed,
        seconds_left=left / speed if speed and run["status"] == "RUNNING" else None,
    )


def _rows_per_second(run: Any) -> float | None:
    match run["status"]:
        case "READING":
            rows, seconds = run["rows_staged"], run["seconds_reading"]
        case "RUNNING":
            rows, seconds = run["rows_read"] - run["rows_before"], run["seconds_running"]
        case "DONE" | "FAILED" | "CANCELLED":
            rows, seconds = run["rows_read"], run["seconds_all"]
        case _:
            return None
    return rows / seconds if rows and seconds else None


_AS_STORED = (
    "id", "upload_id", "file_name", "status", "is_dry_run", "rows_staged", "rows_blank", "rows_read", "rows_created", "rows_updated",
    "rows_unchanged", "rows_skipped", "rows_rejected", "warnings", "failure_reason", "created_at", "started_at", "finished_at",
)  # fmt: skip

_PROGRESS = """
SELECT r.*, u.name AS file_name,
    extract(epoch FROM now() - r.started_at)::float8 AS seconds_reading,
    extract(epoch FROM now() - r.running_at)::float8 AS seconds_running,
    extract(epoch FROM r.finished_at - r.started_at)::float8 AS seconds_all
FROM import_run r JOIN upload u ON u.tenant_id = r.tenant_id AND u.id = r.upload_id AND u.tenant_id = $1
WHERE r.tenant_id = $1 AND r.id = $2
"""
