"""Invitations: accepted once, by whom they are for, in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tenants.access.actors import actor_of_member
from tenants.access.built_in import ADMIN, SALES
from tenants.ids import new_id
from tenants.people import attempts
from tenants.people.checks import check_password, memberships
from tenants.people.invitations import accept, accept_as, invite, link_token, look_at
from tenants.people.members import MemberStatus, member, members, move
from tenants.people.persons import hashed, id_of, person
from tenants.refusals import Conflict, Invalid, NotAllowed, NotFound, RateLimited
from tenants.session import Actor, acting_as, acting_as_person
from tests.tenants.people.conftest import PASSWORD, Join, invited
from tests.tenants.people.test_signing_in import WRONG_PASSWORD

GONE = "not good any more"


def an_email() -> str:
    return f"li.{new_id().hex}@example.cn"


async def test_a_new_person_chooses_a_name_and_a_password_and_is_an_active_member(acme: Actor) -> None:
    email = an_email()
    member_id, token = await invited(acme, email.upper(), name="李娜", role_ids=(SALES.id,))

    seen = await look_at(token)
    accepted = await accept(token, PASSWORD, name="Li Na")

    assert (seen.tenant_name, seen.email, seen.name, seen.has_password) == ("A tenant of a test", email, "李娜", False)
    assert accepted == type(accepted)(acme.tenant_id, member_id, (await check_password(email, PASSWORD)).person_id)
    assert (await person(accepted.person_id)).name == "Li Na"
    async with acting_as(acme):
        joined = await member(member_id)
    assert (joined.status, joined.name, joined.role_ids) == (MemberStatus.ACTIVE, "李娜", [SALES.id])
    assert (await actor_of_member(acme.tenant_id, member_id)).member_id == member_id


async def test_the_same_link_is_good_once(acme: Actor, join: Join) -> None:
    email = an_email()
    _, token = await invited(acme, email)
    await accept(token, PASSWORD, name="Li Na")

    for again in (accept(token, PASSWORD, name="Somebody else"), accept(token, WRONG_PASSWORD), look_at(token)):
        with pytest.raises(NotFound, match=GONE):
            await again


async def test_of_many_who_accept_one_invitation_at_once_one_does(acme: Actor) -> None:
    email = an_email()
    _, token = await invited(acme, email)
    passwords = [f"{PASSWORD} {number}" for number in range(8)]

    results = await asyncio.gather(*(accept(token, each, name="Li Na") for each in passwords), return_exceptions=True)

    won = [number for number, each in enumerate(results) if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert {type(each) for number, each in enumerate(results) if number not in won} == {NotFound}
    await check_password(email, passwords[won[0]])


async def test_an_expired_link_is_good_no_more_in_the_words_of_one_that_never_was(acme: Actor) -> None:
    email = an_email()
    _, token = await invited(acme, email)
    person_id = await id_of(email)
    assert person_id
    async with acting_as_person(person_id) as connection:
        await connection.execute("UPDATE one_time_token SET expires_at = now() WHERE person_id = $1", person_id)

    said = set()
    for each in (token, "x" * 43, "", "€" * 10_000):
        with pytest.raises(NotFound) as caught:
            await accept(each, PASSWORD, name="Li Na")
        said.add(caught.value.message)

    assert len(said) == 1


async def test_the_time_may_run_out_between_looking_and_accepting(acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.people import invitations, tokens

    email = an_email()
    _, token = await invited(acme, email)
    found = await tokens.find(token, tokens.Purpose.INVITATION)
    async with acting_as_person(found.person_id) as connection:
        await connection.execute("UPDATE one_time_token SET expires_at = now() WHERE person_id = $1", found.person_id)

    with pytest.raises(NotFound, match=GONE):
        await invitations._accept(found, ("Li Na", "a hash"))
    assert (await person(found.person_id)).password_hash is None


async def test_inviting_anew_makes_the_earlier_link_worthless_and_may_change_the_roles(acme: Actor) -> None:
    email = an_email()
    first_id, first = await invited(acme, email, role_ids=(ADMIN.id,))
    second_id, second = await invited(acme, email, role_ids=(SALES.id,))

    with pytest.raises(NotFound, match=GONE):
        await accept(first, PASSWORD, name="Li Na")
    await accept(second, PASSWORD, name="Li Na")

    assert first_id == second_id
    async with acting_as(acme):
        assert (await member(first_id)).role_ids == [SALES.id]
        with pytest.raises(Conflict, match="already"):
            await invite(email, "Li Na", [ADMIN.id], is_mailed=False)


async def test_who_has_a_password_accepts_with_it_and_is_a_member_of_both(join: Join, globex: Actor) -> None:
    wang = await join()
    _, token = await invited(globex, wang.email)

    assert (await look_at(token)).has_password
    with pytest.raises(NotAllowed):
        await accept(token, WRONG_PASSWORD, name="Somebody else")
    accepted = await accept(token, PASSWORD, name="Somebody else")

    assert accepted.person_id == wang.person_id
    assert (await person(wang.person_id)).name == "王伟"
    assert {each.tenant_id for each in await memberships(wang.person_id)} == {wang.tenant.tenant_id, globex.tenant_id}


async def test_an_invitation_is_no_way_to_guess_a_password_more_often(join: Join, globex: Actor) -> None:
    wang = await join()
    _, token = await invited(globex, wang.email)

    for _ in range(attempts.FREE):
        with pytest.raises(NotAllowed):
            await accept(token, WRONG_PASSWORD)
    for attempt in (accept(token, PASSWORD), check_password(wang.email, PASSWORD)):
        with pytest.raises(RateLimited):
            await attempt


async def test_who_is_signed_in_accepts_what_is_for_him_and_nothing_else(join: Join, globex: Actor) -> None:
    wang, li = await join(), await join()
    _, token = await invited(globex, wang.email)

    with pytest.raises(NotFound, match=GONE):
        await accept_as(li.person_id, token)
    accepted = await accept_as(wang.person_id, token)

    assert (accepted.person_id, accepted.tenant_id) == (wang.person_id, globex.tenant_id)


async def test_an_invitation_that_was_taken_back_or_is_of_a_suspended_tenant_is_good_no_more(acme: Actor, globex: Actor) -> None:
    member_id, token = await invited(acme, an_email())
    _, other = await invited(globex, an_email())
    async with acting_as(acme):
        await move(member_id, MemberStatus.REMOVED)
    async with acting_as(globex) as unit:
        await unit.connection.execute("UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1", globex.tenant_id)

    for each in (token, other):
        with pytest.raises(NotFound, match=GONE):
            await accept(each, PASSWORD, name="Li Na")
    assert await link_token(acme, member_id) is None


async def test_a_refused_acceptance_leaves_the_link_good(acme: Actor) -> None:
    _, token = await invited(acme, an_email())

    for wrong in ({"password": "short", "name": "Li Na"}, {"password": PASSWORD, "name": " "}, {"password": PASSWORD}):
        with pytest.raises(Invalid):
            await accept(token, **wrong)

    await accept(token, PASSWORD, name="Li Na")


async def test_two_tenants_invite_somebody_new_and_the_second_is_accepted_with_the_password_of_the_first(
    acme: Actor, globex: Actor
) -> None:
    email = an_email()
    (_, first), (_, second) = await invited(acme, email), await invited(globex, email)

    await accept(first, PASSWORD, name="Li Na")
    with pytest.raises(NotAllowed):
        await accept(second, WRONG_PASSWORD, name="Somebody else")
    await accept(second, PASSWORD)

    person_id = (await check_password(email, PASSWORD)).person_id
    assert len(await memberships(person_id)) == 2


@pytest.mark.parametrize(
    ("email", "name", "roles", "field"),
    [
        ("no e-mail", "Li Na", [ADMIN.id], ["email"]),
        (f"{'x' * 300}@example.cn", "Li Na", [ADMIN.id], ["email"]),
        ("li@example.cn\nBcc: eve@example.cn", "Li Na", [ADMIN.id], ["email"]),
        ("li@example.cn", "", [ADMIN.id], ["name"]),
        ("li@example.cn", "x" * 201, [ADMIN.id], ["name"]),
        ("li@example.cn", "Li Na", [], ["roleIds"]),
        ("li@example.cn", "Li Na", [new_id() for _ in range(21)], ["roleIds"]),
    ],
)
async def test_an_invitation_that_is_wrong_is_refused(acme: Actor, email: str, name: str, roles: list[Any], field: list[str]) -> None:
    async with acting_as(acme):
        with pytest.raises(Invalid) as caught:
            await invite(email, name, roles, is_mailed=False)
        assert await members() == []

    assert caught.value.field == field


async def test_customers_with_the_members_name_or_email_as_owner_become_its_own(acme: Actor, globex: Actor) -> None:
    email = an_email()
    owners = {"李娜": True, email: True, email.upper(): True, "Li Na": False, "李娜娜": False, None: False}
    for tenant in (acme, globex):
        async with acting_as(tenant) as unit:
            for owner in owners:
                await unit.connection.execute(
                    "INSERT INTO customer (tenant_id, id, kind, name, lifecycle, owner) VALUES ($1, $2, 'PERSON', '张三', 'ACTIVE', $3)",
                    tenant.tenant_id,
                    new_id(),
                    owner,
                )
    member_id, token = await invited(acme, email, name="李娜")

    await accept(token, PASSWORD, name="Li Na")  # the name one chooses oneself gives one nobody's customers

    found = {}
    for tenant in (acme, globex):
        async with acting_as(tenant) as unit:
            rows = await unit.connection.fetch("SELECT owner, owner_id FROM customer WHERE tenant_id = $1", tenant.tenant_id)
            found[tenant.tenant_id] = {row["owner"]: row["owner_id"] for row in rows}
    assert found[acme.tenant_id] == {owner: member_id if is_own else None for owner, is_own in owners.items()}
    assert set(found[globex.tenant_id].values()) == {None}


async def test_a_token_is_stored_as_its_hash_only(acme: Actor) -> None:
    email = an_email()
    _, token = await invited(acme, email)
    person_id = await id_of(email)
    assert person_id
    async with acting_as_person(person_id) as connection:
        row = await connection.fetchrow("SELECT * FROM one_time_token WHERE person_id = $1", person_id)

    assert len(token) == 43
    assert row["hash"] == hashed(token)
    assert token not in str(dict(row))
