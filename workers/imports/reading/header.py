"""Which row holds the column names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.limits import HEADER_SEARCH_ROWS, MOST_COLUMNS
from workers.imports.reading.table import is_blank

#: Cells that are somebody's value and never a column's name: an e-mail address, a full date, a number of seven digits or more.
_VALUE = re.compile(
    r"""\s*(?:
        [^@\s]+@[^@\s]+\.[^@\s]+
      | (?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日? | \d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}) (?:[T\s]\s*\d{1,2}:\d{2}.*)?
      | (?!\d{4}\D\d{4}\s*$) [+(]?(?:[\s().,/-]*\d){7,}[\s.)]*
    )\s*""",
    re.VERBOSE,
)


def header_index(rows: Sequence[tuple[int, Sequence[str]]], wanted: int | None) -> int:
    """Where in `rows` (number and cells, from the top of the file, blank ones too) the header stands.

    Without `wanted` it is the first row that fills more than half as many cells as the fullest of the first 50:
    a title, an export date or a note above a table fills one or two.

    Raises:
        Invalid: no row, no such row, or the row is made of values instead of names.
        TooLarge: more than 500 columns.
    """
    index = _first_full(rows) if wanted is None else _numbered(rows, wanted)
    number, cells = rows[index]
    filled = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
    if filled > MOST_COLUMNS:
        raise TooLarge(f"The table has {filled:,} columns; at most {MOST_COLUMNS} can be read.")
    if wanted is None and any(_VALUE.fullmatch(cell) for cell in cells if len(cell) < 100):
        raise Invalid(
            f"Row {number} should hold the column names, but it holds values. Add a row with the names of the columns "
            "above it, or say which row has them."
        )
    return index


def _first_full(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    filled = ((index, sum(1 for cell in cells if cell.strip())) for index, (_, cells) in enumerate(rows))
    counted = list(islice(((index, count) for index, count in filled if count), HEADER_SEARCH_ROWS))
    if not counted:
        raise Invalid("The file is empty: it has no row with anything in it.")
    fullest = max((count for _, count in counted if count <= MOST_COLUMNS), default=0)
    return next(index for index, count in counted if 2 * count > fullest)


def _numbered(rows: Sequence[tuple[int, Sequence[str]]], wanted: int) -> int:
    for index, (number, cells) in enumerate(rows):
        if number == wanted and not is_blank(cells):
            return index
    raise Invalid(f"Row {wanted} cannot be the header: it is blank, inside another row, or too far down.", field=["headerRow"])


def no_rows(header_row: int) -> Invalid:
    return Invalid(f"The file has a header in row {header_row} and no row below it: there is nothing to import.")
