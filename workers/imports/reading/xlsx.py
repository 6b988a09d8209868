"""XLSX (ECMA-376 SpreadsheetML): workbook, relationships, styles, shared strings, and worksheets as a stream of rows.

Read here and not by a library, because every reader we tried builds the whole worksheet in memory: one of them needed 270 MB for
200,000 rows of 14 columns, and all memory there is for a sheet with two cells, one in each far corner.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from tenants.refusals import Invalid
from workers.imports.reading.archive import Archive
from workers.imports.reading.cells import is_date_format, number_text, serial_text
from workers.imports.reading.limits import MOST_SHEET_COLUMNS
from workers.imports.reading.sheets import PackedStrings, RowBuilder, Sheet
from workers.imports.reading.xml_parts import TextPieces, elements, feed


class _Workbook(NamedTuple):
    """What the cells of all worksheets refer to; `dates` holds, for each cell style, 1 when it shows a number as a date."""

    strings: PackedStrings
    dates: bytearray
    since_1904: bool


def sheets_of(archive: Archive) -> list[Sheet]:
    """The worksheets of a workbook, in its order.

    Raises:
        Invalid: it has none, or is damaged.
    """
    workbook = next((target for kind, target in _related(archive, "").values() if kind == "officeDocument"), "xl/workbook.xml")
    related = _related(archive, workbook)
    by_kind = dict(related.values())
    strings = _strings(archive, by_kind.get("sharedStrings", ""))
    dates = _date_styles(archive, by_kind.get("styles", ""))
    found: list[Sheet] = []
    since_1904 = False
    for name, attributes in elements(archive.small(workbook)):
        if name == "workbookPr":
            since_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif name == "sheet":
            reference = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            kind, target = related.get(reference, ("", ""))
            if kind == "worksheet":
                rows = partial(_rows, archive, target, _Workbook(strings, dates, since_1904))
                found.append(Sheet(attributes.get("name", ""), attributes.get("state", "visible") == "visible", rows))
    if not found:
        raise Invalid("The workbook has no worksheet.")
    return found


def _related(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to: by id, the kind (the last word of its type's address) and the name of the other part."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}
    for element, attributes in elements(archive.small(posixpath.join(folder, "_rels", f"{name}.rels"))):
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
            found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)
    return found


def _date_styles(archive: Archive, part: str) -> bytearray:
    codes: dict[str, str] = {}
    dates = bytearray()
    is_cell_style = False
    for name, attributes in elements(archive.small(part)):
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            is_cell_style = True
        elif name in ("cellStyles", "cellStyleXfs", "dxfs", "tableStyles", "colors"):
            is_cell_style = False
        elif name == "xf" and is_cell_style:
            number = attributes.get("numFmtId", "0")
            dates.append(is_date_format(int(number) if number.isdecimal() else 0, codes.get(number)))
    return dates


class _StringSink:
    """The texts of the shared strings: each run of formatting joined, the phonetic reading left out."""

    def __init__(self, strings: PackedStrings) -> None:
        self._strings = strings
        self._text = TextPieces()
        self._is_text = self._is_phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "t":
            self._is_text = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self._strings.append(str(self._text))
            self._text.clear()

    def text(self, text: str) -> None:
        if self._is_text:
            self._text.add(text)


def _strings(archive: Archive, part: str) -> PackedStrings:
    strings = PackedStrings()
    if part:
        for _ in feed(archive.pieces(part), _StringSink(strings)):
            pass
    return strings


class _SheetSink:
    """The rows of a worksheet after a given one, each put into `done` when it ends."""

    def __init__(self, workbook: _Workbook, after: int) -> None:
        self._strings, self._dates, self._since_1904 = workbook
        self._after = after
        self.done: list[tuple[int, list[str]]] = []
        self._row = RowBuilder()
        self._text = TextPieces()
        self._column = -1
        self._kind = self._style = ""
        self._is_text = self._is_phonetic = self._is_wanted = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._is_wanted and name != "row":
            return
        if name == "c":
            reference = attributes.get("r")
            self._column = column_of(reference) if reference else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._text.clear()
            if self._column >= MOST_SHEET_COLUMNS:
                raise Invalid("The spreadsheet is damaged: it has a cell right of the last column.", row=self._row.number)
        elif name in ("v", "t"):
            self._is_text = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "row":
            number = attributes.get("r", "")
            self._row.begin(int(number) if number.isdecimal() else self._row.number + 1)
            self._column = -1
            self._is_wanted = self._row.number > self._after

    def end(self, name: str) -> None:
        if not self._is_wanted:
            return
        if name in ("v", "t"):
            self._is_text = False
        elif name == "c":
            if self._text:
                self._row.put(self._column, self._value(str(self._text)))
        elif name == "row":
            if self._row.cells:
                self.done.append((self._row.number, self._row.cells))
        elif name == "rPh":
            self._is_phonetic = False

    def text(self, text: str) -> None:
        if self._is_text:
            self._text.add(text)

    def forget(self) -> None:
        """The rows that are done have been handed on."""
        self.done.clear()
        self._row.unread = 0

    def _value(self, text: str) -> str:
        kind = self._kind
        if kind == "s":
            return self._strings[int(text) if text.isdecimal() else -1]
        if kind == "n":
            style = int(self._style) if self._style.isdecimal() else 0
            is_date = style < len(self._dates) and self._dates[style]
            return serial_text(text, self._since_1904) if is_date else number_text(text)
        if kind == "b":
            return "true" if text == "1" else "false"
        return text.removesuffix("T00:00:00") if kind == "d" else text


def column_of(reference: str) -> int:
    """The 0-based column of a cell reference such as `AB12`."""
    column = 0
    for letter in reference[:4]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1


def _rows(archive: Archive, part: str, workbook: _Workbook, after: int) -> Iterator[tuple[int, list[str]]]:
    sink = _SheetSink(workbook, after)
    for _ in feed(archive.pieces(part), sink):
        yield from sink.done
        sink.forget()
