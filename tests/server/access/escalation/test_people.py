"""Invitations make members of whom they are for, once; what has ended stays ended; and nobody acts in another's session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tenants.access.actors import BELIEVED_SECONDS
from tenants.access.built_in import ADMIN, AUDITOR, SALES
from tenants.ids import global_id, new_id
from tenants.life import status
from tenants.people.invitations import link_token
from tenants.people.members import MemberStatus, move
from tenants.people.persons import person_id_for
from tenants.session import Actor, acting_as, acting_as_person
from tests.server.access.conftest import MakeMember, MakeRole, Person, rows
from tests.tenants.people.conftest import PASSWORD, invited
from tests.tenants.signin.members import PASSWORD as THEIRS
from tests.tenants.signin.members import member_of

_MEMBERS = "SELECT id, person_id, email, role_ids, status FROM member WHERE tenant_id = $1 ORDER BY id"
_ME = {"query": "{ me { memberId roles { id } permissions { permission } } }"}


class Invited:
    """Somebody invited as a seller, with the token of the mail."""

    def __init__(self, tenant: Actor, email: str, id: UUID, token: str, http: httpx.AsyncClient) -> None:
        self.tenant, self.email, self.id, self.token, self.http = tenant, email, id, token, http

    async def accept(self, token: str | None = None, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        body = {"token": token or self.token, "password": PASSWORD, "name": "Li Na", "as": "bearer"} | more
        return await self.http.post("/auth/invitation/accept", json=body, headers=headers)


@pytest.fixture
async def guest(acme: Actor, http: httpx.AsyncClient) -> Invited:
    email = f"li.{new_id().hex}@example.cn"
    id, token = await invited(acme, email, role_ids=(SALES.id,))
    return Invited(acme, email, id, token, http)


async def _replayed(guest: Invited) -> None:
    assert (await guest.accept()).status_code == 200


async def _removed(guest: Invited) -> None:
    async with acting_as(guest.tenant):
        await move(guest.id, MemberStatus.REMOVED)


async def _removed_and_invited_anew(guest: Invited) -> None:
    await _removed(guest)
    await invited(guest.tenant, guest.email, role_ids=(AUDITOR.id,))


async def _invited_anew(guest: Invited) -> None:
    await invited(guest.tenant, guest.email, role_ids=(AUDITOR.id,))


async def _suspended(guest: Invited) -> None:
    await status.suspend(guest.tenant)


async def _expired(guest: Invited) -> None:
    (row,) = await rows(guest.tenant, "SELECT email FROM member WHERE tenant_id = $1 AND id = $2", guest.id)
    async with acting_as_person(await person_id_for(row["email"])) as connection:
        await connection.execute("UPDATE one_time_token SET expires_at = now()")


async def _another_link(guest: Invited) -> None:
    assert await link_token(guest.tenant, guest.id)


async def _email_changed(guest: Invited) -> None:
    async with acting_as(guest.tenant) as unit:
        statement = "UPDATE member SET email = 'somebody.else@example.org' WHERE tenant_id = $1 AND id = $2"
        await unit.connection.execute(statement, guest.tenant.tenant_id, guest.id)


ENDS: dict[str, Callable[[Invited], Awaitable[None]]] = {
    "it was accepted": _replayed,
    "the member was removed": _removed,
    "he was removed and invited anew": _removed_and_invited_anew,
    "he was invited anew, with another role": _invited_anew,
    "another link was made": _another_link,
    "the tenant was suspended": _suspended,
    "it has expired": _expired,
    "the member has another e-mail": _email_changed,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("how", ["with a password", "as somebody signed in", "to look at"])
async def test_an_invitation_that_has_ended_is_good_for_nothing(guest: Invited, globex: Actor, end: str, how: str) -> None:
    other = await member_of(globex, None, ADMIN.id)
    headers = {"Authorization": f"Bearer {(await other.sign_in()).access}"}
    await ENDS[end](guest)
    before = await rows(guest.tenant, _MEMBERS)

    if how == "with a password":
        answer = await guest.accept(password="another 四月 password of length", name="Mallory")
    elif how == "to look at":
        answer = await guest.http.post("/auth/invitation/look", json={"token": guest.token})
    else:
        answer = await guest.http.post("/auth/invitation/accept", json={"token": guest.token}, headers=headers)

    assert answer.status_code in (400, 401, 404), answer.text
    assert "accessToken" not in answer.text
    assert await rows(guest.tenant, _MEMBERS) == before


_EXTRA: dict[str, Any] = {
    "email": "mallory@example.org",
    "tenant": "{tenant}",
    "member": "{member}",
    "memberId": "{member}",
    "roleIds": ["rol_00000000000000000000000000000001"],
    "role_ids": ["00000000-0000-0000-0000-000000000001"],
    "roles": ["ADMIN"],
    "status": "ACTIVE",
    "person": "{member}",
    "person_id": "{member}",
    "isAdmin": True,
    "version": 99,
}


@pytest.mark.parametrize("name", _EXTRA)
async def test_who_accepts_says_nothing_of_whose_or_what_he_becomes(guest: Invited, globex: Actor, name: str) -> None:
    boss = await member_of(globex, None, ADMIN.id)
    value = _EXTRA[name]
    if isinstance(value, str):
        value = value.format(tenant=global_id("TENANT", globex.tenant_id), member=global_id("MEMBER", boss.id))

    answer = await guest.accept(**{name: value})

    assert answer.status_code == 200, answer.text
    assert (answer.json()["tenant"], answer.json()["member"]) == (
        global_id("TENANT", guest.tenant.tenant_id),
        global_id("MEMBER", guest.id),
    )
    (joined,) = [row for row in await rows(guest.tenant, _MEMBERS) if row["id"] == guest.id]
    assert (joined["email"], joined["role_ids"]) == (guest.email, [SALES.id])
    assert len(await rows(globex, _MEMBERS)) == 1


async def test_nobody_accepts_anothers_invitation(guest: Invited, globex: Actor, acme: Actor) -> None:
    """By his own session, in the same tenant or another, or with a token that is like it."""
    before = await rows(acme, _MEMBERS)
    for tenant in (globex, acme):
        other = await member_of(tenant, None, SALES.id)
        before = await rows(acme, _MEMBERS)
        headers = {"Authorization": f"Bearer {(await other.sign_in()).access}"}
        assert (await guest.http.post("/auth/invitation/accept", json={"token": guest.token}, headers=headers)).status_code == 404
    for token in (
        guest.token[:-1],
        guest.token + "A",
        guest.token[::-1],
        guest.token.upper(),
        guest.token.lower(),
        f" {guest.token}",
        "A" * 43,
    ):
        assert (await guest.accept(token)).status_code == 404, token

    assert await rows(acme, _MEMBERS) == before
    assert (await guest.accept()).status_code == 200  # the control


async def test_who_is_only_invited_does_not_sign_in(guest: Invited) -> None:
    for password in (PASSWORD, THEIRS, "", guest.token):
        answer = await guest.http.post("/auth/sign-in", json={"email": guest.email, "password": password or "x", "as": "bearer"})
        assert answer.status_code == 401
    reset = await guest.http.post("/auth/password/reset", json={"token": guest.token, "password": PASSWORD})
    assert reset.status_code == 404


STALE = ("removed", "suspended", "no roles", "session ended", "password changed", "tenant suspended", "role deleted")


@pytest.mark.parametrize("end", STALE)
@pytest.mark.parametrize("token", ["access", "refresh"])
async def test_a_token_of_before_gives_nothing_after(
    acme: Actor, http: httpx.AsyncClient, make_role: MakeRole, make_member: MakeMember, end: str, token: str
) -> None:
    role = await make_role(acme, {"permissions": {"CUSTOMER_READ": "ALL"}})
    member = await member_of(acme, None, role)
    boss = await make_member(acme, "ADMIN")
    tokens = await member.sign_in()
    bearer, id = {"Authorization": f"Bearer {tokens.access}"}, global_id("MEMBER", member.id)
    assert (await http.post("/graphql", json=_ME, headers=bearer)).json()["data"]["me"]["permissions"] != []

    match end:
        case "removed" | "suspended":
            assert (await boss.moved("removeMember" if end == "removed" else "suspendMember", id))["userErrors"] == []
        case "no roles":
            assert (await boss.done("setMemberRoles", id=id, roleIds=[]))["userErrors"] == []
        case "session ended":
            ended = "mutation ($id: ID!) { done: endMemberSessions(input: {memberId: $id}) { ended } }"
            assert (await boss.ask(ended, id=id))["done"] == {"ended": 1}
        case "password changed":
            body = {"password": THEIRS, "newPassword": PASSWORD, "as": "bearer"}
            assert (await http.post("/auth/password/change", json=body, headers=bearer)).status_code == 200
        case "tenant suspended":
            await status.suspend(acme)
        case _:
            async with acting_as(acme) as unit:
                await unit.connection.execute("DELETE FROM role WHERE tenant_id = $1 AND id = $2", acme.tenant_id, role)
    await asyncio.sleep(BELIEVED_SECONDS + 0.1)
    if token == "refresh":
        answer = await http.post("/auth/refresh", json={"refreshToken": tokens.refresh})
        if end not in ("no roles", "role deleted"):
            assert answer.status_code == 401, answer.text
            return
        bearer = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    answer = await http.post("/graphql", json=_ME, headers=bearer)
    assert answer.status_code in (401, 403) or answer.json()["data"]["me"]["permissions"] == []


async def test_the_id_of_a_deleted_or_foreign_role_grants_nothing(
    acme: Actor, globex: Actor, make_role: MakeRole, make_member: MakeMember
) -> None:
    foreign = await make_role(globex, {"permissions": {"CUSTOMER_READ": "ALL"}})
    for id in (foreign, new_id(), UUID(int=0), UUID(int=7)):
        somebody = await make_member(acme, id)
        me = (await somebody.ask("{ me { permissions { permission } } }"))["me"]
        assert me == {"permissions": []}
        assert (await somebody.ask("{ customers { totalCount } }")).codes == ["NOT_ALLOWED"]


@pytest.mark.parametrize("role", ["SALES", "SERVICE", "PARTNER", "MANAGER", "AUDITOR", None])
async def test_nobody_sees_or_ends_anothers_session(
    acme: Actor, globex: Actor, http: httpx.AsyncClient, make_member: MakeMember, role: str | None
) -> None:
    victim, foreign = await member_of(acme, None, ADMIN.id), await member_of(globex, None, ADMIN.id)
    kept = [(await each.sign_in()) for each in (victim, foreign)]
    who: Person = await make_member(acme, *([role] if role else []))
    bearer = {"Authorization": f"Bearer {who.secret}"}
    for each, tokens in zip((victim, foreign), kept, strict=True):
        for body in ({"session": global_id("SESSION", tokens.session_id)}, {"member": global_id("MEMBER", each.id)}):
            answer = await http.post("/auth/sessions/end", json=body, headers=bearer)
            assert answer.status_code != 200 or answer.json() == {"ended": 0}
        listed = await who.ask("query ($m: ID!) { memberSessions(member: $m) { id address } }", m=global_id("MEMBER", each.id))
        assert listed.codes == ["NOT_ALLOWED"]
        ended = "mutation ($m: ID!) { done: endMemberSessions(input: {memberId: $m}) { ended userErrors { code } } }"
        assert (await who.ask(ended, m=global_id("MEMBER", each.id)))["done"] == {"ended": None, "userErrors": [{"code": "NOT_ALLOWED"}]}
        assert (await http.post("/graphql", json=_ME, headers={"Authorization": f"Bearer {tokens.access}"})).status_code == 200
    own = (await http.get("/auth/sessions", headers=bearer)).json()["sessions"]
    assert [each["isCurrent"] for each in own] == [True]
