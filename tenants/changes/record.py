"""Writes a change-set with its changes: two statements however many records."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from struct import pack
from typing import Any
from uuid import UUID

import orjson

from tenants.changes.change import Change
from tenants.changes.feed import publish, told_of
from tenants.encryption import Keyring
from tenants.ids import new_id
from tenants.session import Session, after_commit
from tenants.trail.event import Event
from tenants.trail.writing import COLUMNS, values_of


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a change-set comes from: API or IMPORT, with the run and the reason if there is one."""

    source: str
    import_run_id: UUID | None = None
    reason: str | None = None


async def record(changes: Sequence[Change], cause: Cause, current: Session, keyring: Keyring) -> UUID:
    """Write one change-set with its entry of the trail, and tell of it once it is committed; its id is returned."""
    id = new_id()
    bodies = [_json({"before": change.before, "after": change.after}) for change in changes]
    sealed = keyring.column("change", "body").seal_all([row_id(id, place) for place in range(len(changes))], bodies)
    told = told_of(changes)
    entry = _entry(id, changes, cause, current, digest(cause, told.record_types, told.record_ids, told.actions, told.versions, sealed))
    at = await current.connection.fetchval(_CHANGE_SET, *entry, cause.source, cause.import_run_id, cause.reason)
    await current.connection.execute(
        _CHANGES, current.tenant_id, id, told.record_types, told.record_ids, told.actions, told.versions, sealed
    )
    # Columns and not the changes, nor the session: thousands of live objects, and circles of them, are what a garbage collector works on.
    after_commit(partial(publish, current.tenant_id, id, at, told))
    return id


def digest(
    cause: Cause,
    record_types: Sequence[str],
    record_ids: Sequence[UUID],
    actions: Sequence[str],
    versions: Sequence[int],
    bodies: Sequence[bytes | None],
) -> bytes:
    """SHA-256 of a change-set as it is stored: its cause, then its changes in their order. `tenants/trail/FORMAT.md` says how."""
    run = cause.import_run_id.bytes if cause.import_run_id else b""
    reason = b"" if cause.reason is None else b"=" + cause.reason.encode()
    parts = [_framed(cause.source.encode(), run, reason)]
    for record_type, record_id, action, version, body in zip(record_types, record_ids, actions, versions, bodies, strict=True):
        parts.append(_framed(record_type.encode(), record_id.bytes, action.encode(), version.to_bytes(4, "big"), body or b""))
    return hashlib.sha256(b"".join(parts)).digest()


def _framed(*fields: bytes) -> bytes:
    """Each with its length before it, so that no two lists of fields look alike."""
    return b"".join([pack(">I", len(field)) + field for field in fields])


def _entry(id: UUID, changes: Sequence[Change], cause: Cause, current: Session, digest: bytes) -> tuple[Any, ...]:
    """The trail's entry: of one customer, if all changes are one's, or of the import they are part of."""
    customers = {change.customer_id for change in changes}
    subject_type, subject_id = ("CUSTOMER", customers.pop()) if len(customers) == 1 else (None, None)
    if cause.import_run_id is not None:
        subject_type, subject_id = "IMPORT", cause.import_run_id
    event = Event.IMPORT_BATCH if cause.source == "IMPORT" else Event.MUTATION
    return values_of(current.actor, event, (subject_type, subject_id, id), record_count=len(changes), digest=digest)


def row_id(change_set_id: UUID, position: int) -> UUID:
    """What a change's body is bound to: its change-set and its place in it."""
    return UUID(int=change_set_id.int ^ position)


def _json(body: dict[str, Any]) -> str:
    """JSON; numbers with decimals as text, so that none is rounded."""
    return orjson.dumps(body, default=str).decode()


#: One message: the trail's entry, whose values come first, and the change-set it tells of.
_CHANGE_SET = f"""
WITH entry AS (INSERT INTO trail_entry ({COLUMNS}) VALUES ({", ".join(f"${place + 1}" for place in range(17))}))
INSERT INTO change_set (tenant_id, id, actor_kind, actor_id, source, import_run_id, reason, changes)
VALUES ($1, $9, $4, $5, $18, $19, $20, $13) RETURNING created_at
"""
_CHANGES = """
INSERT INTO change (tenant_id, change_set_id, position, record_type, record_id, action, version, body)
SELECT $1, $2, q.position - 1, q.record_type, q.record_id, q.action, q.version, q.body
FROM unnest($3::text[], $4::uuid[], $5::text[], $6::integer[], $7::bytea[]) WITH ORDINALITY
     AS q(record_type, record_id, action, version, body, position)
"""
