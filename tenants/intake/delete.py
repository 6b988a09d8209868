"""Deleting records with what goes with them: everything looked up and locked, written down, then taken away; a statement a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tenants.access.holding import holds
from tenants.access.permissions import Action
from tenants.changes.change import Change
from tenants.changes.record import Cause, record
from tenants.encryption import Keyring
from tenants.ids import local_id
from tenants.intake.allowed import Allowed, allowed_of
from tenants.intake.apply import owner_of
from tenants.intake.keys import remove_keys
from tenants.intake.match import Matches, Stored, load
from tenants.intake.records import not_found
from tenants.intake.rules import KeyKind
from tenants.intake.shapes import CONTACT, INTERACTION, NEED, ORDER, PREFERENCE, SHAPES, Shape
from tenants.refusals import Conflict, NotAllowed, NotFound, TooLarge
from tenants.session import Session, session
from tenants.words import RecordType

#: Records that may be deleted at once; what goes with them is not counted.
MOST = 1_000

#: What goes with a customer.
_ITS_OWN = (CONTACT, ORDER, INTERACTION, NEED, PREFERENCE)


@dataclass(slots=True)
class Deleted:
    """What was deleted: records by type, those that went with others and an order's lines among them, as far as the actor may see them."""

    ids: list[UUID]
    counts: Counter[str] = field(default_factory=Counter)
    change_set_id: UUID | None = None


async def delete(record_type: RecordType, ids: Sequence[str], *, versions: Sequence[int | None] = (), reason: str | None = None) -> Deleted:
    """Delete records and what belongs to them, all or none, in the unit of work we are in, as one change-set.

    Args:
        ids: global ids; one that is given twice counts once.
        versions: beside `ids`, the version each must still have; None or left out: any.

    Raises:
        NotFound: one of them is none of the tenant's; in a batch, `row` says which.
        NotAllowed: one may be read and not deleted.
        Conflict: one has been changed since (VERSION_CONFLICT).
        TooLarge: over 1,000 ids.
    """
    if len(ids) > MOST:
        raise TooLarge(f"At most {MOST:,} records can be deleted at once.", field=["ids"])
    current, shape = session(), SHAPES[record_type]
    keyring = await current.keyring()
    wanted = [local_id(record_type, id) for id in ids]
    found = Matches()
    await load(shape, sorted({id for id in wanted if id is not None}), current, keyring, found)
    allowed = await allowed_of(shape, [], (), found, current, (Action.READ, Action.DELETE))
    for place, id in enumerate(wanted):
        _check(shape, found, allowed, id, versions[place] if place < len(versions) else None, place + 1 if len(ids) > 1 else None)
    deleted = Deleted(list(found.records))
    doomed = [*await _belonging(shape, deleted.ids, current, keyring), (shape, list(found.records.values()))]
    changes = [change for each, records in doomed for change in _changes(each, records)]
    deleted.counts += _seen(doomed, _owners(shape, found, allowed), current)
    for each, records in doomed:
        await _take_away(each, records, current, keyring)
    if changes:
        deleted.change_set_id = await record(changes, Cause("API", reason=reason), current, keyring)
    return deleted


def _check(shape: Shape, found: Matches, allowed: Allowed | None, id: UUID | None, version: int | None, row: int | None) -> None:
    stored = found.records.get(id) if id is not None else None
    if stored is None or (allowed is not None and id in allowed.hidden):
        fault = not_found(shape)
        raise NotFound(fault.wrong, field=["id"], row=row)
    if allowed is not None and not allowed.may(Action.DELETE, stored.values):
        raise NotAllowed(f"Your roles do not let you delete this {shape.record_type.lower()}.", field=["id"], row=row)
    if version is not None and version != stored.version:
        message = f"This record is at version {stored.version}, not {version}. Read it again, then decide."
        raise Conflict(message, field=["version"], row=row, code="VERSION_CONFLICT")


async def _belonging(shape: Shape, ids: list[UUID], current: Session, keyring: Keyring) -> list[tuple[Shape, list[Stored]]]:
    """What goes with these records. A customer that is locked gets no new ones."""
    if shape.record_type is not RecordType.CUSTOMER:
        return []
    belonging = []
    for each in _ITS_OWN:
        found = Matches()
        await load(each, ids, current, keyring, found, by="customer_id")
        belonging.append((each, list(found.records.values())))
    return belonging


def _owners(shape: Shape, found: Matches, allowed: Allowed | None) -> dict[UUID, UUID | None]:
    """Who owns the customers of what is deleted, as far as rights can turn on it."""
    owners = {id: row["owner_id"] for id, row in allowed.customers.items()} if allowed is not None else {}
    if shape.record_type is RecordType.CUSTOMER:
        owners |= {id: stored.values.get("owner_id") for id, stored in found.records.items()}
    return owners


def _seen(doomed: Sequence[tuple[Shape, list[Stored]]], owners: Mapping[UUID, UUID | None], current: Session) -> Counter[str]:
    """How many records of each type the actor may see of those that go: what goes with a customer may be hidden from him."""
    actor, counts = current.actor, Counter[str]()
    asker = actor.asker
    for shape, records in doomed:
        noun = shape.record_type
        for stored in records:
            owner = owners.get(stored.values.get("customer_id", stored.id))
            if holds(actor.rights.readable(noun), stored.values, owner, asker):
                counts[noun.value] += 1
                if stored.lines is not None and holds(actor.rights.readable(noun, "lines"), stored.values, owner, asker):
                    counts[RecordType.ORDER_LINE.value] += len(stored.lines)
    return counts


def _changes(shape: Shape, records: Sequence[Stored]) -> list[Change]:
    noun = shape.record_type.value
    changes = []
    for stored in records:
        before = {**stored.values, "flags": stored.flags}
        if stored.lines is not None:
            before["lines"] = stored.lines
        owner = owner_of(shape, stored.id, stored.values)
        changes.append(Change(noun, stored.id, owner, "DELETE", stored.version + 1, before, {}))
    return changes


async def _take_away(shape: Shape, records: Sequence[Stored], current: Session, keyring: Keyring) -> None:
    if not records:
        return
    ids = [stored.id for stored in records]
    if shape.record_type is RecordType.CUSTOMER:
        await remove_keys([(stored, set(KeyKind)) for stored in records], current, keyring)
    if shape.record_type is RecordType.ORDER:
        statement = "DELETE FROM order_line WHERE tenant_id = $1 AND order_id = any($2::uuid[])"
        await current.connection.execute(statement, current.tenant_id, ids)
    statement = f"DELETE FROM {shape.table} WHERE tenant_id = $1 AND id = any($2::uuid[])"
    await current.connection.execute(statement, current.tenant_id, ids)
