"""Opens a text file: which encoding, separated cells or JSON Lines, where the header is."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from tenants.refusals import Invalid
from workers.imports.reading import json_lines
from workers.imports.reading.delimited import Segment, runs, segments
from workers.imports.reading.encodings import Encoding, find_encoding
from workers.imports.reading.header import header_index, no_rows
from workers.imports.reading.limits import HEAD_BYTES
from workers.imports.reading.separators import find_separator
from workers.imports.reading.table import Blocks, Cursor, Form, ReadingOptions, Run, Table

#: Bytes that stand in no text: control characters other than tab, line breaks, form feed and escape.
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b\x1a")


def open_text(blocks: Blocks, head: bytes, options: ReadingOptions) -> Table:
    """A file of separated cells, or of one JSON object a line.

    Raises:
        Invalid: not text, no telling in which encoding, no header, no rows.
    """
    if not (options.encoding or "").lower().startswith("utf"):
        _refuse_bytes_of_no_text(head)
    encoding = find_encoding(blocks, head, options.encoding)
    text = _head_text(head, encoding)
    if not text.strip("\0 \t\r\n\x1a"):
        raise Invalid("The file is empty: it has no row with anything in it.")
    first = text.lstrip()
    if first.startswith("{"):
        return json_lines.open_lines(blocks, encoding)
    if first.startswith("[") and first[1:].lstrip().startswith(("{", "[")):
        raise Invalid("The file is one JSON array. Send JSON Lines: one object a line, without brackets and commas around them.")
    if first.startswith("<"):
        raise Invalid("The file is a web page or XML, not a table. Open it in a spreadsheet program and save it as XLSX or CSV.")
    return _open_delimited(blocks, encoding, text, options)


def _refuse_bytes_of_no_text(head: bytes) -> None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd > len(head) // 50 + 1 and min(even, odd) * 20 < max(even, odd):
        name = "utf-16-le" if odd > even else "utf-16-be"
        raise Invalid(f"The file looks like UTF-16 without an order mark. Save it as UTF-8, or say {name}.", field=["encoding"])
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 100 + 8:
        raise Invalid("The file is no spreadsheet and no text. Send CSV, XLSX, XLS, ODS or JSON Lines.")


def _head_text(head: bytes, encoding: Encoding) -> str:
    """The beginning of the text, up to the last whole line if there is one."""
    piece = b"".join(encoding.stream(lambda _: iter([head[encoding.mark :]]), 0))[: HEAD_BYTES // 4]
    text = piece.decode(encoding.codec, "replace")
    return text[: text.rfind("\n") + 1] or text[: text.rfind("\r") + 1] or text if len(head) > HEAD_BYTES // 4 else text


def _open_delimited(blocks: Blocks, encoding: Encoding, text: str, options: ReadingOptions) -> Table:
    start, said = Cursor(encoding.mark, 1), options.separator
    first_line = text.splitlines()[0] if text else ""
    if first_line[:4].lower() == "sep=" and len(first_line.strip("\r\n")) == 5:
        said = said or first_line[4]
        line = next(iter(text.splitlines(keepends=True)))
        start = Cursor(encoding.mark + encoding.length_in_file(line.encode(encoding.codec)), 2)
        text = text[len(line) :]
    separator = find_separator(text, said)
    header, header_row, below = _header(next(segments(blocks, start, encoding, separator), None), options.header_row)

    def rows_from(cursor: Cursor | None) -> Iterator[Run]:
        return runs(segments(blocks, cursor or below, encoding, separator), len(header))

    if not any(run.rows for run in rows_from(None)):
        raise no_rows(header_row)
    return Table(Form.CSV, header, header_row, rows_from, encoding=encoding.name, separator=separator)


def _header(first: Segment | None, wanted: int | None) -> tuple[tuple[str, ...], int, Cursor]:
    if first is None:
        raise Invalid("The file is empty: it has no row with anything in it.")
    numbered = [(first.number(index), cells) for index, cells in enumerate(first.records)]
    index = header_index(numbered, wanted)
    return tuple(numbered[index][1]), numbered[index][0], first.after(index + 1)
