"""Third step of the road in: which stored records the drafts mean, looked up a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from tenants.encryption import Keyring
from tenants.intake.records import Draft, Line
from tenants.intake.rules import KeyKind, field_of
from tenants.intake.seeing import seen_with
from tenants.intake.shapes import LINE, Shape
from tenants.session import Session
from tenants.words import RecordType

#: By what a record may be found: ("id", uuid), (key kind, digest), ("external_id", text) or ("natural", values).
Sign = tuple[str, Hashable]


@dataclass(slots=True)
class Stored:
    """A record as it is in the database now, its sealed values open."""

    id: UUID
    version: int
    values: dict[str, Any]
    flags: list[str]
    sealed: dict[str, bytes | None]
    lines: list[Line] | None = None


@dataclass(slots=True)
class Matches:
    """What is stored for a batch: records by id, which records a sign points to, and customers found by their links."""

    records: dict[UUID, Stored] = field(default_factory=dict)
    by_sign: dict[Sign, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    links: dict[tuple[str, Hashable], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    births: dict[UUID, str] = field(default_factory=dict)


async def match_links(drafts: Sequence[Draft], current: Session, matches: Matches) -> None:
    """Find the customers that contacts, orders… name, by id or by a key, and bind those that name one; two statements at most, and one more
    for each kind of key that the actor may see on some customers only: by others nobody is found.
    """
    links = {draft.link for draft in drafts if draft.link is not None and draft.link[1] is not None}
    ids = [value for kind, value in links if kind == "customer_id"]
    for id in await _existing(current, ids) if ids else ():
        matches.links["customer_id", id].append(id)
    await _look_up(current, (link for link in links if link[0] != "customer_id"), matches.links)
    for kind in {link[0] for link in matches.links if link[0] != "customer_id"}:
        named = {link: ids for link, ids in matches.links.items() if link[0] == kind}
        seen = await seen_with(field_of(KeyKind(kind)), {id for ids in named.values() for id in ids}, current)
        matches.links.update({link: [id for id in ids if id in seen] for link, ids in named.items()})
    for draft in drafts:
        found = matches.links.get(draft.link, []) if draft.link is not None else []
        if len(found) == 1:
            draft.values["customer_id"] = found[0]
        elif draft.link is not None:
            draft.values.pop("customer_id", None)  # as an earlier look found it


async def _existing(current: Session, ids: list[UUID]) -> list[UUID]:
    statement = "SELECT id FROM customer WHERE tenant_id = $1 AND id = any($2::uuid[])"
    return [row["id"] for row in await current.connection.fetch(statement, current.tenant_id, ids)]


async def _look_up(current: Session, signs: Iterable[Sign], found: dict[Sign, list[UUID]]) -> None:
    """Customers by their keys, one statement for all kinds."""
    wanted = set(signs)
    if wanted:
        kinds, values = map(list, zip(*wanted, strict=True))
        for row in await current.connection.fetch(_KEYS, current.tenant_id, kinds, values):
            found[row["kind"], row["value"]].append(row["customer_id"])


#: OFFSET 0 keeps this one descent of the primary key for each value, whatever the planner believes of a table that grows while it is
#: looked up: it has chosen to read all keys of a tenant for each batch.
_KEYS = """
SELECT k.kind, k.value, k.customer_id FROM unnest($2::text[], $3::bytea[]) AS q(kind, value)
CROSS JOIN LATERAL (SELECT kind, value, customer_id FROM customer_key WHERE tenant_id = $1 AND kind = q.kind AND value = q.value OFFSET 0) k
"""


async def match_records(
    shape: Shape, drafts: Sequence[Draft], kinds: Set[KeyKind], current: Session, keyring: Keyring, matches: Matches
) -> None:
    """Find the stored records the drafts mean, lock them in id order, and open what is sealed in them.

    Args:
        kinds: the keys of customers that decide anything; the others are not looked up.
    """
    ids = {draft.wanted_id for draft in drafts if draft.wanted_id is not None}
    if shape.record_type is RecordType.CUSTOMER:
        signs = (sign for draft in drafts for sign in draft.keys.items() if sign[0] in kinds)
        await _look_up(current, signs, matches.by_sign)
        ids.update(id for found in matches.by_sign.values() for id in found)
    else:
        ids.update(await _by_own_columns(shape, drafts, current))
    if ids:
        await load(shape, sorted(ids), current, keyring, matches)


async def _by_own_columns(shape: Shape, drafts: Sequence[Draft], current: Session) -> list[UUID]:
    """Records by external id or natural key, one statement each; narrowed by the two leading columns of the natural key."""
    found: list[UUID] = []
    externals = [draft.values["external_id"] for draft in drafts if "external_id" in draft.values]
    if externals:
        statement = f"SELECT id FROM {shape.table} WHERE tenant_id = $1 AND external_id = any($2::text[])"
        found += [row["id"] for row in await current.connection.fetch(statement, current.tenant_id, externals)]
    leading = shape.natural[:2]
    keyed = [draft.values for draft in drafts if all(name in draft.values for name in leading)]
    if keyed:
        types = {column.name: column.sql for column in shape.columns}
        arrays = ", ".join(f"${place}::{types[name]}[]" for place, name in enumerate(leading, start=2))
        matching = " AND ".join(f"r.{name} = q.{name}" for name in leading)
        statement = f"SELECT r.id FROM unnest({arrays}) AS q({', '.join(leading)}) JOIN {shape.table} r ON r.tenant_id = $1 AND {matching}"
        columns = ([values[name] for values in keyed] for name in leading)
        found += [row["id"] for row in await current.connection.fetch(statement, current.tenant_id, *columns)]
    return found


async def load(shape: Shape, ids: list[UUID], current: Session, keyring: Keyring, matches: Matches, *, by: str = "id") -> None:
    """Load and lock, in id order, the records with these ids, or with these in another column (`customer_id`)."""
    names = ", ".join(column.name for column in shape.columns)
    statement = f"SELECT id, version, {names} FROM {shape.table} WHERE tenant_id = $1 AND {by} = any($2::uuid[]) ORDER BY id FOR UPDATE"
    rows = await current.connection.fetch(statement, current.tenant_id, ids)
    opened = _open_sealed(shape, rows, keyring)
    for place, row in enumerate(rows):
        values = {c.name: row[c.name] for c in shape.columns if not c.is_sealed and c.name != "flags" and row[c.name] is not None}
        values |= {name: texts[place] for name, texts in opened.items() if texts[place] is not None}
        for name in ("custom", "custom_sealed"):
            if name in values:
                values[name] = orjson.loads(values[name])
        sealed = {column.name: row[column.name] for column in shape.sealed}
        stored = matches.records[row["id"]] = Stored(row["id"], row["version"], values, list(row["flags"]), sealed)
        if shape.record_type is not RecordType.CUSTOMER:
            for sign in signs_of(shape, values):
                matches.by_sign[sign].append(stored.id)
    if shape.record_type is RecordType.ORDER:
        await _load_lines(current, matches)


def _open_sealed(shape: Shape, rows: Sequence[Any], keyring: Keyring) -> dict[str, list[str | None]]:
    ids = [row["id"] for row in rows]
    return {
        column.name: keyring.column(shape.table, column.name).open_all(ids, [row[column.name] for row in rows]) for column in shape.sealed
    }


def signs_of(shape: Shape, values: dict[str, Any]) -> list[Sign]:
    """By what a record that is no customer may be found, the surest first."""
    signs: list[Sign] = []
    if external_id := values.get("external_id"):
        signs.append(("external_id", external_id))
    if all(values.get(name) is not None for name in shape.natural[:2]):
        signs.append(("natural", tuple(values.get(name) for name in shape.natural)))
    return signs


async def _load_lines(current: Session, matches: Matches) -> None:
    statement = f"SELECT order_id, {', '.join(LINE)} FROM order_line WHERE tenant_id = $1 AND order_id = any($2::uuid[]) ORDER BY position"
    for stored in matches.records.values():
        stored.lines = []
    for row in await current.connection.fetch(statement, current.tenant_id, list(matches.records)):
        lines = matches.records[row["order_id"]].lines
        if lines is not None:
            lines.append({name: row[name] for name in LINE})


async def load_births(customer_ids: Sequence[UUID], current: Session, keyring: Keyring, matches: Matches) -> None:
    """The birth dates of these customers, as ISO text, where known and where the actor may see them."""
    customer_ids = sorted(await seen_with("birth_date", customer_ids, current))
    statement = "SELECT id, birth_date FROM customer WHERE tenant_id = $1 AND id = any($2::uuid[]) AND birth_date IS NOT NULL"
    rows = await current.connection.fetch(statement, current.tenant_id, customer_ids)
    texts = keyring.column("customer", "birth_date").open_all([row["id"] for row in rows], [row["birth_date"] for row in rows])
    matches.births.update((row["id"], text) for row, text in zip(rows, texts, strict=True) if text is not None)
