"""Makes amounts right, whichever mark their writers put before the decimals.

Whether 1.234 is more than a thousand or little more than one cannot be seen in that cell. `AmountEvidence` looks at a whole
column and says which decimal mark its writers used; `amount` is told, and never decides from one ambiguous cell.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import ulp
from typing import NamedTuple

from tenants.intake.normalise.currency import CURRENCIES, SIGNS
from tenants.intake.normalise.text import plain, with_hyphens
from tenants.intake.problems import Code, Fault

#: What numeric(18,4) holds.
MOST_DIGITS, MOST_DECIMALS = 18, 4
_LONGEST = 80


class DecimalMark(StrEnum):
    """What stands before the decimals."""

    POINT = "POINT"
    COMMA = "COMMA"


_RIGHT = "A number such as 1234.50 or 1,234.50."
_UNREADABLE = Fault(Code.BAD_NUMBER, "It cannot be read as a number.", _RIGHT)
_NOT_FINITE = Fault(Code.BAD_NUMBER, "It is the word a program writes where a calculation has no result.", _RIGHT)
_TOO_PRECISE = Fault(Code.BAD_NUMBER, f"It has more than {MOST_DECIMALS} decimals.", f"A number with at most {MOST_DECIMALS} decimals.")
_TOO_BIG = Fault(
    Code.BAD_NUMBER,
    f"It has more than {MOST_DIGITS - MOST_DECIMALS} digits before the decimals.",
    f"A number below 10^{MOST_DIGITS - MOST_DECIMALS}.",
)
_EXPONENT = Fault(
    Code.SPREADSHEET_MANGLED,
    "It is a number with an exponent, which is how a spreadsheet shortens a long one; its last digits are lost.",
    "The whole number. In the spreadsheet, format the column as a number and export once more.",
)
_AMBIGUOUS = Fault(
    Code.AMBIGUOUS_NUMBER,
    "It could mean two numbers, and nothing in its column says whether the point or the comma stands before the decimals.",
    "A number without thousands separators, or the decimal mark of this column named: point or comma.",
)
_AGAINST_MARK = {
    mark: Fault(Code.BAD_NUMBER, f"In this column the {mark.lower()} stands before the decimals, but this is not written so.", _RIGHT)
    for mark in DecimalMark
}


class _Reading(NamedTuple):
    """What a cell says if the point stands before the decimals, and if the comma does; None: nothing."""

    point: Decimal | None
    comma: Decimal | None


_WITH_POINT = re.compile(r"-?\d{1,14}(?:(\.)\d{1,2})?", re.ASCII)
#: What most columns hold once their mark is known; everything else takes the long way, to the same answer.
_QUICK = {
    DecimalMark.POINT: re.compile(r"(-)?[¥$€£]? ?(\d{1,14}|[1-9]\d{0,2}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?[€元]?", re.ASCII),
    DecimalMark.COMMA: re.compile(r"(-)?[€£]? ?(\d{1,14}|[1-9]\d{0,2}(?:\.\d{3}){1,3})(?:,(\d{1,2}))? ?€?", re.ASCII),
}
_SEPARATORS = str.maketrans("", "", ",.")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+", re.ASCII)
_NOT_NUMBERS = frozenset({"nan", "inf", "infinity"})
_MANY_DECIMALS = re.compile(r"[+-]?(?=[\d.]{17,})\d+\.\d{5,}", re.ASCII)
#: How far the neighbours of a short decimal may be from it after a few binary sums.
_NOISE_ULPS = 8

_SIGN_WORDS = sorted((*SIGNS, "人民币", "RMB", "CNH", "Euro", "元整", "圆整"), key=len, reverse=True)
_MONEY = "(?:" + "|".join(re.escape(sign) for sign in _SIGN_WORDS) + "|(?P<{}>[A-Za-z]{{3}}))"
_WRITTEN = re.compile(
    rf"(?P<open>\()? ?(?P<minus>[+-])? ?(?:{_MONEY.format('code')} ?)?(?P<inner_minus>[+-])? ?"
    r"(?P<number>[\d.,' ’]*\d[.,]?(?:(?<=[.,])-{1,2})?) ?(?P<scale>[万萬亿億])?"
    rf" ?(?:{_MONEY.format('code_behind')})?(?P<minus_behind>-)?(?P<close>\))?"
)
_SCALES = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}


def _grouped(separators: str, decimal_mark: str) -> re.Pattern[str]:
    """Digits, perhaps in groups of three (or, in India, two and at last three), then perhaps decimals."""
    whole = rf"\d+|[1-9]\d{{0,2}}(?P<s>[{separators}])\d{{3}}(?:(?P=s)\d{{3}})*|[1-9]\d?(?P<i>[{separators}])(?:\d\d(?P=i))+\d{{3}}"
    return re.compile(rf"(?P<whole>{whole})?(?:{re.escape(decimal_mark)}(?P<decimals>\d*)-*)?", re.ASCII)


_BY_MARK = {DecimalMark.POINT: _grouped(",' ’", "."), DecimalMark.COMMA: _grouped(".' ’", ",")}


@dataclass(slots=True)
class AmountEvidence:
    """How the amounts of one column are written: how many cells have a decimal point, a decimal comma, or either."""

    point: int = 0
    comma: int = 0
    either: int = 0

    def see(self, text: str) -> None:
        """Take one cell into account; cells that are no amount, or the same with both marks, say nothing."""
        if plainly := _WITH_POINT.fullmatch(text):
            self.point += bool(plainly[1])
            return
        if len(text) > _LONGEST:
            return
        reading = _reading(text)
        if isinstance(reading, Fault) or reading.point == reading.comma:
            return
        if reading.comma is None:
            self.point += 1
        elif reading.point is None:
            self.comma += 1
        else:
            self.either += 1

    def merge(self, other: AmountEvidence) -> None:
        """Take into account what was seen of another part of the same column."""
        self.point += other.point
        self.comma += other.comma
        self.either += other.either

    def mark(self) -> DecimalMark | None:
        """The decimal mark of the column; None where no cell decides, and where cells contradict each other."""
        if bool(self.point) == bool(self.comma):
            return None
        return DecimalMark.POINT if self.point else DecimalMark.COMMA

    @property
    def is_contradictory(self) -> bool:
        """Whether some cells can only have a decimal point and others only a decimal comma."""
        return bool(self.point and self.comma)

    @property
    def needs_mark(self) -> bool:
        """Whether any cell cannot be read without the mark."""
        return bool(self.either)

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, counts: dict[str, int]) -> AmountEvidence:
        return cls(**counts)


def amount(text: str, mark: DecimalMark | None) -> Decimal | Fault:
    """The number, with at most 14 digits and 4 decimals; BAD_NUMBER, SPREADSHEET_MANGLED for an exponent, or
    AMBIGUOUS_NUMBER where `mark` is needed and None.

    `1,234.56`, `1.234,56`, `1 234,56`, `1'234.50` and `12,34,567`; a currency's sign, code or `元` on either side (it is
    left out: the currency is a field of its own); a minus on either side or parentheses; `5,-`; `1.5万` is 15000. Digits
    beyond the fifteenth are a binary fraction's noise (0.30000000000000004) and rounded off. A percent sign is not read.
    """
    if mark is not DecimalMark.COMMA and _WITH_POINT.fullmatch(text):
        return Decimal(text) + 0
    if mark is not None and (quick := _QUICK[mark].fullmatch(text)):
        minus, whole, decimals = quick.groups("")
        return Decimal(f"{minus}{whole.translate(_SEPARATORS)}.{decimals or 0}") + 0
    if len(text) > _LONGEST:
        return _UNREADABLE
    reading = _reading(text)
    return reading if isinstance(reading, Fault) else _fitting(_chosen(reading, mark))


def _chosen(reading: _Reading, mark: DecimalMark | None) -> Decimal | Fault:
    if reading.point is not None and reading.point == reading.comma:
        return reading.point
    if mark is not None:
        chosen = reading.point if mark is DecimalMark.POINT else reading.comma
        return _AGAINST_MARK[mark] if chosen is None else chosen
    if reading.point is not None and reading.comma is not None:
        return _AMBIGUOUS
    only = reading.comma if reading.point is None else reading.point
    return _UNREADABLE if only is None else only


def _fitting(number: Decimal | Fault) -> Decimal | Fault:
    if isinstance(number, Fault):
        return number
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        rounded = round(number, MOST_DECIMALS)
        if rounded != number:
            return _TOO_PRECISE
        number = rounded
    return number if abs(number) < 10 ** (MOST_DIGITS - MOST_DECIMALS) else _TOO_BIG


@lru_cache(maxsize=16_384)
def _reading(text: str) -> _Reading | Fault:
    line = plain(text)
    if isinstance(line, Fault):
        return line
    line = with_hyphens(line)
    if _SCIENTIFIC.fullmatch(line):
        return _EXPONENT
    if line.strip("+-").lower() in _NOT_NUMBERS:
        return _NOT_FINITE
    if _MANY_DECIMALS.fullmatch(line):
        return _without_noise(line)
    written = _WRITTEN.fullmatch(line)
    return _numbers(written) if written and _is_money(written) else _UNREADABLE


def _without_noise(line: str) -> _Reading:
    """29.400000000000002 is what a program shows of 3 × 9.8: the short decimal next to it is what was meant."""
    short = Decimal(f"{float(line):.15g}")
    is_noise = abs(float(line) - float(short)) <= _NOISE_ULPS * ulp(float(line)) and _fitting(short) == short
    return _Reading(short if is_noise else Decimal(line), None)


def _is_money(written: re.Match[str]) -> bool:
    codes = [code for code in (written["code"], written["code_behind"]) if code]
    signs = [sign for sign in (written["minus"], written["inner_minus"], written["minus_behind"], written["open"]) if sign]
    return bool(written["open"]) == bool(written["close"]) and len(signs) <= 1 and all(code.upper() in CURRENCIES for code in codes)


def _numbers(written: re.Match[str]) -> _Reading | Fault:
    is_negative = "-" in (written["minus"], written["inner_minus"], written["minus_behind"]) or bool(written["open"])
    factor = _SCALES.get(written["scale"] or "", 1) * (-1 if is_negative else 1)
    point, comma = (_number(written["number"].strip(), mark, factor) for mark in DecimalMark)
    return _UNREADABLE if point is None and comma is None else _Reading(point, comma)


def _number(digits: str, mark: DecimalMark, factor: int) -> Decimal | None:
    parts = _BY_MARK[mark].fullmatch(digits)
    if parts is None:
        return None
    whole = "".join(filter(str.isdigit, parts["whole"] or ""))
    decimals = parts["decimals"]
    return Decimal(f"{whole or 0}.{decimals}" if decimals else whole) * factor + 0
