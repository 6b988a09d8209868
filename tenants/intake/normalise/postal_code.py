"""Makes postal codes right, by the rules of their country."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from tenants.intake.normalise.country import country_name
from tenants.intake.normalise.text import plain, too_long, with_hyphens
from tenants.intake.problems import Code, Fault

LONGEST = 20


class _Rule(NamedTuple):
    """A country's postal code.

    Args:
        pattern: matched against the code in upper case without spaces and hyphens; its groups are joined by `joint`.
        like: an example, for the fault.
        digits: of a code that is digits only and may start with 0; one digit less is what a spreadsheet leaves of those.
        prefix: letters that may stand before the code in addresses from abroad (D-80805); they are no part of it.
    """

    pattern: re.Pattern[str]
    like: str
    joint: str = ""
    digits: int = 0
    prefix: str = ""


def _rule(pattern: str, like: str, joint: str = "", digits: int = 0, prefix: str = "") -> _Rule:
    return _Rule(re.compile(pattern, re.ASCII), like, joint, digits, prefix)


#: After the Universal Postal Union's addressing guides, one per country.
_RULES = {
    "AT": _rule(r"([1-9]\d{3})", "1010", prefix="A|AT"),
    "AU": _rule(r"(\d{4})", "2000", digits=4),
    "BE": _rule(r"([1-9]\d{3})", "1000", prefix="B|BE"),
    "BG": _rule(r"([1-9]\d{3})", "1000", prefix="BG"),
    "BR": _rule(r"(\d{5})(\d{3})", "01310-100", "-", digits=8),
    "CA": _rule(r"([ABCEGHJ-NPRSTVXY]\d[A-Z])(\d[A-Z]\d)", "K1A 0B1", " "),
    "CH": _rule(r"([1-9]\d{3})", "8001", prefix="CH"),
    "CN": _rule(r"(\d{6})", "100000", digits=6),
    "CZ": _rule(r"([1-7]\d\d)(\d\d)", "110 00", " ", prefix="CZ"),
    "DE": _rule(r"(\d{5})", "01067", digits=5, prefix="D|DE"),
    "DK": _rule(r"(\d{4})", "1050", digits=4, prefix="DK"),
    "EE": _rule(r"(\d{5})", "10111", digits=5, prefix="EE|EST"),
    "ES": _rule(r"((?:0[1-9]|[1-4]\d|5[0-2])\d{3})", "08002", digits=5, prefix="E|ES"),
    "FI": _rule(r"(\d{5})", "00100", digits=5, prefix="FI|FIN|AX"),
    "FR": _rule(r"(\d{5})", "06000", digits=5, prefix="F|FR"),
    "GB": _rule(r"([A-Z]{1,2}\d[A-Z\d]?|GIR)(\d[A-Z]{2}|0AA)", "SW1A 1AA", " "),
    "GR": _rule(r"([1-9]\d\d)(\d\d)", "104 31", " ", prefix="GR"),
    "HR": _rule(r"([1-5]\d{4})", "10000", prefix="HR"),
    "HU": _rule(r"([1-9]\d{3})", "1051", prefix="H|HU"),
    "IE": _rule(r"([A-Z]\d[\dW])([A-Z\d]{4})", "D02 AF30", " "),
    "IN": _rule(r"([1-9]\d{5})", "110001"),
    "IT": _rule(r"(\d{5})", "00118", digits=5, prefix="I|IT"),
    "JP": _rule(r"(\d{3})(\d{4})", "100-0001", "-", digits=7, prefix="〒"),
    "KR": _rule(r"(\d{5})", "03187", digits=5),
    "LT": _rule(r"(\d{5})", "01100", digits=5, prefix="LT"),
    "LU": _rule(r"([1-9]\d{3})", "1111", prefix="L|LU"),
    "LV": _rule(r"(?:LV)?(\d{4})", "1010", prefix="LV"),
    "MX": _rule(r"(\d{5})", "01000", digits=5),
    "NL": _rule(r"([1-9]\d{3})([A-Z]{2})", "1012 AB", " ", prefix="NL"),
    "NO": _rule(r"(\d{4})", "0150", digits=4, prefix="N|NO"),
    "PL": _rule(r"(\d\d)(\d{3})", "00-001", "-", digits=5, prefix="PL"),
    # Four digits are from before 1998 and still name the place.
    "PT": _rule(r"([1-9]\d{3})(\d{3})?", "1000-205", "-", prefix="P|PT"),
    "RO": _rule(r"(\d{6})", "010011", digits=6, prefix="RO"),
    "RU": _rule(r"([1-6]\d{5})", "101000"),
    "SE": _rule(r"([1-9]\d\d)(\d\d)", "111 20", " ", prefix="S|SE"),
    "SG": _rule(r"(\d{6})", "018956", digits=6),
    "SI": _rule(r"([1-9]\d{3})", "1000", prefix="SI|SLO"),
    "SK": _rule(r"([089]\d\d)(\d\d)", "811 01", " ", digits=5, prefix="SK"),
    "TW": _rule(r"([1-9]\d\d(?:\d{2,3})?)", "100"),
    "US": _rule(r"(\d{5})(\d{4})?", "02108", "-", digits=5),
}
_PREFIXES = {code: re.compile(rf"(?:{rule.prefix})[ -]*(?=\d)") for code, rule in _RULES.items() if rule.prefix}
_FLOAT = re.compile(r"(\d{3,9})\.0", re.ASCII)
_BETWEEN = str.maketrans("", "", " -.")


def postal_code(text: str, country: str | None) -> str | Fault:
    """The code as its country writes it (`sw1a1aa` in GB is `SW1A 1AA`); BAD_POSTAL_CODE or TOO_LONG.

    Args:
        country: ISO 3166-1 alpha-2. Where it is None or its rule is not known here, the code is cleaned and not checked.

    A code that has lost its leading zero in a spreadsheet is a fault that says so: 1067 might be 01067, or mistyped.
    """
    return _postal_code(text, country) if len(text) <= 4 * LONGEST else too_long(LONGEST)


@lru_cache(maxsize=16_384)
def _postal_code(text: str, country: str | None) -> str | Fault:
    line = plain(text)
    if isinstance(line, Fault):
        return line
    if len(line) > LONGEST:
        return too_long(LONGEST)
    rule = _RULES.get(country or "")
    return line if rule is None else _by_rule(with_hyphens(line).upper(), rule, country or "")


def _by_rule(line: str, rule: _Rule, country: str) -> str | Fault:
    if is_float := _FLOAT.fullmatch(line):
        line = is_float[1]
    if country in _PREFIXES:
        line = _PREFIXES[country].sub("", line, count=1)
    bare = line.translate(_BETWEEN)
    if parts := rule.pattern.fullmatch(bare):
        return rule.joint.join(filter(None, parts.groups()))
    if bare.isdigit() and len(bare) == rule.digits - 1:
        return Fault(
            Code.BAD_POSTAL_CODE,
            f"It is one digit short for {country_name(country)}: a spreadsheet drops a leading zero.",
            f"All {rule.digits} digits, such as {rule.like}; format the column as text before entering them.",
        )
    return Fault(
        Code.BAD_POSTAL_CODE,
        f"It is not a postal code of {country_name(country)}.",
        f"A code such as {rule.like}, or another country for this row.",
    )
