"""Two hundred callers create a customer with one phone at one moment, where the tenant wants phones unique."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx

from server.asgi import create_app
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.intake.drafts import Action, Batch, Outcome
from tenants.intake.intake import take_in
from tenants.intake.problems import Code
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.conftest import MakeTenant
from tests.stories.records import changes_of, rows_of

_CALLERS = 200
#: One number, written in as many ways as people have.
_WAYS = ("13800138000", "+86 138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００", "138 0013 8000", "(138) 00138000")

_CREATE = """mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
  customer { id } userErrors { code field message conflictsWith } } }"""


def _phone(number: int) -> str:
    return _WAYS[number % len(_WAYS)]


async def _create(actor: Actor, number: int) -> Outcome:
    values: dict[str, str | None] = {"external_id": f"caller {number}", "name": f"Ada {number}", "phone": _phone(number)}
    async with acting_as(actor):
        return await take_in(Batch.of_one(RecordType.CUSTOMER, values), IntakeRules())


async def test_one_phone_created_two_hundred_times_at_once_is_one_customer_and_the_others_are_told_which(make_tenant: MakeTenant) -> None:
    acme = await make_tenant(rules={"unique": ["phone"]})

    outcomes = await asyncio.gather(*(_create(acme, number) for number in range(_CALLERS)))

    [customer] = await rows_of(acme, "customer")
    assert Counter(outcome.actions[0] for outcome in outcomes) == {Action.CREATE: 1, Action.REJECT: _CALLERS - 1}
    refused = [outcome for outcome in outcomes if outcome.actions == [Action.REJECT]]
    assert {(p.field, p.code) for outcome in refused for p in outcome.problems} == {("phone", Code.DUPLICATE)}
    assert {outcome.record_ids[0] for outcome in outcomes} == {customer["id"]}
    assert [len(changes) for changes in (await changes_of(acme)).values()] == [1]


async def test_the_same_holds_for_two_hundred_requests_over_http(opened: Installation, make_tenant: MakeTenant) -> None:
    acme = await make_tenant(rules={"unique": ["phone"]})
    async with acting_as(acme):
        _, secret = await add_api_key("story")
    door = httpx.ASGITransport(create_app(opened.settings, open_servers=False))
    headers = {"Authorization": f"Bearer {secret}"}

    async with httpx.AsyncClient(transport=door, base_url="http://kelu.test", headers=headers, timeout=60) as client:
        answers = await asyncio.gather(*(_ask(client, number) for number in range(_CALLERS)))

    [customer] = await rows_of(acme, "customer")
    id = global_id(RecordType.CUSTOMER, customer["id"])
    assert [answer["customer"] for answer in answers if answer["customer"]] == [{"id": id}]
    errors = [error for answer in answers for error in answer["userErrors"]]
    assert Counter((error["code"], *error["field"], error["conflictsWith"]) for error in errors) == {
        ("DUPLICATE", "phone", id): _CALLERS - 1
    }


async def _ask(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    values = {"name": f"Ada {number}", "phone": _phone(number)}
    answer = (await client.post("/graphql", json={"query": _CREATE, "variables": {"input": values}})).json()
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["createCustomer"]
    return payload


async def test_where_phones_need_not_be_unique_all_two_hundred_are_customers(acme: Actor) -> None:
    outcomes = await asyncio.gather(*(_create(acme, number) for number in range(_CALLERS)))

    assert Counter(outcome.actions[0] for outcome in outcomes) == {Action.CREATE: _CALLERS}
    assert len(await rows_of(acme, "customer")) == _CALLERS
