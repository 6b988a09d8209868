"""Erases a tenant that is marked: its files, then its rows, then the tenant itself, with a proof."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from tenants import jobs
from tenants.installation import installation
from tenants.jobs import Claim
from tenants.life.proof import prove
from tenants.life.tables import LAST, tables_of_tenants
from tenants.session import Actor, acting_as, session

ROWS_AT_ONCE = 5_000

#: One claim takes so long, then others have their turn.
TURN_SECONDS = 10.0

#: Whoever was believed to be of the tenant when it was marked may begin something for as long as this.
SETTLED_AFTER = timedelta(seconds=1.5)

_LOOK_SECONDS = 0.5

Told = Callable[[int], object]


async def erase_tenant(actor: Actor, claim: Claim, told: Told = lambda gone: None) -> None:
    """A turn of the job TENANT_ERASE. `told` hears how many more rows and files are gone.

    Each table is emptied in transactions of some thousand rows, whose count is kept with them; killed anywhere, the next turn goes on.
    """
    until = time.monotonic() + TURN_SECONDS
    await _erase_files(actor, claim, told)
    async with acting_as(actor):
        tables = [name for name in await tables_of_tenants(session().connection) if name not in LAST]
    for table in tables:
        while await _erase_some(actor, claim, table, told):
            if time.monotonic() > until:
                async with acting_as(actor):
                    await jobs.give_back(claim)
                return
    await _erase_jobs(actor, claim, told)
    if not await _end(actor, claim):
        async with acting_as(actor):
            await jobs.give_back(claim, _LOOK_SECONDS)


async def leave_unerased(tenant_id: UUID, reason: str) -> None:
    """The job was given up: the keys are destroyed, the rest waits for `kelu tenant delete`, run again; the log has said so."""


async def _erase_files(actor: Actor, claim: Claim, told: Told) -> None:
    files = installation().files
    names = await asyncio.to_thread(files.names, actor.tenant_id, "")
    await asyncio.to_thread(files.delete_folder, actor.tenant_id, "")
    if names:
        async with acting_as(actor) as unit:
            await unit.connection.execute("UPDATE erasure SET files = files + $2 WHERE tenant_id = $1", unit.tenant_id, len(names))
            await jobs.heartbeat(claim)
        told(len(names))


async def _erase_some(actor: Actor, claim: Claim, table: str, told: Told) -> bool:
    """Whether there may be more in this table."""
    async with acting_as(actor) as unit:
        gone: int = await unit.connection.fetchval("SELECT door_erase($1, $2)", table, ROWS_AT_ONCE)
        if gone:
            await _count(table, gone)
            await jobs.heartbeat(claim)
    told(gone)
    return gone == ROWS_AT_ONCE


async def _erase_jobs(actor: Actor, claim: Claim, told: Told) -> None:
    """All jobs but the one that does this."""
    statement = """DELETE FROM job WHERE tenant_id = $1 AND id = ANY (ARRAY(
        SELECT j.id FROM job j WHERE j.tenant_id = $1 AND j.id <> $2 LIMIT $3))"""
    gone = ROWS_AT_ONCE
    while gone == ROWS_AT_ONCE:
        async with acting_as(actor) as unit:
            done: str = await unit.connection.execute(statement, unit.tenant_id, claim.job_id, ROWS_AT_ONCE)
            gone = int(done.removeprefix("DELETE "))
            await _count("job", gone)
            await jobs.heartbeat(claim)
        told(gone)


async def _count(table: str, gone: int) -> None:
    current = session()
    await current.connection.execute(_COUNT, current.tenant_id, table, gone)


async def _end(actor: Actor, claim: Claim) -> bool:
    """The last transaction; whether it could be had: not while somebody who began before all knew of the end may still write."""
    async with acting_as(actor) as unit:
        if not await unit.connection.fetchval(_IS_SETTLED, unit.tenant_id, SETTLED_AFTER):
            return False
    # All that they wrote is there to be seen now.
    await asyncio.to_thread(installation().files.delete_folder, actor.tenant_id, "")
    async with acting_as(actor) as unit:
        await jobs.heartbeat(claim)
        tables = await tables_of_tenants(unit.connection)
        for table in tables:
            gone = ROWS_AT_ONCE
            while gone == ROWS_AT_ONCE:
                gone = await unit.connection.fetchval("SELECT door_erase($1, $2)", table, ROWS_AT_ONCE)
                await _count(table, gone)
        left = {table: await unit.connection.fetchval(_left(table), unit.tenant_id) for table in tables}
        left_files = len(await asyncio.to_thread(installation().files.names, actor.tenant_id, ""))
        await prove(left, left_files)
    return True


def _left(table: str) -> str:
    return f"SELECT count(*) FROM {table} WHERE {'id' if table == 'tenant' else 'tenant_id'} = $1"


_COUNT = """
UPDATE erasure SET removed = jsonb_set(removed, ARRAY[$2], to_jsonb(coalesce((removed->>$2)::bigint, 0) + $3)) WHERE tenant_id = $1
"""

#: The app's role sees when the transactions of its own role began; who acts in a tenant has no other.
_IS_SETTLED = """
SELECT now() > e.started_at + $2::interval AND NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.usename = current_user AND a.pid <> pg_backend_pid()
        AND a.xact_start < e.started_at + $2::interval
)
FROM erasure e WHERE e.tenant_id = $1
"""
