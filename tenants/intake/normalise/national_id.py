"""Makes national identity numbers right."""

from __future__ import annotations

import re
from datetime import date
from operator import mul

from tenants.intake.normalise.text import plain, too_long
from tenants.intake.problems import Code, Fault

LONGEST = 40

_RESIDENT_ID = re.compile(r"\d{17}[\dX]", re.ASCII)
_OLD_RESIDENT_ID = re.compile(r"\d{15}", re.ASCII)
_SHORTENED = re.compile(r"\d[.,]\d+E\+?1[4-7]", re.ASCII)
#: ISO 7064 MOD 11-2, as GB 11643-1999 uses it: weights are 2^(17 - place) mod 11; the remainder picks the check digit.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_LOST_DIGITS = "000"

_RIGHT = "The 18 characters of a Chinese resident identity number, or the 15 digits of one issued before 1999."
_WRONG_SHAPE = Fault(Code.BAD_NATIONAL_ID, "It is not a Chinese resident identity number.", _RIGHT)
_WRONG_CHECK_DIGIT = Fault(
    Code.BAD_NATIONAL_ID,
    "Its last character, the check digit, does not fit the others: one of them is mistyped.",
    _RIGHT,
)
_WRONG_BIRTH_DATE = Fault(Code.BAD_NATIONAL_ID, "Its seventh to fourteenth digits are a birth date, but there is no such day.", _RIGHT)
_MANGLED = Fault(
    Code.SPREADSHEET_MANGLED,
    "A spreadsheet has rounded this number: it keeps fifteen digits only, and the last ones are lost.",
    "The whole number. In the spreadsheet, format the column as text, enter the numbers again, and export once more.",
)


def national_id(text: str, country: str | None) -> str | Fault:
    """The number in upper case without spaces; BAD_NATIONAL_ID, TOO_LONG or SPREADSHEET_MANGLED.

    In CN it has to be a resident identity number of GB 11643-1999 (a birth date inside, a check digit at the end) or the
    15 digits of its predecessor, kept as they are. Other countries' numbers are cleaned and not checked; their spaces stay.
    """
    line = plain(text)
    if isinstance(line, Fault):
        return line
    if len(line) > LONGEST:
        return too_long(LONGEST)
    line = line.upper() if line.isascii() else line
    return _resident_id(line.replace(" ", "").lstrip("'")) if country == "CN" else line


def birth_date_of(national_id: str) -> date | None:
    """The birth date inside a Chinese resident identity number; None where the text has none."""
    if _RESIDENT_ID.fullmatch(national_id):
        return _date(national_id[6:14])
    return _date("19" + national_id[6:12]) if _OLD_RESIDENT_ID.fullmatch(national_id) else None


def _resident_id(number: str) -> str | Fault:
    if _OLD_RESIDENT_ID.fullmatch(number):
        return number
    if not _RESIDENT_ID.fullmatch(number):
        return _MANGLED if _SHORTENED.fullmatch(number) else _WRONG_SHAPE
    if _check_digit(number) != number[17]:
        return _MANGLED if number.endswith(_LOST_DIGITS) else _WRONG_CHECK_DIGIT
    return number if birth_date_of(number) else _WRONG_BIRTH_DATE


def _check_digit(number: str) -> str:
    return _CHECK_DIGITS[sum(map(mul, _WEIGHTS, map(int, number[:17]))) % 11]


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
