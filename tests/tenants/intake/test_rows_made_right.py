"""What a row becomes on the road in, and how it is told what is wrong with it."""

from __future__ import annotations

import pytest

from tenants.intake.drafts import Action
from tenants.intake.problems import Code, Severity
from tenants.intake.rules import KeyKind

BY_EXTERNAL_ID = {"match_by": (KeyKind.EXTERNAL,)}


async def test_a_messy_row_becomes_a_right_record(acme, taken, stored):
    row = {
        "name": "　张三 ",
        "phone": "１３８ 0013 8000",
        "email": "Zhang@EXAMPLE.cn",
        "gender": "男",
        "birth_date": "1990年3月7日",
        "country": "中国",
    }

    outcome = await taken(acme, [row])

    [customer] = await stored(acme)
    assert outcome.actions == [Action.CREATE]
    assert outcome.problems == []
    assert {name: customer[name] for name in ("name", "phone", "email", "gender", "birth_date", "country", "kind", "lifecycle")} == {
        "name": "张三",
        "phone": "+8613800138000",
        "email": "Zhang@example.cn",
        "gender": "MALE",
        "birth_date": "1990-03-07",
        "country": "CN",
        "kind": "PERSON",
        "lifecycle": "PROSPECT",
    }


async def test_an_implausible_phone_keeps_the_row_and_the_value_flagged(acme, taken, stored):
    outcome = await taken(acme, [{"name": "Ada", "phone": "12 34"}])

    [customer] = await stored(acme)
    assert outcome.actions == [Action.CREATE]
    assert [(p.row, p.field, p.code, p.severity) for p in outcome.problems] == [(1, "phone", Code.IMPLAUSIBLE_PHONE, Severity.WARNING)]
    assert (customer["phone"], customer["flags"]) == ("12 34", ["phone:IMPLAUSIBLE_PHONE"])


async def test_a_corrected_phone_loses_its_flag(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada", "phone": "12 34"}])

    outcome = await taken(acme, [{"external_id": "1", "phone": "13800138000"}], **BY_EXTERNAL_ID)

    [customer] = await stored(acme)
    assert outcome.actions == [Action.UPDATE]
    assert (customer["phone"], customer["flags"], customer["version"]) == ("+8613800138000", [], 2)


async def test_a_tenant_may_have_warnings_refuse_the_row(make_tenant, taken, stored):
    strict = await make_tenant(rules={"severities": {"IMPLAUSIBLE_PHONE": "ERROR"}})

    outcome = await taken(strict, [{"name": "Ada", "phone": "12 34"}, {"name": "Bob"}])

    assert outcome.actions == [Action.REJECT, Action.CREATE]
    assert [customer["name"] for customer in await stored(strict)] == ["Bob"]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"email": "ada@example.org"}, "name", Code.REQUIRED),
        ({"name": "", "email": ""}, "name", Code.REQUIRED),
        ({"name": " \u3000", "email": "ada@example.org"}, "name", Code.REQUIRED),
        ({"name": "Ada", "phone": "1.38E+10"}, "phone", Code.SPREADSHEET_MANGLED),
        ({"name": "Ada", "birth_date": "2023-02-31"}, "birth_date", Code.BAD_DATE),
        ({"name": "Ada", "gender": "xyzzy"}, "gender", Code.UNKNOWN_WORD),
        ({"name": "Ada", "country": "Atlantis"}, "country", Code.BAD_COUNTRY),
        ({"name": "A\0da"}, "name", Code.BAD_CHARACTER),
        ({"name": "x" * 201}, "name", Code.TOO_LONG),
        ({"name": "Ada", "id": "cus_nonsense"}, "id", Code.NOT_FOUND),
    ],
)
async def test_an_error_refuses_the_row_and_says_where_and_why(acme, taken, stored, row, field, code):
    outcome = await taken(acme, [row])

    assert outcome.actions == [Action.REJECT]
    assert [(p.row, p.field, p.code, p.severity) for p in outcome.problems] == [(1, field, code, Severity.ERROR)]
    assert all(p.wrong and p.right for p in outcome.problems)
    assert await stored(acme) == []


@pytest.mark.parametrize("born", ["1850-01-01", "2150-01-01"])
async def test_an_age_nobody_has_is_a_warning(acme, taken, born):
    outcome = await taken(acme, [{"name": "Ada", "birth_date": born}])

    assert outcome.actions == [Action.CREATE]
    assert [p.code for p in outcome.problems] == [Code.IMPLAUSIBLE_AGE]


async def test_a_company_without_another_name_is_a_customer_by_its_name(acme, taken, stored):
    await taken(acme, [{"company": "Sample GmbH", "contact.name": "Ada", "contact.email": "ada@example.org"}])

    [customer], [contact] = await stored(acme), await stored(acme, "contact")
    assert (customer["name"], customer["kind"]) == ("Sample GmbH", "COMPANY")
    assert (contact["name"], contact["email"], contact["customer_id"]) == ("Ada", "ada@example.org", customer["id"])
