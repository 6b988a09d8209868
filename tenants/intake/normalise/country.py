"""Makes countries right: whatever name people write becomes the ISO 3166-1 code.

`countries.csv` beside this file holds every ISO 3166-1 country (and Kosovo's user-assigned XK), with its name in English and
Chinese and the other names people write for it, separated by `|`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

from tenants.intake.normalise.text import folded, plain
from tenants.intake.problems import Code, Fault

_LONGEST = 100

_UNKNOWN = Fault(
    Code.BAD_COUNTRY,
    "No country is known by this name.",
    "A country's name in English or Chinese, or its two-letter ISO code such as DE or CN.",
)


def country(text: str) -> str | Fault:
    """The ISO 3166-1 alpha-2 code, or BAD_COUNTRY.

    Known are both codes, English and Chinese names, what Europeans call their own country, and common short forms, in any
    case and without accents. Parts of the United Kingdom are GB; `Congo` alone is CG and `Korea` alone is KR.
    """
    return _country(text) if len(text) <= _LONGEST else _UNKNOWN


def country_name(code: str) -> str:
    """The English name of a country, for sentences; the code itself where it is not one."""
    return _english().get(code, code)


@lru_cache(maxsize=4_096)
def _country(text: str) -> str | Fault:
    name = plain(text)
    if isinstance(name, Fault):
        return name
    return _codes().get(folded(name.replace("&", " and ")), _UNKNOWN)


@cache
def _rows() -> list[dict[str, str]]:
    with (files(__package__) / "countries.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


@cache
def _english() -> Mapping[str, str]:
    return {row["alpha_2"]: row["english"] for row in _rows()}


@cache
def _codes() -> Mapping[str, str]:
    return {folded(name): row["alpha_2"] for row in _rows() for name in _names(row)}


def _names(row: Mapping[str, str]) -> list[str]:
    return [row["alpha_2"], row["alpha_3"], row["english"], row["chinese"], *filter(None, row["also"].split("|"))]
