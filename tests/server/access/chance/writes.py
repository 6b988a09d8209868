"""Writes by chance: one field of one record changed, a record made or deleted, and whether the model says that it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from tests.server.access.chance.model import Record, may, shown
from tests.server.access.chance.roles import TESTED
from tests.server.access.chance.seen import Asker, record_of
from tests.server.reference.store import Row, Store

TYPES = ("Customer", "Contact", "Order", "Interaction", "Need", "Preference")
#: The input's name of each field that is changed → the column, and values it may have: those that conditions are about, and others.
_TEXTS: dict[str, dict[str, tuple[str, list[Any]]]] = {
    "Customer": {
        **{name: (name, TESTED["CUSTOMER"][name]) for name in ("region", "city", "lifecycle", "source", "gender", "kind", "country")},
        **{"tags": ("tags", [["vip"], ["old", "新"], []]), "name": ("name", ["Łukasz", "王芳"]), "address": ("address", ["Am See 2"])},
        **{"phone": ("phone", ["13812345699"]), "occupation": ("occupation", ["Dichterin"])},
        "custom": ("custom.nickname", [[{"name": "nickname", "value": each}] for each in ("小张", "Bär")]),
    },
    "Contact": {"name": ("name", ["李雷"]), "jobTitle": ("job_title", ["经理"]), "isPrimary": ("is_primary", [True, False])},
    "Order": {
        **{"status": ("status", TESTED["ORDER"]["status"]), "paymentMethod": ("payment_method", ["ALIPAY", "CARD"])},
        **{"currency": ("currency", ["CNY", "EUR"]), "lines": ("lines", [[{"product": "Oolong", "quantity": "1", "unitPrice": "7"}]])},
    },
    "Interaction": {
        **{"channel": ("channel", ["PHONE", "CHAT"]), "direction": ("direction", ["INBOUND", "OUTBOUND"]), "subject": ("subject", ["茶"])},
        **{"followUp": ("follow_up", ["OPEN", "CLOSED"]), "content": ("content", ["要茶"])},
    },
    "Need": {"status": ("status", ["OPEN", "MATCHED"]), "productInterest": ("product_interest", ["红茶"])},
    "Preference": {"kind": ("kind", ["colour", "语言"])},
}
#: What a new record needs: by the input's name, the column and a value.
_NEEDED: dict[str, dict[str, tuple[str, Any]]] = {
    "Customer": {"name": ("name", "韩梅梅")},
    "Contact": {"name": ("name", "Ewa")},
    "Order": {"number": ("number", "{n}"), "orderedAt": ("ordered_at", "2024-05-01T10:00:00Z")},
    "Interaction": {"channel": ("channel", "VISIT"), "occurredAt": ("occurred_at", "2024-05-01T10:00:00Z")},
    "Need": {"what": ("what", "Assam")},
    "Preference": {"kind": ("kind", "colour"), "value": ("value", "{n}")},
}
#: What a new record has without being told.
_DEFAULTS = {
    "Customer": {"kind": "PERSON", "lifecycle": "PROSPECT"},
    "Order": {"status": "OPEN", "currency": "CNY"},
    "Need": {"status": "OPEN"},
}

DONE, NOT_ALLOWED, NOT_FOUND, BROKEN_LINK = "DONE", "NOT_ALLOWED", "NOT_FOUND", "BROKEN_LINK"


@dataclass(frozen=True)
class Write:
    """A mutation with its input, and the word by which the model has it answered."""

    mutation: str
    input: dict[str, Any]
    expected: str


def write(asker: Asker, store: Store, chance: Random) -> Write:
    """A write by chance."""
    made: Callable[[Asker, Store, Random, str], Write] = chance.choice([_update, _update, _update, _create, _delete])
    return made(asker, store, chance, chance.choice(TYPES))


def _is_seen(asker: Asker, record: Record) -> bool:
    return shown(asker.roles, record, "id", asker.who) != "none"


def _could(asker: Asker, action: str, noun: str) -> bool:
    return any(f"{noun}_{action}" in role["permissions"] for role in asker.roles)


def _update(asker: Asker, store: Store, chance: Random, type_: str) -> Write:
    row = chance.choice(store.rows[type_])
    name, (column, values) = chance.choice(list(_TEXTS[type_].items()))
    value, before = chance.choice(values), record_of(store, row)
    after = _with(before, column, value)
    input = {"id": row.global_id, name: value}
    moved = _customer(asker, store, chance) if type_ != "Customer" and chance.random() < 0.4 else None
    if moved is not None:
        input["customerId"] = moved.global_id
        customer = record_of(store, moved)
        after |= {"owner": customer["owner"], "customer": customer}
    return Write(f"update{type_}", input, _of_update(asker, before, after, column, is_linked=moved is not None))


def _of_update(asker: Asker, before: Record, after: Record, column: str, *, is_linked: bool) -> str:
    if not _could(asker, "UPDATE", before["noun"]):
        return NOT_ALLOWED
    if is_linked and not _is_seen(asker, after["customer"]):
        return BROKEN_LINK
    if not _is_seen(asker, before):
        return NOT_FOUND
    is_allowed = all(may(asker.roles, "UPDATE", each, [column], asker.who) for each in (before, after))
    return DONE if is_allowed else NOT_ALLOWED


def _with(record: Record, column: str, value: Any) -> dict[str, Any]:
    """A record with another value in a column."""
    found = dict(record)
    if column.startswith("custom."):
        found["custom"] = {**found["custom"], value[0]["name"]: value[0]["value"]}
    else:
        found[column] = value
    return found | ({"customer": found} if record["noun"] == "CUSTOMER" else {})


def _customer(asker: Asker, store: Store, chance: Random) -> Row:
    """A customer to link to: often one of his own, to whom he may do most."""
    own = [row for row in store.rows["Customer"] if row["owner_id"] == asker.id]
    return chance.choice(own if own and chance.random() < 0.6 else store.rows["Customer"])


def _create(asker: Asker, store: Store, chance: Random, type_: str) -> Write:
    number = f"N{chance.getrandbits(48):x}"
    given = {name: (column, number if value == "{n}" else value) for name, (column, value) in _NEEDED[type_].items()}
    if chance.random() < 0.5:
        name, (column, values) = chance.choice(list(_TEXTS[type_].items()))
        given[name] = (column, chance.choice(values))
    record: dict[str, Any] = {"tags": [], "custom": {}, **_DEFAULTS.get(type_, {}), "noun": type_.upper()}
    input = {name: value for name, (_, value) in given.items()}
    if type_ == "Customer":
        record |= {"owner": _own(asker), "customer": record}
    else:
        whose = _customer(asker, store, chance)
        customer = record_of(store, whose)
        input["customerId"], record["owner"], record["customer"] = whose.global_id, customer["owner"], customer
    for column, value in given.values():
        record = _with(record, column, value)
    names = [column for column, _ in given.values()]
    if not _could(asker, "CREATE", type_.upper()):
        expected = NOT_ALLOWED
    elif type_ != "Customer" and not _is_seen(asker, record["customer"]):
        expected = BROKEN_LINK
    else:
        expected = DONE if may(asker.roles, "CREATE", record, names, asker.who) else NOT_ALLOWED
    return Write(f"create{type_}", input, expected)


def _own(asker: Asker) -> UUID | None:
    """Whose a new customer is: his own who may make no others."""
    return None if any(role["permissions"].get("CUSTOMER_CREATE") == "ALL" for role in asker.roles) else asker.id


def _delete(asker: Asker, store: Store, chance: Random, type_: str) -> Write:
    row = chance.choice(store.rows[type_])
    record = record_of(store, row)
    if not _could(asker, "DELETE", type_.upper()):
        expected = NOT_ALLOWED
    elif not _is_seen(asker, record):
        expected = NOT_FOUND
    else:
        expected = DONE if may(asker.roles, "DELETE", record, (), asker.who) else NOT_ALLOWED
    return Write(f"delete{type_}", {"id": row.global_id}, expected)
