"""Server-sent events: one operation a request, told until it is over, and for as long as its key is good."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from starlette.types import ASGIApp

from server.transport import lasting
from tenants.api_keys import add_api_key, revoke
from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, KeyOf
from tests.server.test_imports import bring_to, started
from tests.server.transport.conftest import TYPENAME, Send, WithSettings, streaming

WATCH = "subscription ($id: ID!) { importProgress(id: $id) { status rowsRead } }"
LISTEN = {"query": "subscription { customerChanged { customer { name } } }"}
CREATE = "mutation ($name: String!) { createCustomer(input: {name: $name}) { customer { name } } }"


def watch(id: str) -> dict[str, Any]:
    return {"query": WATCH, "variables": {"id": id}}


def events_of(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, as their names and what their JSON says; beats are left out."""
    blocks = [block.split("\n", 1) for block in text.split("\n\n") if block.startswith("event: ")]
    return [
        (name.removeprefix("event: "), orjson.loads(line.removeprefix("data: ")) if line != "data: " else None) for name, line in blocks
    ]


async def test_progress_is_told_until_the_import_is_over(
    app: ASGIApp, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]

    async with streaming(app, await key_of(acme), watch(id)) as stream:
        await stream.until("WAITING")
        await bring_to(acme, id, status="RUNNING", rows_read=1)
        await stream.until("RUNNING")
        await bring_to(acme, id, status="DONE")
        text = await stream.over()

    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert stream.headers["cache-control"] == "no-store"
    progress = [
        ("next", {"data": {"importProgress": {"status": status, "rowsRead": rows}}})
        for status, rows in [("WAITING", 0), ("RUNNING", 1), ("DONE", 1)]
    ]
    assert events_of(text) == [*progress, ("complete", None)]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_is_one_event(send: Send, method: str) -> None:
    answer = await send(method, Accept="text/event-stream")

    assert events_of(answer.text)[0][1]["data"] == {"__typename": "Query"}
    assert [name for name, _ in events_of(answer.text)] == ["next", "complete"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "{"}, 400, "INVALID"),
        ({"query": "subscription { nothing }"}, 400, "INVALID"),
        ({"query": WATCH}, 400, "INVALID"),
        ({}, 400, "INVALID"),
    ],
)
async def test_what_cannot_run_is_told_before_a_stream_begins(send: Send, body: dict[str, Any], status: int, code: str) -> None:
    answer = await send(body=body, Accept="text/event-stream")

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_another_tenants_import_is_none(
    app: ASGIApp, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, globex: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]

    async with streaming(app, await key_of(globex), watch(id)) as stream:
        (name, told), *rest = events_of(await stream.over())

    assert (name, [error["extensions"] for error in told["errors"]], rest) == ("next", [{"code": "NOT_FOUND"}], [("complete", None)])


async def test_a_change_is_told_to_its_own_tenant_only(app: ASGIApp, graphql: Ask, key_of: KeyOf, acme: Actor, globex: Actor) -> None:
    async with streaming(app, await key_of(acme), LISTEN) as ours, streaming(app, await key_of(globex), LISTEN) as theirs:
        await asyncio.gather(ours.until(":\n\n"), theirs.until(":\n\n"))  # both listen by now
        await graphql(CREATE, as_=acme, name="欧阳娜娜")
        await graphql(CREATE, as_=globex, name="Zoë")
        await asyncio.gather(ours.until("娜娜"), theirs.until("Zoë"))

    assert "Zoë" not in ours.text
    assert "娜娜" not in theirs.text


async def test_a_revoked_key_ends_a_stream_within_five_seconds_though_nothing_happens(app: ASGIApp, acme: Actor) -> None:
    async with acting_as(acme):
        key, secret = await add_api_key("test")

    async with streaming(app, secret, LISTEN) as stream:
        await stream.until(":\n\n")
        async with acting_as(acme):
            await revoke(UUID(str(key.id)))
        async with asyncio.timeout(5):
            text = await stream.over()

    (name, told), last = events_of(text)
    assert (name, told["errors"][0]["extensions"], last) == ("next", {"code": "NOT_ALLOWED"}, ("complete", None))


async def test_a_key_has_so_many_streams_and_a_place_is_free_again(with_settings: WithSettings, key_of: KeyOf, acme: Actor) -> None:
    app, secret = with_settings(sockets_most=2), await key_of(acme)

    async with streaming(app, secret, LISTEN) as first, streaming(app, secret, LISTEN) as second:
        await asyncio.gather(first.until(":\n\n"), second.until(":\n\n"))
        async with streaming(app, secret, LISTEN) as third:
            refused = orjson.loads(await third.over())
    async with streaming(app, secret, TYPENAME) as fourth:
        await fourth.over()

    assert (third.status, refused["errors"][0]["extensions"]["code"]) == (429, "TOO_MANY")
    assert (fourth.status, secret in lasting._open) == (200, False)


async def test_a_client_that_is_gone_leaves_nothing_behind(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with streaming(app, await key_of(acme), LISTEN) as stream:
            await stream.until(":\n\n")
    await asyncio.sleep(0.2)

    assert len(asyncio.all_tasks()) <= before + 1  # the feed's listener may stay for the next
    assert await key_of(acme) not in lasting._open
