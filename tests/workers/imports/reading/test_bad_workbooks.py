"""Spreadsheets that are damaged, protected or made to do harm: each ends as a refusal, quickly and in little memory."""

from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import tracemalloc
import zipfile

import openpyxl
import pytest
import xlwt
from xlwt.CompoundDoc import XlsDoc

from tenants.refusals import Invalid, Refusal, TooLarge
from workers.imports.reading.limits import MIB

SHEET = "xl/worksheets/sheet1.xml"


def archive_of(*parts: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive_of(("customers.csv", b"a,b\n1,2\n")), "no spreadsheet"),
        (archive_of(("nested.xlsx", archive_of(("xl/workbook.xml", b"<workbook/>")))), "no spreadsheet"),
        (archive_of(("[Content_Types].xml", b""), ("word/document.xml", b"<w/>")), "no spreadsheet"),
        (archive_of(("[Content_Types].xml", b""), ("xl/workbook.bin", b"")), "XLSB"),
        (archive_of(("[Content_Types].xml", b""), ("xl/workbook.xml", b"<workbook/>")), "no worksheet"),
        (archive_of(("content.xml", b"<office><spreadsheet/></office>")), "no sheet"),
        (archive_of(("content.xml", b"<office")), "XML cannot be read"),
        (archive_of(("content.xml", b"x" * 9999), ("META-INF/manifest.xml", b"<m:manifest><m:encryption-data/></m:manifest>")), "password"),
        (archive_of(("content.xml", b"<office/>"), method=zipfile.ZIP_LZMA), "damaged"),
    ],
)
def test_an_archive_that_is_no_readable_spreadsheet_is_refused(content, said, refusal_of) -> None:
    assert said in refusal_of(content).message


def test_an_encrypted_part_is_refused_as_protected(workbook, refusal_of) -> None:
    content = bytearray(workbook([["a"], [1]]))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(magic)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(magic, place + 1)

    assert "password" in refusal_of(bytes(content)).message


def test_an_encrypted_workbook_is_refused_as_protected(refusal_of) -> None:
    renamed = compound(bytes(8192)).replace(
        "Workbook".encode("utf-16-le").ljust(64, b"\0"), "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0")
    )
    length = renamed.index("EncryptedPackage".encode("utf-16-le")) + 64
    renamed = renamed[:length] + struct.pack("<H", 34) + renamed[length + 2 :]

    assert "password" in refusal_of(renamed).message


def xls_stream() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write(0, 0, "a")
    sheet.write(1, 0, 1)
    return book.get_biff_data()


def compound(stream: bytes) -> bytes:
    file = io.BytesIO()
    XlsDoc().save(file, stream)
    return file.getvalue()


def test_a_protected_or_older_xls_is_refused(refusal_of, rows_of) -> None:
    stream = xls_stream()
    size = 4 + struct.unpack_from("<H", stream, 2)[0]

    protected = compound(stream[:size] + struct.pack("<HHHHH", 0x2F, 6, 1, 1, 1) + stream[size:])
    older = compound(stream[:4] + b"\x00\x05" + stream[6:])

    assert rows_of(compound(stream)) == 1
    assert "password" in refusal_of(protected).message
    assert "older than Excel 97" in refusal_of(older).message


def test_two_cells_in_far_corners_take_no_more_memory_than_two_cells(rows_of) -> None:
    xls = xlwt.Workbook()
    for number in range(8):
        sheet = xls.add_sheet(f"S{number}")
        sheet.write(0, 0, "a")
        sheet.write(65_535, 255, "b")
    xlsx = openpyxl.Workbook()
    xlsx.active["A1"] = "a"
    xlsx.active["XFD1048576"] = "b"

    for book in (xls, xlsx):
        stream = io.BytesIO()
        book.save(stream)
        tracemalloc.start()
        try:
            assert rows_of(stream.getvalue()) == 1
            assert tracemalloc.get_traced_memory()[1] < 8 * MIB
        finally:
            tracemalloc.stop()


BOMBS = {
    "one long string": b"<worksheet><sheetData><row><c t='inlineStr'><is><t>"
    + b" " * 60 * MIB
    + b"</t></is></c></row></sheetData></worksheet>",
    "one long attribute": b"<worksheet x='" + b" " * 40 * MIB + b"'/>",
    "one long comment": b"<worksheet><!--" + b" " * 40 * MIB + b"--></worksheet>",
    "deep nesting": b"<a>" * 5_000_000,
    "empty rows": b"<worksheet><sheetData>" + b"<row/>" * 5_000_000,
    "one row of empty cells": b"<worksheet><sheetData><row>" + b"<c><v>1</v></c>" * 1_000_000,
    "rows out of order": b"<worksheet><sheetData><row r='2'/><row r='1'/></sheetData></worksheet>",
    "a row beyond the last": b"<worksheet><sheetData><row r='99999999999'/></sheetData></worksheet>",
    "a huge row number": b"<worksheet><sheetData><row r='" + b"9" * 5_000 + b"'/></sheetData></worksheet>",
    "a string that is not there": b"<worksheet><sheetData><row><c t='s'><v>7</v></c></row></sheetData></worksheet>",
    "a document type": b"<!DOCTYPE worksheet><worksheet><sheetData/></worksheet>",
    "a billion laughs": b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '"
    + b"&a;" * 100
    + b"'>]><worksheet><sheetData><row><c t='inlineStr'><is><t>&b;</t></is></c></row></sheetData></worksheet>",
    "an outside entity": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><worksheet>&a;</worksheet>",
    "nothing": b"",
    "no XML": b"name,phone\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_worksheet_made_to_harm_is_refused(workbook, with_parts, bomb, refusal_of) -> None:
    content = with_parts(workbook([["a", "b"], [1, 2]]), {SHEET: BOMBS[bomb]})

    assert refusal_of(content, seconds=20).message


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/texts.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"])
def test_every_part_refuses_a_document_type_and_a_bomb(shared, with_parts, part, rows_of) -> None:
    book = shared(b"<row><c t='s'><v>0</v></c></row><row><c><v>1</v></c></row>", b"<si><t>a</t></si>")

    assert rows_of(book) == 1
    for content in (
        b"<!DOCTYPE x><x/>",
        b"<x>" + (b"<si a='" + b" " * 999 + b"'/>") * 9_000 + b"</x>",
        b"<x><si><t>" + b" " * 20 * MIB,
        b"<x",
    ):
        with pytest.raises(Refusal):
            rows_of(with_parts(book, {part: content}))


def test_a_long_shared_string_repeated_is_refused(shared, refusal_of) -> None:
    string = b"<si><t>" + os.urandom(400_000).hex().encode() + b"</t></si>"
    content = shared(b"<row><c t='s'><v>0</v></c></row>" * 20_000, string)

    refusal = refusal_of(content, megabytes=80)

    assert isinstance(refusal, TooLarge)


def test_declared_sizes_and_lists_of_contents_are_bounded(workbook, refusal_of) -> None:
    content = bytearray(workbook([["a"], [1]]))
    place = content.find(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 0xFFFFFFF0)
    many = archive_of(*((f"{n:060}", b"") for n in range(12_000)))

    assert isinstance(refusal_of(bytes(content)), TooLarge)
    assert "list of contents" in refusal_of(many).message


@pytest.mark.parametrize("attribute", [b"number-rows-repeated", b"number-columns-repeated"])
def test_an_ods_repeat_bomb_is_refused_or_bounded(attribute, refusal_of) -> None:
    cell = b"<table:table-cell office:value-type='string' %s><text:p>%s</text:p></table:table-cell>"
    many = b"table:%s='1000000000'" % attribute
    on_row, on_cell = (many, b"") if b"rows" in attribute else (b"", many)
    content = (
        b"<office:d xmlns:office='o' xmlns:table='t' xmlns:text='x'><office:spreadsheet><table:table table:name='S'>"
        b"<table:table-row>" + cell % (b"", b"a") + b"</table:table-row>"
        b"<table:table-row " + on_row + b">" + cell % (on_cell, b"some longer text to repeat" * 4) + b"</table:table-row>"
        b"</table:table></office:spreadsheet></office:d>"
    )

    assert isinstance(refusal_of(archive_of(("content.xml", content))), TooLarge)


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_damage_anywhere_is_a_refusal_or_another_table_and_never_a_crash(form, workbook, rows_of) -> None:
    chance = random.Random(form)
    sound = {
        "xlsx": workbook([["name", "phone"], ["Ann", 1], ["Bob", 2.5]]),
        "xls": compound(xls_stream()),
        "ods": archive_of(
            (
                "content.xml",
                b"<d><spreadsheet><table name='S'><table-row><table-cell><p>a</p></table-cell></table-row></table></spreadsheet></d>",
            )
        ),
    }[form]

    for _ in range(300):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        if chance.random() < 0.2:
            del damaged[chance.randrange(8, len(damaged)) :]
        with contextlib.suppress(Invalid, TooLarge):
            rows_of(bytes(damaged))
