"""Writes a change-set with its changes: two statements however many records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from tenants.changes.change import Change
from tenants.changes.feed import publish, told_of
from tenants.encryption import Keyring
from tenants.ids import new_id
from tenants.session import Session, after_commit


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a change-set comes from: API or IMPORT, with the run and the reason if there is one."""

    source: str
    import_run_id: UUID | None = None
    reason: str | None = None


async def record(changes: Sequence[Change], cause: Cause, current: Session, keyring: Keyring) -> UUID:
    """Write one change-set, and tell of it once it is committed; its id is returned."""
    id = new_id()
    actor = current.actor
    at = await current.connection.fetchval(
        _CHANGE_SET, current.tenant_id, id, actor.kind, actor.id, cause.source, cause.import_run_id, cause.reason, len(changes)
    )
    bodies = [_json({"before": change.before, "after": change.after}) for change in changes]
    sealed = keyring.column("change", "body").seal_all([row_id(id, place) for place in range(len(changes))], bodies)
    told = told_of(changes)
    await current.connection.execute(
        _CHANGES, current.tenant_id, id, told.record_types, told.record_ids, told.actions, told.versions, sealed
    )
    # Columns and not the changes, nor the session: thousands of live objects, and circles of them, are what a garbage collector works on.
    after_commit(partial(publish, current.tenant_id, id, at, told))
    return id


def row_id(change_set_id: UUID, position: int) -> UUID:
    """What a change's body is bound to: its change-set and its place in it."""
    return UUID(int=change_set_id.int ^ position)


def _json(body: dict[str, Any]) -> str:
    """JSON; numbers with decimals as text, so that none is rounded."""
    return orjson.dumps(body, default=str).decode()


_CHANGE_SET = """
INSERT INTO change_set (tenant_id, id, actor_kind, actor_id, source, import_run_id, reason, changes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING created_at
"""
_CHANGES = """
INSERT INTO change (tenant_id, change_set_id, position, record_type, record_id, action, version, body)
SELECT $1, $2, q.position - 1, q.record_type, q.record_id, q.action, q.version, q.body
FROM unnest($3::text[], $4::uuid[], $5::text[], $6::integer[], $7::bytea[]) WITH ORDINALITY
     AS q(record_type, record_id, action, version, body, position)
"""
