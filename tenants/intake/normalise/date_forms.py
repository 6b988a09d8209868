"""The forms people write dates and times in: one cell becomes its one or two possible readings."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from datetime import time as Time
from typing import NamedTuple

from tenants.intake.normalise.text import folded, with_hyphens
from tenants.intake.problems import Code, Fault

FIRST_YEAR, LAST_YEAR = 1800, 2199
#: Two-digit years mean what Excel means by them: 00–29 are 2000–2029, 30–99 are 1930–1999.
PIVOT = 30
#: Day numbers of spreadsheets (1900 system), 18 May 1927 to 11 January 2119: no other form of a date is a five-digit number,
#: and shorter ones are more often a year.
FIRST_SERIAL, LAST_SERIAL = 10_000, 80_000
_DAY_ZERO = datetime(1899, 12, 30)

RIGHT = "A date that exists, best written as yyyy-mm-dd, such as 2026-01-31."
UNREADABLE = Fault(Code.BAD_DATE, "It cannot be read as a date.", RIGHT)
_NO_SUCH_DAY = Fault(Code.BAD_DATE, f"There is no such day between {FIRST_YEAR} and {LAST_YEAR}.", RIGHT)
_NO_SUCH_TIME = Fault(Code.BAD_DATE, "There is no such time of day.", "A time such as 14:30 behind the date, or none.")


class Reading(NamedTuple):
    """What a cell says if the day comes before the month, and if it comes after; the same twice where that is no question.

    None: it says nothing in that order. One of the two is always given.
    """

    day_first: date | None
    month_first: date | None
    time: Time = Time()
    zone: tzinfo | None = None


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d.*)?|\d{8}(?:T?\d{4}(?:\d\d)?.*)?", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_NUMERIC = re.compile(r"(\d{1,4}) ?([./-]) ?(\d{1,2}) ?\2 ?(\d{1,4})\.?", re.ASCII)
_EAST_ASIAN = re.compile(r"(\d{2,4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日号號일]?", re.ASCII)
_EAST_ASIAN_WEEKDAY = re.compile(r" ?[（(]?(?:星期|周|週|礼拜)[一二三四五六日天][)）]?(?= |\d|$)")

_WORD = r"[^\W\d_]+"
_DAY_MONTH_YEAR = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[ -]?(?:of |de )?({_WORD})\.?,?[ -]?(?:del? )?'?(\d{{4}}|\d\d)")
_MONTH_DAY_YEAR = re.compile(rf"({_WORD})\.?[ -]?(\d{{1,2}})(?:st|nd|rd|th)?[, -]{{1,2}}(\d{{4}}|\d\d)")
_YEAR_MONTH_DAY = re.compile(rf"(\d{{4}})[, -]({_WORD})\.?[ -](\d{{1,2}})")
_WEEKDAY = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom)"
    r"(?:day|sday|nesday|rsday|urday|s|rs|tag|enstag|ttwoch|nnerstag|eitag|mstag|nntag|di|credi|dredi|edi|anche|es|coles|rnes|ado|ingo)?"
    r"[.,]{0,2} (?:den |the |el |le )?(?=\S+[ .-])",
    re.IGNORECASE,
)
_MONTH_NAMES = (
    "january januar janner janvier enero gennaio januari janeiro stycznia jan janv ene gen",
    "february februar fevrier febrero febbraio februari fevereiro lutego feb febr fev fevr",
    "march marz mars marzo maart marco marca marts mar mrz mrt",
    "april avril abril aprile kwietnia apr avr abr",
    "may mai mayo maggio mei maio maja maj mag",
    "june juni juin junio giugno junho czerwca jun giu",
    "july juli juillet julio luglio julho lipca jul juil lug",
    "august aout agosto augustus augusti sierpnia aug ago",
    "september septembre septiembre settembre setembro wrzesnia sep sept set",
    "october oktober octobre octubre ottobre outubro pazdziernika oct okt ott out",
    "november novembre noviembre novembro listopada nov",
    "december dezember decembre diciembre dicembre dezembro grudnia dec dez dic",
)
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}

_TIME = re.compile(
    r"""(?P<date>.*?\S)(?:[ ]?T(?=\d)|[ ,]+|(?<=[日号號일天一二三四五六)）]))(?:um[ ]|at[ ]|à[ ])?
    (?P<before>上午|下午|凌晨|早上|晚上)?[ ]?
    (?P<hour>\d{1,2})
    (?:[ ]?[:h时點点][ ]?(?P<minute>\d{1,2})[ ]?分?(?::?[ ]?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?[ ]?秒?)?
      |[ ]?[时點点]整?|(?=[ ]?[ap]\.?m)|(?=[ ]?uhr))
    [ ]?(?P<after>[ap]\.?m\.?)?(?:[ ]?uhr)?
    [ ]?(?P<zone>z|utc|(?:gmt|utc)?[+-]\d{1,2}(?::?\d\d)?|gmt)?(?:[ ]\([^()]*\))?""",
    re.VERBOSE | re.IGNORECASE,
)
_AFTERNOON = frozenset({"下午", "晚上", "pm", "p"})


def read(line: str) -> Reading | Fault:
    """The readings of a cleaned cell; BAD_DATE where there is none.

    ISO 8601, `dd.mm.yyyy` (with dots the day is first, everywhere), `yyyy/m/d`, `d/m/yyyy` or `m/d/yyyy`, two-digit years,
    `20260131`, `1998年3月5日`, `5 Mar 1998` and `March 5, 1998` with months in English, German, French, Spanish, Italian,
    Dutch, Portuguese and Polish, day numbers of spreadsheets; a weekday before it, and a time and an offset behind it.
    """
    line = with_hyphens(line)
    if _ISO.fullmatch(line) and (reading := _iso(line)):
        return reading
    if _SERIAL.fullmatch(line):
        return _serial(float(line.replace(",", ".")))
    if (found := _dated(line)) is not None:
        return found
    clock = _TIME.fullmatch(line)
    found = _dated(clock["date"].rstrip(" ,")) if clock else None
    if clock is None or found is None:
        return UNREADABLE
    return found if isinstance(found, Fault) else _timed(found, clock)


def _iso(line: str) -> Reading | None:
    try:
        moment = datetime.fromisoformat(f"{line[:8]}T{line[8:]}" if len(line) > 8 and line[:14].isdigit() else line)
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    return Reading(moment.date(), moment.date(), moment.time(), moment.tzinfo)


def _serial(days: float) -> Reading | Fault:
    if not FIRST_SERIAL <= days <= LAST_SERIAL:
        return UNREADABLE
    moment = _DAY_ZERO + timedelta(seconds=round(days * 86_400))
    return Reading(moment.date(), moment.date(), moment.time())


def _dated(line: str) -> Reading | Fault | None:
    """The readings of a date without a time, perhaps with a weekday; None where it has no form of a date."""
    if (found := _day(line)) is not None:
        return found
    without_weekday = _EAST_ASIAN_WEEKDAY.sub("", _WEEKDAY.sub("", line, count=1)).strip()
    return _day(without_weekday) if without_weekday != line else None


def _day(line: str) -> Reading | Fault | None:
    if written := _NUMERIC.fullmatch(line):
        first, mark, second, third = written.groups()
        return _numeric(first, second, third, day_is_first=mark == ".")
    if written := _EAST_ASIAN.fullmatch(line):
        return _only(written[1], int(written[2]), written[3])
    if written := _DAY_MONTH_YEAR.fullmatch(line):
        return _named(written[3], written[2], written[1])
    if written := _MONTH_DAY_YEAR.fullmatch(line):
        return _named(written[3], written[1], written[2])
    if written := _YEAR_MONTH_DAY.fullmatch(line):
        return _named(written[1], written[2], written[3])
    return None


def _numeric(first: str, second: str, third: str, day_is_first: bool) -> Reading | Fault | None:
    if len(first) == 4 or (len(first) == 2 and int(first) > 31 and len(third) <= 2):
        return _only(first, int(second), third) if len(third) <= 2 else None
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    if day_is_first:
        return _only(third, int(second), first)
    year = _year(third)
    day_first, month_first = _existing(year, int(second), int(first)), _existing(year, int(first), int(second))
    return Reading(day_first, month_first) if day_first or month_first else _NO_SUCH_DAY


def _named(year: str, month: str, day: str) -> Reading | Fault | None:
    number = _MONTHS.get(folded(month))
    return None if number is None else _only(year, number, day)


def _only(year: str, month: int, day: str) -> Reading | Fault:
    if len(year) == 3 or len(day) > 2:
        return UNREADABLE
    found = _existing(_year(year), month, int(day))
    return Reading(found, found) if found else _NO_SUCH_DAY


def _year(written: str) -> int:
    year = int(written)
    if len(written) > 2:
        return year
    return year + (2000 if year < PIVOT else 1900)


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if FIRST_YEAR <= year <= LAST_YEAR else None
    except ValueError:
        return None


def _timed(reading: Reading, clock: re.Match[str]) -> Reading | Fault:
    half = (clock["before"] or clock["after"] or "").lower().replace(".", "")
    hour = int(clock["hour"])
    if half and (hour > 12 and half not in _AFTERNOON):
        return _NO_SUCH_TIME
    if half and hour <= 12:
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    microsecond = int((clock["fraction"] or "").ljust(6, "0")[:6])
    try:
        moment = Time(hour, int(clock["minute"] or 0), int(clock["second"] or 0), microsecond)
        return reading._replace(time=moment, zone=_zone(clock["zone"]))
    except ValueError:
        return _NO_SUCH_TIME


def _zone(written: str | None) -> tzinfo | None:
    if not written:
        return None
    offset = written.lower().removeprefix("utc").removeprefix("gmt")
    if offset in ("", "z"):
        return UTC
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        raise ValueError(offset)
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if offset[0] == "-" else shift)
