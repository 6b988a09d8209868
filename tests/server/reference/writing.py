"""Documents being written: arguments of any input type as literals or variables, from values that there are and some that there are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
)

from tests.server.reference.execution import moment
from tests.server.reference.filtering import snake
from tests.server.reference.records import CUSTOM_FIELDS, EMAILS, NATIONAL_IDS, PHONES
from tests.server.reference.store import TABLES, Store

SPELLINGS = {"PhoneNumber": [*PHONES], "EmailAddress": [*EMAILS], "nationalId": [*NATIONAL_IDS]}
#: What an operator is given where no record has a value to take.
ELSE = {"Int": 1, "Decimal": "10", "Date": "2024-05-01", "DateTime": "2024-05-01T00:00:00Z", "Boolean": True, "String": "Tea"}
_TESTS_OF_CUSTOM = {"NUMBER": "number", "BOOLEAN": "boolean", "DATE": "date", "TEXT": "text"}
_CUSTOM_VALUES = {
    "number": ["43.5", 38, "40"],
    "boolean": [True, False],
    "date": ["2024-02-29", "2022-01-01"],
    "text": ["小张", "true", "Ö", "43.5"],
}


@dataclass
class Written:
    """A document as far as it is written. `variables` are declared with these types, and have these values."""

    chance: Random
    types: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)

    def text(self, type_: GraphQLInputType, value: Any, likely: float = 0.3) -> str:
        """A value of a type as it stands in the document: a variable, or a literal that may have variables inside."""
        if self.chance.random() < likely:
            return self.variable(str(type_), value)
        if value is None:
            return "null"
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            return "[" + ", ".join(self.text(type_.of_type, each, likely / 2) for each in value) + "]"
        if isinstance(type_, GraphQLInputObjectType):
            return "{" + ", ".join(f"{name}: {self.text(type_.fields[name].type, each, likely / 2)}" for name, each in value.items()) + "}"
        return str(value) if isinstance(type_, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)

    def variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.types)}"
        self.types[name] = type_
        self.variables[name] = value
        return f"${name}"

    @property
    def declared(self) -> str:
        found = ", ".join(f"${name}: {type_}" for name, type_ in self.types.items())
        return f"({found})" if found else ""


class Filters:
    """Makes filters of any of the schema's types, about values that the records of a store have."""

    def __init__(self, store: Store, chance: Random) -> None:
        self._store, self._chance = store, chance
        self._known: dict[tuple[str, str], list[Any]] = {}

    def make(self, type_: GraphQLInputObjectType, depth: int = 3) -> dict[str, Any]:
        """A filter; small ones are likelier."""
        names = self._some(list(type_.fields), self._chance.choice([0, 1, 1, 1, 2]))
        if depth and self._chance.random() < 0.3:  # among so many fields these would be rare
            names = [*{*names, self._chance.choice(["and", "or", "not", "not"])}]
            names.sort()  # a set has no order that a seed decides
        return {name: self._field(type_, name, depth) for name in names if depth or self._is_flat(type_, name)}

    def _is_flat(self, type_: GraphQLInputObjectType, name: str) -> bool:
        noun = get_named_type(type_.fields[name].type).name.removesuffix("Filter").removesuffix("List")
        return noun not in TABLES

    def _some(self, names: Sequence[str], count: int) -> list[str]:
        return self._chance.sample(names, min(count, len(names)))

    def _field(self, type_: GraphQLInputObjectType, name: str, depth: int) -> Any:
        noun = type_.name.removesuffix("Filter")
        below: Any = get_named_type(type_.fields[name].type)
        if name in ("and", "or"):
            return [self.make(below, depth - 1) for _ in range(self._chance.randrange(3))]
        if below.name.removesuffix("ListFilter") in TABLES:
            return {
                each: self.make(below.fields[each].type, depth - 1)
                for each in self._some(list(below.fields), self._chance.choice([1, 1, 2]))
            }
        if below.name.removesuffix("Filter") in TABLES:
            return self.make(below, depth - 1)
        if below.name == "CustomFilter":
            return [self._custom(below) for _ in range(self._chance.choice([1, 1, 2]))]
        operators = self._some(list(below.fields), self._chance.choice([1, 1, 1, 2]))
        return {each: self._value(below.fields[each].type, each, lambda: self._one(noun, name, below.name)) for each in operators}

    def _custom(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        name, kind, _ = self._chance.choice([each for each in CUSTOM_FIELDS if not each[2]])
        of = self._chance.choice([_TESTS_OF_CUSTOM[kind], "text"])
        operators: Any = type_.fields[of].type
        each = self._chance.choice(list(operators.fields))
        return {"name": name, of: {each: self._value(operators.fields[each].type, each, lambda: self._chance.choice(_CUSTOM_VALUES[of]))}}

    def _value(self, type_: GraphQLInputType, operator: str, one: Callable[[], Any]) -> Any:
        if operator in ("isNull", "isEmpty"):
            return self._chance.random() < 0.5
        if isinstance(type_, GraphQLList):
            return [one() for _ in range(self._chance.randrange(1, 4))]
        if operator == "between":
            return {"from": one(), "to": one()}
        found = one()
        if operator in ("contains", "startsWith"):
            start = self._chance.randrange(len(found)) if operator == "contains" else 0
            return self._chance.choice([str.upper, str.lower, str])(found[start : start + self._chance.randrange(1, 4)])
        return found

    def _one(self, noun: str, name: str, operators: str) -> Any:
        """A value that some record of this noun has in this field; sometimes another's."""
        if operators.startswith("Sealed"):
            kind = name if name in SPELLINGS else operators.removeprefix("Sealed").removesuffix("Filter")
            return self._chance.choice(SPELLINGS[kind])
        if operators == "FlagsFilter":
            return self._chance.choice(["phone", "IMPLAUSIBLE_PHONE", "email"])
        if (noun, name) not in self._known:
            rows = self._store.rows[noun]
            values = [row.global_id if name == "id" else row[snake(name)] for row in rows]
            flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
            self._known[noun, name] = list(dict.fromkeys(_plain(each) for each in flat if each is not None))
        known = self._known[noun, name]
        return self._chance.choice(known) if known else ELSE[operators.removesuffix("Filter")]


def _plain(value: Any) -> Any:
    """A column's value as a request would give it."""
    match value:
        case Decimal():
            return str(value)
        case UUID():
            return str(value)
        case bool() | int() | str():
            return value
    return moment(value) if hasattr(value, "hour") else value.isoformat()


def is_leaf(type_: Any) -> bool:
    return is_leaf_type(get_named_type(type_))
