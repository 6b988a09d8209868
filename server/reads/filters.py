"""Filters: one of a request turned into a shape, which is part of a plan, and its values, which are parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from server.reads.conditions import (
    AllOf,
    AnyOf,
    Compared,
    Condition,
    Custom,
    Declared,
    Exists,
    FilterFields,
    Identified,
    LookedUp,
    Not,
    Sealed,
    Test,
    Through,
    Within,
)
from server.reads.guarding import Guard
from tenants.access.fields import CUSTOM
from tenants.access.permissions import Level
from tenants.ids import local_id
from tenants.refusals import Invalid, TooLarge
from tenants.words import RecordType

TESTS_MOST = 50
NESTED_MOST = 8
VALUES_MOST = 1_000
TEXT_LONGEST = 1_000


@dataclass(slots=True)
class Reader:
    """Reads one filter; `values` are the parameters in the order in which the shape numbers them, `customs` the fields it names.

    A test of something the rights do not show on any record is refused; of something they show on some, it holds on none of the others.
    """

    fields: FilterFields
    guard: Guard
    values: list[Any] = field(default_factory=list)
    customs: set[str] = field(default_factory=set)
    _tests: int = 0
    _depth: int = 0

    def condition(self, type_: str, given: Mapping[str, Any], path: tuple[str, ...] = ("filter",)) -> Condition:
        """The shape of a filter of this input type.

        Raises:
            Invalid: an operator without a value, or a value that cannot be.
            TooLarge: too many tests, too deep, too many or too long values.
        """
        if self._depth > NESTED_MOST:
            raise TooLarge(f"Filters may be nested {NESTED_MOST} deep in a filter.", field=path)
        self._depth += 1
        parts = tuple(part for name, value in given.items() for part in self._field(type_, name, value, (*path, name)))
        self._depth -= 1
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _field(self, type_: str, name: str, value: Any, path: tuple[str, ...]) -> Iterator[Condition]:
        _said(value, path)
        match name:
            case "and" | "or":
                parts = tuple(self.condition(type_, each, (*path, str(place))) for place, each in enumerate(_bounded(value, path)))
                yield AllOf(parts) if name == "and" else AnyOf(parts)
            case "not":
                yield Not(self.condition(type_, value, path))
            case _:
                declared, below = self.fields[type_][name]
                for part in self._about(declared, below, value, path):
                    yield self._limited(declared, part, path)

    def _about(self, declared: Declared, below: str, value: Any, path: tuple[str, ...]) -> Iterator[Condition]:
        match declared:
            case Through(is_list=False):
                yield Exists(declared, self.condition(below, value, path))
            case Through():
                for name, given in value.items():
                    yield self._related(declared, below, name, given, (*path, name))
            case Custom():
                for place, given in enumerate(_bounded(value, path)):
                    yield from self._custom(declared, given, (*path, str(place)))
            case Sealed():
                for name, given in value.items():
                    yield self._sealed(declared, name, given, (*path, name))
            case Identified(sql, noun):
                for name, given in value.items():
                    _said(given, (*path, name))
                    yield self._test(sql, "uuid", name, _ids(noun, given), (*path, name))
            case Compared(sql, type_):
                for name, given in value.items():
                    yield self._test(sql, type_, name, given, (*path, name))

    def _limited(self, declared: Declared, part: Condition, path: tuple[str, ...]) -> Condition:
        if isinstance(declared, Through) and isinstance(declared.noun, RecordType):
            self.guard.noun(declared.noun, path)
        if isinstance(declared, Sealed):  # whether there is a value is seen by whoever sees its mask; which one it is, is not
            return self._where(declared.of, part, path, Level.MASKED if _is_presence(part) else Level.READ)
        return self._where(declared.of, part, path) if isinstance(declared, Compared) and declared.of else part

    def _where(self, of: tuple[RecordType | str, str], part: Condition, path: tuple[str, ...], level: Level = Level.READ) -> Condition:
        noun, name = of
        rows = self.guard.flags(noun, path) if name == "flags" else self.guard.limits(noun, name, level, path)
        if rows is None:
            return part
        assert isinstance(noun, RecordType)
        return AllOf((Within(noun, rows), part))

    def _related(self, through: Through, below: str, name: str, given: Any, path: tuple[str, ...]) -> Condition:
        _said(given, path)
        part = self.condition(below, given, path)
        match name:
            case "some":
                return Exists(through, part)
            case "none":
                return Not(Exists(through, part))
            case _:
                return Not(Exists(through, Not(part)))

    def _custom(self, declared: Custom, given: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Condition]:
        self.customs.add(given["name"])
        name = self._value(given["name"], (*path, "name"))
        for kind, tests in given.items():
            if kind == "name" or tests is None:
                continue
            type_, json = _CUSTOM_TYPES[kind]
            text = f"{declared.sql} ->> {{name}}"
            # A value is made a number only where it is one, whatever PostgreSQL evaluates first.
            sql = f"({text})" if json is None else f"(CASE WHEN jsonb_typeof({declared.sql} -> {{name}}) = '{json}' THEN {text} END)"
            for operator, given_value in tests.items():
                value = _iso(given_value) if kind == "date" else given_value
                test = self._test(f"{sql}::{type_}", type_, operator, value, (*path, kind, operator))
                place = len(test.parameters)
                found = Test(test.sql.replace("{name}", f"{{{place}}}"), (*test.parameters, (name, "text")))
                yield self._where((RecordType.CUSTOMER, f"{CUSTOM}{given['name']}"), found, path)

    def _sealed(self, declared: Sealed, name: str, given: Any, path: tuple[str, ...]) -> Condition:
        if name == "isNull":
            return self._test(declared.sql, "bytea", name, given, path)
        assert declared.key is not None
        texts = tuple(_text(each, path) for each in (_bounded(given, path) if name == "in" else (given,)))
        place = self._value(LookedUp(declared.key, texts, path), path)
        self._count(path)
        keys = f"FROM customer_key k WHERE k.tenant_id = {{tenant}} AND k.kind = '{declared.key}' AND k.value = any({{0}})"
        return Test(f"{{row}}.id IN (SELECT k.customer_id {keys})", ((place, "bytea[]"),))

    def _test(self, sql: str, type_: str, operator: str, given: Any, path: tuple[str, ...]) -> Test:
        """One operator."""
        if type_ != "uuid":
            _said(given, path)
        self._count(path)
        if operator in _CONSTANT:
            return Test(_CONSTANT[operator](sql, bool(given)))
        if operator == "between":
            places = [self._value(given[name], (*path, name)) for name in ("from", "to")]
            return Test(f"{sql} BETWEEN {{0}} AND {{1}}", tuple((place, type_) for place in places))
        template, sent, prepared = _OPERATORS[operator]
        return Test(template.format(sql=sql, p="{0}"), ((self._value(prepared(given), path), sent or type_ + _LISTS.get(operator, "")),))

    def _count(self, path: tuple[str, ...]) -> None:
        self._tests += 1
        if self._tests > TESTS_MOST:
            raise TooLarge(f"A filter may have {TESTS_MOST} tests.", field=path)

    def _value(self, value: Any, path: tuple[str, ...]) -> int:
        if isinstance(value, list):
            value = [_checked(each, path) for each in _bounded(value, path)]
        self.values.append(_checked(value, path))
        return len(self.values) - 1


def _is_presence(part: Condition) -> bool:
    return isinstance(part, Test) and not part.parameters


def _said(given: Any, path: tuple[str, ...]) -> None:
    if given is None:
        raise Invalid("A test without a value: leave it out, or ask with `isNull`.", field=path)


def _bounded(values: Sequence[Any], path: tuple[str, ...]) -> Sequence[Any]:
    if len(values) > VALUES_MOST:
        raise TooLarge(f"A list in a filter may have {VALUES_MOST:,} values.", field=path)
    return values


def _checked(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise Invalid("A time needs its offset: 2024-05-01T00:00:00+08:00, or …Z.", field=path)
    return value


def _text(value: Any, path: tuple[str, ...]) -> str:
    text = str(value)
    if len(text) > TEXT_LONGEST:
        raise TooLarge(f"A text in a filter may have {TEXT_LONGEST:,} characters.", field=path)
    if "\x00" in text:
        raise Invalid("This has a character that no text here has (U+0000).", field=path)
    return text


def _ids(noun: RecordType | str, given: Any) -> Any:
    """Global ids as uuids; None, which no record has, for what is no id of this noun."""
    return [local_id(noun, each) for each in given] if isinstance(given, list) else local_id(noun, given)


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _iso(value: Any) -> Any:
    """Dates as ISO 8601 text, wherever they stand."""
    if isinstance(value, list):
        return [_iso(each) for each in value]
    if isinstance(value, dict):
        return {name: _iso(each) for name, each in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def _same(value: Any) -> Any:
    return value


#: Operator → SQL over {sql} and {p}, the type it is sent as if not the column's, and what is done to its value.
_OPERATORS: Mapping[str, tuple[str, str | None, Callable[[Any], Any]]] = {
    "eq": ("{sql} = {p}", None, _same),
    "in": ("{sql} = any({p})", None, _same),
    "gt": ("{sql} > {p}", None, _same),
    "gte": ("{sql} >= {p}", None, _same),
    "lt": ("{sql} < {p}", None, _same),
    "lte": ("{sql} <= {p}", None, _same),
    "contains": ("{sql} ILIKE {p}", "text", lambda text: f"%{_like(text)}%"),
    "startsWith": ("{sql} ILIKE {p}", "text", lambda text: f"{_like(text)}%"),
    "has": ("{sql} @> ARRAY[{p}]", "text", _same),
    "hasAny": ("{sql} && {p}", "text[]", _same),
    "hasAll": ("{sql} @> {p}", "text[]", _same),
    "field": ("EXISTS (SELECT FROM unnest({sql}) f WHERE split_part(f, ':', 1) = {p})", "text", lambda name: _snake(name)),
    "code": ("EXISTS (SELECT FROM unnest({sql}) f WHERE split_part(f, ':', 2) = {p})", "text", _same),
}
_LISTS = {"in": "[]"}
#: Operators whose value is part of the shape.
_CONSTANT: Mapping[str, Callable[[str, bool], str]] = {
    "isNull": lambda sql, is_so: f"{sql} IS {'' if is_so else 'NOT '}NULL",
    "isEmpty": lambda sql, is_so: f"cardinality({sql}) {'=' if is_so else '>'} 0",
}
#: Kinds of tests of a custom field: PostgreSQL's type, and the JSON type a value must have. Dates are kept, and compared, as ISO 8601 text.
_CUSTOM_TYPES = {"text": ("text", None), "number": ("numeric", "number"), "boolean": ("boolean", "boolean"), "date": ("text", "string")}


def _snake(name: str) -> str:
    """`nationalId` → `national_id`; a custom field's name stays as it is."""
    return name if name.startswith("custom.") else "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
