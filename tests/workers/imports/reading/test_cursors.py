"""Reading taken up again after any row gives what an undisturbed reading gives."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.imports.reading import Cursor, ReadingOptions, Table, delimited, open_table

LINES = [
    "name,note,城市",
    "Ann,plain,Rome",
    '"Bob ""the builder""","two',
    'lines, and a comma",上海',
    "",
    "Cy,,",
    ",,",
    '"Di","three',
    "",
    'lines",München',
    "Ed,one too many,x,y",
    "Fay",
    '5" pipe,a"b,c',
    "Gus,last,终",
]


def resumed_everywhere(table: Table) -> None:
    whole = list(table.batches(1))
    numbers = [row.number for batch in whole for row in batch.rows]
    for index, batch in enumerate(whole):
        cursor = Cursor(*json.loads(json.dumps(list(batch.cursor))))
        assert list(table.batches(1, cursor)) == whole[index + 1 :]
        for size in (2, 3, 100):
            later = list(table.batches(size, cursor))
            assert [row.number for part in later for row in part.rows] == numbers[index + 1 :]
            assert sum(part.blank_rows for part in later) == sum(part.blank_rows for part in whole[index + 1 :])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "line_end", "blank"])
@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("gb18030", b""), ("utf-16-le", codecs.BOM_UTF16_LE)]
)
def test_a_nasty_csv_goes_on_after_every_row(opened, monkeypatch, line_end, end, encoding, mark) -> None:
    text = line_end.join(LINES) + {"": "", "line_end": line_end, "blank": line_end * 3}[end]
    content = mark + text.encode(encoding)
    numbers = [2, 3, 6, 8, 11, 12, 13, 14]

    for segment_bytes in (1, 2, 7, 40, 262_144):
        monkeypatch.setattr(delimited, "SEGMENT_BYTES", segment_bytes)
        table = opened(content, block=5, separator=",", encoding=encoding)
        assert [row.number for row in table.rows()] == numbers
        resumed_everywhere(table)


def test_json_lines_go_on_after_every_row(opened) -> None:
    content = b'{"a": 1}\n\n{"a": "\xe4\xb8\x8a"}\r\n{"a": [}\n{"a": 3, "b": {"c": true}}\n\n{"z": 1}'

    resumed_everywhere(opened(content, block=3))


def test_a_workbook_goes_on_after_every_row(opened, workbook) -> None:
    table = opened(workbook([["title"], [], ["a", "b"], [1, 2], [], [], [3, 4], [5], [None, 6], [7, 8, 9]]))

    assert [row.number for row in table.rows()] == [4, 7, 8, 9, 10]
    resumed_everywhere(table)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet='ab,"\r\n 张', max_size=60), block=st.integers(1, 9))
def test_any_text_is_cut_into_the_rows_that_it_has_in_one_piece(text: str, block: int) -> None:
    content = b"a,b\n" + text.encode() + b"\nz,z\n"

    def opened(size: int) -> Table:
        def blocks(offset: int) -> Iterator[bytes]:
            return (content[place : place + size] for place in range(offset, len(content), size))

        return open_table(blocks, "x", len(content), ReadingOptions(separator=",", encoding="utf-8", header_row=1))

    def outcome(size: int, segment: int) -> object:
        kept, delimited.SEGMENT_BYTES = delimited.SEGMENT_BYTES, segment
        try:
            return list(opened(size).rows())
        except Exception as refusal:
            return repr(refusal)
        finally:
            delimited.SEGMENT_BYTES = kept

    assert outcome(block, block) == outcome(1000, 262_144)
