"""From clean rows to drafts of records: rows of one order joined, a contact beside its customer, keys and ids given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from tenants.encryption import Keyring
from tenants.ids import local_id, new_ids
from tenants.intake import normalise
from tenants.intake.cleaning import Clean
from tenants.intake.problems import Code, Fault, Severity
from tenants.intake.rules import KeyKind, TenantRules
from tenants.intake.shapes import LINE, Shape
from tenants.intake.validate import required
from tenants.words import RecordType

Line = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """One record as it is wanted.

    Args:
        id: the record's id should it be new.
        places: the batch's rows it came from, 0-based, first first.
        values: column → plain value, only what was given; sealed columns too.
        sealed: column → ciphertext under `id`, made ahead for a record that turns out to be new.
        keys: what a customer is recognised by.
        cleared: the fields it empties, `custom.<name>` for one of the tenant's own.
        default_owner: whose a new customer is that names nobody: the name and the member.
        link: by what a record of a customer names it: `customer_id` (a uuid) or a key kind, and the value or digest.
    """

    id: UUID
    places: Sequence[int]
    values: dict[str, Any]
    flags: list[str] = field(default_factory=list)
    sealed: dict[str, bytes | None] = field(default_factory=dict)
    keys: dict[KeyKind, bytes] = field(default_factory=dict)
    wanted_id: UUID | None = None
    version: int | None = None
    lines: list[Line] | None = None
    link: tuple[str, Any] | None = None
    cleared: Set[str] = frozenset()
    default_owner: tuple[str, UUID] | None = None


def drafts_of(clean: Clean, shape: Shape, tenant: TenantRules, keyring: Keyring, *, prefix: str = "", system: str = "") -> list[Draft]:
    """The drafts of a batch's sound rows; a row with an error makes none, nor does one without a nested contact.

    Args:
        prefix: `contact.` reads the contacts nested in rows of customers.
        system: the source system that external ids belong to.
    """
    names, customs = _column_names(clean, shape, prefix), [] if prefix else _custom_columns(clean)
    groups = list(_groups(clean, shape))
    ids = new_ids(len(groups))
    made: list[Draft] = []
    for id, places in zip(ids, groups, strict=True):
        if not clean.refused.isdisjoint(places):
            clean.refused.update(places)
            continue
        draft = _draft(clean, id, places, names, customs, prefix)
        if (draft.values or not prefix) and _completed(clean, draft, shape, tenant, keyring, system):
            made.append(draft)
    _seal(made, shape, keyring)
    return made


def _column_names(clean: Clean, shape: Shape, prefix: str) -> list[tuple[str, list[Any]]]:
    own = {column.name for column in shape.columns}
    found = ((target.removeprefix(prefix), column) for target, column in clean.values.items() if target.startswith(prefix))
    return [(name, column) for name, column in found if name in own and name != "customer_id"]


def _custom_columns(clean: Clean) -> list[tuple[str, list[Any]]]:
    return [(target.removeprefix("custom."), column) for target, column in clean.values.items() if target.startswith("custom.")]


def _groups(clean: Clean, shape: Shape) -> Iterator[Sequence[int]]:
    """The rows of each record: one each, but all rows with an order's number are that order."""
    if clean.lines is not None:
        begins = [place for place, line in enumerate(clean.lines) if line == 0]
        yield from (range(first, end) for first, end in zip(begins, [*begins[1:], len(clean.rows)], strict=True))
        return
    if shape.record_type is not RecordType.ORDER or "number" not in clean.values:
        yield from ((place,) for place in range(len(clean.rows)))
        return
    orders: dict[str, list[int]] = {}
    for place, number in enumerate(clean.values["number"]):
        orders.setdefault(number or f"\0{place}", []).append(place)
    yield from orders.values()


def _draft(
    clean: Clean, id: UUID, places: Sequence[int], names: list[tuple[str, list[Any]]], customs: list[tuple[str, list[Any]]], prefix: str
) -> Draft:
    first = places[0]
    values = {name: column[first] for name, column in names if column[first] is not None}
    draft = Draft(id, places, values)
    if customs and (custom := {name: column[first] for name, column in customs if column[first] is not None}):
        values["custom"] = custom
    if first in clean.cleared:
        own = (target for target in clean.cleared[first] if target.startswith(prefix or "custom.") or not (prefix or "." in target))
        draft.cleared = {target.removeprefix(prefix) for target in own}
    if first in clean.flags:
        draft.flags = [flag.removeprefix(prefix) for flag in clean.flags[first] if flag.startswith(prefix) and (prefix or "." not in flag)]
    return draft


def _completed(clean: Clean, draft: Draft, shape: Shape, tenant: TenantRules, keyring: Keyring, system: str) -> bool:
    """Give a draft what its type needs besides its columns; False where that brings an error to light."""
    first = draft.places[0]
    if shape.record_type is RecordType.CUSTOMER:
        _complete_customer(draft, clean, tenant, keyring, system)
    elif shape.record_type is clean.record_type:
        draft.link = _link(clean, first, keyring, system)
        if not _LINKS.isdisjoint(draft.cleared):
            draft.cleared = {*(draft.cleared - _LINKS), *(("customer_id",) if draft.link is None else ())}
    elif "name" not in draft.values:
        clean.tell(first, "contact.name", required("contact.name"), Severity.ERROR)
    if shape.record_type is RecordType.ORDER:
        draft.lines = _lines(clean, draft)
    if shape.record_type is clean.record_type:
        _identity(clean, draft, shape)
    return clean.refused.isdisjoint(draft.places)


def _complete_customer(draft: Draft, clean: Clean, tenant: TenantRules, keyring: Keyring, system: str) -> None:
    values = draft.values
    if "name" not in values and "company" in values:
        # A file of companies has no other name for its customers.
        values["name"] = values["company"]
        values.setdefault("kind", "COMPANY")
    if isinstance(values.get("birth_date"), date):
        values["birth_date"] = values["birth_date"].isoformat()
    custom = values.get("custom")
    if custom:
        hidden = {name: custom.pop(name) for name in list(custom) if tenant.custom_fields[name].is_sealed}
        if hidden:
            values["custom_sealed"] = hidden
        if not custom:
            del values["custom"]
    draft.keys = keys_of(values, draft.flags, keyring, system)


#: The kinds of keys that are blind indexes of the field they are named after.
_SEALED_KINDS = (KeyKind.PHONE, KeyKind.EMAIL, KeyKind.NATIONAL_ID)


def keys_of(values: dict[str, Any], flags: Sequence[str], keyring: Keyring, system: str = "") -> dict[KeyKind, bytes]:
    """What a customer with these plain values is recognised by. A value kept as entered recognises nobody."""
    found: dict[KeyKind, bytes] = {}
    if external_id := values.get("external_id"):
        found[KeyKind.EXTERNAL] = external_key(external_id, system)
    flagged = {flag.partition(":")[0] for flag in flags}
    for kind in _SEALED_KINDS:
        value = values.get(kind)
        if value and kind not in flagged:
            found[kind] = keyring.blind_index(kind).digest(normalise.email_key(value) if kind is KeyKind.EMAIL else value)
    return found


def external_key(external_id: str, system: str) -> bytes:
    """The key of an external id, in clear: source system, unit separator, id."""
    return f"{system}\x1f{external_id}".encode()


#: By what a record may name its customer; without any it has none.
_LINKS = frozenset({"customer_id", "customer_external_id", "customer_phone", "customer_email"})


def _link(clean: Clean, place: int, keyring: Keyring, system: str) -> tuple[str, Any] | None:
    """By what this row names its customer, the surest first."""

    def given(target: str) -> str | None:
        column = clean.values.get(target)
        return column[place] if column else None

    if id := given("customer_id"):
        return "customer_id", local_id(RecordType.CUSTOMER, id)
    if external_id := given("customer_external_id"):
        return KeyKind.EXTERNAL.value, external_key(external_id, system)
    if phone := given("customer_phone"):
        return KeyKind.PHONE.value, keyring.blind_index("phone").digest(phone)
    if email := given("customer_email"):
        return KeyKind.EMAIL.value, keyring.blind_index("email").digest(normalise.email_key(email))
    return None


def _lines(clean: Clean, draft: Draft) -> list[Line] | None:
    """The lines of an order, one a row; None where none are spoken of. In a file with line columns each order has lines, and what its
    rows say twice must agree."""
    columns = [(name, clean.values[f"lines.{name}"]) for name in LINE if f"lines.{name}" in clean.values]
    if not columns:
        return None
    if clean.lines is None and len(draft.places) > 1:
        _agree(clean, draft)
    lines = [line for place in draft.places if (line := {name: column[place] for name, column in columns if column[place] is not None})]
    return lines or (None if clean.lines is not None else [])


def _agree(clean: Clean, draft: Draft) -> None:
    first, *others = draft.places
    for target, column in clean.values.items():
        if target.startswith("lines."):
            continue
        for place in others:
            if column[place] is not None and column[place] != column[first]:
                wrong = f"Rows {clean.rows[first]} and {clean.rows[place]} are lines of one order and differ in {target}."
                clean.tell(
                    place, target, Fault(Code.CONTRADICTORY_LINES, wrong, "Write the same in each line of an order."), Severity.ERROR
                )
                clean.refused.update(draft.places)
                break


def _identity(clean: Clean, draft: Draft, shape: Shape) -> None:
    """The id and version a row gives for the record it means."""
    first = draft.places[0]
    ids, versions = clean.values.get("id"), clean.values.get("version")
    if ids and ids[first] is not None:
        draft.wanted_id = local_id(shape.record_type, ids[first])
        if draft.wanted_id is None:
            clean.tell(first, "id", not_found(shape), Severity.ERROR)
    if versions and versions[first] is not None:
        draft.version = versions[first]


def not_found(shape: Shape) -> Fault:
    noun = shape.record_type.value.lower()
    return Fault(Code.NOT_FOUND, f"There is no such {noun}.", f"Give the id of a {noun} of yours, or none to make a new one.")


def _seal(drafts: list[Draft], shape: Shape, keyring: Keyring) -> None:
    """Seal what is new column by column, ahead of the transaction."""
    ids = [draft.id for draft in drafts]
    for column in shape.sealed:
        texts = [plain_text(draft.values.get(column.name)) for draft in drafts]
        if any(text is not None for text in texts):
            for draft, sealed in zip(drafts, keyring.column(shape.table, column.name).seal_all(ids, texts), strict=True):
                draft.sealed[column.name] = sealed


def plain_text(value: Any) -> str | None:
    """The text that is sealed for a value: itself, or JSON for a tenant's own fields."""
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
