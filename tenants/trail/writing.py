"""Writes an entry: one INSERT, with what it tells of or by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from tenants.ids import new_id
from tenants.session import Actor, acting_as, session
from tenants.trail.circumstances import ADDRESS_LONGEST, QUERY_LONGEST, circumstances
from tenants.trail.event import Event

#: How many records an entry names; of more it says the count.
RECORDS_MOST = 10_000

#: What an entry is given when it is written, in the order of `values_of`.
COLUMNS = (
    "tenant_id, id, event, actor_kind, actor_id, member_id, subject_type, subject_id, change_set_id, query, fields, records, record_count, "
    "purpose, address, details, digest"
)
_INSERT = f"INSERT INTO trail_entry ({COLUMNS}) VALUES ({', '.join(f'${place + 1}' for place in range(COLUMNS.count(',') + 1))})"


async def note(
    event: Event,
    *,
    subject_type: str | None = None,
    subject_id: UUID | None = None,
    fields: Sequence[str] | None = None,
    records: Sequence[UUID] | None = None,
    purpose: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> UUID:
    """Write one entry in the unit of work we are in: it is committed with what it tells of, or undone with it. Its id is returned.

    Who did it is the session's actor; the query, the address and, unless said here, the purpose are the `circumstances`.

    Args:
        subject_type, subject_id: what it was done to, as `MEMBER`, `ROLE`, `API_KEY`, `CUSTOMER`.
        fields, records: what was read or written of it, by name and by id.
        details: small JSON of ids, words, numbers and counts, 16 KiB at most. No personal data in clear: an attempted e-mail,
            for example, is written as a keyed digest.
    """
    subject = (subject_type, subject_id, None)
    values = values_of(session().actor, event, subject, fields=fields, records=records, purpose=purpose, details=details)
    await session().connection.execute(_INSERT, *values)
    id: UUID = values[1]
    return id


async def note_alone(actor: Actor, event: Event, **more: Any) -> UUID:
    """Write one entry in a unit of work of its own: of what was refused or failed, and is undone. Takes what `note` takes."""
    async with acting_as(actor):
        return await note(event, **more)


def values_of(
    actor: Actor,
    event: Event,
    subject: tuple[str | None, UUID | None, UUID | None] = (None, None, None),
    *,
    fields: Sequence[str] | None = None,
    records: Sequence[UUID] | None = None,
    record_count: int | None = None,
    purpose: str | None = None,
    details: Mapping[str, Any] | None = None,
    digest: bytes | None = None,
) -> tuple[Any, ...]:
    """The values of an entry's `COLUMNS`. `subject` is type, id and change-set."""
    told = circumstances()
    return (
        actor.tenant_id,
        new_id(),
        event.value,
        actor.kind.value,
        actor.id,
        actor.member_id,
        *subject,
        told.query and told.query[:QUERY_LONGEST],
        None if fields is None else list(fields),
        None if records is None else list(records[:RECORDS_MOST]),
        len(records) if record_count is None and records is not None else record_count,
        told.purpose if purpose is None else purpose,
        told.address and told.address[:ADDRESS_LONGEST],
        None if details is None else orjson.dumps(details, default=str, option=orjson.OPT_SORT_KEYS).decode(),
        digest,
    )
