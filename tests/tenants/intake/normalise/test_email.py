from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from tenants.intake.normalise import email, email_key
from tenants.intake.normalise.text import plain
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "address"),
    [
        ("Ada@Example.ORG", "Ada@example.org"),
        ("ada＠example。org", "ada@example.org"),
        ("ａｄａ@example.org", "ada@example.org"),
        (" ada@example.org; ", "ada@example.org"),
        ("ada@example.org.", "ada@example.org"),
        ("mailto:ada@example.org", "ada@example.org"),
        ("MAILTO:ada@example.org?subject=Hello", "ada@example.org"),
        ("<ada@example.org>", "ada@example.org"),
        ("Ada Lovelace <ada@example.org>", "ada@example.org"),
        ('"Lovelace, Ada" <ada@example.org>,', "ada@example.org"),
        ("INFO@example.org", "info@example.org"),
        ("jörg@bücher.example.de", "jörg@bücher.example.de"),
        ("ada@xn--bcher-kva.de", "ada@bücher.de"),
        ("a.b+c_d@mail.example.co.uk", "a.b+c_d@mail.example.co.uk"),
    ],
)
def test_an_address_is_put_right(entered: str, address: str) -> None:
    assert email(entered) == address


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ("ada", "no @"),
        ("ada@example.org, bob@example.org", "more than one @"),
        ("@example.org", "missing"),
        ("ada lovelace@example.org", "space"),
        ("ada..l@example.org", "before the @"),
        ("ada@localhost", "no dot"),
        ("ada@printer.local", "after the @"),
        ("ada@-example.org", "after the @"),
        ("a" * 250 + "@example.org", "at most 254"),
    ],
)
def test_a_wrong_address_is_told_what_is_wrong(entered: str, said: str) -> None:
    fault = email(entered)

    assert isinstance(fault, Fault)
    assert fault.code is Code.IMPLAUSIBLE_EMAIL
    assert said in fault.wrong


def test_two_spellings_of_one_mailbox_have_one_key() -> None:
    assert email_key("Ada@example.org") == email_key("ada@example.org")


LOCAL = st.text("abzAZ09.+-_'!#%?/ @\"éß张", min_size=0, max_size=12) | st.sampled_from(["info", "Sales", "ada.l"])
DOMAIN = st.lists(st.text("abZ09-éß中", max_size=8), max_size=4).map(".".join) | st.sampled_from(["example.org", "x.test", "B.DE", "xn--a"])


@given(st.builds("{}@{}".format, LOCAL, DOMAIN))
def test_what_email_validator_accepts_is_accepted_in_its_normal_form(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None

    answer = email(address)

    if expected is not None and plain(address) == address:
        assert answer == expected
    if isinstance(answer, str):
        assert validate_email(answer, check_deliverability=False).normalized == answer
