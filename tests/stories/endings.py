"""How long it takes until an ending is felt: by a request, by an open websocket and by an event stream, in a server that did not do it.

The server is a process of its own; the ending is done here, as another process of ours would do it. A request is sent every 20 ms;
counted is the time from the commit of the ending until the first request was sent that is refused. All kinds are measured side by side,
each in a tenant of its own.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tenants.api_keys import add_api_key, revoke
from tenants.people.members import MemberStatus, move
from tenants.people.resets import change_password
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tenants.signin import sessions
from tests.tenants.signin.members import PASSWORD, Somebody, member_of

QUERY = {"query": "{ customers(first: 1) { totalCount } }"}
SUBSCRIPTION = {"query": "subscription { customerChanged { action } }"}

#: What is promised.
REQUEST_SECONDS, LASTING_SECONDS = 1.0, 5.0

_EVERY_SECONDS = 0.02
_PATIENCE_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Held:
    """What is ended: by somebody who acts in the tenant."""

    actor: Actor
    member: Somebody
    session_id: Any
    key_id: Any
    bearer: str


@dataclass(frozen=True, slots=True)
class Felt:
    """Seconds from the commit of an ending to the first refused request, the closed socket and the ended stream; None: it stays open."""

    request: float
    socket: float | None
    stream: float | None


Ending = Callable[[Held], Awaitable[object]]


async def _session_ended(held: Held) -> None:
    async with acting_as(held.actor):
        await sessions.end(held.session_id)


async def _all_ended(held: Held) -> None:
    async with acting_as(held.actor):
        await sessions.end_all(held.member.id)


async def _password_changed(held: Held) -> None:
    await change_password(held.member.person_id, PASSWORD, "山上 seven lanterns glow")


async def _roles_taken(held: Held) -> None:
    async with acting_as(held.actor) as unit:
        await unit.connection.execute(
            "UPDATE member SET role_ids = '{}' WHERE tenant_id = $1 AND id = $2", held.actor.tenant_id, held.member.id
        )


async def _suspended(held: Held) -> None:
    async with acting_as(held.actor):
        await move(held.member.id, MemberStatus.SUSPENDED)


async def _removed(held: Held) -> None:
    async with acting_as(held.actor):
        await move(held.member.id, MemberStatus.REMOVED)


async def _tenant_suspended(held: Held) -> None:
    async with acting_as(held.actor) as unit:
        await unit.connection.execute("UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1", held.actor.tenant_id)


async def _key_revoked(held: Held) -> None:
    async with acting_as(held.actor):
        await revoke(held.key_id)


KEY_REVOKED, ROLES_TAKEN = "key revoked", "roles taken away"
ENDINGS: dict[str, Ending] = {
    "session ended": _session_ended,
    "all sessions ended": _all_ended,
    "password changed": _password_changed,
    ROLES_TAKEN: _roles_taken,
    "member suspended": _suspended,
    "member removed": _removed,
    "tenant suspended": _tenant_suspended,
    KEY_REVOKED: _key_revoked,
}


async def measured(url: str) -> dict[str, Felt]:
    """What each kind of ending took, at a server's /graphql."""
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_SECONDS, limits=httpx.Limits(max_connections=100)) as client:
        felt = await asyncio.gather(*(_measured(client, url, name) for name in ENDINGS))
    return dict(zip(ENDINGS, felt, strict=True))


async def _measured(client: httpx.AsyncClient, url: str, name: str) -> Felt:
    held = await _held(name)
    async with asyncio.timeout(4 * _PATIENCE_SECONDS):
        opened: list[asyncio.Event] = [asyncio.Event() for _ in range(3)]
        waiting = [
            asyncio.create_task(act(client, url, held.bearer, event))
            for act, event in zip((_until_refused, _until_closed, _until_over), opened, strict=True)
        ]
        await asyncio.gather(*(event.wait() for event in opened))
        await asyncio.sleep(random.uniform(0.05, 1.5))  # at any moment of what a process believes, and of a socket's beat
        await ENDINGS[name](held)
        ended_at = time.monotonic()
        # Who may still come in, and do nothing, keeps what is open; what it asks there is refused like any request.
        lasting = [] if name == ROLES_TAKEN else [await each for each in waiting[1:]]
        request = await waiting[0]
        for each in waiting[1:]:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    after = [max(at - ended_at, 0.0) for at in (request, *lasting)]
    return Felt(after[0], *(after[1:] or (None, None)))


async def _held(name: str) -> Held:
    actor = Actor((await add_tenant("A tenant of a measurement")).id, ActorKind.OPERATOR)
    member = await member_of(actor)
    await member_of(actor)  # another admin: the last one cannot be suspended
    tokens = await member.sign_in()
    async with acting_as(actor):
        key, secret = await add_api_key("measured")
    return Held(actor, member, tokens.session_id, key.id, secret if name == KEY_REVOKED else tokens.access)


async def _until_refused(client: httpx.AsyncClient, url: str, bearer: str, opened: asyncio.Event) -> float:
    """When the first request was sent that was refused."""
    while True:
        sent_at = time.monotonic()
        answer = await client.post(url, json=QUERY, headers={"Authorization": f"Bearer {bearer}"})
        if answer.status_code != 200 or "errors" in answer.json():
            assert opened.is_set(), answer.text
            return sent_at
        opened.set()
        await asyncio.sleep(_EVERY_SECONDS)


async def _until_closed(_: httpx.AsyncClient, url: str, bearer: str, opened: asyncio.Event) -> float:
    """When a socket that nothing happens on was closed."""
    async with connect(url.replace("http", "ws", 1), subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]  # a NewType of str
        await socket.send(orjson.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {bearer}"}}).decode())
        assert orjson.loads(await socket.recv())["type"] == "connection_ack"
        opened.set()
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        return time.monotonic()


async def _until_over(client: httpx.AsyncClient, url: str, bearer: str, opened: asyncio.Event) -> float:
    """When an event stream that nothing happens on was over."""
    headers = {"Authorization": f"Bearer {bearer}", "Accept": "text/event-stream"}
    async with client.stream("POST", url, json=SUBSCRIPTION, headers=headers) as answer:
        assert answer.status_code == 200
        opened.set()
        async for _ in answer.aiter_bytes():
            pass
        return time.monotonic()
