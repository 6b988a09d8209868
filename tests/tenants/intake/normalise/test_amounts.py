from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.intake.normalise import AmountEvidence, DecimalMark, amount
from tenants.intake.problems import Code, Fault

POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA


@pytest.mark.parametrize(
    ("entered", "number"),
    [
        ("1234", "1234"),
        ("9.8", "9.8"),
        ("14,5", "14.5"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1'234.50", "1234.5"),
        ("1’234.50", "1234.5"),
        ("1.234.567", "1234567"),
        ("12,34,567.5", "1234567.5"),
        ("0.500", "0.5"),
        (",5", "0.5"),
        ("5,-", "5"),
        ("12.–", "12"),
        ("-5", "-5"),
        ("−5,25", "-5.25"),
        ("5-", "-5"),
        ("(5.00)", "-5"),
        ("-$5.00", "-5"),
        ("$-5.00", "-5"),
        ("¥1,200.00", "1200"),
        ("￥１，２００．００元", "1200"),
        ("人民币500元整", "500"),
        ("EUR 12.50", "12.5"),
        ("12,50 eur", "12.5"),
        ("12.50€", "12.5"),
        ("R$ 5,00", "5"),
        ("1.5万", "15000"),
        ("3亿", "300000000"),
        ("1.500000", "1.5"),
        ("0.30000000000000004", "0.3"),
        ("29.400000000000002", "29.4"),
        ("-0", "0"),
        ("12345678901234.1234", "12345678901234.1234"),
    ],
)
def test_an_amount_with_one_reading_needs_no_column(entered: str, number: str) -> None:
    assert amount(entered, None) == Decimal(number)


@pytest.mark.parametrize(
    ("entered", "by_point", "by_comma"), [("1.234", "1.234", "1234"), ("1,234", "1234", "1.234"), ("¥12.345", "12.345", "12345")]
)
def test_an_ambiguous_amount_is_read_by_its_column_and_never_guessed(entered: str, by_point: str, by_comma: str) -> None:
    fault = amount(entered, None)

    assert isinstance(fault, Fault)
    assert fault.code is Code.AMBIGUOUS_NUMBER
    assert amount(entered, POINT) == Decimal(by_point)
    assert amount(entered, COMMA) == Decimal(by_comma)


@pytest.mark.parametrize(("entered", "mark"), [("9.8", COMMA), ("14,5", POINT), ("1.234,56", POINT), ("1,234.56", COMMA)])
def test_a_cell_against_the_mark_of_its_column_is_a_fault(entered: str, mark: DecimalMark) -> None:
    fault = amount(entered, mark)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_NUMBER
    assert mark.lower() in fault.wrong


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("", Code.BAD_NUMBER),
        (".", Code.BAD_NUMBER),
        ("abc", Code.BAD_NUMBER),
        ("XYZ 5", Code.BAD_NUMBER),
        ("15%", Code.BAD_NUMBER),
        ("NaN", Code.BAD_NUMBER),
        ("-Infinity", Code.BAD_NUMBER),
        ("1E+5", Code.SPREADSHEET_MANGLED),
        ("1,2e5", Code.SPREADSHEET_MANGLED),
        ("1.23456", Code.BAD_NUMBER),
        ("0.3333333333333333", Code.BAD_NUMBER),
        ("12345678901.23456", Code.BAD_NUMBER),
        ("123456789012345", Code.BAD_NUMBER),
        ("1 2 3", Code.BAD_NUMBER),
        ("1,2,3", Code.BAD_NUMBER),
        ("1,23,45", Code.BAD_NUMBER),
        ("1.234.56", Code.BAD_NUMBER),
        ("--5", Code.BAD_NUMBER),
        ("(5", Code.BAD_NUMBER),
        ("1" * 5000, Code.BAD_NUMBER),
    ],
)
def test_what_is_no_amount_is_refused(entered: str, code: Code) -> None:
    answers = [amount(entered, mark) for mark in (None, POINT)]

    assert [answer.code for answer in answers if isinstance(answer, Fault)] == [code] * 2


@given(st.from_regex(r"-?[¥€$£]? ?\d{1,4}([.,' ]\d{1,3}){0,3} ?(€|元|USD)?", fullmatch=True))
def test_what_a_column_says_only_chooses_between_the_readings(entered: str) -> None:
    alone, by_point, by_comma = (amount(entered, mark) for mark in (None, POINT, COMMA))

    read = {answer for answer in (by_point, by_comma) if isinstance(answer, Decimal)}
    if isinstance(alone, Decimal):
        assert read == {alone}
    elif alone.code is Code.AMBIGUOUS_NUMBER:
        assert len(read) == 2
    else:
        assert read == set()


def seen(*cells: str) -> AmountEvidence:
    evidence = AmountEvidence()
    for cell in cells:
        evidence.see(cell)
    return evidence


def test_one_amount_with_decimals_decides_its_column() -> None:
    assert seen("1.234", "9.8", "12").mark() is POINT
    assert seen("1.234", "14,5").mark() is COMMA
    assert seen("1.234,56").mark() is COMMA
    assert seen("1.234.567").mark() is COMMA


def test_nothing_seen_and_contradictions_are_told_apart() -> None:
    undecided, contradictory = seen("1.234", "7", "no number", ""), seen("9.8", "14,5")

    assert (undecided.mark(), undecided.is_contradictory, undecided.needs_mark) == (None, False, True)
    assert (contradictory.mark(), contradictory.is_contradictory) == (None, True)


def test_evidence_of_two_chunks_is_evidence_of_one_column() -> None:
    whole = seen("1.234")

    whole.merge(AmountEvidence.from_json(seen("14,5").to_json()))

    assert whole == seen("1.234", "14,5")
