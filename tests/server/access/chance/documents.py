"""Documents by chance that somebody may ask by the model, and small ones of the same kind that have one thing in them which he may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from graphql import get_named_type

from server.schema import schema
from tests.server.access.chance.model import ALWAYS, ever
from tests.server.access.chance.seen import Asker
from tests.server.reference.filtering import LISTS, PARENTS, snake
from tests.server.reference.generator import Generator
from tests.server.reference.store import SEALED, TABLES

#: A noun, a field of it (None: its records), and the level that is needed somewhere.
Need = tuple[str, str | None, str]
ROOTS = {"customers": "Customer", "customer": "Customer", "contacts": "Contact", "orders": "Order", "interactions": "Interaction"}
ROOTS |= {"needs": "Need", "preferences": "Preference"}
REPORTS: dict[str, list[Need]] = {
    "customerStats": [("CUSTOMER", None, "")],
    "customerSpending": [("ORDER", "amount", "READ")],
    "popularProducts": [("ORDER", "lines", "READ")],
    "preferencesByRegion": [
        *(("CUSTOMER", name, "READ") for name in ("country", "region")),
        *(("PREFERENCE", name, "READ") for name in ("kind", "value")),
    ],
}
_LINES: Need = ("ORDER", "lines", "READ")


def records_of(type_: str) -> Need:
    return _LINES if type_ == "OrderLine" else (type_.upper(), None, "")


def needs_of(type_: str, name: str) -> Iterator[Need]:
    """What a field of a type needs to be asked for, or a key of an order or a grouping in capitals."""
    if type_ == "Query":
        yield from REPORTS.get(name, []) if name in REPORTS else [records_of(ROOTS[name])] if name in ROOTS else []
    elif (type_, name) in LISTS:
        yield records_of(LISTS[type_, name][0])
    elif (type_, name) in (("Customer", "spending"), ("CustomerGroup", "orders")):
        yield "ORDER", "amount", "READ"
    elif name == "SEARCH":
        yield from (("CUSTOMER", each, "READ") for each in ("name", "company"))
    elif name.isupper():
        noun = type_.removesuffix("Group").upper()
        if noun in ALWAYS and not name.startswith("CREATED_") and name != "TAG":
            yield noun, name.lower(), "READ"
    elif type_.upper() in ALWAYS and name not in (*PARENTS, "custom", "protectedCustom", "flags"):
        yield type_.upper(), snake(name), "MASKED"


def needs_of_filter(type_: str, given: Mapping[str, Any]) -> Iterator[Need]:
    """What a filter of records of a type needs."""
    for name, value in given.items():
        if name in ("and", "or", "not"):
            for each in value if isinstance(value, list) else [value]:
                yield from needs_of_filter(type_, each)
        elif (type_, name) in LISTS:
            yield records_of(LISTS[type_, name][0])
            for each in value.values():
                yield from needs_of_filter(LISTS[type_, name][0], each)
        elif name in PARENTS:
            yield records_of(PARENTS[name][0])
            yield from needs_of_filter(PARENTS[name][0], value)
        elif name == "custom":
            yield from (("CUSTOMER", f"custom.{each['name']}", "READ") for each in value)
        elif type_ != "OrderLine":
            is_sealed = snake(name) in SEALED.get(type_, ())
            for operator in value:
                yield type_.upper(), snake(name), "MASKED" if is_sealed and operator == "isNull" else "READ"


def is_met(need: Need, asker: Asker) -> bool:
    noun, name, least = need
    if not ever(asker.roles, noun, "id", "NONE"):
        return False
    if name == "flags":  # needs every field of the noun alike, which the explanation of access tells
        return False
    return name is None or ever(asker.roles, noun, name, least)


@dataclass
class Permitted(Generator):
    """Makes documents of what somebody may ask. `refused` counts what it might have asked and may not."""

    asker: Asker | None = None

    def offers(self, type_: str, name: str) -> bool:
        assert self.asker is not None
        return all(is_met(need, self.asker) for need in needs_of(type_, name))

    def filter(self, type_: Any) -> Any:
        assert self.asker is not None
        for _ in range(30):
            found = super().filter(type_)
            if all(is_met(need, self.asker) for need in needs_of_filter(type_.name.removesuffix("Filter"), found)):
                return found
        return {}

    def _any_id(self) -> str:
        kinds = {prefix for type_, (_, prefix) in TABLES.items() if self._is_readable(type_)}
        while True:
            found = super()._any_id()
            if found.partition("_")[0] in kinds or len(found) < 30:
                return found

    def _is_readable(self, type_: str) -> bool:
        assert self.asker is not None
        return is_met(records_of(type_), self.asker)


def forbidden(asker: Asker, chance: Random) -> list[str]:
    """Some documents of one thing each that he may not ask for."""
    found: list[str] = []
    for root, type_ in ROOTS.items():
        if root == "customer":
            continue
        whole: Any = schema._schema.type_map
        parts = {name: f"nodes {{ {name}{_below(whole[type_].fields[name])} }}" for name in whole[type_].fields}
        found += [f"{{ {root} {{ {text} }} }}" for name, text in parts.items() if not _may(asker, type_, name)]
        if not is_met(records_of(type_), asker):
            found.append(f"{{ {root} {{ totalCount }} }}")
        keys = whole[f"{type_}OrderField"].values
        found += [f"{{ {root}(orderBy: [{{field: {key}}}]) {{ totalCount }} }}" for key in keys if not _may(asker, type_, key)]
        for name, operator, test in _tests(type_):
            if not all(is_met(need, asker) for need in needs_of_filter(type_, {name: {operator: True}})):
                found.append(f"{{ {root}(filter: {{{name}: {test}}}) {{ totalCount }} }}")
    groups: Any = schema._schema.type_map["CustomerGrouping"]
    by = [each for each in groups.values if not _may(asker, "CustomerGroup", each)]
    found += [f"{{ customerStats(groupBy: [{each}]) {{ customers }} }}" for each in by]
    return chance.sample(found, min(len(found), 3))


def _may(asker: Asker, type_: str, name: str) -> bool:
    return all(is_met(need, asker) for need in (*needs_of(type_, name), records_of(type_.removesuffix("Group"))))


def _below(field_: Any) -> str:
    below: Any = get_named_type(field_.type)
    return " { __typename }" if hasattr(below, "fields") else ""


def _tests(type_: str) -> Iterator[tuple[str, str, str]]:
    """A test for each field of a filter by itself: its name, its operator, its text."""
    whole: Any = schema._schema.type_map[f"{type_}Filter"]
    for name, field_ in whole.fields.items():
        below: Any = get_named_type(field_.type)
        if name != "flags" and (type_, name) not in LISTS and name not in (*PARENTS, "custom") and "isNull" in below.fields:
            yield name, "isNull", "{isNull: false}"
            if below.name.startswith("Sealed") and "eq" in below.fields:
                yield name, "eq", '{eq: "138 1234 5670"}' if name == "phone" else '{eq: "ada@example.org"}'
