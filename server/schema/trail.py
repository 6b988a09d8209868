"""The trail, to be read: what happened in the tenant, entry by entry. Nothing in it is a record's value."""

from __future__ import annotations

from datetime import datetime

import strawberry

from server.reads.declaring import by_id, identity, newest, stored, stored_in
from server.reads.places import PLACE, Stored
from server.schema.pages import Connection, Node
from tenants.access.permissions import Permission
from tenants.ids import PREFIXES
from tenants.session import ActorKind
from tenants.trail import Event

strawberry.enum(Event, name="AuditEventKind", description="What can happen. New words are added; a word keeps its meaning.")


def _id_of(column: str, prefix: str) -> Stored:
    """A uuid as the outside sees it. It is compared so, too, and not looked up in an index."""
    sql = f"{prefix} || replace({{row}}.{column}::text, '-', '')"
    return Stored(sql, sql)


def _other(description: str, column: str, prefix: str) -> str | None:
    place: dict[str, object] = {PLACE: _id_of(column, prefix)}
    found: str | None = strawberry.field(description=description, metadata=place)
    return found


def _literal(prefix: str) -> str:
    return f"'{prefix}_'"


_ACTOR = f"CASE {{row}}.actor_kind WHEN 'API_KEY' THEN '{PREFIXES['API_KEY']}_' WHEN 'MEMBER' THEN '{PREFIXES['MEMBER']}_' ELSE 'job_' END"
_SUBJECT = f"""CASE {{row}}.subject_type {" ".join(f"WHEN '{noun}' THEN '{prefix}_'" for noun, prefix in PREFIXES.items())} ELSE '' END"""


@stored_in("trail_entry", "TRAIL_ENTRY", Permission.TRAIL_READ)
@strawberry.type(description="Something that happened, written together with what it tells of. It is sealed within a minute or so.")
class AuditEvent(Node):
    id: strawberry.ID = identity()
    at: datetime = stored("When it happened.")
    event: Event = stored("What happened.")
    actor_kind: ActorKind = stored("What kind of actor it was.")
    actor: str | None = _other("Who it was: a member's or an API key's global id, or a job's; null for the operator.", "actor_id", _ACTOR)
    member: str | None = _other("The member, or the one who made the key; their global id.", "member_id", _literal(PREFIXES["MEMBER"]))
    subject_type: str | None = stored("What it was done to: CUSTOMER, MEMBER, ROLE, API_KEY, IMPORT, …")
    subject: str | None = _other("The global id of what it was done to.", "subject_id", _SUBJECT)
    change_set: str | None = _other(
        "The change-set of a mutation or of a batch of an import.", "change_set_id", _literal(PREFIXES["CHANGE_SET"])
    )
    query: str | None = stored("The operation by its name, or by the SHA-256 of its document, up to 200 characters.")
    fields: list[str] | None = stored("The names of the fields that were read or written, where it is about fields.", "{row}.fields")
    records: list[str] | None = stored(
        "The records it is about, as 32 hex digits each, at most 100 of them; an export of the trail has all.",
        "ARRAY(SELECT replace(id::text, '-', '') FROM unnest(({row}.records)[1:100]) AS id)",
    )
    record_count: int | None = stored("How many records it is about.")
    purpose: str | None = stored("What it was said to be for, up to 500 characters.")
    address: str | None = stored("The network address it came from.")
    details: str | None = stored("More about it, as JSON: ids, words and counts.", "{row}.details")
    block: int | None = stored("The block it is sealed in; null until then.")
    position: int | None = stored("Its place in the block, from 0.")


@strawberry.type
class TrailQueries:
    audit_events: Connection[AuditEvent] = newest("What happened in your tenant, newest first.")
    audit_event: AuditEvent | None = by_id("One entry of the trail; null, with an error NOT_FOUND, where there is none of yours.")
