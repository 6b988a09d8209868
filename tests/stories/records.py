"""All a tenant has, in a form in which two tenants can be compared: sealed values open, ids and times replaced or left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import orjson

from tenants.changes.record import row_id
from tenants.encryption import Keyring
from tenants.intake.normalise import email_key
from tenants.session import Actor, acting_as

_NOT_COMPARED = frozenset({"tenant_id", "id", "created_at", "updated_at"})
_NOBODY = UUID(int=0)

Row = dict[str, Any]


async def rows_of(actor: Actor, table: str, order: str = "id") -> list[Row]:
    """A table's rows as they are stored."""
    async with acting_as(actor, read_only=True) as current:
        found = await current.connection.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY {order}", actor.tenant_id)
    return [dict(row.items()) for row in found]


async def keyring_of(actor: Actor) -> Keyring:
    async with acting_as(actor, read_only=True) as current:
        return await current.keyring()


async def customers_of(actor: Actor) -> dict[str, Row]:
    """Customers by external id, with every column but ids and times, sealed ones open."""
    keyring = await keyring_of(actor)
    return {row["external_id"]: _opened(row, "customer", keyring) for row in await rows_of(actor, "customer")}


async def keys_of(actor: Actor) -> Counter[tuple[str, str, str]]:
    """Customer keys as (kind, the value it stands for, whose it is); a key that stands for nothing its customer has is told apart."""
    keyring, rows = await keyring_of(actor), await rows_of(actor, "customer")
    whose = {row["id"]: row["external_id"] for row in rows} | {_NOBODY: "unique"}
    values = {row["id"]: _opened(row, "customer", keyring) for row in rows}
    found: Counter[tuple[str, str, str]] = Counter()
    for key in await rows_of(actor, "customer_key", "kind, value, holder"):
        assert whose[key["holder"]] in ("unique", whose[key["customer_id"]])
        found[key["kind"], _meant(key, values[key["customer_id"]], keyring), whose[key["customer_id"]]] += 1
    return found


def _meant(key: Row, customer: Row, keyring: Keyring) -> str:
    if key["kind"] == "external":
        return str(key["value"].decode())
    plain = customer[key["kind"]] or ""
    plain = email_key(plain) if key["kind"] == "email" else plain
    return plain if keyring.blind_index(key["kind"]).digest(plain) == key["value"] else "not what its customer has"


async def changes_of(actor: Actor) -> dict[str, list[tuple[str, int, Row]]]:
    """Each customer's changes by external id, oldest first: action, version, before and after."""
    whose = {row["id"]: row["external_id"] for row in await rows_of(actor, "customer")}
    body = (await keyring_of(actor)).column("change", "body")
    found: dict[str, list[tuple[str, int, Row]]] = defaultdict(list)
    for row in await rows_of(actor, "change", "version"):
        opened = orjson.loads(body.open(row_id(row["change_set_id"], row["position"]), row["body"]))
        found[whose[row["record_id"]]].append((row["action"], row["version"], opened))
    return found


def _opened(row: Row, table: str, keyring: Keyring) -> Row:
    return {
        name: keyring.column(table, name).open(row["id"], value) if isinstance(value, bytes) else value
        for name, value in row.items()
        if name not in _NOT_COMPARED
    }
