"""Makes a file of customers as people keep them: the same rows for the same seed, however many, written as they come."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.benchmarks.people import Person, person, rewritten

HEADER = (
    "external_id", "name", "gender", "birth_date", "phone", "email", "address",
    "postal_code", "city", "country", "occupation", "lifecycle", "source", "tags",
)  # fmt: skip

_INVALID_PERCENT = 3
_DUPLICATE_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Made:
    """What a file holds: rows of new people, of people seen before, and rows that must be refused. They add up to `rows`."""

    rows: int
    new: int
    duplicates: int
    invalid: int


def write_customers(path: Path, rows: int, seed: int = 1) -> Made:
    """Write a UTF-8 CSV of customers with a header and `rows` rows, 3 % of them invalid and 5 % about somebody of an earlier row."""
    counts = {"new": 0, "duplicates": 0, "invalid": 0}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for kind, row in _rows(rows, seed):
            counts[kind] += 1
            writer.writerow(row)
    return Made(rows, **counts)


def _rows(rows: int, seed: int) -> Iterator[tuple[str, Person]]:
    for number in range(rows):
        chance = Random(seed * 1_000_003 + number)
        kind = _kind(number)
        if kind == "duplicates":
            yield kind, rewritten(_somebody_before(number, seed, chance), chance)
        elif kind == "invalid":
            yield kind, _broken(person(number, chance), chance)
        else:
            yield kind, person(number, chance)


def _kind(number: int) -> str:
    """Spread evenly: each hundred rows hold exactly 3 invalid and 5 duplicates, and no file starts with one of them."""
    place = (number * 37 + 11) % 100
    if place < _INVALID_PERCENT:
        return "invalid"
    return "duplicates" if place < _INVALID_PERCENT + _DUPLICATE_PERCENT else "new"


def _somebody_before(number: int, seed: int, chance: Random) -> Person:
    """Half of the duplicates follow closely, as when a list was pasted twice; the others are anywhere before."""
    reach = min(number, 2_000) if chance.random() < 0.5 else number
    earlier = number - 1 - chance.randrange(reach)
    while _kind(earlier) != "new":
        earlier -= 1
    return person(earlier, Random(seed * 1_000_003 + earlier))


def _broken(row: Person, chance: Random) -> Person:
    """One cell made such that the row cannot be taken in."""
    column, cell = chance.choice(
        (
            ("name", "  "),
            ("birth_date", "1987-02-30"),
            ("phone", "1.38E+10"),
            ("country", "Atlantis"),
            ("lifecycle", "maybe later"),
            ("city", "long " * 60),
        )
    )
    place = HEADER.index(column)
    return (*row[:place], cell, *row[place + 1 :])
