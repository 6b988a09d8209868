from __future__ import annotations

import phonenumbers
import pytest

from tenants.intake.normalise import country, country_name, currency
from tenants.intake.normalise.country import _names, _rows
from tenants.intake.normalise.text import folded
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("德国", "DE"),
        ("Allemagne", "DE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Venezuela", "VE"),
        ("中国", "CN"),
        ("中华人民共和国", "CN"),
        ("People's Republic of China", "CN"),
        ("España", "ES"),
        ("ESPANA", "ES"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Suisse", "CH"),
        ("Ελλάδα", "GR"),
        ("Trinidad & Tobago", "TT"),
        ("Côte d'Ivoire", "CI"),
        ("Ｆｒａｎｃｅ", "FR"),
        ("香港", "HK"),
        ("Republic of Korea", "KR"),
        ("Democratic Republic of the Congo", "CD"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("刚果(金)", "CD"),
        ("NA", "NA"),
    ],
)
def test_a_country_is_known_by_what_people_call_it(entered: str, code: str) -> None:
    assert country(entered) == code


@pytest.mark.parametrize("entered", ["", "Atlantis", "Berlin", "ZZ", "x" * 500])
def test_an_unknown_country_is_a_fault(entered: str) -> None:
    fault = country(entered)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_COUNTRY


def test_no_name_means_two_countries() -> None:
    meant = {(folded(name), row["alpha_2"]) for row in _rows() for name in _names(row)}

    assert len({name for name, _ in meant}) == len(meant)


def test_every_country_of_iso_3166_is_there_with_both_names() -> None:
    codes = {row["alpha_2"] for row in _rows()}

    assert len(codes - {"XK"}) == 249
    assert len({row["alpha_3"] for row in _rows()}) == len(codes)
    assert all(len(row["alpha_3"]) == 3 and row["english"] and "\u4e00" <= row["chinese"][0] <= "\u9fff" for row in _rows())
    assert phonenumbers.SUPPORTED_REGIONS - codes <= {"AC", "TA"}


def test_a_country_has_a_name_for_sentences() -> None:
    assert country_name("DE") == "Germany"


@pytest.mark.parametrize(
    ("entered", "code"),
    [("EUR", "EUR"), ("eur", "EUR"), ("€", "EUR"), ("¥", "CNY"), ("￥", "CNY"), ("元", "CNY"), ("RMB", "CNY"), ("人民币", "CNY"),
     ("美元", "USD"), ("$", "USD"), ("US$", "USD"), ("£", "GBP"), ("HK$", "HKD"), ("zł", "PLN"), ("Euro", "EUR"), ("DEM", "DEM")],
)  # fmt: skip
def test_a_currency_is_its_iso_code(entered: str, code: str) -> None:
    assert currency(entered) == code


def test_a_shared_sign_means_the_currency_the_tenant_usually_writes() -> None:
    assert currency("$", "CAD") == "CAD"
    assert currency("¥", "JPY") == "JPY"
    assert currency("kr", "SEK") == "SEK"
    assert currency("$", "EUR") == "USD"
    assert currency("€", "CAD") == "EUR"


@pytest.mark.parametrize("entered", ["", "kr", "XYZ", "bitcoin", "x" * 500])
def test_an_unclear_currency_is_a_fault(entered: str) -> None:
    fault = currency(entered)

    assert isinstance(fault, Fault)
    assert fault.code is Code.BAD_CURRENCY
