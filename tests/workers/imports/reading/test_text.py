"""Separated text: encodings, separators, headers, faults of single rows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest

from tenants.intake.problems import Code
from tenants.refusals import Invalid
from workers.imports.reading import Form, ReadingOptions, open_table

CHINESE = ["姓名", "城市", "备注"], ["张三", "上海", "老客户，喜欢喝茶"], ["李四", "北京", "两点以后打电话"]
GERMAN = ["Name", "Straße", "Ort"], ["Jürgen Müller", "Große Gasse 5", "Köln"], ["Zoë Weiß", "Am Bühl 7", "Görlitz"]
FRENCH = ["Nom", "Prénom", "Ville"], ["Lefèvre", "Hélène", "Orléans"], ["Garçon", "René", "Besançon"]
RUSSIAN = ["Имя", "Город", "Улица"], ["Иван Петров", "Москва", "Тверская улица"], ["Анна", "Казань", "Баумана"]
KOREAN = ["이름", "도시", "메모"], ["김민수", "서울특별시 강남구", "저녁에 전화 주세요"], ["이영희", "부산광역시", "단골 손님"]
POLISH = ["Imię", "Miasto", "Źródło"], ["Stanisław Wójcik", "Łódź", "poczta"], ["Małgorzata", "Kraków", "wysyłka"]
TRADITIONAL = ["姓名", "城市", "備註"], ["陳大文", "臺北市", "週末不便聯絡，請寄電郵"], ["黃小龍", "高雄市", "喜歡綠茶與點心"]


def written(rows: tuple[list[str], ...], separator: str, encoding: str, mark: bytes = b"") -> bytes:
    return mark + "\r\n".join(separator.join(row) for row in rows).encode(encoding)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("rows", "encoding", "mark", "told"),
    [
        (CHINESE, "utf-8", b"", "utf-8"),
        (CHINESE, "utf-8", codecs.BOM_UTF8, "utf-8"),
        (CHINESE, "gb18030", b"", "gb18030"),
        (CHINESE, "utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        (CHINESE, "utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
        (GERMAN, "utf-8", b"", "utf-8"),
        (GERMAN, "cp1252", b"", "cp1252"),
        (FRENCH, "latin-1", b"", "cp1252"),
        (FRENCH, "utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
    ],
)
def test_encoding_and_separator_are_told_from_the_bytes(opened, rows, encoding, mark, told, separator) -> None:
    table = opened(written(rows, separator, encoding, mark))

    assert (table.form, table.encoding, table.separator) == (Form.CSV, told, separator)
    assert table.header == tuple(rows[0])
    assert [row.cells for row in table.rows()] == list(rows[1:])


@pytest.mark.parametrize(
    ("rows", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (KOREAN, "cp949"),
        (POLISH, "cp1250"),
        (TRADITIONAL, "big5"),
        (GERMAN, "cp850"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-16-be"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_asked_for_and_then_used(opened, rows, encoding) -> None:
    content = written(rows, ",", encoding)

    with pytest.raises(Invalid, match="UTF-8"):
        opened(content)
    assert [row.cells for row in opened(content, encoding=encoding).rows()] == list(rows[1:])


@pytest.mark.parametrize("name", ["klingon", "utf-7", "hz", "iso2022_jp", "rot13", "idna", "cp037", "utf-32", "x" * 500, "zlib", "a\0b"])
def test_an_encoding_that_rows_cannot_be_found_in_is_refused(opened, name) -> None:
    with pytest.raises(Invalid, match="encoding"):
        opened(b"a,b\n1,2\n", encoding=name)


def test_one_western_name_in_an_ascii_file_is_not_read_as_a_rare_ideograph(opened) -> None:
    content = b"name,city\n" + b"Ann,Rome\n" * 200_000 + "Müller,Köln\n".encode("cp1252")

    *_, last = opened(content).rows()

    assert last.cells == ["Müller", "Köln"]


def test_one_chinese_name_far_down_an_ascii_file_decides_the_encoding(opened) -> None:
    content = b"name,city\n" + b"Ann,Rome\n" * 300_000 + "张三,上海\n".encode("gb18030")

    table = opened(content)

    assert table.encoding == "gb18030"
    assert [row.cells for row in table.rows()][-1] == ["张三", "上海"]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
def test_characters_cut_by_a_block_are_whole(opened, block) -> None:
    for encoding, mark in (("utf-8", b""), ("gb18030", b""), ("utf-16-be", codecs.BOM_UTF16_BE)):
        table = opened(written(CHINESE, ",", encoding, mark), block=block)

        assert [row.cells for row in table.rows()] == list(CHINESE[1:])


def test_a_head_cut_inside_a_character_is_still_utf_8(opened) -> None:
    for shift in range(4):
        content = b"name\n" + b"x" * shift + b"\n" + ("张三" * 20 + "\n").encode() * 20_000

        assert opened(content).encoding == "utf-8"


def test_a_row_in_another_encoding_is_a_fault_and_the_others_are_read(opened) -> None:
    lines = ["name,city"] + [f"张{n},上海" for n in range(9)]
    content = b"\n".join(line.encode("gb18030" if n == 4 else "utf-8") for n, line in enumerate(lines))

    rows = list(opened(content).rows())

    assert [row.number for row in rows if row.fault] == [5]
    assert rows[3].fault.code is Code.UNREADABLE_ROW
    assert "\ufffd" in rows[3].cells[0]
    assert [row.cells for row in rows if not row.fault] == [[f"张{n}", "上海"] for n in range(9) if n != 3]


def test_a_null_byte_is_a_fault_of_its_row(opened) -> None:
    rows = list(opened(b"a,b\n1,2\n3,\0\n5,6\n").rows())

    assert [(row.number, row.fault and row.fault.code) for row in rows] == [(2, None), (3, Code.UNREADABLE_ROW), (4, None)]
    assert not any("\0" in cell for row in rows for cell in row.cells)


def test_half_a_character_at_the_end_of_utf_16_is_a_fault_of_its_row(opened) -> None:
    rows = list(opened(codecs.BOM_UTF16_LE + "a,b\n1,2\n3,4".encode("utf-16-le") + b"\x4e").rows())

    assert [bool(row.fault) for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("row", "cells", "code"),
    [
        ("1,2,3", ["1", "2", "3"], None),
        ("1,2", ["1", "2", ""], None),
        ("1", ["1", "", ""], None),
        ("1,2,3,,", ["1", "2", "3"], None),
        ("1,2,3, ,\t", ["1", "2", "3"], None),
        ("1,2,3,4", ["1", "2", "3", "4"], Code.WRONG_CELL_COUNT),
        (",,,4", ["", "", "", "4"], Code.WRONG_CELL_COUNT),
        ('"1, one",2,3', ["1, one", "2", "3"], None),
        ('5" pipe,2,3', ['5" pipe', "2", "3"], None),
        ('"say ""hi""",2,3', ['say "hi"', "2", "3"], None),
    ],
)
def test_a_row_has_as_many_cells_as_the_header_or_says_so(opened, row, cells, code) -> None:
    (found,) = opened(f"a,b,c\n{row}\n".encode()).rows()

    assert (found.cells, found.fault and found.fault.code) == (cells, code)


def test_blank_rows_are_counted_so_that_rows_add_up(opened) -> None:
    content = b"\n\na,b\n\n1,2\n,\n  , \n3,4\n5,6\n\n\n"

    batches = list(opened(content).batches(2))

    assert [[row.number for row in batch.rows] for batch in batches] == [[5, 8], [9]]
    assert [batch.blank_rows for batch in batches] == [3, 2]


def test_rows_are_numbered_by_the_line_they_start_on(opened) -> None:
    content = b'a,b\r\n"one\r\ntwo",2\r\n3,"x\ny\nz"\r\n5,6'

    rows = list(opened(content).rows())

    assert [(row.number, row.cells) for row in rows] == [(2, ["one\r\ntwo", "2"]), (4, ["3", "x\ny\nz"]), (7, ["5", "6"])]


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_the_separator_line_of_excel_is_honoured(opened, separator) -> None:
    content = f"sep={separator}\r\nname{separator}a, b, c\r\nAnn{separator}1, 2, 3\r\n".encode()

    table = opened(content)

    assert (table.separator, table.header_row, table.header) == (separator, 2, ("name", "a, b, c"))
    assert [(row.number, row.cells) for row in table.rows()] == [(3, ["Ann", "1, 2, 3"])]


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("name;amount\nAnn;1,5\nBob;2,5\n", ";"),
        ('name,note\nAnn,"a;b;c"\nBob,"d;e;f"\n', ","),
        ("name\tnote\nAnn\tone, two\nBob\tthree, four\nCy\tfive\n", "\t"),
        ("name|tags\nAnn|a;b\nBob|c;d\n", "|"),
        ("Customers, all of them\nname;city;note\nAnn;Rome;x\nBob;Bonn;y\n", ";"),
        ("name\nAnn\nBob\n", ","),
    ],
)
def test_the_separator_is_the_one_that_makes_even_rows(opened, content, separator) -> None:
    assert opened(content.encode()).separator == separator


def test_the_users_separator_is_used_even_where_another_looks_better(opened) -> None:
    assert opened(b"a,b#c\n1,2#3\n", separator="#").header == ("a,b", "c")
    assert opened(b"a\tb\n1\t2\n", separator="\\t").header == ("a", "b")


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n", "a", "\0"])
def test_what_cannot_separate_is_refused(opened, separator) -> None:
    with pytest.raises(Invalid, match="separator"):
        opened(b"a,b\n1,2\n", separator=separator)


@pytest.mark.parametrize(
    ("lines", "header_row"),
    [
        (["name,phone,city", "Ann,1,Rome"], 1),
        (["", "name,phone,city", "Ann,1,Rome"], 2),
        (["Customers 2024,,", "", "name,phone,city", "Ann,1,Rome"], 3),
        (["Customers 2024", "exported on,2024-05-01", "id,name,phone,city,country,note", "1,Ann,1,Rome,IT,x"], 3),
        (["name,phone,city", "Ann,,", ",,Rome"], 1),
        (["2019,2020,2021", "1,2,3"], 1),
    ],
)
def test_titles_and_blank_lines_above_the_header_are_passed_over(opened, lines, header_row) -> None:
    assert opened("\n".join(lines).encode()).header_row == header_row


@pytest.mark.parametrize(
    "row",
    ["Ann,ann@example.com,Rome", "Ann,+39 06 1234567,Rome", "Ann,1998-03-05,Rome", "Ann,05.03.1998,Rome", "Ann,1998年3月5日,Rome"],
)
def test_a_file_without_column_names_is_refused_unless_the_user_insists(opened, row) -> None:
    content = f"{row}\nBob,x,Bonn\n".encode()

    with pytest.raises(Invalid, match=r"Row 1 should hold the column names"):
        opened(content)
    assert opened(content, header_row=1).header == tuple(row.split(","))


@pytest.mark.parametrize("header_row", [2, 4, 99])
def test_a_header_row_that_is_blank_or_not_there_is_refused(opened, header_row) -> None:
    with pytest.raises(Invalid, match=f"Row {header_row} cannot be the header"):
        opened(b'a,b\n\n"1\n2",3\n4,5\n', header_row=header_row)


def test_a_quotation_mark_that_swallows_rows_and_closes_in_a_cell_is_a_fault(opened) -> None:
    rows = list(opened(b'a,b,c\n1,2,3\n4,"five,6\n7,8,9\n10,"11",12\n13,14,15\n').rows())

    assert [(row.number, row.fault and row.fault.code) for row in rows] == [(2, None), (3, Code.UNREADABLE_ROW), (6, None)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'a,b\n1,2\n3,"4\n5,6\n7,8\n', 3),
        (b'a,b\n1,"x\ny"\n"p\nq","4\n5,6\n', 5),
        (b'a,b\r\n1,2\r\n"3,4\r\n5,6', 3),
        (b'a,b\n1,2\n"one ""two"" three","4""\n5,6\n', 3),
    ],
)
def test_an_unclosed_quotation_mark_is_refused_with_the_line_it_opens_on(opened, content, line) -> None:
    with pytest.raises(Invalid, match=f"opened on line {line} is not closed") as refusal:
        list(opened(content).rows())
    assert refusal.value.row == line


def test_the_end_of_a_file_is_not_read_again(opened) -> None:
    content = b"a,b\n1,2\n"
    asked: list[int] = []

    def blocks(offset: int) -> Iterator[bytes]:
        asked.append(offset)
        yield content[offset:]

    table = open_table(blocks, "x", len(content), ReadingOptions())
    (batch,) = table.batches(10)

    assert list(table.batches(10, batch.cursor)) == []
    assert max(asked) < len(content)
