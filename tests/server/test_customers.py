"""Making customers over GraphQL: made right, refused with a reason, and read back by the same planner."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tenants.ids import new_id
from tenants.session import Actor, acting_as
from tests.conftest import MakeTenant
from tests.server.conftest import Answer, Ask, KeyOf

CREATE = """mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
  customer { id name phone { masked } city tags } userErrors { code field message row conflictsWith } } }"""


async def test_a_customer_is_made_and_given_back(graphql: Ask, acme: Actor, globex: Actor) -> None:
    given = {"name": "Ａda Lovelace", "phone": "１３８ 1234 5678", "city": "London", "tags": ["vip", "new"], "birthDate": "1990-03-05"}

    made = (await graphql(CREATE, as_=acme, input=given))["createCustomer"]

    assert made["userErrors"] == []
    assert made["customer"] | {"id": ""} == {
        "id": "",
        "name": "Ada Lovelace",
        "phone": {"masked": "+86138****5678"},
        "city": "London",
        "tags": ["vip", "new"],
    }
    listed = "{ customers { nodes { id } } }"
    assert (await graphql(listed, as_=acme))["customers"]["nodes"] == [{"id": made["customer"]["id"]}]
    assert (await graphql(listed, as_=globex))["customers"]["nodes"] == []


async def test_the_same_phone_is_one_customer_in_a_tenant_and_another_in_the_next(graphql: Ask, make_tenant: MakeTenant) -> None:
    acme, globex = [await make_tenant(rules={"unique": ["phone"]}) for _ in range(2)]
    ada = {"name": "Ada", "phone": "+86 138 1234 5678"}

    first = (await graphql(CREATE, as_=acme, input=ada))["createCustomer"]
    again = (await graphql(CREATE, as_=acme, input=ada | {"phone": "13812345678"}))["createCustomer"]
    elsewhere = (await graphql(CREATE, as_=globex, input=ada))["createCustomer"]

    assert again["customer"] is None
    (error,) = again["userErrors"]
    assert (error["code"], error["field"], error["conflictsWith"]) == ("DUPLICATE", ["phone"], first["customer"]["id"])
    assert "138" not in error["message"]
    assert elsewhere["userErrors"] == []


async def test_twenty_at_once_with_one_phone_make_one_customer(graphql: Ask, key_of: KeyOf, make_tenant: MakeTenant) -> None:
    acme = await make_tenant(rules={"unique": ["phone"]})
    await key_of(acme)

    asked = (graphql(CREATE, as_=acme, input={"name": f"Ada {number}", "phone": "13812345678"}) for number in range(20))
    answers: list[Answer] = await asyncio.gather(*asked)

    payloads = [answer["createCustomer"] for answer in answers]
    (made,) = [payload["customer"]["id"] for payload in payloads if payload["customer"]]
    refused = [payload["userErrors"][0] for payload in payloads if not payload["customer"]]
    assert len(refused) == 19
    assert {(error["code"], error["conflictsWith"]) for error in refused} == {("DUPLICATE", made)}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"name": ""}, "REQUIRED", ["name"]),
        ({"name": "A" * 201}, "TOO_LONG", ["name"]),
        ({"name": "Ada", "birthDate": "05/04/1990"}, "AMBIGUOUS_DATE", ["birthDate"]),
        ({"name": "Ada", "country": "Atlantis"}, "BAD_COUNTRY", ["country"]),
        ({"name": "Ada", "custom": [{"name": "shoe_size", "value": "x"}]}, "BAD_NUMBER", ["custom", "shoe_size"]),
        ({"name": "Ada", "custom": [{"name": "nowhere", "value": "x"}]}, "INVALID", ["custom", "nowhere"]),
        ({"name": "A\x00da"}, "BAD_CHARACTER", ["name"]),
    ],
)
async def test_what_cannot_be_made_right_is_refused_by_field(
    graphql: Ask, acme: Actor, given: dict[str, Any], code: str, field: list[str]
) -> None:
    async with acting_as(acme) as unit:
        columns = "tenant_id, id, name, label, type"
        await unit.connection.execute(
            f"INSERT INTO custom_field ({columns}) VALUES ($1, $2, 'shoe_size', '', 'NUMBER')", acme.tenant_id, new_id()
        )

    payload = (await graphql(CREATE, as_=acme, input=given))["createCustomer"]

    assert payload["customer"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]
    assert (await graphql("{ customers { totalCount } }", as_=acme))["customers"]["totalCount"] == 0


async def test_an_implausible_phone_is_kept_and_flagged(graphql: Ask, acme: Actor) -> None:
    document = CREATE.replace("city tags", "flags { field code }")

    payload = (await graphql(document, as_=acme, input={"name": "Ada", "phone": "12"}))["createCustomer"]

    assert payload["userErrors"] == []
    assert payload["customer"]["flags"] == [{"field": "phone", "code": "IMPLAUSIBLE_PHONE"}]


async def test_several_mutations_go_one_after_the_other_and_each_has_its_own_answer(graphql: Ask, acme: Actor) -> None:
    document = """mutation { __typename
      a: createCustomer(input: {name: "Ada", externalId: "1"}) { customer { name } userErrors { code } }
      b: createCustomer(input: {name: "Eve", externalId: "1"}) { customer { name } userErrors { code __typename } __typename }
      c: createCustomer(input: {name: "Lin"}) { customer { name } } }"""

    answer = await graphql(document, as_=acme)

    assert answer.body["data"] == {
        "__typename": "Mutation",
        "a": {"customer": {"name": "Ada"}, "userErrors": []},
        "b": {"customer": None, "userErrors": [{"code": "DUPLICATE", "__typename": "UserError"}], "__typename": "CreateCustomerPayload"},
        "c": {"customer": {"name": "Lin"}},
    }
