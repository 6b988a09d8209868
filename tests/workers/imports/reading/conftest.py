"""Files made on the spot and opened from memory."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import openpyxl
import pytest

from tenants.refusals import Refusal
from workers.imports.reading import ReadingOptions, Table, open_table
from workers.imports.reading.limits import MIB

Open = Callable[..., Table]
Workbook = Callable[..., bytes]
Parts = Callable[[bytes, Mapping[str, bytes | None]], bytes]


@pytest.fixture
def opened() -> Open:
    """Opens bytes as a table: `opened(content, block=7, separator=";")`."""

    def opened(content: bytes, block: int = 65_536, **options: Any) -> Table:
        def blocks(offset: int) -> Iterator[bytes]:
            return (content[place : place + block] for place in range(offset, len(content), block))

        return open_table(blocks, "customers", len(content), ReadingOptions(**options))

    return opened


@pytest.fixture
def workbook() -> Workbook:
    """An XLSX workbook with the rows on its first sheet."""

    def workbook(rows: Sequence[Sequence[object]]) -> bytes:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    return workbook


@pytest.fixture
def with_parts() -> Parts:
    """A copy of an archive in which some parts are replaced, added, or, with None, left out."""

    def with_parts(archive: bytes, parts: Mapping[str, bytes | None]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                if name not in parts:
                    new.writestr(name, old.read(name))
            for name, content in parts.items():
                if content is not None:
                    new.writestr(name, content)
        return stream.getvalue()

    return with_parts


@pytest.fixture
def shared(workbook: Workbook, with_parts: Parts) -> Callable[[bytes, bytes], bytes]:
    """A workbook as Excel writes it: with the rows of a sheet and the shared strings (both XML) they point at."""

    def shared(rows: bytes, strings: bytes) -> bytes:
        book = workbook([["x"]])
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            related = archive.read("xl/_rels/workbook.xml.rels")
        kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        more = b'<Relationship Type="%s" Target="texts.xml" Id="x"/>' % kind
        return with_parts(
            book,
            {
                "xl/_rels/workbook.xml.rels": related.replace(b"</Relationships>", more + b"</Relationships>"),
                "xl/texts.xml": b"<sst>" + strings + b"</sst>",
                "xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>",
            },
        )

    return shared


@pytest.fixture
def rows_of(opened: Open) -> Callable[[bytes], int]:
    """How many rows a file has, all of them read."""
    return lambda content: sum(len(batch.rows) for batch in opened(content).batches(1000))


@pytest.fixture
def refusal_of(rows_of: Callable[[bytes], int]) -> Callable[..., Refusal]:
    """What reading a file, or a call, is refused with, within a time and a memory."""

    def refusal_of(read: bytes | Callable[[], object], seconds: float = 5, megabytes: float = 40) -> Refusal:
        started = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises(Refusal) as refusal:
                rows_of(read) if isinstance(read, bytes) else read()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert time.monotonic() - started < seconds
        assert peak < megabytes * MIB
        return refusal.value

    return refusal_of
