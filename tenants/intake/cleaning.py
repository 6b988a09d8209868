"""First step of the road in: every cell made right, column by column, and what can't be made right told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.intake import normalise
from tenants.intake.custom import custom_reader
from tenants.intake.drafts import Batch
from tenants.intake.fields import Field, Type, targets
from tenants.intake.problems import Code, Fault, Problem, Severity
from tenants.intake.rules import IntakeRules, TenantRules
from tenants.refusals import Invalid
from tenants.words import Lifecycle, RecordType

#: A value of one of these types may be kept as it was entered, flagged: it is stored as text.
_KEPT_AS_ENTERED = frozenset({Type.TEXT, Type.PHONE, Type.EMAIL, Type.NATIONAL_ID, Type.POSTAL_CODE})

#: Whatever a tenant's rules say, these cannot be stored.
_NEVER_KEPT = frozenset({Code.BAD_CHARACTER, Code.TOO_LONG})

#: These depend on the country the row names.
_IN_COUNTRY: dict[Type, Callable[[str, str | None], str | Fault]] = {
    Type.PHONE: normalise.phone,
    Type.NATIONAL_ID: normalise.national_id,
    Type.POSTAL_CODE: normalise.postal_code,
}

#: A problem names so many of the tenant's sources.
_SHOWN_MOST = 10

Reader = Callable[[str], Any]


@dataclass(slots=True)
class Clean:
    """A batch whose cells are right: `values` holds a column of Python values per target, None where nothing was given.

    `refused` are the places (0-based) of drafts with an error; `flags` per place are `field:CODE` of what was kept as
    entered; `cleared` per place are the targets to empty; `lines` as in the batch.
    """

    record_type: RecordType
    rows: Sequence[int]
    values: dict[str, list[Any]]
    problems: list[Problem] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    flags: dict[int, list[str]] = field(default_factory=dict)
    cleared: dict[int, set[str]] = field(default_factory=dict)
    lines: Sequence[int] | None = None

    def tell(self, place: int, target: str | None, fault: Fault, severity: Severity) -> None:
        """Note a problem of the draft at this place; an error refuses it, a warning flags the field."""
        told = target
        if self.lines is not None and target is not None and target.startswith("lines."):
            told = f"lines.{self.lines[place]}.{target.removeprefix('lines.')}"
        self.problems.append(Problem(self.rows[place], told, fault.code, severity, fault.wrong, fault.right))
        if severity is Severity.ERROR:
            self.refused.add(place)
        elif target is not None:
            self.flags.setdefault(place, []).append(f"{target}:{fault.code}")


def clean(batch: Batch, tenant: TenantRules, rules: IntakeRules) -> Clean:
    """Make every cell of a batch right.

    Raises:
        Invalid: a column that is no field of this record type.
    """
    known = targets(batch.record_type)
    result = Clean(batch.record_type, batch.rows, {}, cleared=_cleared(batch, known, tenant), lines=batch.lines)
    # The country first: phones and postal codes are read by it.
    for target in sorted(batch.columns, key=lambda name: name != "country"):
        cells = batch.columns[target]
        if target.startswith("custom."):
            reader, kept = custom_reader(tenant, target), True
        elif target in known:
            reader, kept = _reader(known[target], target, tenant, rules), known[target].type in _KEPT_AS_ENTERED
            if known[target].type in _IN_COUNTRY:
                result.values[target] = _in_country(result, target, cells, known[target], tenant)
                continue
        else:
            raise _unknown(batch, target)
        result.values[target] = _column(result, target, cells, reader, tenant, kept)
    return result


def _unknown(batch: Batch, target: str) -> Invalid:
    return Invalid(f"A {batch.record_type.lower()} has no field {target}.", field=[target])


def _cleared(batch: Batch, known: Mapping[str, Field], tenant: TenantRules) -> dict[int, set[str]]:
    """What each draft empties, by its place."""
    found: dict[int, set[str]] = {}
    for target, places in batch.cleared.items():
        if target.startswith("custom."):
            custom_reader(tenant, target, is_clearing=True)
        elif target not in known and not (target == "lines" and batch.record_type is RecordType.ORDER):
            raise _unknown(batch, target)
        for place in places:
            found.setdefault(place, set()).add(target)
    return found


def _column(result: Clean, target: str, cells: Sequence[str | None], read: Reader, tenant: TenantRules, kept: bool) -> list[Any]:
    """One column read by a function of the cell alone; what repeats is read once."""
    seen: dict[str, Any] = {}
    values: list[Any] = [None] * len(cells)
    for place, cell in enumerate(cells):
        if not cell:
            continue
        value = seen.get(cell)
        if value is None:
            value = seen[cell] = None if normalise.is_empty(normalise.clean(cell)) else read(cell)
            if len(seen) > 10_000:
                seen.clear()
        values[place] = _settled(result, place, target, cell, value, tenant, kept) if type(value) is Fault else value
    return values


def _in_country(result: Clean, target: str, cells: Sequence[str | None], field: Field, tenant: TenantRules) -> list[Any]:
    """One column whose cells are read by the country of their row, or the tenant's own."""
    read, longest = _IN_COUNTRY[field.type], field.longest
    countries = result.values.get("country") or [None] * len(cells)
    values: list[Any] = [None] * len(cells)
    for place, cell in enumerate(cells):
        if not cell or normalise.is_empty(normalise.clean(cell)):
            continue
        value: Any = read(cell, countries[place] or tenant.country)
        if type(value) is Fault:
            value = _settled(result, place, target, cell, value, tenant, True)
        if value is not None and len(value) > longest:
            too_long = Fault(Code.TOO_LONG, f"This is longer than {longest} characters.", f"Shorten it to {longest} characters.")
            value = _settled(result, place, target, cell, too_long, tenant, True)
        values[place] = value
    return values


def _settled(result: Clean, place: int, target: str, cell: str, fault: Fault, tenant: TenantRules, kept: bool) -> Any:
    """What stands for a faulty cell: the value as entered where a warning keeps it, else nothing."""
    severity = tenant.severity(fault.code) if kept and fault.code not in _NEVER_KEPT else Severity.ERROR
    result.tell(place, target, fault, severity)
    return normalise.clean(cell) if severity is Severity.WARNING else None


def _reader(field: Field, target: str, tenant: TenantRules, rules: IntakeRules) -> Reader:
    """The function that makes one cell of this field right: text → value or Fault."""
    date_order, mark, longest, words = rules.dates.get(target), rules.marks.get(target), field.longest, field.words
    match field.type:
        case _ if target == "source" and tenant.sources:
            return lambda cell: _source(cell, tenant.sources)
        case _ if target == "lifecycle" and tenant.lifecycles:
            return lambda cell: tenant.lifecycles.get(normalise.clean(cell).casefold()) or normalise.word(cell, Lifecycle)
        case Type.NAME:
            return lambda cell: normalise.name(cell, longest)
        case Type.EMAIL:
            return normalise.email
        case Type.DATE:
            return lambda cell: normalise.date(cell, date_order)
        case Type.DATETIME:
            return lambda cell: normalise.datetime_(cell, date_order, tenant.zone)
        case Type.DECIMAL:
            return lambda cell: normalise.amount(cell, mark)
        case Type.WORD if words is not None:
            return lambda cell: normalise.word(cell, words)
        case Type.COUNTRY:
            return normalise.country
        case Type.CURRENCY:
            return lambda cell: normalise.currency(cell, tenant.currency)
        case Type.BOOLEAN:
            return normalise.boolean
        case Type.TAGS:
            return normalise.tags
        case Type.VERSION:
            return _version
        case _:
            return lambda cell: normalise.text(cell, longest)


def _source(cell: str, sources: Mapping[str, str]) -> str | Fault:
    """One of the tenant's sources as it is written there, however it is written here."""
    found = sources.get(" ".join(normalise.clean(cell).split()).casefold())
    if found is not None:
        return found
    some = [*list(sources.values())[:_SHOWN_MOST], *["…"] * (len(sources) > _SHOWN_MOST)]
    return Fault(Code.UNKNOWN_WORD, "This is not one of your sources.", f"Write one of: {', '.join(some)}.")


def _version(cell: str) -> int | Fault:
    if cell.isascii() and cell.isdigit() and len(cell) < 10:
        return int(cell)
    return Fault(Code.BAD_NUMBER, "A version is a whole number.", "Write the version the record had when you read it.")
