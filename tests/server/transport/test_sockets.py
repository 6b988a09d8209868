"""Websockets: graphql-transport-ws to the letter, bounded, and closed when the key is not good any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx_ws import AsyncWebSocketSession, WebSocketDisconnect, aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from starlette.types import ASGIApp

from server.transport import lasting, sockets
from tenants.api_keys import add_api_key, revoke
from tenants.life import status
from tenants.session import Actor, acting_as
from tests.server.conftest import KeyOf
from tests.server.transport.conftest import WithSettings

LISTEN = "subscription { customerChanged { action } }"
SECONDS = 5.0


@asynccontextmanager
async def opened_socket(app: ASGIApp, protocol: str = "graphql-transport-ws", **headers: str) -> AsyncIterator[AsyncWebSocketSession]:
    async with (
        httpx.AsyncClient(transport=ASGIWebSocketTransport(app), base_url="http://kelu.test") as client,  # type: ignore[arg-type]  # an ASGI application
        aconnect_ws("/graphql", client, subprotocols=[protocol], headers=headers) as socket,  # type: ignore[var-annotated]  # as in test_progress
    ):
        yield socket


@asynccontextmanager
async def greeted(app: ASGIApp, secret: str) -> AsyncIterator[AsyncWebSocketSession]:
    async with opened_socket(app) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}})
        assert await socket.receive_json(timeout=SECONDS) == {"type": "connection_ack"}
        yield socket


async def say(socket: AsyncWebSocketSession, id: str, query: str, **more: Any) -> None:
    await socket.send_json({"id": id, "type": "subscribe", "payload": {"query": query, **more}})


async def closed(socket: AsyncWebSocketSession) -> tuple[int, str]:
    with pytest.raises(WebSocketDisconnect) as found:
        while True:
            await socket.receive_json(timeout=SECONDS)
    return found.value.code, found.value.reason or ""


async def test_queries_and_mutations_go_over_a_socket_too(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    async with greeted(app, await key_of(acme)) as socket:
        await say(socket, "a", 'mutation { createCustomer(input: {name: "Zoë"}) { customer { name } } }')
        made = [await socket.receive_json(timeout=SECONDS), await socket.receive_json(timeout=SECONDS)]
        await say(socket, "b", "query A { __typename } query B { customers { totalCount } }", operationName="B")
        read = [await socket.receive_json(timeout=SECONDS), await socket.receive_json(timeout=SECONDS)]

    assert made[0]["payload"]["data"] == {"createCustomer": {"customer": {"name": "Zoë"}}}
    assert read[0]["payload"]["data"] == {"customers": {"totalCount": 1}}
    assert [made[1], read[1]] == [{"id": "a", "type": "complete"}, {"id": "b", "type": "complete"}]


@pytest.mark.parametrize(
    ("document", "code"),
    [("{", "INVALID"), ("{ nothing }", "INVALID"), ("{ " * 50, "INVALID"), ("{ " + "__typename " * 21 + "}", "TOO_LARGE")],
)
async def test_what_cannot_run_is_an_error_of_that_operation_alone(
    app: ASGIApp, key_of: KeyOf, acme: Actor, document: str, code: str
) -> None:
    async with greeted(app, await key_of(acme)) as socket:
        await say(socket, "a", document)
        wrong = await socket.receive_json(timeout=SECONDS)
        await say(socket, "a", "{ __typename }")
        right = await socket.receive_json(timeout=SECONDS)

    assert (wrong["id"], wrong["type"], wrong["payload"][0]["extensions"]["code"]) == ("a", "error", code)
    assert right["payload"]["data"] == {"__typename": "Query"}


async def test_pings_are_answered_before_and_after_the_greeting(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    async with opened_socket(app) as socket:
        await socket.send_json({"type": "ping", "payload": {"a": 1}})
        early = await socket.receive_json(timeout=SECONDS)
        await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {await key_of(acme)}"}})
        await socket.receive_json(timeout=SECONDS)
        await socket.send_json({"type": "pong"})
        await socket.send_json({"type": "ping"})
        late = await socket.receive_json(timeout=SECONDS)

    assert early == late == {"type": "pong"}


async def test_a_program_may_send_its_key_with_the_handshake(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    async with opened_socket(app, authorization=f"Bearer {await key_of(acme)}") as socket:
        await socket.send_json({"type": "connection_init"})

        assert await socket.receive_json(timeout=SECONDS) == {"type": "connection_ack"}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (['{"type": "connection_init"}'], 4403),
        (['{"type": "connection_init", "payload": {"authorization": "Bearer kelu_x"}}'], 4403),
        (['{"type": "connection_init", "payload": {"authorization": {"a": 1}}}'], 4403),
        (['{"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}}'], 4401),
        (["nonsense"], 4400),
        (["3"], 4400),
        (['{"type": 3}'], 4400),
        (['{"type": "ping"}', "[" * 5_000], 4400),
        (['{"type": "ping"}', '{"type": [' + "[]," * 100_000], 1009),
    ],
)
async def test_who_does_not_say_who_it_is_gets_no_further(app: ASGIApp, messages: list[str], code: int) -> None:
    async with opened_socket(app) as socket:
        for message in messages:
            await socket.send_text(message)

        assert (await closed(socket))[0] == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init"}, 4429),
        ({"type": "start", "id": "1", "payload": {}}, 4400),
        ({"type": "subscribe", "payload": {"query": "{ __typename }"}}, 4400),
        ({"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}, 4400),
        ({"type": "subscribe", "id": 3, "payload": {"query": "{ __typename }"}}, 4400),
        ({"type": "subscribe", "id": "x" * 101, "payload": {"query": "{ __typename }"}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": "{ __typename }"}, 4400),
        ([], 4400),
    ],
)
async def test_a_message_the_protocol_does_not_have_closes_the_socket(
    app: ASGIApp, key_of: KeyOf, acme: Actor, message: Any, code: int
) -> None:
    async with greeted(app, await key_of(acme)) as socket:
        await socket.send_json(message)

        assert (await closed(socket))[0] == code


async def test_an_id_is_used_once_at_a_time(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    async with greeted(app, await key_of(acme)) as socket:
        await say(socket, "a", LISTEN)
        await say(socket, "a", LISTEN)

        assert await closed(socket) == (4409, "Subscriber for a already exists")


async def test_a_socket_that_speaks_another_protocol_is_closed(app: ASGIApp) -> None:
    code = 0
    try:
        async with opened_socket(app, "graphql-ws") as socket:
            code, _ = await closed(socket)
    except BaseExceptionGroup as group:
        code = next(each.code for each in group.exceptions if isinstance(each, WebSocketDisconnect))
    except WebSocketDisconnect as error:
        code = error.code

    assert code == 4406


async def test_who_says_nothing_is_not_waited_for(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.2)
    async with opened_socket(app) as socket:
        assert await closed(socket) == (4408, "Connection initialisation timeout")


async def test_operations_of_a_socket_are_bounded_and_a_completed_one_makes_room(
    with_settings: WithSettings, key_of: KeyOf, acme: Actor
) -> None:
    async with greeted(with_settings(operations_most=2), await key_of(acme)) as socket:
        for id in ("a", "b", "c"):
            await say(socket, id, LISTEN)
        refused = await socket.receive_json(timeout=SECONDS)
        await socket.send_json({"id": "a", "type": "complete"})
        await say(socket, "d", "{ __typename }")
        fine = await socket.receive_json(timeout=SECONDS)

    assert (refused["id"], refused["type"], refused["payload"][0]["extensions"]["code"]) == ("c", "error", "TOO_LARGE")
    assert (fine["id"], fine["type"]) == ("d", "next")


async def test_a_key_has_so_many_sockets_and_a_place_is_free_again(with_settings: WithSettings, key_of: KeyOf, acme: Actor) -> None:
    app, secret = with_settings(sockets_most=1), await key_of(acme)

    async with greeted(app, secret), opened_socket(app) as second:
        await second.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {secret}"}})
        code, _ = await closed(second)
    await asyncio.sleep(0.1)
    async with greeted(app, secret):
        pass

    assert code == 4429
    await asyncio.sleep(0.1)
    assert secret not in lasting._open


async def test_a_revoked_key_closes_a_silent_socket_within_five_seconds(app: ASGIApp, acme: Actor) -> None:
    async with acting_as(acme):
        key, secret = await add_api_key("test")

    async with greeted(app, secret) as socket:
        await say(socket, "a", LISTEN)
        async with acting_as(acme):
            await revoke(UUID(str(key.id)))

        assert (await closed(socket))[0] == 4403


async def test_a_suspended_tenant_closes_a_silent_socket_within_five_seconds(app: ASGIApp, acme: Actor) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("test")

    async with greeted(app, secret) as socket:
        await say(socket, "a", LISTEN)
        await status.suspend(acme)

        assert (await closed(socket))[0] == 4403


async def test_a_bug_closes_the_socket_and_tells_nothing(app: ASGIApp, key_of: KeyOf, acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Actor:
        raise RuntimeError("/srv/kelu/secret")

    async with greeted(app, await key_of(acme)) as socket:
        monkeypatch.setattr("server.authentication.authenticate", broken)

        assert await closed(socket) == (1011, "Internal error")
