"""Customers changed over GraphQL: what is left out stays, null clears, an older version is told field by field; nested creates."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import new_id
from tenants.session import Actor, acting_as
from tests.conftest import MakeTenant
from tests.server.conftest import Ask
from tests.server.writes import codes, create, done, made, update

ADA: dict[str, Any] = {"name": "Ada", "phone": "13800138000", "email": "ada@example.org", "city": "Köln", "tags": ["vip", "new"]}
SELECTION = "name city tags version phone { masked } email { masked }"
LINE = {"product": "tea", "quantity": 2, "unitPrice": "3.50"}


async def test_what_is_left_out_stays_and_null_clears(graphql: Ask, acme: Actor) -> None:
    id = await made(graphql, acme, **ADA)

    payload = await done(graphql, update("Customer", SELECTION), acme, {"id": id, "phone": None, "tags": None, "city": "Bonn"})

    assert payload["userErrors"] == []
    assert payload["customer"] == {
        "name": "Ada",
        "city": "Bonn",
        "tags": [],
        "version": 2,
        "phone": None,
        "email": {"masked": "a***@example.org"},
    }


@pytest.mark.parametrize("empty", ["", "  ", None])
async def test_an_empty_text_clears_as_null_does(graphql: Ask, acme: Actor, empty: str | None) -> None:
    id = await made(graphql, acme, **ADA)

    payload = await done(graphql, update("Customer", "city name"), acme, {"id": id, "city": empty})

    assert payload["customer"] == {"city": None, "name": "Ada"}


@pytest.mark.parametrize("field", ["name", "kind", "lifecycle"])
async def test_what_is_never_null_cannot_be_cleared(graphql: Ask, acme: Actor, field: str) -> None:
    id = await made(graphql, acme, **ADA)

    payload = await done(graphql, update("Customer", SELECTION), acme, {"id": id, "city": "Bonn", field: None})

    assert (payload["customer"], codes(payload)) == (None, [("REQUIRED", [field])])


async def test_an_update_that_says_nothing_new_keeps_the_version(graphql: Ask, acme: Actor) -> None:
    id = await made(graphql, acme, **ADA)

    for input in ({}, {"city": "Köln"}, {"occupation": None}):
        payload = await done(graphql, update("Customer", "version"), acme, {"id": id, **input})
        assert (payload["customer"], payload["userErrors"]) == ({"version": 1}, [])


async def test_one_of_your_own_fields_is_set_and_cleared_by_name(graphql: Ask, acme: Actor) -> None:
    async with acting_as(acme) as unit:
        for name, is_sealed in (("size", False), ("shop", False), ("income", True)):
            await unit.connection.execute(
                "INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, $3, '', 'TEXT', $4)",
                acme.tenant_id,
                new_id(),
                name,
                is_sealed,
            )
    given = [{"name": "size", "value": "M"}, {"name": "shop", "value": "Köln"}, {"name": "income", "value": "50000"}]
    id = await made(graphql, acme, name="Ada", custom=given)
    change = [{"name": "size", "value": None}, {"name": "income", "value": "60000"}]

    selection = "custom { name value } protectedCustom { name masked }"
    payload = await done(graphql, update("Customer", selection), acme, {"id": id, "custom": change})
    stale = await done(graphql, update("Customer"), acme, {"id": id, "version": 1, "custom": [{"name": "income", "value": "1"}]})
    unknown = await done(graphql, update("Customer"), acme, {"id": id, "custom": [{"name": "nowhere", "value": None}]})

    assert payload["customer"] == {"custom": [{"name": "shop", "value": "Köln"}], "protectedCustom": [{"name": "income", "masked": "6***"}]}
    assert stale["conflicts"] == [{"field": ["custom", "income"], "yours": "***", "stored": "6***", "base": "5***", "isConflicting": True}]
    assert codes(unknown) == [("INVALID", ["custom", "nowhere"])]


async def test_an_older_version_is_told_field_by_field(graphql: Ask, acme: Actor) -> None:
    id = await made(graphql, acme, **ADA)
    await done(graphql, update("Customer"), acme, {"id": id, "city": "Bonn", "phone": "13900139000"})

    mine = {"id": id, "version": 1, "city": "Ulm", "phone": "13700137000", "tags": ["vip"], "birthDate": "1990-03-05"}
    masked = await done(graphql, update("Customer", SELECTION), acme, mine)
    by_revealer = await done(graphql, update("Customer", SELECTION), acme, mine, may_reveal=True)

    assert codes(masked) == [("VERSION_CONFLICT", ["version"])]
    assert (masked["customer"]["version"], masked["customer"]["city"]) == (2, "Bonn")
    told = {each.pop("field")[0]: tuple(each.values()) for each in masked["conflicts"]}
    assert told == {
        "city": ("Ulm", "Bonn", "Köln", True),
        "phone": ("+86137****7000", "+86139****9000", "+86138****8000", True),
        "tags": (["vip"], ["vip", "new"], ["vip", "new"], False),
        "birthDate": ("1990-**-**", None, None, False),
    }
    phone = next(each for each in by_revealer["conflicts"] if each["field"] == ["phone"])
    assert (phone["yours"], phone["stored"], phone["base"]) == told["phone"][:3]  # nobody is shown one in clear here


async def test_the_right_version_is_taken_and_no_conflict_told(graphql: Ask, acme: Actor) -> None:
    id = await made(graphql, acme, **ADA)

    payload = await done(graphql, update("Customer", "version"), acme, {"id": id, "version": 1, "city": "Bonn"})

    assert (payload["customer"], payload["conflicts"], payload["userErrors"]) == ({"version": 2}, [], [])


async def test_a_change_to_a_value_that_is_anothers_names_the_other(graphql: Ask, make_tenant: MakeTenant) -> None:
    acme = await make_tenant(rules={"unique": ["phone"]})
    ada, eve = await made(graphql, acme, **ADA), await made(graphql, acme, name="Eve")

    payload = await done(graphql, update("Customer"), acme, {"id": eve, "phone": ADA["phone"]})

    [error] = payload["userErrors"]
    assert (payload["customer"], error["code"], error["field"], error["conflictsWith"]) == (None, "DUPLICATE", ["phone"], ada)


async def test_a_customer_comes_with_contacts_and_orders(graphql: Ask, acme: Actor, globex: Actor) -> None:
    selection = "name contacts { nodes { name phone { masked } } } orders { nodes { number amount lines { nodes { product } } } }"
    contacts = [{"name": "Bob", "phone": "13900139000"}, {"name": "林", "isPrimary": True}]
    orders = [
        {"number": "O1", "orderedAt": "2026-01-05", "lines": [LINE, LINE | {"product": "cup"}]},
        {"number": "O2", "orderedAt": "2026-01-04", "amount": "5"},
    ]

    payload = await done(graphql, create("Customer", selection), acme, {"name": "Ada", "contacts": contacts, "orders": orders})

    assert payload["userErrors"] == []
    assert payload["customer"]["contacts"]["nodes"] == [
        {"name": "林", "phone": None},
        {"name": "Bob", "phone": {"masked": "+86139****9000"}},
    ]
    assert payload["customer"]["orders"]["nodes"] == [
        {"number": "O1", "amount": "14", "lines": {"nodes": [{"product": "tea"}, {"product": "cup"}]}},
        {"number": "O2", "amount": "5", "lines": {"nodes": []}},
    ]
    assert (await graphql("{ customers { totalCount } }", as_=globex))["customers"]["totalCount"] == 0


async def test_one_error_anywhere_undoes_it_all_and_each_is_told_by_its_path(graphql: Ask, acme: Actor) -> None:
    taken = await made(graphql, acme, "Order", number="O1", orderedAt="2026-01-05", customerId=await made(graphql, acme, name="Eve"))
    input = {
        "name": "Ada",
        "birthDate": "2023-02-31",
        "contacts": [{"name": "Bob"}, {"name": "Lin", "phone": "1.39E+10"}],
        "orders": [
            {"number": "O1", "orderedAt": "2026-01-05"},
            {"number": "O2", "orderedAt": "soon", "lines": [LINE]},
            {"number": "O3", "orderedAt": "2026-01-05", "lines": [LINE, LINE | {"amount": 99}]},
        ],
    }

    payload = await done(graphql, create("Customer"), acme, input)

    assert payload["customer"] is None
    assert sorted(codes(payload), key=str) == [
        ("AMOUNT_MISMATCH", ["orders", "2", "lines", "1", "amount"]),
        ("BAD_DATE", ["birthDate"]),
        ("BAD_DATE", ["orders", "1", "orderedAt"]),
        ("DUPLICATE", ["orders", "0", "number"]),
        ("SPREADSHEET_MANGLED", ["contacts", "1", "phone"]),
    ]
    assert [error["conflictsWith"] for error in payload["userErrors"] if error["conflictsWith"]] == [taken]
    assert (await graphql("{ customers { totalCount } }", as_=acme))["customers"]["totalCount"] == 1


@pytest.mark.parametrize("noun", ["contacts", "orders"])
async def test_over_a_hundred_nested_records_are_refused(graphql: Ask, acme: Actor, noun: str) -> None:
    def nested(count: int) -> dict[str, Any]:
        contacts = [{"name": f"Bob {n}"} for n in range(count)]
        return {noun: contacts if noun == "contacts" else [{"number": f"O{n}", "orderedAt": "2026-01-05"} for n in range(count)]}

    assert codes(await done(graphql, create("Customer"), acme, {"name": "Ada"} | nested(100))) == []
    assert codes(await done(graphql, create("Customer"), acme, {"name": "Ada"} | nested(101))) == [("TOO_LARGE", [noun])]
