"""What a column is called, made comparable: the words of its name, and how alike two names are."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz

from tenants.intake.fields import targets
from workers.imports.synonyms import NOT_SLIPS, SYNONYMS

#: Likeness forgives slips of the pen, not other words: the same number of words, each either equal or, from five letters on, at
#: least this alike (rapidfuzz `ratio`, 0 to 100). `Adress` is 92 like `address`; `ShipCountry` has a word more than `country`.
LEAST_LIKENESS = 86

_SHORTEST_SLIP = 5
_LONGEST_NAME = 200

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DECORATION = re.compile(
    r"[(\[{<]\s*(?:必填|选填|可选|元|万元|required|optional|pflichtfeld|pflicht|optionnel|obligatoire|obligatorio|eur|usd|cny|rmb|gbp|[$€£¥%]"
    r"|y{2,4}[-/.]m{1,2}[-/.]d{1,2}|d{1,2}[-/.]m{1,2}[-/.](?:y{2,4}|j{2,4}|a{2,4})|t{2}\.m{2}\.j{2,4})\s*[)\]}>]",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a column's name, comparable: `CompanyName`, `company_name` and `ＣＯＭＰＡＮＹ　ＮＡＭＥ` are the same two.

    Full-width forms are narrowed, camel case is split, case, accents, punctuation and notes such as `(required)` or `(元)` are dropped.
    """
    plain = _DECORATION.sub(" ", unicodedata.normalize("NFKC", name[:_LONGEST_NAME]))
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", plain).casefold())
    plain = "".join(sign if sign.isalnum() else "" if unicodedata.combining(sign) or sign in "'’" else " " for sign in plain)
    return tuple(plain.split())


def key(name: str) -> str:
    """The words run together, as `companyname` and `order id` are written with and without a space."""
    return "".join(words(name))


def alike(said: tuple[str, ...], known: tuple[str, ...]) -> float:
    """How alike two names are word by word, 0 when any word is a different one."""
    if len(said) != len(known):
        return 0.0
    return min(map(_same_word, said, known))


def _same_word(said: str, known: str) -> float:
    if said == known:
        return 100.0
    if min(len(said), len(known)) < _SHORTEST_SLIP or said in NOT_SLIPS or said in _vocabulary() or _digits(said) != _digits(known):
        return 0.0
    score = fuzz.ratio(said, known)
    return score if score >= LEAST_LIKENESS else 0.0


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    """All words of all names: a word we know is never a slip for another."""
    names = [name for fields in SYNONYMS.values() for synonyms in fields.values() for name in synonyms]
    return frozenset(word for name in (*names, *(target for kind in SYNONYMS for target in targets(kind))) for word in words(name))


def _digits(word: str) -> str:
    return "".join(filter(str.isdecimal, word))
