"""Makes dates and times right, in every form people write them.

Whether 03/04/2020 is in March or in April cannot be seen in that cell. `DateEvidence` looks at a whole column and says which
order its writers used; `date` and `datetime_` are told, and never decide from one ambiguous cell.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from datetime import date as Date
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from tenants.intake.normalise.date_forms import FIRST_YEAR, LAST_YEAR, RIGHT, UNREADABLE, Reading, read
from tenants.intake.normalise.text import plain
from tenants.intake.problems import Code, Fault

_LONGEST = 80
_AMBIGUOUS = Fault(
    Code.AMBIGUOUS_DATE,
    "It could mean two days, and nothing in its column says whether the day or the month comes first.",
    "Dates written as yyyy-mm-dd, or the order of this column named: day first or month first.",
)


class DateOrder(StrEnum):
    """What comes first in a date such as 03/04/2020."""

    DAY_FIRST = "DAY_FIRST"
    MONTH_FIRST = "MONTH_FIRST"


_AGAINST_ORDER = {
    DateOrder.DAY_FIRST: Fault(Code.BAD_DATE, "The day comes first in this column, but here the second number is no month.", RIGHT),
    DateOrder.MONTH_FIRST: Fault(Code.BAD_DATE, "The month comes first in this column, but here the first number is no month.", RIGHT),
}


@dataclass(slots=True)
class DateEvidence:
    """How the dates of one column are written: how many cells can only be day first, only month first, or either."""

    day_first: int = 0
    month_first: int = 0
    either: int = 0

    def see(self, text: str) -> None:
        """Take one cell into account; cells that are no date, or the same in both orders, say nothing."""
        if text[4:5] == "-" or len(text) > _LONGEST:
            return
        reading = _reading(text)
        if isinstance(reading, Fault) or reading.day_first == reading.month_first:
            return
        if reading.month_first is None:
            self.day_first += 1
        elif reading.day_first is None:
            self.month_first += 1
        else:
            self.either += 1

    def merge(self, other: DateEvidence) -> None:
        """Take into account what was seen of another part of the same column."""
        self.day_first += other.day_first
        self.month_first += other.month_first
        self.either += other.either

    def order(self) -> DateOrder | None:
        """The order of the column; None where no cell decides, and where cells contradict each other."""
        if bool(self.day_first) == bool(self.month_first):
            return None
        return DateOrder.DAY_FIRST if self.day_first else DateOrder.MONTH_FIRST

    @property
    def is_contradictory(self) -> bool:
        """Whether some cells can only be day first and others only month first."""
        return bool(self.day_first and self.month_first)

    @property
    def needs_order(self) -> bool:
        """Whether any cell cannot be read without the order."""
        return bool(self.either)

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, counts: dict[str, int]) -> DateEvidence:
        return cls(**counts)


def date(text: str, order: DateOrder | None) -> Date | Fault:
    """The day; a time behind it is left out. BAD_DATE, or AMBIGUOUS_DATE where `order` is needed and None.

    See `date_forms.read` for the forms. A cell that has one reading only is no guess and needs no order; a cell against
    its column's order is a fault, because then one of the two is wrong.
    """
    if len(text) == 10 and text[4] == "-":  # by far the most frequent form
        try:
            day = Date.fromisoformat(text)
        except ValueError:
            return _day_of(text, order)
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    return _day_of(text, order)


def _day_of(text: str, order: DateOrder | None) -> Date | Fault:
    reading = _reading(text) if len(text) <= _LONGEST else UNREADABLE
    return reading if isinstance(reading, Fault) else _day(reading, order)


def datetime_(text: str, order: DateOrder | None, zone: ZoneInfo) -> datetime | Fault:
    """The moment, in UTC. Faults are those of `date`.

    A cell without an offset is in `zone`; without a time it is the start of the day there. Where clocks are put back,
    the first of the two moments is meant; a time that clocks skip is counted on from before they were put forward.
    """
    reading = _reading(text) if len(text) <= _LONGEST else UNREADABLE
    if isinstance(reading, Fault):
        return reading
    day = _day(reading, order)
    if isinstance(day, Fault):
        return day
    return datetime.combine(day, reading.time, reading.zone or zone).astimezone(UTC)


def _day(reading: Reading, order: DateOrder | None) -> Date | Fault:
    if reading.day_first == reading.month_first and reading.day_first is not None:
        return reading.day_first
    if order is DateOrder.DAY_FIRST:
        return reading.day_first or _AGAINST_ORDER[order]
    if order is DateOrder.MONTH_FIRST:
        return reading.month_first or _AGAINST_ORDER[order]
    if reading.day_first and reading.month_first:
        return _AMBIGUOUS
    return reading.day_first or reading.month_first or UNREADABLE


@lru_cache(maxsize=32_768)
def _reading(text: str) -> Reading | Fault:
    line = plain(text)
    return line if isinstance(line, Fault) else read(line)
