"""What a spreadsheet's cell says as text: numbers, dates, booleans and errors as a person would write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

#: BIFF error codes ([MS-XLS] 2.5.10).
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}

#: Number formats that have no code in the file because every program knows them, and are dates or times (ECMA-376 18.8.30,
#: with the East Asian ones).
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}

_NOT_PLACEHOLDERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE_PLACEHOLDER = re.compile("[ymdhs]", re.IGNORECASE)
_PLAIN = re.compile(r"0|-?[1-9]\d{0,39}|(?=.{1,15}\Z)-?(?:0|[1-9]\d*)\.\d*[1-9]", re.ASCII)
_LAST_SERIAL = 2_958_466  # 10000-01-01


def is_date_format(number: int, code: str | None) -> bool:
    """Whether a number with this format is shown as a date or a time."""
    if code is None:
        return number in _DATE_FORMATS
    shown = _NOT_PLACEHOLDERS.sub("", code.split(";")[0])
    return shown.lower() != "general" and bool(_DATE_PLACEHOLDER.search(shown))


def number_text(number: str) -> str:
    """A number as plain digits: no exponent, no `.0`, and the 15 significant digits a spreadsheet shows (0.1, not 0.1000…01)."""
    if _PLAIN.fullmatch(number):
        return number
    try:
        value = float(number)
    except ValueError:
        return number
    if value != value or abs(value) > 1e100:
        return number
    text = format(Decimal(format(value, ".15g")), "f")
    return "0" if text == "-0" else text


def serial_text(number: str, since_1904: bool) -> str:
    """A date or time stored as days since the epoch, as ISO text: `1998-03-05`, `1998-03-05T14:30:00`, or `14:30:00` below one day.

    In the 1900 system day 60 is the 29 February 1900 that never was (ECMA-376 18.17.4.1). What is no date stays a number.
    """
    try:
        days = float(number)
    except ValueError:
        return number
    if not 0 <= days < _LAST_SERIAL:
        return number_text(number)
    if days < 1 and not since_1904:
        return str((datetime.min + _rounded(days)).time()) if _rounded(days) < timedelta(days=1) else "00:00:00"
    epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if days < 60 else 30)
    try:
        moment = epoch + _rounded(days)
    except OverflowError:
        return number_text(number)
    return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()


def _rounded(days: float) -> timedelta:
    """To whole seconds: a spreadsheet's fraction of a day is never exact."""
    return timedelta(seconds=round(days * 86_400))
