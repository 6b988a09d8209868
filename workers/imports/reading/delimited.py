"""Text with a separator between cells (CSV, TSV and the like): from bytes to rows, with a cursor at every row.

Rows are parsed by the `csv` module (RFC 4180, lenient as Excel is) in segments of whole records. A segment ends at a line break;
a sentinel line after it tells whether that break was inside quotation marks: then the parser puts the sentinel into a cell instead
of a row of its own, and the open record waits for the next block.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from itertools import count as counted
from operator import itemgetter

from tenants.intake.problems import Code, Fault
from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.encodings import Encoding
from workers.imports.reading.limits import LONGEST_RECORD_BYTES, MIB, SEGMENT_BYTES
from workers.imports.reading.table import Blocks, Cursor, Run, SourceRow, fitted, is_blank

# The parser's own limit is one for the whole process, 128 KiB at first; ours is on the record and comes earlier.
csv.field_size_limit(4 * LONGEST_RECORD_BYTES)

_SENTINEL = "\0end of segment\n"
_UNREADABLE = re.compile("[\0\udc80-\udcff]")
_LINE_BREAK = re.compile("\r\n|\r|\n")

UNREADABLE = Fault(
    Code.UNREADABLE_ROW,
    "The row has bytes that are no text in the file's encoding.",
    "Save the file in one encoding, best UTF-8, or say which encoding it has.",
)

SWALLOWED = Fault(
    Code.UNREADABLE_ROW,
    "A quotation mark opened in this row is closed in the middle of a cell some lines below, so the rows between may be lost in it.",
    "Close the quotation mark in the row that opens it, or double it if it belongs to the text.",
)


@dataclass(frozen=True)
class Segment:
    """Whole records: their cells as parsed, and after which line of the segment each ends."""

    content: bytes
    start: Cursor
    records: list[list[str]]
    ends: Sequence[int]
    is_sound: bool
    is_open: bool
    encoding: Encoding
    separator: str

    def number(self, index: int) -> int:
        """The line of the file on which a record starts."""
        return self.start.number + (self.ends[index - 1] if index else 0)

    def end(self) -> Cursor:
        """The cursor after the last record."""
        return self.after(len(self.records))

    def after(self, records: int) -> Cursor:
        """The cursor after that many records."""
        lines = self.ends[records - 1] if records else 0
        passed = b"".join(self._lines[:lines])
        return Cursor(self.start.position + self.encoding.length_in_file(passed), self.start.number + lines)

    def text_of(self, index: int) -> str:
        """A record as it stands in the file."""
        return self._text(self.ends[index - 1] if index else 0, self.ends[index])

    @property
    def rest(self) -> bytes:
        """What follows the last record: nothing, or an open one."""
        return b"".join(self._lines[self.ends[-1] if self.ends else 0 :])

    def is_long(self, index: int) -> bool:
        """Whether the record has several lines."""
        return self.ends[index] - (self.ends[index - 1] if index else 0) > 1

    @cached_property
    def is_strict(self) -> bool:
        """Whether no quoted cell of the whole segment goes on after its closing quotation mark."""
        return isinstance(self.ends, range) or _is_strict(self._text(0, self.ends[-1]), self.separator)

    def _text(self, start: int, end: int) -> str:
        return b"".join(self._lines[start:end]).decode(self.encoding.codec, "surrogateescape")

    @cached_property
    def _lines(self) -> list[bytes]:
        return self.content.splitlines(keepends=True)


def parse(content: bytes, start: Cursor, encoding: Encoding, separator: str) -> Segment:
    """The records in some lines; the last one is left out, and `is_open`, when its quotation mark is not closed."""
    try:
        text, is_sound = content.decode(encoding.codec), b"\0" not in content
    except UnicodeDecodeError:
        text, is_sound = content.decode(encoding.codec, "surrogateescape"), False
    reader = csv.reader(chain(io.StringIO(text, newline=""), (_SENTINEL,)), delimiter=separator)
    records = list(reader)
    ends: Sequence[int] = range(1, len(records))
    if len(records) != reader.line_num:
        reader = csv.reader(chain(io.StringIO(text, newline=""), (_SENTINEL,)), delimiter=separator)
        ends = [reader.line_num for _ in reader][:-1]
    is_open = records.pop() != [_SENTINEL.rstrip("\n")]
    return Segment(content, start, records, ends, is_sound, is_open, encoding, separator)


def segments(blocks: Blocks, start: Cursor, encoding: Encoding, separator: str) -> Iterator[Segment]:
    """The records of the file from a cursor on.

    Raises:
        TooLarge: a record is longer than 1 MiB.
        Invalid: a quotation mark is never closed.
    """
    held, at = b"", start
    for block, is_last in gathered(encoding.stream(blocks, start.position)):
        held += block
        until = len(held) if is_last else _last_line_end(held)
        segment = parse(held[:until], at, encoding, separator)
        if segment.is_open and is_last:
            raise _unclosed(segment)
        if segment.records:
            yield segment
            held = segment.rest + held[until:]
            at = segment.end()
        if len(held) > LONGEST_RECORD_BYTES:
            raise _unclosed(segment) if segment.is_open else _too_long(at.number)


def gathered(stream: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The stream in pieces of about a segment, each with whether it is the last; the last may be empty."""
    held: list[bytes] = []
    size = 0
    for block in stream:
        for place in range(0, len(block), SEGMENT_BYTES):
            held.append(block[place : place + SEGMENT_BYTES])
            size += len(held[-1])
            if size >= SEGMENT_BYTES:
                yield b"".join(held), False
                held, size = [], 0
    yield b"".join(held), True


def _last_line_end(content: bytes) -> int:
    """Just past the last line break; a carriage return at the very end may be half of one."""
    return max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1)) + 1


def runs(found: Iterator[Segment], width: int) -> Iterator[Run]:
    """The rows in segments, each fitted to the header's width."""
    for segment in found:
        yield _run(segment, width)


def _run(segment: Segment, width: int) -> Run:
    records = segment.records
    is_even = segment.is_sound and isinstance(segment.ends, range) and set(map(len, records)) == {width}
    if is_even and all(map(str.strip, map(itemgetter(0), records))):
        return Run(
            list(map(SourceRow, counted(segment.start.number), records, repeat(None))), {}, segment.after, segment.end, len(segment.content)
        )
    return _uneven_run(segment, width)


def _uneven_run(segment: Segment, width: int) -> Run:
    rows: list[SourceRow] = []
    taken: list[int] = []
    blank_before: dict[int, int] = {}
    for index, cells in enumerate(segment.records):
        if is_blank(cells):
            blank_before[len(rows)] = blank_before.get(len(rows), 0) + 1
        else:
            rows.append(_row(segment, index, cells, width))
            taken.append(index + 1)
    return Run(rows, blank_before, lambda count: segment.after(taken[count - 1]), segment.end, len(segment.content))


def _row(segment: Segment, index: int, cells: list[str], width: int) -> SourceRow:
    if not segment.is_sound and any(map(_UNREADABLE.search, cells)):
        return SourceRow(segment.number(index), [_UNREADABLE.sub("\ufffd", cell) for cell in cells], UNREADABLE)
    if not segment.is_strict and segment.is_long(index) and not _is_strict(segment.text_of(index), segment.separator):
        return SourceRow(segment.number(index), cells, SWALLOWED)
    return fitted(segment.number(index), cells, width)


def _is_strict(record: str, separator: str) -> bool:
    """Whether every quoted cell ends where its quotation mark closes. It matters only where a record has several lines."""
    try:
        return bool(list(csv.reader(io.StringIO(record, newline=""), delimiter=separator, strict=True)))
    except csv.Error:
        return False


def _too_long(number: int) -> TooLarge:
    return TooLarge(f"Line {number} is longer than {LONGEST_RECORD_BYTES // MIB} MiB: this is not a table with one row a line.", row=number)


def _unclosed(segment: Segment) -> Invalid:
    """Says where the quotation mark stands that the record after the segment's last opens and does not close."""
    number = segment.end().number
    rest = segment.rest.decode(segment.encoding.codec, "surrogateescape")
    ordinary = f"[^{re.escape(segment.separator)}\r\n]*"
    cell = re.compile(f'"[^"]*+(?:""[^"]*+)*+"{ordinary}|(?!"){ordinary}')
    at = 0
    while (match := cell.match(rest, at)) and match.end() < len(rest):
        at = match.end() + 1
    number += len(_LINE_BREAK.findall(rest, 0, at))
    return Invalid(
        f"The quotation mark opened on line {number} is not closed: every row after it would be part of one cell. "
        "Close it, or double a quotation mark that belongs to the text.",
        row=number,
    )
