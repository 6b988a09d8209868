from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tenants.intake import normalise
from tenants.intake.normalise import DateEvidence, DateOrder, datetime_
from tenants.intake.problems import Code, Fault

DAY_FIRST, MONTH_FIRST = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "entered",
    [
        "1998-03-05",
        "1998-3-5",
        "1998/3/5",
        "1998.03.05",
        "19980305",
        "98-03-05",
        "05.03.1998",
        "5.3.98",
        "5. 3. 1998",
        "1998年3月5日",
        "１９９８年３月５日",
        "98年3月5号",
        "1998年3月5日 星期四",
        "1998년 3월 5일",
        "5 Mar 1998",
        "5-Mar-98",
        "5th of March, 1998",
        "March 5, 1998",
        "Mar 5 1998 10:00",
        "Thu, 5 Mar 1998 10:11:12 +0800",
        "Donnerstag, den 5. März 1998",
        "5 mars 1998",
        "jeudi 5 mars 1998",
        "5 de marzo de 1998",
        "5 marzo 1998",
        "1998-Mar-05",
        "35859",
        "35859.0",
        "35859.75",
        "1998-03-05T00:00:00.000Z",
        "1998-03-05 23:59",
        "1998–03–05",
    ],
)
def test_the_forms_people_write_are_one_day(entered: str) -> None:
    assert [normalise.date(entered, order) for order in (None, DAY_FIRST, MONTH_FIRST)] == [date(1998, 3, 5)] * 3


@pytest.mark.parametrize("entered", ["03/04/2020", "3/4/20", "3-4-2020", "03/04/2020 10:00"])
def test_an_ambiguous_day_is_asked_about_and_never_guessed(entered: str) -> None:
    fault = normalise.date(entered, None)

    assert isinstance(fault, Fault)
    assert fault.code is Code.AMBIGUOUS_DATE
    assert "yyyy-mm-dd" in fault.right
    assert normalise.date(entered, DAY_FIRST) == date(2020, 4, 3)
    assert normalise.date(entered, MONTH_FIRST) == date(2020, 3, 4)


def test_a_day_that_is_the_same_in_both_orders_needs_none() -> None:
    assert normalise.date("05/05/2020", None) == date(2020, 5, 5)
    assert normalise.date("31/01/2020", None) == date(2020, 1, 31)


@pytest.mark.parametrize(("entered", "order"), [("31/01/2020", MONTH_FIRST), ("01/31/2020", DAY_FIRST)])
def test_a_cell_against_the_order_of_its_column_is_a_fault(entered: str, order: DateOrder) -> None:
    fault = normalise.date(entered, order)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_DATE


@pytest.mark.parametrize(
    "entered",
    ["", "hello", "1998", "1998年3月", "31.02.2020", "30/02/2020", "2021-02-29", "0001-01-01", "9999-12-31", "20261331", "1/1/1", 
     "5 Foo 1998", "9999", "80001", "31.12.2020 25:00", "32.1.2020", "2020-01-01" * 50],
)  # fmt: skip
def test_what_is_no_day_is_a_bad_date(entered: str) -> None:
    answers = [normalise.date(entered, DAY_FIRST), datetime_(entered, DAY_FIRST, BERLIN)]

    assert [answer.code for answer in answers if isinstance(answer, Fault)] == [Code.BAD_DATE] * 2


@pytest.mark.parametrize(("entered", "year"), [("1.1.00", 2000), ("1.1.29", 2029), ("1.1.30", 1930), ("1.1.99", 1999)])
def test_two_digit_years_mean_what_a_spreadsheet_means_by_them(entered: str, year: int) -> None:
    assert normalise.date(entered, None) == date(year, 1, 1)


@pytest.mark.parametrize(
    ("entered", "zone", "moment"),
    [
        ("2026-01-31T10:00:00Z", SHANGHAI, datetime(2026, 1, 31, 10)),
        ("2026-01-31T10:00:00+08:00", BERLIN, datetime(2026, 1, 31, 2)),
        ("2026-01-31 10:00", SHANGHAI, datetime(2026, 1, 31, 2)),
        ("31.01.2026 10:00 Uhr", BERLIN, datetime(2026, 1, 31, 9)),
        ("31.07.2026, 10:00:30", BERLIN, datetime(2026, 7, 31, 8, 0, 30)),
        ("1/31/26 3:15 PM", BERLIN, datetime(2026, 1, 31, 14, 15)),
        ("1/31/26 12:00:00 AM", BERLIN, datetime(2026, 1, 30, 23)),
        ("2026年1月31日14时30分05秒", SHANGHAI, datetime(2026, 1, 31, 6, 30, 5)),
        ("2026年1月31日 下午2:30", SHANGHAI, datetime(2026, 1, 31, 6, 30)),
        ("20260131101500", SHANGHAI, datetime(2026, 1, 31, 2, 15)),
        ("46053.5", SHANGHAI, datetime(2026, 1, 31, 4)),
        ("2026-01-31", SHANGHAI, datetime(2026, 1, 30, 16)),
        ("Sat Jan 31 2026 10:00:00 GMT+0100 (CET)", SHANGHAI, datetime(2026, 1, 31, 9)),
        ("2026-10-25 02:30", BERLIN, datetime(2026, 10, 25, 0, 30)),
        ("2026-03-29 02:30", BERLIN, datetime(2026, 3, 29, 1, 30)),
    ],
)
def test_a_time_is_a_moment_in_utc(entered: str, zone: ZoneInfo, moment: datetime) -> None:
    assert datetime_(entered, MONTH_FIRST, zone) == moment.replace(tzinfo=UTC)


def seen(*cells: str) -> DateEvidence:
    evidence = DateEvidence()
    for cell in cells:
        evidence.see(cell)
    return evidence


def test_one_cell_that_can_only_be_read_one_way_decides_its_column() -> None:
    assert seen("03/04/2020", "31/01/2020", "05/05/2020", "no date").order() is DAY_FIRST
    assert seen("03/04/2020", "1/31/20 10:00").order() is MONTH_FIRST


def test_dates_that_are_no_question_say_nothing_of_the_order() -> None:
    assert seen("2020-01-31", "31.01.2020", "05/05/2020", "2020/01/31", "43831", "", "\0") == DateEvidence()


def test_nothing_seen_and_contradictions_are_told_apart() -> None:
    undecided, contradictory = seen("03/04/2020"), seen("31/01/2020", "01/31/2020")

    assert (undecided.order(), undecided.is_contradictory, undecided.needs_order) == (None, False, True)
    assert (contradictory.order(), contradictory.is_contradictory) == (None, True)


def test_evidence_of_two_chunks_is_evidence_of_one_column() -> None:
    whole = seen("03/04/2020")

    whole.merge(DateEvidence.from_json(seen("31/01/2020").to_json()))

    assert whole == seen("03/04/2020", "31/01/2020")
    assert whole.order() is DAY_FIRST
