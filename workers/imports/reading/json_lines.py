"""JSON Lines: one object a line; the keys of the first 1,000 rows are the header.

Nested objects become columns with a dot (`address.city`), a list of plain values becomes one cell with commas; a list of anything
else, a key said twice and a key that first comes later are faults of their row: nothing is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

from tenants.intake.problems import Code, Fault
from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.cells import number_text
from workers.imports.reading.delimited import UNREADABLE, gathered
from workers.imports.reading.encodings import Encoding
from workers.imports.reading.header import no_rows
from workers.imports.reading.limits import LONGEST_RECORD_BYTES, MIB, MOST_COLUMNS, SHAPE_ROWS
from workers.imports.reading.table import Blocks, Cursor, Form, Run, SourceRow, Table

_DEEPEST_OBJECT = 5
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class _Unusable(Exception):
    """A row that cannot be made one text a column."""


def open_lines(blocks: Blocks, encoding: Encoding) -> Table:
    """The table of a JSON Lines file.

    Raises:
        Invalid: the first line is no JSON object. TooLarge: more than 500 columns, or a line over 1 MiB.
    """
    start = Cursor(encoding.mark, 1)
    header: dict[str, int] = {}
    for line in islice(chain.from_iterable(_lines(blocks, encoding, start)), SHAPE_ROWS):
        cells = _cells_or_fault(line.content, encoding)
        if isinstance(cells, Fault):
            if not header:
                raise Invalid(f"Line {line.number} is no JSON object. JSON Lines has one whole object on each line.", row=line.number)
            continue
        for name in cells:
            header.setdefault(name, len(header))
        if len(header) > MOST_COLUMNS:
            raise TooLarge(f"The first rows have more than {MOST_COLUMNS} different keys; at most {MOST_COLUMNS} columns can be read.")
    if not header:
        raise no_rows(1)
    runs = partial(_runs, blocks, encoding, header)
    return Table(Form.JSON_LINES, tuple(header), 0, lambda cursor: runs(cursor or start), encoding=encoding.name)


def _runs(blocks: Blocks, encoding: Encoding, header: Mapping[str, int], start: Cursor) -> Iterator[Run]:
    for lines in _lines(blocks, encoding, start):
        rows: list[SourceRow] = []
        blank_before: dict[int, int] = {}
        ends: list[Cursor] = []
        for line in lines:
            if line.content.strip():
                rows.append(_row(line, encoding, header))
                ends.append(line.end)
            else:
                blank_before[len(rows)] = blank_before.get(len(rows), 0) + 1
        size = sum(len(line.content) for line in lines)
        yield Run(rows, blank_before, partial(_after, ends), partial(_after, [lines[-1].end], 1), size)


def _after(ends: list[Cursor], rows: int) -> Cursor:
    return ends[rows - 1]


class _Line(NamedTuple):
    number: int
    content: bytes
    end: Cursor


def _lines(blocks: Blocks, encoding: Encoding, start: Cursor) -> Iterator[list[_Line]]:
    """The lines of the file from a cursor on, some at a time."""
    held, at = b"", start
    for block, is_last in gathered(encoding.stream(blocks, start.position)):
        held += block
        *whole, held = held.split(b"\n")
        if is_last and held:
            whole.append(held)
        lines: list[_Line] = []
        for content in whole:
            end = Cursor(at.position + encoding.length_in_file(content + b"\n"), at.number + 1)
            lines.append(_Line(at.number, content, end))
            at = end
        if lines:
            yield lines
        if len(held) > LONGEST_RECORD_BYTES:
            raise TooLarge(f"Line {at.number} is longer than {LONGEST_RECORD_BYTES // MIB} MiB.", row=at.number)


def _row(line: _Line, encoding: Encoding, header: Mapping[str, int]) -> SourceRow:
    found = _cells_or_fault(line.content, encoding)
    if isinstance(found, Fault):
        return SourceRow(line.number, [line.content.decode(encoding.codec, "replace").replace("\0", "\ufffd").strip()], found)
    cells = [""] * len(header)
    late = [name for name in found if name not in header]
    for name, cell in found.items():
        if name in header:
            cells[header[name]] = cell
    return SourceRow(line.number, cells + [found[name] for name in late], _late(late) if late else None)


def _late(names: list[str]) -> Fault:
    shown = ", ".join(f"“{name[:40]}”" for name in names[:5])
    return Fault(
        Code.WRONG_CELL_COUNT,
        f"The row has a key that none of the first {SHAPE_ROWS:,} rows has: {shown}.",
        "Give one of the first rows the key too, with null.",
    )


def _cells_or_fault(line: bytes, encoding: Encoding) -> dict[str, str] | Fault:
    if not line.strip():
        return {}
    try:
        text = line.decode(encoding.codec)
        if "\0" in text:
            return UNREADABLE
        row = json.loads(text, object_pairs_hook=_unique, parse_float=number_text, parse_int=str, parse_constant=str)
        if not isinstance(row, dict):
            raise _Unusable("The line is JSON, but no object.")
        cells: dict[str, str] = {}
        _flatten(row, "", 1, cells)
    except UnicodeDecodeError:
        return UNREADABLE
    except _Unusable as fault:
        return Fault(Code.UNREADABLE_ROW, str(fault), "One object a line with a plain value for each key.")
    except (ValueError, RecursionError):
        return Fault(Code.UNREADABLE_ROW, "The line is no JSON object.", "One whole JSON object on each line.")
    return cells


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise _Unusable("The object has the same key twice.")
    return row


def _flatten(row: Mapping[str, Any], prefix: str, depth: int, cells: dict[str, str]) -> None:
    if depth > _DEEPEST_OBJECT:
        raise _Unusable("The object has objects nested too deeply.")
    for name, value in row.items():
        column = prefix + _plain(name)
        if isinstance(value, dict):
            _flatten(value, column + ".", depth + 1, cells)
        elif column in cells:
            raise _Unusable("The object has the same key twice.")
        else:
            cells[column] = ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        if not value.isascii() or "\0" in value:
            _refuse_no_text(value)
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _Unusable("The object has a list with more than plain values.")


def _refuse_no_text(value: str) -> None:
    if _NO_TEXT.search(value):
        raise _Unusable("The object has an escape that stands for no character.")
