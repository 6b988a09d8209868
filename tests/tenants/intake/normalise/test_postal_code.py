from __future__ import annotations

import pytest

from tenants.intake.normalise import postal_code
from tenants.intake.normalise.postal_code import _RULES
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "country", "code"),
    [
        ("100000", "CN", "100000"),
        ("１０００００", "CN", "100000"),
        ("01067", "DE", "01067"),
        ("D-80805", "DE", "80805"),
        ("80805.0", "DE", "80805"),
        ("75001", "FR", "75001"),
        ("sw1a1aa", "GB", "SW1A 1AA"),
        ("EC2 5NT", "GB", "EC2 5NT"),
        ("94117", "US", "94117"),
        ("941171234", "US", "94117-1234"),
        ("h1j 1c3", "CA", "H1J 1C3"),
        ("28023", "ES", "28023"),
        ("10100", "IT", "10100"),
        ("1012ab", "NL", "1012 AB"),
        ("3012", "CH", "3012"),
        ("A-8010", "AT", "8010"),
        ("B-1180", "BE", "1180"),
        ("01-012", "PL", "01-012"),
        ("01012", "PL", "01-012"),
        ("S-958 22", "SE", "958 22"),
        ("SE-95822", "SE", "958 22"),
        ("8200", "DK", "8200"),
        ("4110", "NO", "4110"),
        ("FIN-90110", "FI", "90110"),
        ("1000205", "PT", "1000-205"),
        ("1675", "PT", "1675"),
        ("05432043", "BR", "05432-043"),
        ("〒1000001", "JP", "100-0001"),
        ("05021", "MX", "05021"),
        ("D02AF30", "IE", "D02 AF30"),
        ("LV-1010", "LV", "1010"),
        ("whatever 7", "VE", "whatever 7"),
        (" 5022 ", None, "5022"),
    ],
)
def test_a_postal_code_is_written_as_its_country_writes_it(entered: str, country: str | None, code: str) -> None:
    assert postal_code(entered, country) == code


@pytest.mark.parametrize("country", sorted(_RULES))
def test_the_example_of_every_country_is_right(country: str) -> None:
    assert postal_code(_RULES[country].like, country) == _RULES[country].like


@pytest.mark.parametrize(
    ("entered", "country"), [("1067", "DE"), ("1067.0", "DE"), ("2108", "US"), ("6000", "FR"), ("10000", "CN"), ("150", "NO")]
)
def test_a_zero_that_a_spreadsheet_dropped_is_explained_and_not_guessed(entered: str, country: str) -> None:
    fault = postal_code(entered, country)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_POSTAL_CODE
    assert "leading zero" in fault.wrong


@pytest.mark.parametrize(
    ("entered", "country"), [("ABC", "DE"), ("106", "DE"), ("SW1A", "GB"), ("D1A 1A1", "CA"), ("0123", "CH"), ("", "FR")]
)
def test_what_is_no_postal_code_of_that_country_is_a_fault(entered: str, country: str) -> None:
    fault = postal_code(entered, country)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_POSTAL_CODE
