"""Which column of a file goes to which field: by name, by synonym, by likeness, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from rapidfuzz import fuzz, process

from tenants.intake.fields import FIELDS, NESTED, targets
from tenants.refusals import Invalid
from tenants.words import RecordType
from workers.imports.column_names import alike, key, words
from workers.imports.synonyms import OWN_PREFIXES, SYNONYMS

_CUSTOMER_LINKS = ("customer_id", "customer_external_id", "customer_phone", "customer_email")
_GLOBAL_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")

#: A target that takes global ids only, and the one that takes the same column when its cells are something else.
_ID_TARGETS = {"id": "external_id", "customer_id": "customer_external_id"}


class How(StrEnum):
    """How a column came to its target."""

    GIVEN = "GIVEN"
    EXACT = "EXACT"
    SYNONYM = "SYNONYM"
    LIKENESS = "LIKENESS"
    REPEATED = "REPEATED"
    UNMAPPED = "UNMAPPED"


_STRENGTH = {How.GIVEN: 0, How.EXACT: 1, How.SYNONYM: 2, How.LIKENESS: 3}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file. `number` is 1-based; `repeat_of` is the number of the column that says the same."""

    number: int
    header: str
    target: str | None
    how: How
    repeat_of: int | None = None


@dataclass(frozen=True)
class ColumnMapping:
    """Every column of a file with its target, or with None and the reason."""

    record_type: RecordType
    columns: tuple[Column, ...]

    @cached_property
    def places(self) -> dict[str, int]:
        """Each mapped target's 0-based place in a row."""
        return {column.target: column.number - 1 for column in self.columns if column.target}

    @cached_property
    def unmapped(self) -> tuple[Column, ...]:
        """The columns that go nowhere."""
        return tuple(column for column in self.columns if column.target is None)

    @cached_property
    def missing(self) -> tuple[tuple[str, ...], ...]:
        """What a new record needs and no column gives, each as the targets of which one would do."""
        return tuple(choice for choice in _needed(self.record_type, self.places) if not self.places.keys() & set(choice))

    def as_json(self) -> dict[str, Any]:
        return {
            "record_type": self.record_type.value,
            "columns": [
                {"number": c.number, "header": c.header, "target": c.target, "how": c.how.value, "repeat_of": c.repeat_of}
                for c in self.columns
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ColumnMapping:
        return cls(RecordType(stored["record_type"]), tuple(Column(**{**c, "how": How(c["how"])}) for c in stored["columns"]))


def propose(
    header: Sequence[str],
    record_type: RecordType,
    sample_rows: Sequence[Sequence[str]] = (),
    *,
    custom_fields: Collection[str] = (),
    given: Mapping[str, str] | None = None,
) -> ColumnMapping:
    """The mapping of a file's columns, with the user's word above everything.

    A target goes to one column: a given one, else an exact name, a synonym, a likeness, in this order; among equals the better
    synonym, then the first column. A header that occurs again is a repeat when its cells in the sample equal the first one's, and
    unmapped otherwise.

    Args:
        sample_rows: some rows of the file, as wide as the header.
        custom_fields: names of the tenant's own fields, without `custom.`; only customers have them.
        given: from a header, or `#n` for the n-th column, to a target, or to `-` for "leave out".

    Raises:
        Invalid: `given` names an unknown column or target or gives a target twice, or no column is of any use.
    """
    known = _known_targets(record_type, custom_fields)
    said = _said(header, given or {}, known)
    candidates = [
        _with_ids_checked(candidate, index, sample_rows)
        for index, name in enumerate(header)
        if index not in said and (candidate := _candidate(index, name, record_type, known))
    ]
    taken: dict[str, int] = {target: index for index, target in said.items() if target}
    chosen: dict[int, _Candidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.strength):
        if candidate.target not in taken:
            taken[candidate.target] = candidate.place
            chosen[candidate.place] = candidate
    columns = [_column(index, name, said, chosen) for index, name in enumerate(header)]
    mapping = ColumnMapping(record_type, tuple(_repeats_marked(columns, sample_rows)))
    if not mapping.places:
        raise _nothing_mapped(header, record_type, known)
    return mapping


def guess_record_type(header: Sequence[str], sample_rows: Sequence[Sequence[str]] = ()) -> RecordType:
    """What the rows of a file are: the type that needs nothing more and takes the most columns.

    A list of people with a customer number could be customers or contacts; as many columns for both, it is customers.

    Raises:
        Invalid: nothing fits, or two types fit equally well; the message names the choices.
    """
    fitting: dict[RecordType, int] = {}
    for record_type in SYNONYMS:
        try:
            mapping = propose(header, record_type, sample_rows)
        except Invalid:
            continue
        if not mapping.missing:
            fitting[record_type] = len(mapping.places)
    best = [record_type for record_type, count in fitting.items() if count == max(fitting.values())]
    if RecordType.CUSTOMER in best:
        best = [found for found in best if found is not RecordType.CONTACT]
    if len(best) == 1:
        return best[0]
    choices = ", ".join(record_type.value for record_type in best or SYNONYMS)
    raise Invalid(f"The columns do not tell what the rows are. Say which: {choices}. Columns: {_shown(header)}.", field=["recordType"])


class _Candidate(NamedTuple):
    place: int
    target: str
    how: How
    rank: int

    @property
    def strength(self) -> tuple[int, int, int]:
        return _STRENGTH[self.how], self.rank, self.place


def _known_targets(record_type: RecordType, custom_fields: Collection[str]) -> list[str]:
    known = [target for target in targets(record_type) if target != "custom"]
    return known + [f"custom.{name}" for name in custom_fields] if record_type is RecordType.CUSTOMER else known


def _candidate(index: int, header: str, record_type: RecordType, known: Sequence[str]) -> _Candidate | None:
    name = key(header)
    if not name:
        return None
    for target in known:
        if name in (key(target), key(target.removeprefix("custom."))):
            return _Candidate(index, target, How.EXACT, 0)
    named = _synonym_keys(record_type)
    for shorter in (name, *(name.removeprefix(prefix) for prefix in OWN_PREFIXES[record_type] if name.startswith(prefix))):
        if shorter in named:
            target, rank = named[shorter]
            return _Candidate(index, target, How.SYNONYM, rank)
    return _likeness(index, header, record_type, known)


@lru_cache(maxsize=16)
def _synonym_keys(record_type: RecordType) -> dict[str, tuple[str, int]]:
    """Every synonym's key, with its target and how good a name it is; a field's own name counts as its best synonym."""
    found: dict[str, tuple[str, int]] = {}
    for target, names in SYNONYMS[record_type].items():
        for rank, name in enumerate(names):
            found.setdefault(key(name), (target, rank))
    for target in _known_targets(record_type, ()):
        found.setdefault(key(target), (target, 0))
    return found


def _likeness(index: int, header: str, record_type: RecordType, known: Sequence[str]) -> _Candidate | None:
    said = words(header)
    scores = [
        (score, target)
        for target, names in [*((target, [target]) for target in known), *SYNONYMS[record_type].items()]
        for name in names
        if (score := alike(said, words(name)))
    ]
    if not scores:
        return None
    best = max(score for score, _ in scores)
    found = {target for score, target in scores if score == best}
    return _Candidate(index, found.pop(), How.LIKENESS, round(100 - best)) if len(found) == 1 else None


def _with_ids_checked(candidate: _Candidate, index: int, sample_rows: Sequence[Sequence[str]]) -> _Candidate:
    """A column called `id` holds our ids only if its cells look like them; else it is the other system's."""
    if candidate.target not in _ID_TARGETS:
        return candidate
    cells = [row[index].strip() for row in sample_rows if index < len(row) and row[index].strip()]
    if cells and all(map(_GLOBAL_ID.fullmatch, cells)):
        return candidate
    return candidate._replace(target=_ID_TARGETS[candidate.target], how=How.SYNONYM)


def _column(index: int, header: str, said: Mapping[int, str | None], chosen: Mapping[int, _Candidate]) -> Column:
    if index in said:
        return Column(index + 1, header, said[index], How.GIVEN)
    if index in chosen:
        return Column(index + 1, header, chosen[index].target, chosen[index].how)
    return Column(index + 1, header, None, How.UNMAPPED)


def _repeats_marked(columns: Sequence[Column], sample_rows: Sequence[Sequence[str]]) -> list[Column]:
    first: dict[str, Column] = {}
    marked: list[Column] = []
    for column in columns:
        earlier = first.setdefault(key(column.header) or f"#{column.number}", column)
        if earlier is not column and column.how is How.UNMAPPED and _same_cells(earlier, column, sample_rows):
            column = replace(column, how=How.REPEATED, repeat_of=earlier.number)
        marked.append(column)
    return marked


def _same_cells(one: Column, other: Column, rows: Sequence[Sequence[str]]) -> bool:
    whole = [row for row in rows if len(row) >= other.number]
    return bool(whole) and all(row[one.number - 1] == row[other.number - 1] for row in whole)


def _said(header: Sequence[str], given: Mapping[str, str], known: Sequence[str]) -> dict[int, str | None]:
    said: dict[int, str | None] = {}
    for column, target in given.items():
        index = _place(header, column)
        if target != "-" and target not in known:
            near = ", ".join(match for match, _, _ in process.extract(target, known, scorer=fuzz.ratio, limit=5))
            raise Invalid(f"There is no field “{target[:60]}”. Near: {near}. Say “-” to leave the column out.", field=["mapping", column])
        if index in said or (target != "-" and target in said.values()):
            raise Invalid(f"Column {index + 1} or the field “{target}” is mapped twice.", field=["mapping", column])
        said[index] = None if target == "-" else target
    return said


def _place(header: Sequence[str], column: str) -> int:
    if re.fullmatch(r"#[1-9]\d{0,3}", column) and int(column[1:]) <= len(header):
        return int(column[1:]) - 1
    for same in (str, key):
        found = [index for index, name in enumerate(header) if same(name) == same(column)]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = " or ".join(f"#{index + 1}" for index in found)
            raise Invalid(f"Several columns are called “{column[:60]}”: say {numbers}.", field=["mapping", column])
    near = ", ".join(f"“{match[:40]}”" for match, _, _ in process.extract(column, list(header), scorer=fuzz.ratio, limit=5))
    raise Invalid(f"The file has no column “{column[:60]}”. Near: {near}. Or say #n for the n-th column.", field=["mapping", column])


def _needed(record_type: RecordType, mapped: Collection[str]) -> list[tuple[str, ...]]:
    if record_type is RecordType.CUSTOMER:
        needed: list[tuple[str, ...]] = [("name", "company")]
    else:
        needed = [_CUSTOMER_LINKS, *((field.name,) for field in FIELDS[record_type] if field.required)]
    for prefix, nested in NESTED.get(record_type, ()):
        if any(target.startswith(f"{prefix}.") for target in mapped):
            needed += [(f"{prefix}.{field.name}",) for field in FIELDS[nested] if field.required]
    return needed


def _nothing_mapped(header: Sequence[str], record_type: RecordType, known: Sequence[str]) -> Invalid:
    return Invalid(
        f"No column of the file is a field of a {record_type.value.lower()}. Columns: {_shown(header)}. Fields: {', '.join(known)}. "
        "Rename the columns, or say which column goes to which field.",
        field=["mapping"],
    )


def _shown(header: Sequence[str]) -> str:
    named = [name.strip()[:40] for name in header if name.strip()]
    return ", ".join(f"“{name}”" for name in named[:20]) + (f" and {len(named) - 20} more" if len(named) > 20 else "")
