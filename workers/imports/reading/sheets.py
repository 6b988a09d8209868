"""What the three kinds of spreadsheet share: choosing a sheet, finding its header, rows by number, strings kept packed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.header import header_index, no_rows
from workers.imports.reading.limits import (
    HEADER_SEARCH_ROWS,
    LONGEST_RECORD_BYTES,
    MIB,
    MOST_COLUMNS,
    MOST_EXPANDED_CHARACTERS,
    MOST_SHARED_STRINGS,
    MOST_SHARED_TEXT_BYTES,
    MOST_SHEET_COLUMNS,
    MOST_SHEET_ROWS,
    SHAPE_ROWS,
)
from workers.imports.reading.table import Cursor, Form, ReadingOptions, Run, SourceRow, Table, fitted, is_blank

#: Rows of a sheet after the row of that number: their numbers, rising, and their cells up to the last that is not empty.
RowsAfter = Callable[[int], Iterator[tuple[int, list[str]]]]

_RUN_ROWS = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    is_visible: bool
    rows: RowsAfter


def open_sheet(form: Form, sheets: Sequence[Sheet], options: ReadingOptions) -> Table:
    """The table on the sheet the user named, or on the first visible one that has anything in it.

    Raises:
        Invalid: no such sheet, all are empty, no header, no rows.
    """
    sheet = _named(sheets, options.sheet) if options.sheet else _first_filled(sheets)
    top = [row for row in _some(sheet.rows(0), SHAPE_ROWS) if not is_blank(row[1])]
    index = header_index(top if options.header_row else top[:HEADER_SEARCH_ROWS], options.header_row)
    number, cells = top[index]
    below = top[index + 1 :]
    if not below:
        raise no_rows(number)
    width = max(len(cells), min(MOST_COLUMNS, max(len(row) for _, row in below)))
    header = tuple(cells + [""] * (width - len(cells)))
    start = Cursor(number, number + 1)
    return Table(form, header, number, lambda cursor: _runs(sheet.rows, width, cursor or start), sheet=sheet.name)


def _named(sheets: Sequence[Sheet], name: str) -> Sheet:
    for same in (str, str.casefold):
        for sheet in sheets:
            if same(sheet.name) == same(name):
                return sheet
    shown = ", ".join(f"“{sheet.name[:40]}”" for sheet in sheets[:20])
    raise Invalid(f"The workbook has no sheet “{name[:40]}”. It has {shown}.", field=["sheet"])


def _first_filled(sheets: Sequence[Sheet]) -> Sheet:
    for sheet in sorted(sheets, key=lambda sheet: not sheet.is_visible):
        if any(not is_blank(cells) for _, cells in islice(sheet.rows(0), SHAPE_ROWS)):
            return sheet
    raise Invalid("The workbook is empty: no sheet has a row with anything in it.")


def _runs(rows_after: RowsAfter, width: int, start: Cursor) -> Iterator[Run]:
    rows = rows_after(start.position)
    last = start.position
    while some := _some(rows, _RUN_ROWS):
        kept: list[SourceRow] = []
        blank_before: dict[int, int] = {}
        for number, cells in some:
            if is_blank(cells):
                continue
            if number > last + 1:
                blank_before[len(kept)] = number - last - 1
            kept.append(fitted(number, cells, width))
            last = number
        if kept:
            yield Run(kept, blank_before, partial(_after, kept), partial(_after, kept, len(kept)), _size(kept))


def _some(rows: Iterator[tuple[int, list[str]]], most: int) -> list[tuple[int, list[str]]]:
    """The next rows, fewer if they are long."""
    found: list[tuple[int, list[str]]] = []
    size = 0
    for row in rows:
        found.append(row)
        size += sum(map(len, row[1]))
        if len(found) == most or size > MOST_EXPANDED_CHARACTERS:
            break
    return found


def _size(rows: list[SourceRow]) -> int:
    return sum(sum(map(len, row.cells)) for row in rows)


def _after(rows: list[SourceRow], count: int) -> Cursor:
    number = rows[count - 1].number
    return Cursor(number, number + 1)


class RowBuilder:
    """Puts the cells of one row where they belong, and refuses rows that are no row.

    `unread` counts the characters since its owner last set it to 0, when it handed its rows on.
    """

    def __init__(self) -> None:
        self.number = 0
        self.cells: list[str] = []
        self._size = 0
        self.unread = 0

    def begin(self, number: int) -> None:
        """Start a row. Rows come in rising order in every format; anything else is damage."""
        if not self.number < number <= MOST_SHEET_ROWS:
            raise Invalid("The spreadsheet is damaged: its rows are out of order or too many. Open it and save it again.", row=self.number)
        self.number, self.cells, self._size = number, [], 0

    def put(self, column: int, text: str) -> None:
        """Put a cell into a 0-based column."""
        cells = self.cells
        if not text:
            return
        if column >= MOST_SHEET_COLUMNS or column < 0:
            raise Invalid("The spreadsheet is damaged: it has a cell right of the last column.", row=self.number)
        self._size += len(text)
        self.unread += len(text)
        if self._size > LONGEST_RECORD_BYTES:
            raise TooLarge(f"Row {self.number} has over {LONGEST_RECORD_BYTES // MIB} million characters.", row=self.number)
        if self.unread > MOST_EXPANDED_CHARACTERS:
            raise TooLarge("The workbook repeats the same long texts over and over; that is no table. Save it as CSV.", row=self.number)
        if column < len(cells):
            cells[column] = text
            return
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        cells.append(text)


class PackedStrings:
    """The workbook's distinct strings in one block of UTF-8: a third of what Python strings would take.

    Raises:
        TooLarge: over 96 MiB of text or 8,000,000 strings.
    """

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("I", [0])

    def append(self, text: str) -> None:
        self._text += text.encode("utf-8", "replace")
        self._ends.append(len(self._text))
        if len(self._text) > MOST_SHARED_TEXT_BYTES or len(self._ends) > MOST_SHARED_STRINGS:
            raise TooLarge("The workbook has more text than can be held while reading. Save it as CSV.")

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise Invalid("The spreadsheet is damaged: a cell points at a text that is not there. Open it and save it again.")
        return self._text[self._ends[index] : self._ends[index + 1]].decode()
