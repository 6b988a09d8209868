"""ODS (OpenDocument 1.3, part 3): the tables of `content.xml` as a stream of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.archive import Archive
from workers.imports.reading.cells import number_text
from workers.imports.reading.limits import MOST_ROW_REPEATS, MOST_SHEET_COLUMNS, MOST_SHEET_ROWS
from workers.imports.reading.sheets import RowBuilder, Sheet
from workers.imports.reading.xml_parts import TextPieces, elements, feed

_CONTENT = "content.xml"


def sheets_of(archive: Archive) -> list[Sheet]:
    """The sheets of a document, in its order.

    Raises:
        Invalid: it is protected by a password, or is no spreadsheet.
    """
    if any(name == "encryption-data" for name, _ in elements(archive.small("META-INF/manifest.xml"))):
        raise Invalid("The spreadsheet is protected by a password. Save it without one.")
    names: list[str] = []
    depth_seen = False
    for name, attributes in elements(archive.pieces(_CONTENT)):
        depth_seen = depth_seen or name == "spreadsheet"
        if depth_seen and name == "table":
            names.append(_attribute(attributes, "name"))
    if not names:
        raise Invalid("The document has no sheet.")
    return [Sheet(name, True, partial(_rows, archive, index)) for index, name in enumerate(names)]


def _attribute(attributes: dict[str, str], name: str) -> str:
    """An attribute whatever prefix its namespace has; `calcext` repeats some of `office` and comes later."""
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


class _TableSink:
    """The rows of the table with a given index after a given row, put into `done` with how often each stands there."""

    def __init__(self, table: int, after: int) -> None:
        self._table, self._after = table, after
        self._index = -1
        self.done: list[tuple[int, int, list[str]]] = []
        self._row = RowBuilder()
        self._repeated = self._cell_repeated = 1
        self._column = 0
        self._cell: dict[str, str] = {}
        self._text = TextPieces()
        self._notes = 0
        self._paragraphs = 0
        self._is_text = False

    @property
    def is_over(self) -> bool:
        return self._index > self._table

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self._index += 1
        elif self._index != self._table or self._notes:
            self._notes += name == "annotation"
        elif name == "table-row":
            self._row.begin(self._row.number + self._repeated if self._row.number else 1)
            self._repeated = _count(attributes, "number-rows-repeated", MOST_SHEET_ROWS)
            self._column = 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._paragraphs = attributes, 0
            self._cell_repeated = _count(attributes, "number-columns-repeated", MOST_SHEET_COLUMNS)
            self._text.clear()
        elif name == "annotation":
            self._notes = 1
        else:
            self._start_text(name, attributes)

    def _start_text(self, name: str, attributes: dict[str, str]) -> None:
        if name == "p":
            if self._paragraphs:
                self._text.add("\n")
            self._paragraphs += 1
            self._is_text = True
        elif name == "s":
            self._text.add(" " * _count(attributes, "c", 1_000))
        elif name in ("tab", "line-break"):
            self._text.add("\t" if name == "tab" else "\n")

    def end(self, name: str) -> None:
        if self._notes:
            self._notes -= name == "annotation"
        elif self._index != self._table:
            return
        elif name == "p":
            self._is_text = False
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def _end_cell(self) -> None:
        text = self._value()
        for column in range(self._column, self._column + self._cell_repeated) if text else ():
            self._row.put(column, text)
        self._column += self._cell_repeated
        self._cell_repeated = 1

    def _end_row(self) -> None:
        if not self._row.cells:
            return
        if self._repeated > MOST_ROW_REPEATS:
            raise TooLarge(f"Row {self._row.number} is repeated over {MOST_ROW_REPEATS:,} times.", row=self._row.number)
        if self._row.number + self._repeated - 1 > self._after:
            self.done.append((self._row.number, self._repeated, self._row.cells))

    def text(self, text: str) -> None:
        if self._is_text and not self._notes:
            self._text.add(text)

    def forget(self) -> None:
        """The rows that are done have been handed on."""
        self.done.clear()
        self._row.unread = 0

    def _value(self) -> str:
        kind = _attribute(self._cell, "value-type")
        if kind in ("float", "percentage", "currency"):
            return number_text(_attribute(self._cell, "value"))
        if kind == "date":
            return _attribute(self._cell, "date-value").removesuffix("T00:00:00")
        if kind == "boolean":
            return _attribute(self._cell, "boolean-value")
        return str(self._text)


def _count(attributes: dict[str, str], name: str, most: int) -> int:
    said = _attribute(attributes, name)
    return min(int(said[:9]), most) if said.isdecimal() else 1


def _rows(archive: Archive, table: int, after: int) -> Iterator[tuple[int, list[str]]]:
    sink = _TableSink(table, after)
    for _ in feed(archive.pieces(_CONTENT), sink):
        for first, repeated, cells in sink.done:
            yield from ((number, cells) for number in range(max(first, after + 1), first + repeated))
        sink.forget()
        if sink.is_over:
            return
