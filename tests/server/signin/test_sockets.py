"""Websockets and event streams of members: by token, by the cookie of a page that may, and no longer than the token is good."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import httpx
import pytest
from httpx_ws import WebSocketDisconnect
from starlette.applications import Starlette

from server.transport import sockets
from server.transport.lasting import _open
from tenants.access.actors import BELIEVED_SECONDS
from tenants.session import Actor, acting_as
from tenants.signin import sessions, standing
from tests.server.conftest import KeyOf, Stored
from tests.server.signin.conftest import sign_in
from tests.server.transport.test_sockets import SECONDS, closed, greeted, opened_socket, say
from tests.tenants.signin.members import MakeMember

INIT = {"type": "connection_init"}
OWN = "http://kelu.test"


async def test_a_program_says_its_token_in_the_first_message(app: Starlette, acme: Actor, make_member: MakeMember) -> None:
    async with greeted(app, (await (await make_member(acme)).sign_in()).access) as socket:
        await socket.send_json({"id": "a", "type": "subscribe", "payload": {"query": "{ customers { totalCount } }"}})
        assert (await socket.receive_json(timeout=SECONDS))["payload"]["data"] == {"customers": {"totalCount": 0}}


async def greeting_by_cookie(app: Starlette, cookie: str, origin: str | None) -> dict[str, str] | tuple[int, str] | None:
    """What a socket says to a page of an origin that brings a cookie: a message, how it is closed; None where it is not even opened."""
    found: dict[str, str] | tuple[int, str] | None = None
    with suppress(Exception):  # the client's own, which the server's refusal becomes
        async with opened_socket(app, cookie=f"kelu_access={cookie}", **({"origin": origin} if origin else {})) as socket:
            await socket.send_json(INIT)
            try:
                found = await socket.receive_json(timeout=SECONDS)
            except WebSocketDisconnect as refused:
                found = (refused.code, refused.reason or "")
    return found


async def test_only_a_page_that_may_is_known_by_the_cookie(
    app: Starlette, browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    """Cross-site websocket hijacking: a browser sends cookies along with a handshake whichever page asks for it."""
    await sign_in(browser, await make_member(acme))
    cookie = browser.cookies["kelu_access"]

    assert await greeting_by_cookie(app, cookie, OWN) == {"type": "connection_ack"}
    assert await greeting_by_cookie(app, cookie, None) == (4403, "Forbidden")
    for origin in ("https://attacker.example", "null", "http://evil.kelu.test"):
        assert await greeting_by_cookie(app, cookie, origin) is None


async def test_who_comes_to_a_socket_as_two_is_refused(
    app: Starlette, browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember, key_of: KeyOf
) -> None:
    await sign_in(browser, await make_member(acme))

    async with opened_socket(app, cookie=f"kelu_access={browser.cookies['kelu_access']}", origin=OWN) as socket:
        await socket.send_json(INIT | {"payload": {"authorization": f"Bearer {await key_of(acme)}"}})
        assert await closed(socket) == (4403, "Forbidden")


async def test_a_socket_is_closed_when_its_token_expires(
    app: Starlette, acme: Actor, make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client connects anew with the next token; so nobody who has copied one listens for longer than it is good."""
    monkeypatch.setattr(sockets, "BEAT_SECONDS", 0.1)
    tokens = await (await make_member(acme)).sign_in()
    async with greeted(app, tokens.access) as socket:
        now = time.time
        monkeypatch.setattr("tenants.signin.tokens.time.time", lambda: now() + 3_600)
        assert await closed(socket) == (4403, "Forbidden")
    monkeypatch.undo()
    assert (await standing.authenticate(tokens.access)).token.session_id == tokens.session_id


async def test_sockets_of_one_session_are_counted_together_whichever_token_opens_them(
    app: Starlette, acme: Actor, make_member: MakeMember
) -> None:
    first = await (await make_member(acme)).sign_in()
    async with greeted(app, first.access):
        second = await sessions.refresh(first.refresh, "192.0.2.8")
        async with greeted(app, second.access):
            await asyncio.sleep(0)
            assert _open[first.session_id.hex] == 2


async def test_who_has_lost_his_roles_is_told_nothing_more_on_a_socket_that_is_open(
    app: Starlette, acme: Actor, make_member: MakeMember, stored: Stored
) -> None:
    member = await make_member(acme)
    tokens = await member.sign_in()
    async with greeted(app, tokens.access) as socket:
        await say(socket, "a", "subscription { customerChanged { customer { name } } }")
        await asyncio.sleep(0.2)  # until it listens
        await stored(acme, name="张伟")
        heard = await socket.receive_json(timeout=SECONDS)

        async with acting_as(acme) as unit:
            await unit.connection.execute("UPDATE member SET role_ids = '{}' WHERE tenant_id = $1 AND id = $2", acme.tenant_id, member.id)
        await asyncio.sleep(BELIEVED_SECONDS)
        await stored(acme, name="Zoë Ångström")
        await say(socket, "b", "{ customers { totalCount } }")
        answers = [await socket.receive_json(timeout=SECONDS) for _ in range(2)]

    assert heard["payload"]["data"] == {"customerChanged": {"customer": {"name": "张伟"}}}
    assert "Zoë" not in str(answers)
    assert {(each["id"], "NOT_ALLOWED" in str(each)) for each in answers} == {("a", True), ("b", True)}
