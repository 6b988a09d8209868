from __future__ import annotations

import random
import subprocess
import sys

import phonenumbers
import pytest

from tenants.intake.normalise import phone
from tenants.intake.normalise.phone import e164_by_phonenumbers
from tenants.intake.problems import Code, Fault

REGIONS = (
    *("CN", "HK", "JP", "DE", "AT", "CH", "FR", "BE", "NL", "GB", "IE", "ES", "PT", "IT", "PL", "SE", "DK", "NO", "FI"),
    *("US", "CA", "MX", "BR", "AR", "VE"),
)


@pytest.mark.parametrize(
    ("entered", "region", "number"),
    [
        ("13812345678", "CN", "+8613812345678"),
        ("138 1234 5678", "CN", "+8613812345678"),
        ("１３８１２３４５６７８", "CN", "+8613812345678"),
        ("+86 138‑1234‑5678", "DE", "+8613812345678"),
        ("(+86)13812345678", None, "+8613812345678"),
        ("8613812345678", "CN", "+8613812345678"),
        ("010-6552 9988", "CN", "+861065529988"),
        ("（010）65529988", "CN", "+861065529988"),
        ("0621-08460", "DE", "+4962108460"),
        ("+49 (0)30 1234567", "CN", "+49301234567"),
        ("0049 30 1234567", "CN", "+49301234567"),
        ("0049 30 1234567", "US", "+49301234567"),
        ("0049 30 1234567", None, "+49301234567"),
        ("(604) 555-4729", "US", "+16045554729"),
        ("Tel.: 030 1234567", "DE", "+49301234567"),
        ("电话：010-65529988", "CN", "+861065529988"),
        ("tel:+49-30-1234567", None, "+49301234567"),
    ],
)
def test_a_phone_that_exists_is_e164(entered: str, region: str | None, number: str) -> None:
    assert phone(entered, region) == number


@pytest.mark.parametrize(
    "entered", ["010-65529988 ext. 801", "010-6552 9988 转 801", "010-65529988转801", "010-65529988-801", "01065529988#801"]
)
def test_an_extension_stays_with_its_number(entered: str) -> None:
    assert phone(entered, "CN") == "+861065529988;ext=801"
    assert phone("+861065529988;ext=801", "DE") == "+861065529988;ext=801"


@pytest.mark.parametrize("entered", ["13812345678.0", "1.3812345678E+10", "'13812345678", '="13812345678"', "13812345678.00"])
def test_what_a_spreadsheet_did_is_undone_where_no_digit_is_lost(entered: str) -> None:
    assert phone(entered, "CN") == "+8613812345678"


@pytest.mark.parametrize("entered", ["1.38E+10", "1,38E+10", "1.38123e10", "1E+10"])
def test_a_phone_a_spreadsheet_has_rounded_is_refused_with_that_explanation(entered: str) -> None:
    fault = phone(entered, "CN")

    assert isinstance(fault, Fault)
    assert fault.code is Code.SPREADSHEET_MANGLED
    assert "spreadsheet" in fault.wrong
    assert "text" in fault.right


@pytest.mark.parametrize(
    ("entered", "region"),
    [
        ("13812345678", "DE"),
        ("13812345678", None),
        ("12345", "DE"),
        ("", "DE"),
        ("call me", "DE"),
        ("030 1234567 mornings", "DE"),
        ("Hr. Muster 030 1234567", "DE"),
        ("13812345678/13912345678", "CN"),
        ("1-800-FLOWERS", "US"),
        ("+999 123 4567", "CN"),
        ("1" * 5000, "CN"),
    ],
)
def test_a_phone_that_cannot_be_called_is_implausible(entered: str, region: str | None) -> None:
    fault = phone(entered, region)

    assert isinstance(fault, Fault)
    assert fault.code is Code.IMPLAUSIBLE_PHONE


def test_the_fault_names_the_country_the_number_was_tried_in() -> None:
    fault = phone("12345", "DE")

    assert isinstance(fault, Fault)
    assert "Germany" in fault.right


def plausible_numbers(seed: int, each: int) -> list[tuple[str, str]]:
    """Numbers near the real ones of each region, valid and not, in the ways people write them."""
    chance = random.Random(seed)
    kinds = [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.TOLL_FREE]
    formats = [phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164]
    found = []
    for region in REGIONS:
        for _ in range(each):
            example = phonenumbers.example_number_for_type(region, chance.choice(kinds)) or phonenumbers.example_number(region)
            assert example is not None
            digits = list(phonenumbers.format_number(example, chance.choice(formats)))
            for place in chance.sample(range(len(digits)), k=chance.randint(0, 5)):
                digits[place] = chance.choice("0123456789") if digits[place].isdigit() else digits[place]
            found.append(("".join(digits[: chance.choice([None, None, None, -1])]), region))
    return found


def test_the_fast_way_and_phonenumbers_agree_but_for_ranges_withdrawn_lately() -> None:
    numbers = plausible_numbers(seed=20260131, each=60)

    answers = [phone(number, region) for number, region in numbers]

    truth = [e164_by_phonenumbers(number, region) for number, region in numbers]
    differing = [pair for pair in zip(answers, truth, strict=True) if pair[1] != (None if isinstance(pair[0], Fault) else pair[0])]
    assert len(differing) <= len(numbers) / 1000
    assert all(true is None for _, true in differing)
    assert 0.2 < sum(true is None for true in truth) / len(truth) < 0.8


WITHOUT_ACCELERATOR = """
import sys
sys.modules["rphonenumbers"] = None
from tenants.intake.normalise import phone
print(phone("010-6552 9988 转 801", "CN"), phone("030 1234567", "DE"), phone("12345", "DE").code)
"""


def test_phones_are_right_where_the_accelerator_is_not_installed() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_ACCELERATOR], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["+861065529988;ext=801", "+49301234567", "IMPLAUSIBLE_PHONE"]
