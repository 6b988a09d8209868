"""Cuts the rows of a table into pieces that become chunks: so many rows, so much text, and never through the middle of an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tenants.refusals import TooLarge
from workers.imports.reading import Cursor, SourceRow, Table

#: Characters of one chunk, at most by a run of the reader more: a chunk is held several times over while it is taken in.
MOST_CHARACTERS = 8 * 1024 * 1024

#: Rows that belong together, at most.
MOST_ROWS_OF_ONE_RECORD = 20_000


class Piece(NamedTuple):
    """Neighbouring rows, how many blank rows stood among them, and the place where reading goes on after them."""

    rows: list[SourceRow]
    blank_rows: int
    cursor: Cursor | None


def pieces(table: Table, start: Cursor | None, size: int, belongs_to: Callable[[SourceRow], str | None] | None = None) -> Iterator[Piece]:
    """The rows from a cursor on, about `size` at a time.

    Args:
        belongs_to: names the record a row is part of; neighbours of the same name stay in one piece. None is no name.

    Raises:
        Invalid, TooLarge: the rest of the file cannot be read.
        TooLarge: more than 20,000 rows belong together.
    """
    rows: list[SourceRow] = []
    blank, loose, characters = 0, 0, 0.0
    end, name = start, None
    for run in table.runs(start):
        if not run.rows:
            # The cursor after such a run is past its blank rows, and past those that were not yet behind it.
            blank, loose, end = blank + loose + run.blank_before.get(0, 0), 0, run.after(0)
            continue
        weight = run.size / len(run.rows)
        for index, row in enumerate(run.rows):
            before, name = name, belongs_to(row) if belongs_to else None
            if (len(rows) >= size or characters >= MOST_CHARACTERS) and (name is None or name != before):
                yield Piece(rows, blank, run.after(index) if index else end)
                rows, blank, characters = [], 0, 0.0
            blank += loose + run.blank_before.get(index, 0)
            loose = 0
            characters += weight
            rows.append(row)
            if len(rows) > max(size, MOST_ROWS_OF_ONE_RECORD):
                raise TooLarge(f"Over {MOST_ROWS_OF_ONE_RECORD:,} rows up to row {row.number} have the same order number.", row=row.number)
        end, loose = run.after(len(run.rows)), run.blank_before.get(len(run.rows), 0)
    if rows or blank or loose:
        yield Piece(rows, blank + loose, end)
