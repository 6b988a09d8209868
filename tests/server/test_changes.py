"""Changes over a websocket: told to whoever may see them, from any process, by the filter, and without what is sealed."""

from __future__ import annotations

import asyncio
from typing import Any

from httpx_ws import AsyncWebSocketSession
from starlette.applications import Starlette

from tenants.access.built_in import SALES
from tenants.changes.listening import BEHIND_MOST
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import KeyOf, Stored
from tests.server.test_progress import say, socket_of
from tests.tenants.signin.members import member_of

WATCH = """subscription ($filter: CustomerFilter) { customerChanged(filter: $filter) {
  action customerId customer { name phone { masked } } changes { recordType action fields } } }"""


async def _next(socket: AsyncWebSocketSession) -> Any:
    message = await socket.receive_json(timeout=5)
    assert message["type"] == "next", message
    return message["payload"]["data"]["customerChanged"]


async def _listening(socket: AsyncWebSocketSession, **variables: Any) -> None:
    assert await socket.receive_json(timeout=5) == {"type": "connection_ack"}
    await say(socket, WATCH, **variables)
    await asyncio.sleep(0.3)  # until it listens; there is no message that says so


async def test_a_customer_is_told_when_it_or_something_of_it_changes(app: Starlette, key_of: KeyOf, stored: Stored, acme: Actor) -> None:
    async with socket_of(app, await key_of(acme)) as socket:
        await _listening(socket)
        id = await stored(acme, name="Ada", external_id="A", phone="13812345678")
        created = await _next(socket)
        await stored(acme, name="Ada L.", external_id="A")
        await stored(acme, RecordType.CONTACT, customer_external_id="A", name="Eve")
        related = await _next(socket)

    shown = {"customerId": id, "customer": {"name": "Ada", "phone": {"masked": "+86138****5678"}}}
    assert created == {"action": "CREATE", **shown, "changes": [{"recordType": "CUSTOMER", "action": "CREATE", "fields": []}]}
    assert related["action"] in ("CREATE", "UPDATE")


async def test_a_filter_lets_only_its_customers_through(app: Starlette, key_of: KeyOf, stored: Stored, acme: Actor) -> None:
    async with socket_of(app, await key_of(acme)) as socket:
        await _listening(socket, filter={"lifecycle": {"eq": "ACTIVE"}, "phone": {"eq": "138 1234 5679"}})
        await stored(acme, name="Another", phone="13812345670", lifecycle="ACTIVE")
        await stored(acme, name="Ada", phone="13812345679", lifecycle="ACTIVE")

        assert (await _next(socket))["customer"]["name"] == "Ada"


async def test_nobody_hears_of_another_tenants_customers(app: Starlette, key_of: KeyOf, stored: Stored, acme: Actor, globex: Actor) -> None:
    async with socket_of(app, await key_of(globex)) as socket:
        await _listening(socket)
        await stored(acme, name="Ada")
        await stored(globex, name="Grace")

        assert (await _next(socket))["customer"]["name"] == "Grace"


async def test_a_filter_that_cannot_be_ends_the_subscription_with_the_reason(app: Starlette, key_of: KeyOf, acme: Actor) -> None:
    async with socket_of(app, await key_of(acme)) as socket:
        await socket.receive_json(timeout=5)
        await say(socket, WATCH, filter={"phone": {"eq": "12"}})
        message = await socket.receive_json(timeout=5)

    assert "IMPLAUSIBLE_PHONE" in str(message)


async def test_an_import_of_many_is_told_customer_by_customer(app: Starlette, key_of: KeyOf, acme: Actor) -> None:
    async with socket_of(app, await key_of(acme)) as socket:
        await _listening(socket)
        async with acting_as(acme):
            names: list[str | None] = [f"Customer {number}" for number in range(BEHIND_MOST + 20)]
            await take_in(Batch(RecordType.CUSTOMER, [*range(len(names))], {"name": names}), IntakeRules())
        told = [await _next(socket) for _ in names]

    assert [each["customer"]["name"] for each in told] == names


async def test_who_sees_some_customers_hears_of_those_and_of_fields_that_may_be_seen(app: Starlette, stored: Stored, acme: Actor) -> None:
    somebody = await member_of(acme, None, SALES.id)
    async with socket_of(app, (await somebody.sign_in()).access) as socket:
        await _listening(socket)
        await stored(acme, name="Of a colleague", external_id="B", owner="Somebody else")
        await stored(acme, RecordType.NEED, customer_external_id="B", what="tea")
        own = await stored(acme, name="Own", external_id="A", owner=somebody.email)
        created = await _next(socket)
        await stored(acme, id=own, phone="13812345678", national_id="110101199003071233", city="杭州")
        changed = await _next(socket)

    assert (created["customerId"], created["customer"]["name"]) == (own, "Own")
    [record] = changed["changes"]
    assert {"phone", "city"} <= set(record["fields"])
    assert "nationalId" not in record["fields"]  # SALES sees a mask of it
