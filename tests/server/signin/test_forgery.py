"""Requests that a page of somebody else has a browser send with our cookies, and what else tries to borrow a session."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from tenants.session import Actor
from tests.server.conftest import KeyOf
from tests.server.signin.conftest import COUNTED, MARK, bearer, count, sign_in
from tests.tenants.signin.members import PASSWORD, MakeMember

OWN, FOREIGN = "http://kelu.test", "https://attacker.example"


@pytest.fixture
async def cookies(browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> str:
    """A Cookie header of somebody who is signed in."""
    await sign_in(browser, await make_member(acme))
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


ALLOWED = {
    "a page of ours": MARK | {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
    "an old browser that names nothing": MARK,
}
REFUSED = {
    "no mark": {},
    "an empty mark": {"X-Kelu-CSRF": ""},
    "no mark, of the same origin by its own word": {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
    "another origin, with a mark": MARK | {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"},
    "another origin that calls itself null": MARK | {"Origin": "null"},
    "the origin in another scheme's port": MARK | {"Origin": "http://kelu.test:8081"},
    "a neighbouring host": MARK | {"Origin": "http://evil.kelu.test", "Sec-Fetch-Site": "same-site"},
    "cross-site and no origin": MARK | {"Sec-Fetch-Site": "cross-site"},
    "cross-site, as a navigation": MARK | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
}


@pytest.mark.parametrize("name", ALLOWED)
async def test_a_page_that_may_asks_by_cookie(http: httpx.AsyncClient, cookies: str, name: str) -> None:
    assert await count(http, Cookie=cookies, **ALLOWED[name]) == 200


@pytest.mark.parametrize("name", REFUSED)
async def test_a_page_that_may_not_is_refused_everywhere(http: httpx.AsyncClient, cookies: str, name: str) -> None:
    headers = REFUSED[name] | {"Cookie": cookies}

    assert await count(http, **headers) == 403
    assert (await http.get("/graphql", params={"query": COUNTED}, headers=headers)).status_code == 403
    assert (await http.post("/uploads", content=b"x", headers=headers)).status_code == 403
    for path in ("/auth/refresh", "/auth/sign-out", "/auth/sessions/end", "/auth/sign-in"):
        assert (await http.post(path, json={"others": True}, headers=headers)).status_code == 403, path
    assert (await http.get("/auth/sessions", headers=headers)).status_code == 403
    assert await count(http, Cookie=cookies, **MARK) == 200  # and nothing has happened to the session


async def test_a_form_cannot_be_sent(http: httpx.AsyncClient, cookies: str) -> None:
    answer = await http.post("/auth/sign-out", data={"a": "b"}, headers=MARK | {"Cookie": cookies})

    assert answer.status_code == 400
    assert await count(http, Cookie=cookies, **MARK) == 200


async def test_a_page_of_an_origin_that_is_not_allowed_learns_nothing_by_a_preflight(http: httpx.AsyncClient) -> None:
    asked = {"Origin": FOREIGN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-kelu-csrf,content-type"}

    for path in ("/graphql", "/auth/sign-in"):
        answer = await http.options(path, headers=asked)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_bearer_token_needs_no_mark_since_no_browser_sends_it_by_itself(
    http: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    tokens = await sign_in(http, await make_member(acme), **{"as": "bearer"})

    assert await count(http, **bearer(tokens["accessToken"])) == 200


async def test_who_comes_as_two_is_refused(http: httpx.AsyncClient, cookies: str, acme: Actor, key_of: KeyOf) -> None:
    both = MARK | {"Cookie": cookies} | bearer(await key_of(acme))

    answer = await http.post("/graphql", json={"query": COUNTED}, headers=both)

    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_ALLOWED")
    assert "not both" in answer.json()["message"]


async def test_two_cookies_of_one_name_are_refused(http: httpx.AsyncClient, cookies: str) -> None:
    access = cookies.partition(";")[0]

    assert await count(http, Cookie=f"{access}; {access}", **MARK) == 401


async def test_a_session_that_a_browser_brings_is_never_taken_over(
    app: Starlette, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    """Session fixation: an attacker plants the cookies of a session of his; the victim signs in and gets tokens the attacker never saw."""
    attacker, victim = await make_member(globex), await make_member(acme)
    transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url=OWN, headers=MARK) as planted:
        await sign_in(planted, attacker)
        before = dict(planted.cookies)
        body = await sign_in(planted, victim)

        assert all(planted.cookies[name] != value for name, value in before.items())
    async with httpx.AsyncClient(transport=transport, base_url=OWN, headers=MARK) as attackers:
        cookie = "; ".join(f"{name}={value}" for name, value in before.items())
        listed = (await attackers.get("/auth/sessions", headers={"Cookie": cookie})).json()["sessions"]
        assert body["session"] not in [each["session"] for each in listed]


async def test_a_refresh_by_cookie_that_fails_takes_the_cookies_away(
    browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    await sign_in(browser, await make_member(acme))
    old = browser.cookies["kelu_refresh"]
    await browser.post("/auth/refresh", json={})

    reused = await browser.post("/auth/refresh", json={}, headers={"Cookie": f"kelu_refresh={old}"})

    assert reused.status_code == 401
    assert [each.split(";")[0] for each in reused.headers.get_list("set-cookie")] == ["kelu_access=", "kelu_refresh="]
    assert await count(browser) == 401


async def test_the_password_is_asked_for_whatever_cookies_there_are(
    browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    member = await make_member(acme)
    await sign_in(browser, member)

    answer = await browser.post("/auth/sign-in", json={"email": member.email, "password": PASSWORD + "!"})

    assert answer.status_code == 401
