"""Signing in over HTTP: a program and a browser, from the password to the end of the session."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tenants.access.built_in import SALES
from tenants.ids import global_id
from tenants.session import Actor
from tests.server.signin.conftest import MARK, bearer, count, sign_in
from tests.tenants.signin.members import PASSWORD, MakeMember


async def test_a_program_signs_in_asks_refreshes_and_signs_out(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)

    first = await sign_in(http, member, **{"as": "bearer"})
    assert (first["tenant"], first["member"]) == (global_id("TENANT", acme.tenant_id), global_id("MEMBER", member.id))
    assert await count(http, **bearer(first["accessToken"])) == 200
    second = (await http.post("/auth/refresh", json={"refreshToken": first["refreshToken"]})).json()
    assert second["session"] == first["session"]
    assert await count(http, **bearer(second["accessToken"])) == 200
    assert (await http.post("/auth/sign-out", json={"refreshToken": second["refreshToken"]})).json() == {}

    assert await count(http, **bearer(second["accessToken"])) == 401
    assert (await http.post("/auth/refresh", json={"refreshToken": second["refreshToken"]})).status_code == 401


async def test_of_fifty_refreshes_over_http_at_once_one_wins_and_nobody_goes_on(
    http: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    token = {"refreshToken": (await sign_in(http, await make_member(acme), **{"as": "bearer"}))["refreshToken"]}

    answers = await asyncio.gather(*(http.post("/auth/refresh", json=token) for _ in range(50)))

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert (len(won), {answer.status_code for answer in answers}) == (1, {200, 401})
    assert await count(http, **bearer(won[0]["accessToken"])) == 401
    assert (await http.post("/auth/refresh", json={"refreshToken": won[0]["refreshToken"]})).status_code == 401


async def test_a_browser_signs_in_asks_refreshes_and_signs_out(browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    body = await sign_in(browser, await make_member(acme))

    assert not any("oken" in name for name in body)
    assert await count(browser) == 200
    before = dict(browser.cookies)
    assert (await browser.post("/auth/refresh", json={})).status_code == 200
    assert {name for name, value in browser.cookies.items() if value != before.get(name)} == {"kelu_access", "kelu_refresh"}
    assert await count(browser) == 200
    assert (await browser.post("/auth/sign-out", json={})).status_code == 200

    assert set(browser.cookies) == {"kelu_device"}
    assert await count(browser) == 401


@pytest.mark.parametrize(
    ("public_url", "prefix", "is_secure"), [("https://crm.example.org", "__Host-", True), ("http://127.0.0.1", "", False)]
)
async def test_cookies_are_for_this_host_and_no_script(
    with_settings: Any, acme: Actor, make_member: MakeMember, public_url: str, prefix: str, is_secure: bool
) -> None:
    app = with_settings(public_url=public_url)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=public_url, headers=MARK) as client:
        member = await make_member(acme)
        answer = await client.post("/auth/sign-in", json={"email": member.email, "password": PASSWORD})
        assert await count(client) == 200

    made = answer.headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in made] == [f"{prefix}kelu_{name}" for name in ("access", "refresh", "device")]
    for each in made:
        attributes = [part.strip() for part in each.split(";")[1:]]
        assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(attributes)
        assert ("Secure" in attributes) is is_secure
        assert not any(part.lower().startswith("domain") for part in attributes)


async def test_who_is_in_several_tenants_chooses_one_after_the_password(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    here = await make_member(acme)
    there = await make_member(globex, here)
    wanted = global_id("TENANT", globex.tenant_id)

    choice = await sign_in(http, here, **{"as": "bearer"})
    assert {each["tenant"] for each in choice["choose"]} == {global_id("TENANT", acme.tenant_id), wanted}
    chosen = await http.post("/auth/sign-in", json={"ticket": choice["ticket"], "tenant": wanted, "as": "bearer"})
    at_once = await sign_in(http, here, tenant=wanted, **{"as": "bearer"})

    assert chosen.json()["member"] == at_once["member"] == global_id("MEMBER", there.id)
    assert await count(http, **bearer(chosen.json()["accessToken"])) == 200


async def test_a_ticket_opens_no_tenant_but_the_own_ones(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_tenant: Any, make_member: MakeMember
) -> None:
    here = await make_member(acme)
    await make_member(globex, here)
    foreign = await make_tenant()
    await make_member(foreign)

    ticket = (await sign_in(http, here, **{"as": "bearer"}))["ticket"]
    for tenant in (global_id("TENANT", foreign.tenant_id), "ten_x", global_id("MEMBER", here.id)):
        answer = await http.post("/auth/sign-in", json={"ticket": ticket, "tenant": tenant, "as": "bearer"})
        assert (answer.status_code, answer.json()["code"]) == (401, "NOT_ALLOWED")
    for wrong in (ticket[:-4] + "AAAA", "x", ticket + "x"):
        answer = await http.post("/auth/sign-in", json={"ticket": wrong, "tenant": global_id("TENANT", acme.tenant_id), "as": "bearer"})
        assert answer.status_code == 401


async def test_whatever_is_wrong_is_told_in_the_same_words(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    attempts = [
        {"email": member.email, "password": "not the password"},
        {"email": "nobody.at.all@example.org", "password": PASSWORD},
        {"email": "no e-mail", "password": PASSWORD},
        {"email": member.email, "password": PASSWORD, "tenant": "ten_x"},
    ]

    answers = [await http.post("/auth/sign-in", json=attempt | {"as": "bearer"}) for attempt in attempts]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_too_many_wrong_passwords_have_to_wait(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    attempt = {"email": (await make_member(acme)).email, "password": "not the password", "as": "bearer"}

    answers = [await http.post("/auth/sign-in", json=attempt) for _ in range(7)]

    assert answers[0].status_code == 401
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "RATE_LIMITED")
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ["email"]),
        ({"email": 1, "password": "x"}, ["email"]),
        ({"email": "a@example.org", "password": ""}, ["password"]),
        ({"email": "a@example.org", "password": "x" * 2000}, ["password"]),
        ({"email": "a@example.org", "password": ["x"]}, ["password"]),
        ({"email": "a@example.org", "password": "x", "as": "admin"}, ["as"]),
        ({"email": "a@example.org", "password": "x", "code": 123456}, ["code"]),
        ({"ticket": "x"}, ["tenant"]),
    ],
)
async def test_a_body_that_is_not_well_formed_is_told_where(http: httpx.AsyncClient, body: dict[str, Any], field: list[str]) -> None:
    answer = await http.post("/auth/sign-in", json={"as": "bearer"} | body)

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "INVALID", field)


@pytest.mark.parametrize(
    ("content", "type_", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b"email=a@example.org&password=x", "application/x-www-form-urlencoded", 400),
        (b'{"email": "a@example.org", "password": "x"}', "text/plain", 400),
        (b'{"email": "' + b"x" * 20_000 + b'"}', "application/json", 413),
    ],
)
async def test_what_is_no_small_json_object_is_refused(http: httpx.AsyncClient, content: bytes, type_: str, status: int) -> None:
    answer = await http.post("/auth/sign-in", content=content, headers={"Content-Type": type_})

    assert answer.status_code == status


async def test_a_member_lists_and_ends_his_sessions(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    one, two, three = [await sign_in(http, member, **{"as": "bearer"}) for _ in range(3)]
    mine = bearer(one["accessToken"])

    listed = (await http.get("/auth/sessions", headers=mine)).json()["sessions"]
    assert {each["session"] for each in listed} == {each["session"] for each in (one, two, three)}
    assert [each["session"] for each in listed if each["isCurrent"]] == [one["session"]]
    assert (await http.post("/auth/sessions/end", json={"session": two["session"]}, headers=mine)).json() == {"ended": 1}
    assert await count(http, **bearer(two["accessToken"])) == 401
    assert (await http.post("/auth/sessions/end", json={"others": True}, headers=mine)).json() == {"ended": 1}

    assert await count(http, **bearer(three["accessToken"])) == 401
    assert await count(http, **mine) == 200


async def test_who_manages_members_ends_their_sessions_and_nobody_else_does(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    admin, seller, stranger = await make_member(acme), await make_member(acme, None, SALES.id), await make_member(globex)
    tokens = {who: await sign_in(http, who, **{"as": "bearer"}) for who in (admin, seller, stranger)}

    async def end(by: Any, of: Any) -> httpx.Response:
        return await http.post("/auth/sessions/end", json={"member": tokens[of]["member"]}, headers=bearer(tokens[by]["accessToken"]))

    assert (await end(seller, admin)).status_code == 403
    assert (await end(stranger, seller)).json() == {"ended": 0}
    assert await count(http, **bearer(tokens[seller]["accessToken"])) == 200
    assert (await end(admin, seller)).json() == {"ended": 1}

    assert await count(http, **bearer(tokens[seller]["accessToken"])) == 401
    assert await count(http, **bearer(tokens[admin]["accessToken"])) == 200


async def test_an_api_key_has_no_sessions(http: httpx.AsyncClient, acme: Actor, key_of: Any) -> None:
    answer = await http.get("/auth/sessions", headers=bearer(await key_of(acme)))

    assert (answer.status_code, answer.json()["code"]) == (403, "MAY_NOT")
