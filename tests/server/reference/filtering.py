"""Filters of the schema, tested on one record at a time. What is unknown in SQL (a test of a missing value) is false here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.server.reference.records import EMAILS, NATIONAL_IDS, PHONES
from tests.server.reference.store import SEALED, Row, Store

Given = Mapping[str, Any]

#: (type, field) → the type of the records it leads to, and the column that links them.
LISTS = {
    ("Customer", "contacts"): ("Contact", "customer_id"),
    ("Customer", "orders"): ("Order", "customer_id"),
    ("Customer", "interactions"): ("Interaction", "customer_id"),
    ("Customer", "needs"): ("Need", "customer_id"),
    ("Customer", "preferences"): ("Preference", "customer_id"),
    ("Order", "lines"): ("OrderLine", "order_id"),
}
PARENTS = {"customer": ("Customer", "customer_id"), "order": ("Order", "order_id")}
_WRITTEN = {"phone": PHONES, "email": EMAILS, "nationalId": NATIONAL_IDS}


def snake(name: str) -> str:
    """`birthDate` → `birth_date`."""
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)


def passes(store: Store, row: Row, given: Given) -> bool:
    """Whether a record passes a filter."""
    return all(_passes(store, row, name, value) for name, value in given.items())


def _passes(store: Store, row: Row, name: str, value: Any) -> bool:
    match name:
        case "and":
            return all(passes(store, row, each) for each in value)
        case "or":
            return any(passes(store, row, each) for each in value)
        case "not":
            return not passes(store, row, value)
        case "id":
            return all(row.global_id == ids if operator == "eq" else row.global_id in ids for operator, ids in value.items())
        case "flags":
            return _flagged(row["flags"], value)
        case "tags":
            return all(_TAGS[operator](set(row["tags"]), wanted) for operator, wanted in value.items())
        case "custom":
            return all(row.sees(f"custom.{each['name']}") and _custom(row["custom"], each) for each in value)
    if (row.type, name) in LISTS:
        type_, link = LISTS[row.type, name]
        others = store.children(type_, link, row["id"])
        return all(_QUANTIFIERS[quantifier](passes(store, other, below) for other in others) for quantifier, below in value.items())
    if name in PARENTS:
        type_, link = PARENTS[name]
        return passes(store, store.find(type_, row[link]), value)
    if not _is_seen(row, name, value):
        return False
    if name in _WRITTEN and row.type == "Customer":
        return all(_looked_up(row, name, operator, wanted) for operator, wanted in value.items())
    return all(test(row[snake(name)], operator, wanted) for operator, wanted in value.items())


def _is_seen(row: Row, name: str, value: Given) -> bool:
    """Whether a field may be tested on this record; that a sealed one has a value is seen with its mask."""
    column = snake(name)
    is_presence = column in SEALED.get(row.type, ()) and value.keys() == {"isNull"}
    return row.masks(column) if is_presence else row.sees(column)


def _looked_up(row: Row, name: str, operator: str, wanted: Any) -> bool:
    column = snake(name)
    if operator == "isNull":
        return (row[column] is None) is wanted
    if any(flag.startswith(f"{column}:") for flag in row["flags"]):
        return False
    texts = wanted if operator == "in" else [wanted]
    return row[column] is not None and row[column].lower() in {_WRITTEN[name][text].lower() for text in texts}


def test(value: Any, operator: str, wanted: Any) -> bool:
    """One operator on one value."""
    if operator == "isNull":
        return (value is None) is wanted
    if value is None:
        return False
    match operator:
        case "in":
            return value in [like(value, each) for each in wanted]
        case "between":
            return bool(like(value, wanted["from"]) <= value <= like(value, wanted["to"]))
        case "contains":
            return str(wanted).lower() in value.lower()
        case "startsWith":
            return bool(value.lower().startswith(str(wanted).lower()))
    limit = like(value, wanted)
    return bool({"eq": value == limit, "gt": value > limit, "gte": value >= limit, "lt": value < limit, "lte": value <= limit}[operator])


test.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def like(value: Any, given: Any) -> Any:
    """A value of the request as one of the same type as the record's."""
    match value:
        case datetime():
            return datetime.fromisoformat(given)
        case date():
            return date.fromisoformat(given)
        case Decimal():
            return Decimal(str(given))
    return given


def _flagged(flags: list[str], given: Given) -> bool:
    parts = [flag.split(":") for flag in flags]
    found = {
        "isEmpty": lambda wanted: (not flags) is wanted,
        "field": lambda wanted: any(part[0] == snake(wanted) for part in parts),
        "code": lambda wanted: any(part[1] == wanted for part in parts),
    }
    return all(found[operator](wanted) for operator, wanted in given.items())


def _custom(custom: Mapping[str, Any], given: Given) -> bool:
    value = custom.get(given["name"])
    text = None if value is None else value if isinstance(value, str) else str(value).lower()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    values = {
        "text": text,
        "number": Decimal(str(value)) if is_number else None,
        "boolean": value if isinstance(value, bool) else None,
        "date": text if isinstance(value, str) else None,
    }
    return all(test(values[kind], operator, wanted) for kind in values if kind in given for operator, wanted in given[kind].items())


_TAGS = {
    "has": lambda tags, wanted: wanted in tags,
    "hasAny": lambda tags, wanted: bool(tags & set(wanted)),
    "hasAll": lambda tags, wanted: tags >= set(wanted),
    "isEmpty": lambda tags, wanted: (not tags) is wanted,
}
_QUANTIFIERS = {"some": any, "none": lambda found: not any(found), "every": all}
