"""What holds for every function that makes a value right, whatever it is given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.intake import normalise
from tenants.intake.normalise import AmountEvidence, DateEvidence, DateOrder, DecimalMark
from tenants.intake.problems import Fault
from tenants.words import Gender, PaymentMethod

BERLIN = ZoneInfo("Europe/Berlin")

VALUES: dict[str, Callable[[str], object]] = {
    "clean": normalise.clean,
    "text": lambda text: normalise.text(text, 50),
    "name": lambda text: normalise.name(text, 50),
    "phone in China": lambda text: normalise.phone(text, "CN"),
    "phone in Germany": lambda text: normalise.phone(text, "DE"),
    "phone anywhere": lambda text: normalise.phone(text, None),
    "email": normalise.email,
    "date": lambda text: normalise.date(text, None),
    "date, day first": lambda text: normalise.date(text, DateOrder.DAY_FIRST),
    "datetime": lambda text: normalise.datetime_(text, DateOrder.MONTH_FIRST, BERLIN),
    "amount by point": lambda text: normalise.amount(text, DecimalMark.POINT),
    "gender": lambda text: normalise.word(text, Gender),
    "payment method": lambda text: normalise.word(text, PaymentMethod),
    "country": normalise.country,
    "currency": normalise.currency,
    "national id in China": lambda text: normalise.national_id(text, "CN"),
    "national id elsewhere": lambda text: normalise.national_id(text, "FR"),
    "postal code in Britain": lambda text: normalise.postal_code(text, "GB"),
    "postal code in Germany": lambda text: normalise.postal_code(text, "DE"),
    "postal code in Sweden": lambda text: normalise.postal_code(text, "SE"),
    "postal code in Latvia": lambda text: normalise.postal_code(text, "LV"),
    "postal code elsewhere": lambda text: normalise.postal_code(text, None),
    "tags": normalise.tags,
}

ODD = "\0\x1f\x85\u00a0\u00ad\u200b\u200c\u200d\u2028\u202e\u3000\ufeff\ud800\udfff\uffff\u0301Å①㈱ﬁİßſ١２Ａ＠，（𝟙👩🇩🇪"
NEARLY_RIGHT = [
    "+86 138 1234 5678", "(010) 6552-9988 转 801", "+49 (0)30 1234567;ext=5", "1.38E+10", "ada@example.org", "<Ada@Example.org>;",
    "31/01/2020", "03/04/20 10:00 PM", "5. März 1998 14:30:05.5 +08:00", "1998年3月5日 下午2点", "20260131T101500Z", "43831.75",
    "¥1,234.56", "(1.234,5 EUR)", "1.5万", "0.30000000000000004", "Herr", "微信支付", "SW1A 1AA", "D-80805", "LV-1010", "S-958 22",
    "11010519491231002X", "110105491231002", "a, b;c、d", "Côte d’Ivoire", "US$",
]  # fmt: skip

#: Anything at all; what people write; and what people write with something odd in it.
CELLS = (
    st.text(max_size=60)
    | st.text(ODD + "aE+-.,:/@ 0123456789年月日", max_size=30)
    | st.sampled_from(NEARLY_RIGHT)
    | st.builds(
        lambda right, odd, place: right[: place % (len(right) + 1)] + odd + right[place % (len(right) + 1) :],
        st.sampled_from(NEARLY_RIGHT),
        st.text(ODD + "0123456789 .,-/x", min_size=1, max_size=3),
        st.integers(0, 60),
    )
)


def as_text(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else f"{value:f}" if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("value", VALUES)
@given(cell=CELLS)
@settings(max_examples=150, deadline=None)
def test_a_right_value_stays_as_it_is(value: str, cell: str) -> None:
    make_right = VALUES[value]

    answer = make_right(cell)

    if not isinstance(answer, Fault):
        assert make_right(as_text(answer)) == answer


@pytest.mark.parametrize("value", VALUES)
def test_a_fault_never_repeats_the_value(value: str) -> None:
    for canary in ("Zebra4711", "Zebra 4711@", "zebra@4711.zebra@x", "4711/4711/4711", "4711.47114711,4711", "4711,E+4711", "\0 Zebra4711"):
        answer = VALUES[value](canary)

        if isinstance(answer, Fault):
            assert "4711" not in answer.wrong + answer.right
            assert "ebra" not in answer.wrong + answer.right


@given(st.lists(CELLS, max_size=5))
@settings(max_examples=100, deadline=None)
def test_evidence_is_the_same_seen_in_one_go_and_in_parts(cells: list[str]) -> None:
    for make in (DateEvidence, AmountEvidence):
        whole, parts = make(), make()
        for cell in cells:
            whole.see(cell)
            part = make()
            part.see(cell)
            parts.merge(part)  # type: ignore[arg-type]  # both are of the class made

        assert parts == whole
