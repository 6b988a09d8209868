from __future__ import annotations

from datetime import date

import pytest

from tenants.intake.normalise import birth_date_of, national_id
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("110105 19491231 002X", "11010519491231002X"),
        ("'440524188001010014", "440524188001010014"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105491231002", "110105491231002"),
    ],
)
def test_a_resident_identity_number_is_put_right(entered: str, number: str) -> None:
    assert national_id(entered, "CN") == number


@pytest.mark.parametrize(
    ("entered", "code", "said"),
    [
        ("110105194912310021", Code.BAD_NATIONAL_ID, "check digit"),
        ("110105194913310021", Code.BAD_NATIONAL_ID, "birth date"),
        ("11010519490231002X", Code.BAD_NATIONAL_ID, "check digit"),
        ("1101051949", Code.BAD_NATIONAL_ID, "not a Chinese"),
        ("", Code.BAD_NATIONAL_ID, "not a Chinese"),
        ("110105194912310000", Code.SPREADSHEET_MANGLED, "rounded"),
        ("1.10105E+17", Code.SPREADSHEET_MANGLED, "rounded"),
        ("1" * 41, Code.TOO_LONG, "40"),
    ],
)
def test_a_wrong_resident_identity_number_is_told_what_is_wrong(entered: str, code: Code, said: str) -> None:
    fault = national_id(entered, "CN")

    assert isinstance(fault, Fault)
    assert fault.code is code
    assert said in fault.wrong


@pytest.mark.parametrize("country", ["DE", "FR", None])
def test_numbers_of_other_countries_are_only_cleaned(country: str | None) -> None:
    assert national_id(" l01x00t47 ", country) == "L01X00T47"
    assert national_id("12 345", country) == "12 345"


@pytest.mark.parametrize(
    ("number", "birth_date"),
    [
        ("11010519491231002X", date(1949, 12, 31)),
        ("110105491231002", date(1949, 12, 31)),
        ("110105491331002", None),
        ("L01X00T47", None),
    ],
)
def test_a_resident_identity_number_holds_a_birth_date(number: str, birth_date: date | None) -> None:
    assert birth_date_of(number) == birth_date
