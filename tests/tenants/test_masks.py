"""A mask shows enough to recognise a value one knows, and never all of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.access.masks import mask_date, mask_email, mask_national_id, mask_phone, mask_text

MASKS = [mask_phone, mask_email, mask_date, mask_national_id, mask_text]


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613812345678", "+86138****5678"),
        ("+86 138-1234-5678", "+86138****5678"),
        ("138 1234 5678", "138****5678"),
        ("+12125551234", "+1212****234"),
        ("+493012345678", "+49301****678"),
        ("+35312345678", "+35312****78"),
        ("(5) 555-4729", "55****29"),
        ("555-1234", "5****34"),
        ("12345", "****5"),
        ("1234", "****"),
        ("+861234", "+86****"),
        ("+86", "****"),
        ("+999 12345678", "999****5678"),
        ("0086 138 1234 5678", "008****5678"),
        ("13812345678 / 13987654321", "138****4321"),
        ("ask at the door", "****"),
        ("", "****"),
    ],
)
def test_a_phone_shows_its_country_and_at_most_three_first_and_four_last_digits(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("ada@example.org", "a***@example.org"),
        ("a@example.org", "***@example.org"),
        ("客服@例子.公司", "客***@例子.公司"),
        ('"a@b"@mail.example.org', '"***@mail.example.org'),
        ("@example.org", "@***"),
        ("ada@", "a***"),
        ("ada.example.org", "a***"),
        ("home @ 12 Main Street", "h***"),
        ("call me @example.org or 138 1234 5678", "c***"),
        ("", "***"),
    ],
)
def test_an_email_shows_its_first_letter_and_its_domain(email: str, masked: str) -> None:
    assert mask_email(email) == masked


@pytest.mark.parametrize(
    ("date", "masked"),
    [("1998-03-05", "1998-**-**"), ("5.3.98", "****-**-**"), ("1998-03-05 10:00", "****-**-**"), ("", "****-**-**")],
)
def test_a_date_shows_its_year(date: str, masked: str) -> None:
    assert mask_date(date) == masked


@pytest.mark.parametrize(
    ("national_id", "masked"),
    [
        ("110101199003071234", "11****34"),
        ("11010119900307123X", "11****3X"),
        ("123-45-6789", "1****9"),
        ("A123456(7)", "A****7"),
        ("12345", "****"),
        ("", "****"),
    ],
)
def test_a_national_id_shows_two_or_one_at_each_end(national_id: str, masked: str) -> None:
    assert mask_national_id(national_id) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [("Rue de la Paix 5", "R***"), ("张三", "张***"), ("  x  ", "***"), ("x", "***"), ("", "***")],
)
def test_a_text_shows_its_first_character(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def seen(text: str) -> int:
    """How many characters there are but stars, dashes and spaces."""
    return sum(not (character.isspace() or character in "*-") for character in text)


@pytest.mark.parametrize("mask", MASKS)
@given(value=st.text(st.characters(exclude_characters="*-"), max_size=30) | st.from_regex(r"\+?\d{1,15}", fullmatch=True) | st.emails())
def test_no_mask_shows_all_of_a_value(mask: Callable[[str], str], value: str) -> None:
    assert seen(mask(value)) < seen(value) or seen(mask(value)) == 0


@given(st.from_regex(r"\+?\d{1,15}", fullmatch=True))
def test_a_phone_hides_at_least_four_of_its_digits_or_all(phone: str) -> None:
    shown = sum(character.isdecimal() for character in mask_phone(phone))
    digits = sum(character.isdecimal() for character in phone)

    assert shown <= max(digits - 4, 3)
    assert shown < digits or shown == 0
