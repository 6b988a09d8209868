"""A mutation sent twice under one key is done once: by header or argument, alone or beside others, done or refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, KeyOf, reveals

CREATE = """mutation ($name: String!, $phone: PhoneNumber) {
  createCustomer(input: {name: $name, phone: $phone}) { customer { id name createdAt } userErrors { code } } }"""
BY_ARGUMENT = """mutation ($name: String!, $key: String!) {
  createCustomer(idempotencyKey: $key, input: {name: $name}) { customer { id } } }"""
REVEAL = """mutation { createCustomer(input: {name: "Ada", phone: "138 1234 5678"}) { customer { phone { value } } } }"""
TWO = """mutation { a: createCustomer(input: {name: "A"}) { customer { id } } b: createCustomer(input: {name: "B"}) { customer { id } } }"""


@pytest.fixture
def send(http: httpx.AsyncClient, key_of: KeyOf) -> Any:
    async def sent(document: str, header: str | None, *, as_: Actor, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await key_of(as_)}"} | ({"Idempotency-Key": header} if header else {})
        return await http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)

    return sent


async def _count(actor: Actor) -> int:
    async with acting_as(actor, read_only=True) as unit:
        found: int = await unit.connection.fetchval("SELECT count(*) FROM customer WHERE tenant_id = $1", actor.tenant_id)
        return found


@pytest.mark.parametrize("key", ["8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"'])
async def test_the_same_key_and_payload_is_the_same_answer(send: Any, graphql: Ask, acme: Actor, key: str) -> None:
    first = await send(CREATE, key, as_=acme, name="Ada")
    id = first.json()["data"]["createCustomer"]["customer"]["id"]
    await graphql('mutation ($id: ID!) { updateCustomer(input: {id: $id, name: "Other"}) { userErrors { code } } }', as_=acme, id=id)
    again = await send(CREATE, key, as_=acme, name="Ada")

    assert again.status_code == 200
    assert again.json()["data"] == first.json()["data"]
    assert await _count(acme) == 1


async def test_another_payload_is_422_and_not_done(send: Any, acme: Actor) -> None:
    await send(CREATE, "k1", as_=acme, name="Ada")
    other = await send(CREATE, "k1", as_=acme, name="Grace")

    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert await _count(acme) == 1


async def test_many_at_once_are_done_once_and_the_others_told_409_or_the_answer(send: Any, acme: Actor) -> None:
    await send("{ __typename }", None, as_=acme)  # which makes the API key
    answers = await asyncio.gather(*(send(CREATE, "k2", as_=acme, name="Ada") for _ in range(8)))

    done = [each.json()["data"]["createCustomer"]["customer"]["id"] for each in answers if each.status_code == 200]
    assert len(set(done)) == 1
    assert {each.status_code for each in answers} <= {200, 409}
    assert await _count(acme) == 1


async def test_a_refusal_is_kept_like_any_answer(send: Any, acme: Actor) -> None:
    first = await send(CREATE, "k3", as_=acme, name=" ")
    again = await send(CREATE, "k3", as_=acme, name=" ")

    assert first.json()["data"]["createCustomer"]["userErrors"] == [{"code": "REQUIRED"}]
    assert again.json()["data"] == first.json()["data"]
    assert await _count(acme) == 0


async def test_another_tenants_same_key_is_another(send: Any, acme: Actor, globex: Actor) -> None:
    first, elsewhere = await send(CREATE, "k4", as_=acme, name="Ada"), await send(CREATE, "k4", as_=globex, name="Ada")

    assert first.json()["data"] != elsewhere.json()["data"]
    assert (await _count(acme), await _count(globex)) == (1, 1)


async def test_an_answer_is_for_the_api_key_that_made_it_as_long_as_it_may_see_it(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    async def revealing(secret: str) -> tuple[int, bool]:
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k7", "X-Kelu-Purpose": "to call back"}
        answer = await http.post("/graphql", json={"query": REVEAL}, headers=headers)
        return answer.status_code, "13812345678" in answer.text

    may, may_not = await key_of(acme, may_reveal=True), await key_of(acme)
    first, again, other = await revealing(may), await revealing(may), await revealing(may_not)
    async with acting_as(acme) as unit:
        await unit.connection.execute("UPDATE api_key SET may_reveal = false WHERE tenant_id = $1", acme.tenant_id)
    await asyncio.sleep(1.1)  # for so long a key is believed
    later = await revealing(may)

    assert (first, again) == ((200, True), (200, True))
    assert (other, later) == ((422, False), (422, False))
    assert await _count(acme) == 1
    assert await reveals(acme) == [(["phone"], "to call back")] * 2  # what is told again is revealed again


async def test_the_key_may_be_an_argument(send: Any, acme: Actor) -> None:
    first = await send(BY_ARGUMENT, None, as_=acme, name="Ada", key="k5")
    again = await send(BY_ARGUMENT, None, as_=acme, name="Ada", key="k5")

    assert again.json()["data"] == first.json()["data"]
    assert await _count(acme) == 1


async def test_several_mutations_share_the_headers_key_each_for_itself(send: Any, acme: Actor) -> None:
    first, again = await send(TWO, "k6", as_=acme), await send(TWO, "k6", as_=acme)

    assert again.json()["data"] == first.json()["data"]
    assert await _count(acme) == 2


@pytest.mark.parametrize("key", ["é", "a" * 256, " "])
async def test_a_key_that_cannot_be_is_refused(send: Any, acme: Actor, key: str) -> None:
    answer = await send(BY_ARGUMENT, None, as_=acme, name="Ada", key=key)

    assert answer.json()["errors"][0]["extensions"] == {"code": "INVALID", "field": ["idempotencyKey"]}
    assert await _count(acme) == 0


async def test_without_a_key_each_is_done(send: Any, acme: Actor) -> None:
    await send(CREATE, None, as_=acme, name="Ada")
    await send(CREATE, None, as_=acme, name="Ada")

    assert await _count(acme) == 2
