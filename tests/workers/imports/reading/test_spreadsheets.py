"""Spreadsheets: the same table from XLSX, XLS and ODS, with values as a person would write them."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest
import python_calamine
import xlwt
from odf import office, opendocument, table, text

from tenants.intake.problems import Code
from tenants.refusals import Invalid
from workers.imports.reading import Form

ROWS = [
    ["name", "phone", "born", "seen", "price", "active", "note"],
    ["张三", 13812345678, datetime.date(1998, 3, 5), datetime.datetime(2024, 2, 29, 14, 30, 5), 0.1, True, "  two\nlines "],
    ["Zoë", "+49 30 1234567", datetime.date(1900, 1, 31), None, -1234567.5, False, "a & <b>"],
    [None, None, None, None, None, None, None],
    ["Ann", 1, datetime.date(1900, 3, 1), datetime.datetime(1999, 12, 31, 0, 0), 1e15, None, None],
]
READ = [
    ["张三", "13812345678", "1998-03-05", "2024-02-29T14:30:05", "0.1", "true", "  two\nlines "],
    ["Zoë", "+49 30 1234567", "1900-01-31", "", "-1234567.5", "false", "a & <b>"],
    ["Ann", "1", "1900-03-01", "1999-12-31", "1000000000000000", "", ""],
]


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    return saved(book)


def xls(rows=ROWS) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    day, moment = xlwt.easyxf(num_format_str="YYYY-MM-DD"), xlwt.easyxf(num_format_str='yyyy"年"m"月"d"日" hh:mm:ss')
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, datetime.datetime):
                sheet.write(number, column, value, moment)
            elif isinstance(value, datetime.date):
                sheet.write(number, column, (value - datetime.date(1899, 12, 31)).days + (value >= datetime.date(1900, 3, 1)), day)
            elif value is not None:
                sheet.write(number, column, value)
    return saved(book)


def ods() -> bytes:
    book = opendocument.OpenDocumentSpreadsheet()
    sheet = table.Table(name="Sheet")
    for row in ROWS:
        line = table.TableRow()
        for value in row:
            line.addElement(ods_cell(value))
        sheet.addElement(line)
    sheet.addElement(table.TableRow(numberrowsrepeated=1_000_000))
    book.spreadsheet.addElement(sheet)
    return saved(book)


def ods_cell(value: object) -> table.TableCell:
    if isinstance(value, bool):
        return table.TableCell(valuetype="boolean", booleanvalue=str(value).lower())
    if isinstance(value, int | float):
        return table.TableCell(valuetype="float", value=repr(value))
    if isinstance(value, datetime.date):
        return table.TableCell(valuetype="date", datevalue=value.isoformat())
    cell = table.TableCell(valuetype="string") if value else table.TableCell()
    for line in str(value).split("\n") if value else ():
        paragraph = text.P()
        for word in line.split(" "):
            paragraph.addText(word) if word else paragraph.addElement(text.S())
            if word and not line.endswith(word):
                paragraph.addText(" ")
        cell.addElement(paragraph)
    return cell


def saved(book: object) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(("written", "form"), [(xlsx, Form.XLSX), (xls, Form.XLS), (ods, Form.ODS)])
@pytest.mark.parametrize("block", [1000, 65_536])
def test_the_same_rows_come_from_every_kind_of_spreadsheet(opened, written, form, block) -> None:
    found = opened(written(), block=block)

    assert (found.form, found.header_row, found.header) == (form, 1, tuple(ROWS[0]))
    rows = list(found.rows())
    assert [row.number for row in rows] == [2, 3, 5]
    assert [[cell.strip() if form is Form.ODS else cell for cell in row.cells] for row in rows] == [
        [cell.strip() if form is Form.ODS else cell for cell in row] for row in READ
    ]


@pytest.mark.parametrize("written", [xlsx, xls])
def test_our_readers_agree_with_calamine(opened, written) -> None:
    content = written()
    theirs = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)

    ours = {row.number: row.cells for row in opened(content).rows()}

    for number, cells in ours.items():
        for cell, value in zip(cells, theirs[number - 1], strict=True):
            if isinstance(value, datetime.datetime):
                assert cell in (value.isoformat(), value.date().isoformat())
            elif isinstance(value, bool):
                assert cell == str(value).lower()
            elif isinstance(value, float):
                assert float(cell) == value
            else:
                assert cell == str(value)


def test_strings_of_an_xls_are_whole_across_record_boundaries(opened) -> None:
    rows = [["name", "note"], *([f"客户{n}" + "x" * (n % 997), "é" * (n % 1013) + "终"] for n in range(1, 600))]

    found = list(opened(xls(rows)).rows())

    assert [row.cells for row in found] == rows[1:]


def test_formulas_give_their_value_and_errors_their_name(opened, workbook, with_parts) -> None:
    sheet = b"""<worksheet><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><r><t>b</t></r><r><t>c</t></r></is></c></row>
        <row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="e"><f>A9/0</f><v>#DIV/0!</v></c></row>
        <row r="3"><c r="A3" t="str"><f>"x"</f><v>x</v></c><c r="B3" t="e"><v>#REF!</v></c></row>
        <row r="4"><c><v>1.3812345678E10</v></c><c><v>0.30000000000000004</v></c></row>
        <row r="5"><c r="B5" t="d"><v>1998-03-05T00:00:00</v></c><c r="C5"/></row>
        <row r="6"><c r="A6" t="inlineStr"><is><t>\xe4\xb8\xad</t><rPh sb="0" eb="1"><t>zhong</t></rPh></is></c></row>
    </sheetData></worksheet>"""

    rows = opened(with_parts(workbook([[1]]), {"xl/worksheets/sheet1.xml": sheet})).rows()

    assert [row.cells for row in rows] == [["2", "#DIV/0!"], ["x", "#REF!"], ["13812345678", "0.3"], ["", "1998-03-05"], ["中", ""]]


def test_shared_strings_are_joined_from_their_runs_without_the_reading_aid(opened, shared) -> None:
    strings = """<si><t>name</t></si><si><r><t>Zoë </t></r><r><rPr><b/></rPr><t xml:space="preserve">Weiß</t></r></si>
        <si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si><si><t/></si><si/>"""
    rows = "".join(f'<row r="{n + 1}"><c r="A{n + 1}" t="s"><v>{n}</v></c><c r="B{n + 1}"><v>1</v></c></row>' for n in range(5))

    found = opened(shared(rows.encode(), strings.encode()))

    assert found.header == ("name", "1")
    assert [row.cells[0] for row in found.rows()] == ["Zoë Weiß", "東京", "", ""]


def test_errors_and_formulas_of_an_xls(opened) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for column, name in enumerate(("a", "b", "c")):
        sheet.write(0, column, name)
    sheet.row(1).set_cell_error(0, "#REF!")
    sheet.write(1, 1, xlwt.Formula("1+1"))
    sheet.write(1, 2, 13812345678.0)

    (row,) = opened(saved(book)).rows()

    assert row.cells[0] == "#REF!"
    assert row.cells[2] == "13812345678"


def test_the_first_visible_sheet_with_content_is_read_or_the_one_named(opened) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    hidden = book.create_sheet("Hidden")
    hidden.append(["x"])
    hidden.append([1])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("客户")
    shown.append(["y"])
    shown.append([2])
    content = saved(book)

    assert opened(content).sheet == "客户"
    assert opened(content, sheet="hidden").header == ("x",)
    with pytest.raises(Invalid, match=r"“Nope”\. It has “Empty”, “Hidden”, “客户”"):
        opened(content, sheet="Nope")


def test_a_sheet_that_starts_lower_down_keeps_its_row_numbers(opened, workbook) -> None:
    found = opened(workbook([[], ["Customers of May"], [], [None, "name", "city"], [None, "Ann", "Rome"], [], [None, "Bob", "Bonn"]]))

    (batch,) = found.batches(10)

    assert (found.header_row, found.header) == (4, ("", "name", "city"))
    assert [(row.number, row.cells) for row in batch.rows] == [(5, ["", "Ann", "Rome"]), (7, ["", "Bob", "Bonn"])]
    assert batch.blank_rows == 1


def test_a_column_without_a_name_is_a_column_and_a_stray_cell_is_a_fault(opened, workbook) -> None:
    rows = [["a", "b"], [1, 2, 3], *([n, n] for n in range(1_200)), [1, 2, 3, 4]]

    found = opened(workbook(rows))
    *_, last = found.rows()

    assert found.header == ("a", "b", "")
    assert last.fault.code is Code.WRONG_CELL_COUNT


def test_an_ods_repeats_rows_and_cells_and_leaves_notes_out(opened) -> None:
    book = opendocument.OpenDocumentSpreadsheet()
    other = table.Table(name="Other")
    sheet = table.Table(name="S")
    for names in (["a", "b", "c"],):
        line = table.TableRow()
        for name in names:
            line.addElement(ods_cell(name))
        sheet.addElement(line)
    line = table.TableRow(numberrowsrepeated=3)
    cell = table.TableCell(valuetype="float", value="7", numbercolumnsrepeated=2)
    note = office.Annotation()
    note.addElement(text.P(text="a note"))
    noted = table.TableCell(valuetype="string")
    noted.addElement(note)
    noted.addElement(text.P(text="x"))
    line.addElement(cell)
    line.addElement(noted)
    sheet.addElement(line)
    book.spreadsheet.addElement(other)
    book.spreadsheet.addElement(sheet)

    found = opened(saved(book))
    batches = list(found.batches(2))

    assert found.sheet == "S"
    assert [row.cells for batch in batches for row in batch.rows] == [["7", "7", "x"]] * 3
    assert [row.number for row in next(found.batches(5, batches[0].cursor)).rows] == [4]
