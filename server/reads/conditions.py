"""Conditions: what a filter can be about, as the schema declares it, and the shape of one, as a plan holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.access.rights import Rows
from tenants.intake.rules import KeyKind
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Compared:
    """An input field whose operators compare `sql`, over `{row}`, with values of a PostgreSQL type. `of`: whose field it is."""

    sql: str
    type: str
    of: tuple[RecordType | str, str] | None = None


@dataclass(frozen=True, slots=True)
class Identified:
    """An input field that compares a record's id, given as a global id of `noun`."""

    sql: str
    noun: RecordType | str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An input field about a sealed column: whether there is a value, and with a `key` whether it is exactly this one."""

    sql: str
    key: KeyKind | None
    of: tuple[RecordType | str, str]


@dataclass(frozen=True, slots=True)
class Through:
    """An input field about related records of `table`, which are of a `noun`: `link` is SQL over `{row}` and `{other}`.

    With `is_list` its operators say some, none or every; without, there is one and the filter is about it.
    """

    table: str
    noun: RecordType | str
    link: str
    is_list: bool
    of_customer: bool = False


@dataclass(frozen=True, slots=True)
class Custom:
    """An input field about the tenant's own fields, kept as JSON in `sql`: each test names one."""

    sql: str


Declared = Compared | Identified | Sealed | Through | Custom


@dataclass(frozen=True, slots=True)
class Test:
    """SQL over `{row}`, `{tenant}` and `{0}`, `{1}` …: the parameters, each (place among the values, PostgreSQL type)."""

    sql: str
    parameters: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class Within:
    """Whether a record is one of these rows: those on which what is tested may be seen."""

    noun: RecordType
    rows: Rows


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether a related record fulfils a condition."""

    through: Through
    part: Condition


Condition = Test | AllOf | AnyOf | Not | Within | Exists

NOTHING = AllOf(())


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A value to be found by blind index: made right and digested when the tenant's rules and keys are at hand."""

    key: KeyKind
    texts: tuple[str, ...]
    path: tuple[str, ...]


#: The fields of each filter input type: name → what it is about, and the name of the input type below it.
FilterFields = Mapping[str, Mapping[str, tuple[Declared, str]]]
