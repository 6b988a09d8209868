"""What a stored number means: plain digits, or a date when its format says so."""

from __future__ import annotations

import pytest

from workers.imports.reading.cells import is_date_format, number_text, serial_text
from workers.imports.reading.xlsx import column_of


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812345678.0", "13812345678"),
        ("1.3812345678E+10", "13812345678"),
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("1E-7", "0.0000001"),
        ("-0.0", "0"),
        ("007", "7"),
        ("-5", "-5"),
        ("12.50", "12.5"),
        ("-0.25", "-0.25"),
        ("123456789.0123456789", "123456789.012346"),
        ("110105199003070123", "110105199003070123"),
        ("1e308", "1e308"),
        ("nan", "nan"),
        ("12a", "12a"),
    ],
)
def test_numbers_are_plain_digits(number, shown) -> None:
    assert number_text(number) == shown


@pytest.mark.parametrize(
    ("serial", "since_1904", "shown"),
    [
        ("1", False, "1900-01-01"),
        ("59", False, "1900-02-28"),
        ("61", False, "1900-03-01"),
        ("35859", False, "1998-03-05"),
        ("35859.604166666664", False, "1998-03-05T14:30:00"),
        ("35858.99999999", False, "1998-03-05"),
        ("0.604166666666667", False, "14:30:00"),
        ("34397", True, "1998-03-05"),
        ("-1", False, "-1"),
        ("99999999", False, "99999999"),
    ],
)
def test_dates_are_iso_text(serial, since_1904, shown) -> None:
    assert serial_text(serial, since_1904) == shown


@pytest.mark.parametrize(
    ("number", "code", "is_date"),
    [
        (14, None, True),
        (22, None, True),
        (58, None, True),
        (1, None, False),
        (165, "yyyy-mm-dd", True),
        (165, '[$-804]yyyy"年"m"月"d"日";@', True),
        (165, "[h]:mm:ss", True),
        (165, "0.00", False),
        (165, "0.00E+00", False),
        (165, "General", False),
        (165, '#,##0 "days"', False),
        (165, '[Red]#,##0.00 "USD"', False),
        (165, "0\\d", False),
        (165, "#,##0_d", False),
    ],
)
def test_a_format_says_whether_a_number_is_a_date(number, code, is_date) -> None:
    assert is_date_format(number, code) is is_date


@pytest.mark.parametrize(("reference", "column"), [("A1", 0), ("Z9", 25), ("AA10", 26), ("SF1", 499), ("XFD1048576", 16_383), ("1", -1)])
def test_a_reference_names_its_column(reference, column) -> None:
    assert column_of(reference) == column
