"""Progress over a websocket: told until the import is over, to its own tenant, for as long as the key is good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx_ws import AsyncWebSocketSession, WebSocketDisconnect, aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from starlette.applications import Starlette

from tenants.api_keys import add_api_key, revoke
from tenants.ids import global_id, new_id
from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, KeyOf
from tests.server.test_imports import bring_to, started

WATCH = "subscription ($id: ID!) { importProgress(id: $id) { id status rowsRead run: __typename p: problems(first: 1) { row } } }"


@asynccontextmanager
async def socket_of(app: Starlette, secret: str | None) -> AsyncIterator[AsyncWebSocketSession]:
    async with (
        httpx.AsyncClient(transport=ASGIWebSocketTransport(app), base_url="http://kelu.test") as client,
        aconnect_ws("/graphql", client, subprotocols=["graphql-transport-ws"]) as socket,  # type: ignore[var-annotated]  # its own types leave it open
    ):
        await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {secret}"} if secret else {}})
        yield socket


async def say(socket: AsyncWebSocketSession, query: str, **variables: Any) -> None:
    await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}})


async def test_progress_is_told_until_the_import_is_over(
    app: Starlette, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]

    async with socket_of(app, await key_of(acme)) as socket:
        assert await socket.receive_json() == {"type": "connection_ack"}
        await say(socket, WATCH, id=id)
        first = await socket.receive_json()
        await bring_to(acme, id, status="RUNNING", rows_read=1)
        second = await socket.receive_json()
        await bring_to(acme, id, status="DONE")
        rest = [await socket.receive_json(), await socket.receive_json()]

    run = {"id": id, "run": "Import", "p": []}
    assert first["payload"]["data"]["importProgress"] == {**run, "status": "WAITING", "rowsRead": 0}
    assert second["payload"]["data"]["importProgress"] == {**run, "status": "RUNNING", "rowsRead": 1}
    assert rest[0]["payload"]["data"]["importProgress"] == {**run, "status": "DONE", "rowsRead": 1}
    assert rest[1] == {"id": "1", "type": "complete"}


@pytest.mark.parametrize("secret", [None, "nonsense"])
async def test_a_socket_without_a_good_key_is_closed(app: Starlette, secret: str | None) -> None:
    async with socket_of(app, secret) as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            await socket.receive_json()
        assert closed.value.code == 4403


async def test_another_tenants_import_cannot_be_watched(
    app: Starlette, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, globex: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]

    told = []
    async with socket_of(app, await key_of(globex)) as socket:
        await socket.receive_json()
        for each in (id, global_id("IMPORT", new_id()), "x"):
            await say(socket, WATCH, id=each)
            answer = await socket.receive_json(timeout=5)
            assert answer["type"] == "error"
            told.append([(error["message"], error["extensions"]) for error in answer["payload"]])

    assert told == [[("There is no such import.", {"code": "NOT_FOUND"})]] * 3


async def test_a_revoked_key_closes_an_open_socket_soon(
    app: Starlette, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]
    async with acting_as(acme):
        key, secret = await add_api_key("test")

    async with socket_of(app, secret) as socket:
        await socket.receive_json(timeout=5)
        await say(socket, WATCH, id=id)
        await socket.receive_json(timeout=5)
        async with acting_as(acme):
            await revoke(UUID(str(key.id)))
        with pytest.raises(WebSocketDisconnect) as closed:
            while True:
                await socket.receive_json(timeout=5)

    assert closed.value.code == 4403


async def test_a_subscription_over_http_is_refused(graphql: Ask, acme: Actor) -> None:
    answer = await graphql(WATCH, as_=acme, id="imp_1")

    assert answer.codes == ["INVALID"]
    assert "websocket" in answer.errors[0]["message"]
