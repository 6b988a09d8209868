"""Files that are no table, or text made to do harm: each ends as a refusal, quickly and in little memory."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from tenants.refusals import TooLarge
from workers.imports.reading import ReadingOptions, open_table
from workers.imports.reading.limits import MIB


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n \r\n\t\n", "empty"),
        (b",,,\n,,\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xff\xfe\n\0", "empty"),
        (b"name,phone\n", "no row below"),
        (b"name,phone", "no row below"),
        (b"name,phone\n\n,,\n \n", "no row below"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff", "a Windows program"),
        (b"\x7fELF\x02\x01\x01\0", "a Linux program"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
        (b"<!DOCTYPE html><html><body><table>", "a web page"),
        (b"\xef\xbb\xbf <html>\n<table>", "a web page"),
        (b'<?xml version="1.0"?><Workbook>', "a web page or XML"),
        (b'[{"name": "Ann"},\n{"name": "Bob"}]', "JSON array"),
        (b"PK\x05\x06" + bytes(18), "empty ZIP"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more", "damaged"),
        (bytes(5000), "no spreadsheet and no text"),
        (random.Random(7).randbytes(5000), "no spreadsheet and no text"),
        (b"1,2,3\n4,5,6\n" * 3 + b"\x00\x01\x02\x03\x04" * 99, "no spreadsheet and no text"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content, said, refusal_of) -> None:
    assert said in refusal_of(content).message


def test_a_csv_that_begins_like_a_program_is_a_csv(opened) -> None:
    assert opened(b"MZ,name\n1,Ann\n").header == ("MZ", "name")


def test_a_line_of_a_gigabyte_is_refused_at_once(refusal_of) -> None:
    taken = itertools.count()

    def blocks(offset: int) -> Iterator[bytes]:
        return (b"name,phone\n" if offset == next(taken) == 0 else b"x" * 65_536 for _ in range(16_384))

    refusal = refusal_of(lambda: list(open_table(blocks, "x", 1024 * MIB, ReadingOptions(header_row=1)).rows()), megabytes=12)

    assert isinstance(refusal, TooLarge)
    assert "is longer than 1 MiB" in refusal.message
    assert next(taken) < 2_000


@pytest.mark.parametrize("start", [b"name,phone\nAnn,1\n", b"name,phone\n" + b"Ann,1\n" * 100_000])
@pytest.mark.parametrize("endless", [b"x" * 65_536, b"x,y\n" * 16_384])
def test_a_record_without_end_is_refused_with_its_line(start, endless, refusal_of) -> None:
    def blocks(offset: int) -> Iterator[bytes]:
        yield start[offset:]
        yield b'Bob,"1' if endless.endswith(b"\n") else b"Bob,1"
        yield from itertools.repeat(endless, 16_384)

    def read() -> None:
        for _ in open_table(blocks, "x", 1024 * MIB, ReadingOptions()).batches(1000):
            pass

    refusal = refusal_of(read, megabytes=64, seconds=20)

    assert refusal.row == start.count(b"\n") + 1
    assert ("quotation mark" if endless.endswith(b"\n") else "longer than 1 MiB") in refusal.message


def test_a_hundred_thousand_columns_are_refused(refusal_of) -> None:
    header = ",".join(f"c{n}" for n in range(100_000)).encode()

    refusal = refusal_of(header + b"\n1,2\n")

    assert isinstance(refusal, TooLarge)
    assert "100,000 columns; at most 500" in refusal.message


def test_a_row_of_a_hundred_thousand_cells_is_a_fault_of_that_row(opened) -> None:
    rows = list(opened(b"a,b\n" + b"x," * 100_000 + b"x\n1,2\n").rows())

    assert [bool(row.fault) for row in rows] == [True, False]


def test_duplicate_headers_are_kept_as_they_are(opened) -> None:
    assert opened(b"id,name,id\n1,Ann,1\n").header == ("id", "name", "id")
