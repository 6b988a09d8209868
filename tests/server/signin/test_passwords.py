"""Passwords, invitations and second factors over HTTP."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pyotp
import pytest

from tenants.access.built_in import SALES
from tenants.ids import global_id
from tenants.people import tokens
from tenants.people.invitations import invite, link_token
from tenants.people.tokens import Purpose
from tenants.session import Actor, acting_as, acting_as_person
from tests.server.signin.conftest import bearer, count, sign_in
from tests.tenants.signin.members import PASSWORD, MakeMember, Somebody

NEW = "山上 seven lanterns glow"


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any], access: str | None = None) -> httpx.Response:
    return await client.post(f"/auth/{path}", json=body, headers=bearer(access) if access else {})


async def reset_token(member: Somebody) -> str:
    async with acting_as_person(member.person_id) as connection:
        return await tokens.make(connection, member.person_id, Purpose.PASSWORD_RESET)


async def test_a_new_password_by_the_old_one_leaves_the_session_that_asked_anew_and_no_other(
    http: httpx.AsyncClient, acme: Actor, make_member: MakeMember
) -> None:
    member = await make_member(acme)
    mine, other = [await sign_in(http, member, **{"as": "bearer"}) for _ in range(2)]
    body = {"password": PASSWORD, "newPassword": NEW, "as": "bearer"}

    wrong = await post(http, "password/change", body | {"password": "not it"}, mine["accessToken"])
    weak = await post(http, "password/change", body | {"newPassword": "password12345"}, mine["accessToken"])
    changed = await post(http, "password/change", body, mine["accessToken"])

    assert [(each.status_code, each.json().get("field")) for each in (wrong, weak)] == [(400, ["password"]), (400, ["password"])]
    assert changed.status_code == 200
    assert await count(http, **bearer(changed.json()["accessToken"])) == 200
    for each in (mine, other):
        assert await count(http, **bearer(each["accessToken"])) == 401
        assert (await post(http, "refresh", {"refreshToken": each["refreshToken"]})).status_code == 401
    assert (await post(http, "sign-in", {"email": member.email, "password": PASSWORD, "as": "bearer"})).status_code == 401
    assert (await post(http, "sign-in", {"email": member.email, "password": NEW, "as": "bearer"})).status_code == 200


async def test_a_new_password_by_a_mailed_link_ends_all_sessions_in_all_tenants(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    here = await make_member(acme)
    there = await make_member(globex, here)
    opened = [
        await sign_in(http, who, tenant=global_id("TENANT", actor.tenant_id), **{"as": "bearer"})
        for who, actor in ((here, acme), (there, globex))
    ]
    token = await reset_token(here)

    first, again = [await post(http, "password/reset", {"token": token, "password": NEW}) for _ in range(2)]

    assert (first.status_code, first.json()) == (200, {})
    assert again.status_code == 404
    for each in opened:
        assert await count(http, **bearer(each["accessToken"])) == 401


async def test_who_forgot_is_answered_like_nobody(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    emails = [(await make_member(acme)).email, "nobody.of.ours@example.org"]

    answers = [await post(http, "password/forgot", {"email": email}) for email in emails]

    assert [(each.status_code, each.text) for each in answers] == [(200, "{}")] * 2


async def test_somebody_is_invited_accepts_and_is_in(http: httpx.AsyncClient, acme: Actor) -> None:
    async with acting_as(acme):
        invited = await invite("li.na@example.cn", "李娜", [SALES.id], is_mailed=False)
    token = await link_token(acme, invited.id)
    body = {"token": token, "password": NEW, "name": "李娜", "as": "bearer"}

    looked = (await post(http, "invitation/look", {"token": token})).json()
    accepted, replayed = [await post(http, "invitation/accept", body) for _ in range(2)]

    assert looked == {"tenant": "A tenant of a test", "email": "li.na@example.cn", "name": "李娜", "hasPassword": False}
    assert accepted.json()["member"] == global_id("MEMBER", invited.id)
    assert await count(http, **bearer(accepted.json()["accessToken"])) == 200
    assert replayed.status_code == 404


async def test_who_is_signed_in_accepts_an_invitation_to_another_tenant_and_nobody_else_does(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    member, thief = await make_member(acme), await make_member(acme)
    async with acting_as(globex):
        invited = await invite(member.email, "王芳", [SALES.id], is_mailed=False)
    token = await link_token(globex, invited.id)
    mine, theirs = [(await sign_in(http, who, **{"as": "bearer"}))["accessToken"] for who in (member, thief)]

    assert (await post(http, "invitation/accept", {"token": token}, theirs)).status_code == 404
    accepted = await post(http, "invitation/accept", {"token": token}, mine)

    assert accepted.json() == {"tenant": global_id("TENANT", globex.tenant_id), "member": global_id("MEMBER", invited.id)}
    assert len((await sign_in(http, member, **{"as": "bearer"}))["choose"]) == 2


async def test_a_second_factor_is_asked_for_and_taken_once(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    access = (await sign_in(http, member, **{"as": "bearer"}))["accessToken"]
    attempt = {"email": member.email, "password": PASSWORD, "as": "bearer"}

    begun = (await post(http, "totp/begin", {"password": PASSWORD}, access)).json()
    code = pyotp.TOTP(begun["secret"]).at(time.time())
    recovery = (await post(http, "totp/confirm", {"code": code}, access)).json()["recoveryCodes"]
    without = await post(http, "sign-in", attempt)
    replayed = await post(http, "sign-in", attempt | {"code": code})
    by_recovery, again = [await post(http, "sign-in", attempt | {"code": recovery[0]}) for _ in range(2)]

    assert (without.status_code, without.json()["code"]) == (401, "CODE_NEEDED")
    assert [each.status_code for each in (replayed, by_recovery, again)] == [401, 200, 401]
    assert (await post(http, "totp/recovery-codes", {"password": PASSWORD}, access)).json()["recoveryCodes"][0] not in recovery
    assert (await post(http, "totp/off", {"password": "not it"}, access)).status_code == 400
    assert (await post(http, "totp/off", {"password": PASSWORD}, access)).json() == {}
    assert (await post(http, "sign-in", attempt)).status_code == 200


async def test_an_invitation_is_no_way_around_a_second_factor(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    member = await make_member(acme)
    access = (await sign_in(http, member, **{"as": "bearer"}))["accessToken"]
    begun = (await post(http, "totp/begin", {"password": PASSWORD}, access)).json()
    await post(http, "totp/confirm", {"code": pyotp.TOTP(begun["secret"]).at(time.time())}, access)
    async with acting_as(globex):
        invited = await invite(member.email, "王芳", [SALES.id], is_mailed=False)
    token = await link_token(globex, invited.id)

    accepted = await post(http, "invitation/accept", {"token": token, "password": PASSWORD, "as": "bearer"})

    assert accepted.json() == {"tenant": global_id("TENANT", globex.tenant_id), "member": global_id("MEMBER", invited.id)}


@pytest.mark.parametrize("path", ["password/change", "totp/begin", "totp/confirm", "totp/off", "totp/recovery-codes", "sessions/end"])
async def test_who_is_not_signed_in_is_refused(http: httpx.AsyncClient, path: str, acme: Actor, key_of: Any) -> None:
    body = {"password": PASSWORD, "newPassword": NEW, "code": "123456", "others": True, "as": "bearer"}

    assert (await post(http, path, body)).status_code == 401
    assert (await post(http, path, body, await key_of(acme))).status_code == 403
