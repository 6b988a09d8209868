"""Retention: what is older than a tenant wants to keep is deleted, by a job of the tenant that comes back each day.

- UPLOADS: files sent so long ago whose imports are over, with these imports and their findings.
- CUSTOMERS: LAPSED ones that were last changed so long ago, with all that belongs to them.
- ORDERS: those ordered so long ago that are COMPLETED, CANCELLED or REFUNDED. INTERACTIONS: those of so long ago without an open follow-up.
  NEEDS: CLOSED ones that were last changed so long ago.
- HISTORY is written down only: change-sets and the trail are append-only for the app's role. So what is deleted here stays in the history,
  sealed, until the tenant itself is deleted.

Records go through the intake's deletion, so each thousand is a change-set, and the trail says that a worker did it.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import orjson

from tenants import jobs
from tenants.ids import global_id
from tenants.imports import chunks
from tenants.installation import installation
from tenants.intake.delete import delete
from tenants.jobs import Claim, JobKind
from tenants.rules.decided import Decided, Kept, decided
from tenants.session import Actor, acting_as, session
from tenants.uploads import file_name
from tenants.words import RecordType

#: Records of one unit of work, and units of work of one claim.
RECORDS_AT_ONCE = 200
_TURNS = 20
_DAY_SECONDS = 24 * 3600.0

_REASON = "Kept for as long as the tenant's settings say."

#: Of records: their type, and which of the table's rows `r` are too old at `$2` days. The rows of a table are looked through in no order:
#: what is too old is gone at the end.
_RECORDS: dict[Kept, tuple[RecordType, str, str]] = {
    Kept.CUSTOMERS: (RecordType.CUSTOMER, "customer", "r.lifecycle = 'LAPSED' AND r.updated_at"),
    Kept.ORDERS: (RecordType.ORDER, "customer_order", "r.status IN ('COMPLETED', 'CANCELLED', 'REFUNDED') AND r.ordered_at"),
    Kept.INTERACTIONS: (RecordType.INTERACTION, "interaction", "r.follow_up IS DISTINCT FROM 'OPEN' AND r.occurred_at"),
    Kept.NEEDS: (RecordType.NEED, "need", "r.status = 'CLOSED' AND r.updated_at"),
}
_OLD = """
SELECT r.id FROM {table} r WHERE r.tenant_id = $1 AND {condition} < now() - make_interval(days => $2) LIMIT $3 FOR UPDATE OF r SKIP LOCKED
"""

#: What is deleted by itself; the rest is only written down.
APPLIED = frozenset({*_RECORDS, Kept.UPLOADS})

_OLD_UPLOADS = """
SELECT u.id FROM upload u WHERE u.tenant_id = $1 AND u.created_at < now() - make_interval(days => $2) AND NOT EXISTS (
    SELECT FROM import_run r
    WHERE r.tenant_id = $1 AND r.upload_id = u.id AND r.status IN ('WAITING', 'READING', 'RUNNING', 'PAUSED')
) LIMIT $3 FOR UPDATE OF u SKIP LOCKED
"""
_RUNS = "DELETE FROM import_run WHERE tenant_id = $1 AND upload_id = any($2::uuid[]) RETURNING id"
_UPLOADS = "DELETE FROM upload WHERE tenant_id = $1 AND id = any($2::uuid[])"

#: One that is under way will ask for the rules again.
_DUE = """
UPDATE job SET due_at = CASE state WHEN 'WAITING' THEN now() ELSE due_at END, updated_at = now()
WHERE tenant_id = $1 AND kind = $2 AND subject_id = $1 AND state IN ('WAITING', 'RUNNING') RETURNING 1
"""


async def schedule(rules: Decided, version: int) -> None:
    """Have the job of the tenant look again, and make it if there is none. `version` is the settings' new one."""
    if not rules.retention.keys() & APPLIED:
        return
    current = session()
    if not await current.connection.fetch(_DUE, current.tenant_id, JobKind.RETENTION.value):
        await jobs.create(JobKind.RETENTION, current.tenant_id, version)


async def retain(actor: Actor, claim: Claim) -> None:
    """A turn of the job RETENTION: some of what is too old is deleted, then it rests for a day; without a rule it is over."""
    for _ in range(_TURNS):
        async with acting_as(actor):
            kept = {subject: most for subject, most in (await _days()).items() if subject in APPLIED}
            if not kept:
                await jobs.finish(claim)
                return
            done = await _delete_some(kept)
            if done is None:
                await jobs.give_back(claim, _DAY_SECONDS)
                return
            await jobs.heartbeat(claim)
        await asyncio.to_thread(_delete_files, actor.tenant_id, *done)
    async with acting_as(actor):
        await jobs.give_back(claim)


async def _days() -> dict[Kept, int]:
    """What the settings say, held: whoever changes them waits, and then sees whether this job is over."""
    current = session()
    found = await current.connection.fetchval("SELECT rules FROM held_rules($1)", current.tenant_id)
    return decided(orjson.loads(found)).retention


async def leave_kept(tenant_id: UUID, reason: str) -> None:
    """The job was given up: nothing more is deleted until the settings are changed; the operator is told by the log."""


async def _delete_some(kept: dict[Kept, int]) -> tuple[list[UUID], list[UUID]] | None:
    """Delete some of one kind: the uploads and import runs whose files are to go then; None if nothing is too old."""
    current = session()
    for subject, (noun, table, condition) in _RECORDS.items():
        if subject in kept:
            statement = _OLD.format(table=table, condition=condition)
            rows = await current.connection.fetch(statement, current.tenant_id, kept[subject], RECORDS_AT_ONCE)
            if rows:
                await delete(noun, [global_id(noun, row["id"]) for row in rows], reason=_REASON)
                return [], []
    if Kept.UPLOADS in kept:
        rows = await current.connection.fetch(_OLD_UPLOADS, current.tenant_id, kept[Kept.UPLOADS], RECORDS_AT_ONCE)
        if rows:
            ids = [row["id"] for row in rows]
            runs = await current.connection.fetch(_RUNS, current.tenant_id, ids)
            await current.connection.execute(_UPLOADS, current.tenant_id, ids)
            return ids, [run["id"] for run in runs]
    return None


def _delete_files(tenant_id: UUID, uploads: list[UUID], runs: list[UUID]) -> None:
    """The rows are gone already: a file that is left behind is sealed, nameless, and deleted with the tenant."""
    for id in uploads:
        installation().files.delete(tenant_id, file_name(id))
    for id in runs:
        installation().files.delete_folder(tenant_id, chunks.folder(id))
