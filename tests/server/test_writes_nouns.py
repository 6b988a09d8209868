"""Every noun is made, changed and deleted over GraphQL, by its own tenant alone."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, new_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask
from tests.server.writes import CHILDREN, codes, create, delete, done, made, update


async def _rows(actor: Actor, table: str) -> list[dict[str, Any]]:
    async with acting_as(actor, read_only=True) as unit:
        rows = await unit.connection.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY id", actor.tenant_id)
        return [dict(row) for row in rows]


@pytest.mark.parametrize("noun", CHILDREN)
async def test_a_record_is_made_changed_and_deleted(graphql: Ask, acme: Actor, noun: str) -> None:
    given, change, table = CHILDREN[noun]
    ada = await made(graphql, acme, name="Ada")
    key, [(name, value)] = noun.lower(), change.items()

    first = await done(graphql, create(noun, "id version customer { id name }"), acme, given | {"customerId": ada})
    id = first[key]["id"]
    second = await done(graphql, update(noun, f"id version {name}"), acme, {"id": id, "version": 1} | change)
    gone = await done(graphql, delete(noun), acme, {"id": id, "version": 2})

    assert (first["userErrors"], second["userErrors"], gone["userErrors"]) == ([], [], [])
    assert first[key] == {"id": id, "version": 1, "customer": {"id": ada, "name": "Ada"}}
    assert second[key] == {"id": id, "version": 2, name: value}
    assert gone["deletedId"] == id
    assert gone["deletedCounts"] == [{"recordType": noun.upper(), "count": 1}]
    assert await _rows(acme, table) == []


@pytest.mark.parametrize("noun", CHILDREN)
@pytest.mark.parametrize("link", [{"externalId": "A1"}, {"phone": "138 0013 8000"}, {"email": "ADA@example.org"}])
async def test_a_record_finds_its_customer_by_any_key(graphql: Ask, acme: Actor, noun: str, link: dict[str, str]) -> None:
    ada = await made(graphql, acme, name="Ada", externalId="A1", phone="13800138000", email="ada@example.org")

    payload = await done(graphql, create(noun, "customer { id }"), acme, CHILDREN[noun][0] | {"customer": link})

    assert payload[noun.lower()] == {"customer": {"id": ada}}


@pytest.mark.parametrize("noun", CHILDREN)
async def test_a_record_needs_one_customer_of_ones_own(graphql: Ask, acme: Actor, globex: Actor, noun: str) -> None:
    given = CHILDREN[noun][0]
    theirs = await made(graphql, globex, name="Eve", externalId="E1")
    links: list[tuple[dict[str, Any], tuple[str, list[str]]]] = [
        ({}, ("REQUIRED", ["customerId"])),
        ({"customerId": None}, ("REQUIRED", ["customerId"])),
        ({"customerId": theirs}, ("BROKEN_LINK", ["customerId"])),
        ({"customerId": "con_1"}, ("BROKEN_LINK", ["customerId"])),
        ({"customer": {"externalId": "E1"}}, ("BROKEN_LINK", ["customer", "externalId"])),
        ({"customer": {}}, ("INVALID", ["customer"])),
        ({"customer": {"phone": "13800138000", "email": "ada@example.org"}}, ("INVALID", ["customer"])),
        ({"customerId": theirs, "customer": {"externalId": "E1"}}, ("INVALID", ["customer"])),
    ]

    found = [(await done(graphql, create(noun), acme, given | link), expected) for link, expected in links]

    assert [(payload[noun.lower()], codes(payload)) for payload, _ in found] == [(None, [expected]) for _, expected in found]
    assert await _rows(globex, CHILDREN[noun][2]) == []


@pytest.mark.parametrize("noun", ["Customer", *CHILDREN])
async def test_another_tenants_record_is_not_found_and_untouched(graphql: Ask, acme: Actor, globex: Actor, noun: str) -> None:
    given, change, table = CHILDREN.get(noun, ({"name": "Eve", "city": "Köln"}, {"city": "Bonn"}, "customer"))
    eve = await made(graphql, globex, name="Eve")
    theirs = await made(graphql, globex, noun, **given, **({} if noun == "Customer" else {"customerId": eve}))
    before, answers = await _rows(globex, table), []

    for id in (theirs, global_id(RecordType(noun.upper()), new_id()), "nonsense", f"ten_{acme.tenant_id.hex}"):
        changed = await done(graphql, update(noun), acme, {"id": id} | change)
        gone = await done(graphql, delete(noun), acme, {"id": id})
        answers.append((changed, gone))

    assert all(answer == answers[0] for answer in answers)
    changed, gone = answers[0]
    assert (changed[noun.lower()], codes(changed)) == (None, [("NOT_FOUND", ["id"])])
    assert (gone["deletedId"], gone["deletedCounts"], codes(gone)) == (None, [], [("NOT_FOUND", ["id"])])
    assert await _rows(globex, table) == before


async def test_a_customer_goes_with_all_that_is_its_own(graphql: Ask, acme: Actor) -> None:
    ada, eve = await made(graphql, acme, name="Ada"), await made(graphql, acme, name="Eve")
    for noun, (given, _, _) in CHILDREN.items():
        await made(graphql, acme, noun, **given, customerId=ada)
    await made(graphql, acme, "Contact", name="Bob", customerId=eve)

    stale = await done(graphql, delete("Customer"), acme, {"id": ada, "version": 7})
    gone = await done(graphql, delete("Customer"), acme, {"id": ada, "version": 1})

    assert codes(stale) == [("VERSION_CONFLICT", ["version"])]
    assert {each["recordType"]: each["count"] for each in gone["deletedCounts"]} == dict.fromkeys(
        ("CUSTOMER", *(noun.upper() for noun in CHILDREN)), 1
    )
    assert (await graphql("{ customers { nodes { id contacts { totalCount } } } }", as_=acme))["customers"]["nodes"] == [
        {"id": eve, "contacts": {"totalCount": 1}}
    ]


async def test_a_record_moves_to_another_customer(graphql: Ask, acme: Actor) -> None:
    ada, eve = await made(graphql, acme, name="Ada"), await made(graphql, acme, name="Eve", externalId="E1")
    bob = await made(graphql, acme, "Contact", name="Bob", customerId=ada)

    payload = await done(graphql, update("Contact", "customer { id }"), acme, {"id": bob, "customer": {"externalId": "E1"}})

    assert payload["contact"] == {"customer": {"id": eve}}


@pytest.mark.parametrize(
    ("noun", "second", "field"),
    [("Order", {"externalId": "X"}, "number"), ("Preference", {"externalId": "X"}, "value"), ("Contact", {"name": "Lin"}, "externalId")],
)
async def test_what_must_be_unique_is_refused_by_its_field_and_names_the_other(
    graphql: Ask, acme: Actor, noun: str, second: dict[str, Any], field: str
) -> None:
    ada = await made(graphql, acme, name="Ada")
    given = CHILDREN[noun][0] | {"externalId": "1", "customerId": ada}
    first = await made(graphql, acme, noun, **given)

    payload = await done(graphql, create(noun), acme, given | second)

    [error] = payload["userErrors"]
    assert (payload[noun.lower()], error["code"], error["field"], error["conflictsWith"]) == (None, "DUPLICATE", [field], first)


async def test_two_contacts_of_one_name_are_two_people(graphql: Ask, acme: Actor) -> None:
    ada = await made(graphql, acme, name="Ada")

    first, second = [await made(graphql, acme, "Contact", name="王伟", customerId=ada) for _ in range(2)]

    assert first != second


async def test_lines_are_given_as_a_list_and_replaced_as_a_whole(graphql: Ask, acme: Actor) -> None:
    ada = await made(graphql, acme, name="Ada")
    selection = "id amount lines { nodes { position product quantity amount } }"
    lines: list[dict[str, Any]] = [
        {"product": "tea", "quantity": 2, "unitPrice": "3.50"},
        {"product": "cup", "quantity": "1.5", "unitPrice": 4, "discount": 0.1},
    ]

    first = await done(graphql, create("Order", selection), acme, CHILDREN["Order"][0] | {"customerId": ada, "lines": lines})
    id = first["order"]["id"]
    second = await done(graphql, update("Order", selection), acme, {"id": id, "lines": [lines[1]]})
    third = await done(graphql, update("Order", selection), acme, {"id": id, "status": "OPEN"})
    fourth = await done(graphql, update("Order", selection), acme, {"id": id, "lines": []})

    assert first["order"]["amount"] == "12.4"
    assert [line["product"] for line in first["order"]["lines"]["nodes"]] == ["tea", "cup"]
    assert second["order"]["lines"]["nodes"] == [{"position": 1, "product": "cup", "quantity": "1.5", "amount": "5.4"}]
    assert third["order"] == second["order"]
    assert (fourth["order"]["amount"], fourth["order"]["lines"]["nodes"]) == ("0", [])


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ({"quantity": "1e99"}, "BAD_NUMBER", "quantity"),
        ({"quantity": "1e1000000"}, "BAD_NUMBER", "quantity"),
        ({"quantity": "NaN"}, "BAD_NUMBER", "quantity"),
        ({"quantity": "-Infinity"}, "BAD_NUMBER", "quantity"),
        ({"discount": 15}, "BAD_NUMBER", "discount"),
        ({"amount": 99}, "AMOUNT_MISMATCH", "amount"),
        ({"product": ""}, "REQUIRED", "product"),
        ({"product": "x" * 201}, "TOO_LONG", "product"),
    ],
)
async def test_a_wrong_line_is_told_by_its_place(graphql: Ask, acme: Actor, line: dict[str, Any], code: str, field: str) -> None:
    ada = await made(graphql, acme, name="Ada")
    good = {"product": "tea", "quantity": 2, "unitPrice": "3.50"}

    payload = await done(graphql, create("Order"), acme, CHILDREN["Order"][0] | {"customerId": ada, "lines": [good, good | line]})

    assert (payload["order"], codes(payload)) == (None, [(code, ["lines", "1", field])])


async def test_over_five_hundred_lines_are_refused(graphql: Ask, acme: Actor) -> None:
    ada = await made(graphql, acme, name="Ada")
    lines = [{"product": "tea", "quantity": 1, "unitPrice": 1}] * 501

    payload = await done(graphql, create("Order"), acme, CHILDREN["Order"][0] | {"customerId": ada, "lines": lines})

    assert codes(payload) == [("TOO_LARGE", ["lines"])]
