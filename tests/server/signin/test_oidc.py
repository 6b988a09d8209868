"""Signing in by a tenant's identity provider: a real one on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from tenants.access.built_in import SALES
from tenants.ids import global_id, new_id
from tenants.people.invitations import invite
from tenants.people.members import MemberStatus, move
from tenants.session import Actor, acting_as
from tenants.signin.oidc.flow import callback_url
from tenants.signin.oidc.providers import set_provider
from tests.clients import node
from tests.server.signin.conftest import MARK, count
from tests.server.signin.provider import CLIENT_ID, CLIENT_SECRET, approve, real_provider
from tests.tenants.signin.members import MakeMember

OWN = "http://127.0.0.1:8080"
ACCOUNTS = {
    "li": {"email": "Li.Na@Example.cn", "email_verified": True, "name": "李娜"},
    "zoe": {"email": "zoe@example.cn", "email_verified": True, "name": "Zoë Ångström"},
    "unverified": {"email": "wang@example.cn", "email_verified": False},
    "elsewhere": {"email": "li.na@example.org", "email_verified": True},
    "below": {"email": "li.na@sub.example.cn", "email_verified": True},
    "nameless": {},
}


@pytest.fixture
def _packages() -> None:
    node.install()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as client:
        yield client


@pytest.fixture
def provider(_packages: None, acme: Actor, globex: Actor) -> Iterator[str]:
    """A provider that may send people back to either tenant, as an attacker's client of the same provider might be."""
    with real_provider(ACCOUNTS, [callback_url(acme.tenant_id), callback_url(globex.tenant_id)]) as issuer:
        yield issuer


async def use(actor: Actor, issuer: str, **more: Any) -> None:
    async with acting_as(actor):
        given = {"email_domains": ["example.cn"], "default_role_ids": [SALES.id], "makes_members": True} | more
        await set_provider(issuer, CLIENT_ID, CLIENT_SECRET, **given)


async def sent(browser: httpx.AsyncClient, actor: Actor, back: str = "/app?tab=1") -> str:
    """Where a browser is sent that begins to sign in."""
    answer = await browser.get(f"/auth/oidc/{global_id('TENANT', actor.tenant_id)}/start", params={"back": back})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def brought_back(browser: httpx.AsyncClient, actor: Actor, name: str) -> str:
    """The address a browser is sent back to once somebody has signed in at the provider."""
    async with httpx.AsyncClient(trust_env=False) as pages:
        return await approve(pages, await sent(browser, actor), name, OWN)


async def test_who_is_no_member_yet_becomes_one_and_is_the_same_the_next_time(
    browser: httpx.AsyncClient, acme: Actor, globex: Actor, provider: str
) -> None:
    await use(acme, provider)

    for _ in range(2):
        answer = await browser.get(await brought_back(browser, acme, "li"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/app?tab=1")
        assert set(browser.cookies) == {"kelu_access", "kelu_refresh"}
        assert (await browser.post("/graphql", json={"query": "{ customers(first: 1) { totalCount } }"}, headers=MARK)).status_code == 200

    async with acting_as(acme, read_only=True) as unit:
        rows = await unit.connection.fetch("SELECT * FROM member WHERE tenant_id = $1", acme.tenant_id)
    assert [(row["email"], row["name"], row["status"], row["person_id"], row["role_ids"]) for row in rows] == [
        ("li.na@example.cn", "李娜", "ACTIVE", None, [SALES.id])
    ]
    listed = (await browser.get("/auth/sessions", headers=MARK)).json()["sessions"]
    assert [each["method"] for each in listed] == ["OIDC", "OIDC"]


async def test_what_goes_over_the_browser_is_bound_and_no_secret(browser: httpx.AsyncClient, acme: Actor, provider: str) -> None:
    await use(acme, provider)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(await sent(browser, acme)).query).items()}

    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert CLIENT_SECRET not in str(asked)
    again = {name: values[0] for name, values in parse_qs(urlsplit(await sent(browser, acme)).query).items()}
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


async def test_who_was_invited_has_come(browser: httpx.AsyncClient, acme: Actor, provider: str) -> None:
    await use(acme, provider, makes_members=False)
    async with acting_as(acme):
        invited = await invite("zoe@example.cn", "Zoë", [SALES.id], is_mailed=False)

    await browser.get(await brought_back(browser, acme, "zoe"))
    stranger = await browser.get(await brought_back(browser, acme, "li"))

    async with acting_as(acme, read_only=True) as unit:
        assert (
            await unit.connection.fetchval("SELECT status FROM member WHERE tenant_id = $1 AND id = $2", acme.tenant_id, invited.id)
            == "ACTIVE"
        )
    assert stranger.headers["location"] == "/app?tab=1&signInFailed=NOT_ALLOWED"


@pytest.mark.parametrize("name", ["unverified", "elsewhere", "below", "nameless"])
async def test_without_a_verified_e_mail_of_a_named_domain_nobody_comes_in(
    browser: httpx.AsyncClient, acme: Actor, provider: str, name: str
) -> None:
    await use(acme, provider)

    answer = await browser.get(await brought_back(browser, acme, name))

    assert answer.headers["location"].endswith("signInFailed=NOT_ALLOWED")
    assert set(browser.cookies) == set()


async def test_a_session_by_a_provider_opens_this_membership_and_nothing_else_of_the_person(
    browser: httpx.AsyncClient, acme: Actor, globex: Actor, provider: str, make_member: MakeMember
) -> None:
    """A tenant's admin who runs a provider cannot use it to get at what a member of his has in other tenants, nor at his password."""
    victim = await make_member(globex)
    async with acting_as(acme) as unit:
        theirs = (
            "INSERT INTO member (tenant_id, id, person_id, email, name, status) VALUES ($1, $2, $3, 'li.na@example.cn', '李娜', 'ACTIVE')"
        )
        await unit.connection.execute(theirs, acme.tenant_id, new_id(), victim.person_id)
    await use(acme, provider)

    await browser.get(await brought_back(browser, acme, "li"))

    assert await count(browser, **MARK) == 200
    for path, body in {
        "password/change": {"password": "x", "newPassword": "x"},
        "totp/begin": {"password": "x"},
        "totp/off": {"password": "x"},
        "invitation/accept": {"token": "x"},
    }.items():
        answer = await browser.post(f"/auth/{path}", json=body, headers=MARK)
        assert (answer.status_code, answer.json()["code"]) == (403, "MAY_NOT"), path
    async with acting_as(globex, read_only=True) as unit:
        assert await unit.connection.fetchval("SELECT count(*) FROM sign_in_session WHERE tenant_id = $1", globex.tenant_id) == 0
        assert await unit.connection.fetchval("SELECT count(*) FROM external_identity WHERE tenant_id = $1", globex.tenant_id) == 0


async def test_one_tenants_answer_signs_nobody_in_to_another(browser: httpx.AsyncClient, acme: Actor, globex: Actor, provider: str) -> None:
    """Both use the same provider; still an answer to one tenant is none to the other, whatever of it is swapped."""
    await use(acme, provider)
    await use(globex, provider)
    back = await brought_back(browser, acme, "li")
    query = urlsplit(back).query

    swapped = await browser.get(f"{callback_url(globex.tenant_id)}?{query}")
    assert swapped.status_code == 401
    theirs = parse_qs(urlsplit(await sent(browser, globex)).query)["state"][0]  # the cookie is now of an attempt at the other tenant
    code = parse_qs(query)["code"][0]
    injected = await browser.get(callback_url(globex.tenant_id), params={"code": code, "state": theirs, "iss": provider})

    assert "signInFailed" in injected.headers["location"]  # another verifier, another address to come back to
    assert not set(browser.cookies) & {"kelu_access", "kelu_refresh"}


async def test_an_answer_is_taken_once_and_by_the_browser_that_asked(
    app: Starlette, browser: httpx.AsyncClient, acme: Actor, provider: str
) -> None:
    await use(acme, provider)
    back = await brought_back(browser, acme, "li")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as another:
        assert (await another.get(back)).status_code == 401  # login CSRF: an attacker's answer in a victim's browser
        await sent(another, acme)
        assert (await another.get(back)).status_code == 401
    ticket = browser.cookies["kelu_oidc"]

    assert (await browser.get(back)).headers["location"] == "/app?tab=1"
    assert (await browser.get(back)).status_code == 401
    replayed = await browser.get(back, headers={"Cookie": f"kelu_oidc={ticket}"})

    assert "signInFailed" in replayed.headers["location"]  # the provider takes a code once


@pytest.mark.parametrize("part", ["state", "code", "iss"])
async def test_an_answer_with_a_part_changed_or_missing_is_refused(
    browser: httpx.AsyncClient, acme: Actor, provider: str, part: str
) -> None:
    await use(acme, provider)
    for changed in ("", "x" * 43, "https://attacker.example"):
        back = httpx.URL(await brought_back(browser, acme, "li"))
        answer = await browser.get(back.copy_set_param(part, changed) if changed else back.copy_remove_param(part))

        assert answer.status_code == 401 or "signInFailed" in answer.headers["location"]
        assert not set(browser.cookies) & {"kelu_access", "kelu_refresh"}


ELSEWHERE = [
    "//attacker.example", "https://attacker.example", "/\\attacker.example", "javascript:alert(1)", "app", "/a#b", "/é", "/" + "a" * 400
]  # fmt: skip


@pytest.mark.parametrize("back", [*ELSEWHERE, ""])
async def test_nobody_is_sent_on_to_a_page_of_somebody_else(browser: httpx.AsyncClient, acme: Actor, back: str) -> None:
    answer = await browser.get(f"/auth/oidc/{global_id('TENANT', acme.tenant_id)}/start", params={"back": back})

    assert (answer.status_code, answer.json()["field"]) == (400, ["back"])


async def test_a_tenant_without_a_provider_and_no_tenant_are_told_the_same(browser: httpx.AsyncClient, acme: Actor) -> None:
    answers = [
        await browser.get(f"/auth/oidc/{id}/start") for id in (global_id("TENANT", acme.tenant_id), global_id("TENANT", new_id()), "x")
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


async def test_nobody_signs_in_to_a_tenant_that_is_suspended_meanwhile_nor_becomes_a_member_of_it(
    browser: httpx.AsyncClient, acme: Actor, provider: str
) -> None:
    await use(acme, provider)
    back = await brought_back(browser, acme, "li")
    async with acting_as(acme) as unit:
        await unit.connection.execute("UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1", acme.tenant_id)

    answer = await browser.get(back)
    begun = await browser.get(f"/auth/oidc/{global_id('TENANT', acme.tenant_id)}/start")

    assert answer.headers["location"].endswith("signInFailed=NOT_FOUND")
    assert begun.status_code == 404
    async with acting_as(acme, read_only=True) as unit:
        assert await unit.connection.fetchval("SELECT count(*) FROM member WHERE tenant_id = $1", acme.tenant_id) == 0


async def test_who_signs_in_for_the_first_time_twice_at_once_is_one_member(app: Starlette, acme: Actor, provider: str) -> None:
    await use(acme, provider)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as one,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as other,
    ):
        backs = [await brought_back(each, acme, "li") for each in (one, other)]
        answers = await asyncio.gather(one.get(backs[0]), other.get(backs[1]))

    assert [each.headers["location"] for each in answers] == ["/app?tab=1"] * 2
    async with acting_as(acme, read_only=True) as unit:
        assert await unit.connection.fetchval("SELECT count(*) FROM member WHERE tenant_id = $1", acme.tenant_id) == 1


async def test_a_member_who_was_suspended_or_removed_stays_out_until_he_is_taken_back(
    browser: httpx.AsyncClient, acme: Actor, provider: str, make_member: MakeMember
) -> None:
    await use(acme, provider)
    await make_member(acme)  # an admin
    await browser.get(await brought_back(browser, acme, "li"))
    async with acting_as(acme, read_only=True) as unit:
        statement = "SELECT id FROM member WHERE tenant_id = $1 AND email = 'li.na@example.cn'"
        id = await unit.connection.fetchval(statement, acme.tenant_id)

    async def outcome() -> str:
        browser.cookies.clear()
        return (await browser.get(await brought_back(browser, acme, "li"))).headers["location"]

    for status, expected in (
        (MemberStatus.SUSPENDED, "NOT_ALLOWED"),
        (MemberStatus.ACTIVE, "tab=1"),
        (MemberStatus.REMOVED, "NOT_ALLOWED"),
    ):
        async with acting_as(acme):
            await move(id, status)
        assert (await outcome()).endswith(expected), status
    async with acting_as(acme):
        again = await invite("li.na@example.cn", "李娜", [SALES.id], is_mailed=False)
    assert (await outcome()).endswith("tab=1")
    async with acting_as(acme, read_only=True) as unit:
        bound = await unit.connection.fetch("SELECT member_id FROM external_identity WHERE tenant_id = $1", acme.tenant_id)
    assert [row["member_id"] for row in bound] == [again.id]
