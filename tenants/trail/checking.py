"""Verifies a trail where it lies: as an export of it would be, and the changes that its entries have digests of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from tortoise import connections

from tenants.changes.record import Cause, digest
from tenants.encryption import CannotOpen
from tenants.installation import installation
from tenants.refusals import NotFound
from tenants.session import Actor, acting_as, session
from tenants.trail.exporting import lines, unsealed_count
from tenants.trail.keys import public_keys
from tenants.trail.sealing import kept_checkpoint
from tenants.trail.verifier import Fault, Verifier

_FETCHED = 500
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: how many blocks, sealed entries and entries that wait for the sealer, and what is wrong."""

    tenant_id: UUID
    blocks: int
    entries: int
    unsealed: int
    faults: list[Fault]


async def check(actor: Actor, told: Callable[[int], None] = lambda done: None) -> Checked:
    """Verify a tenant's trail against the newest checkpoint in the file store. `told` hears of every entry."""
    keys = await public_keys()
    async with acting_as(actor, read_only=True):
        checkpoint, lost = await _checkpoint()
    # Another unit of work, begun after the checkpoint was written: what it sees is behind it by nothing.
    async with acting_as(actor, read_only=True):
        verifier = Verifier(keys, checkpoint, str(actor.tenant_id))
        verifier.faults.extend(lost)
        async for line in lines(session().connection, actor.tenant_id):
            verifier.take(line)
            told(1)
        faults = verifier.finish()
        faults += [fault async for fault in _changed()]
        return Checked(actor.tenant_id, verifier.blocks, verifier.entries, await unsealed_count(), faults)


async def all_tenants() -> list[UUID]:
    """Whose trails there are: in the database, or once there were, by the file store."""
    found = set(await asyncio.to_thread(installation().files.tenant_ids))
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with connections.get("default").acquire_connection() as connection:
            page = [row["tenant_id"] for row in await connection.fetch("SELECT tenant_id FROM door_trails($1, $2)", after, _PAGE)]
        found |= set(page)
        after = page[-1] if len(page) == _PAGE else None
    return sorted(found)


async def _checkpoint() -> tuple[dict[str, Any] | None, list[Fault]]:
    try:
        text = await kept_checkpoint()
    except (CannotOpen, NotFound):
        return None, [Fault(None, None, "the checkpoint in the file store does not open: it, or the tenant's key, is not what it was")]
    return (orjson.loads(text) if text else None), []


async def _changed() -> AsyncIterator[Fault]:
    """Entries whose change-set is not what it was when they were written. Both are read once, in the order of change-sets."""
    connection, tenant_id = session().connection, session().tenant_id
    changes = aiter(connection.cursor(_CHANGES, tenant_id, prefetch=_FETCHED))
    change: Any = await anext(changes, None)
    async for entry in connection.cursor(_DIGESTS, tenant_id, prefetch=_FETCHED):
        own: list[Any] = []
        while change is not None and change["change_set_id"] <= entry["change_set_id"]:
            if change["change_set_id"] == entry["change_set_id"]:
                own.append(change)
            change = await anext(changes, None)
        columns: list[Any] = [[each[name] for each in own] for name in ("record_type", "record_id", "action", "version", "body")]
        if entry["source"] is None:
            yield Fault(entry["block"], entry["position"], f"change-set {entry['change_set_id']}, which it tells of, was deleted")
        elif digest(Cause(entry["source"], entry["import_run_id"], entry["reason"]), *columns) != entry["digest"]:
            yield Fault(entry["block"], entry["position"], f"change-set {entry['change_set_id']}, which it tells of, was changed")


_DIGESTS = """
SELECT e.change_set_id, e.block, e.position, e.digest, s.source, s.import_run_id, s.reason
FROM trail_entry e LEFT JOIN change_set s ON s.tenant_id = $1 AND s.id = e.change_set_id
WHERE e.tenant_id = $1 AND e.block IS NOT NULL AND e.change_set_id IS NOT NULL AND e.digest IS NOT NULL ORDER BY e.change_set_id
"""
_CHANGES = """
SELECT change_set_id, record_type, record_id, action, version, body FROM change WHERE tenant_id = $1 ORDER BY change_set_id, position
"""
