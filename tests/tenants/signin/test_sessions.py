"""A session: begun, refreshed by one at a time, ended by a token that comes back, listed, and over when its time is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from tenants.ids import new_id
from tenants.people.checks import check_password
from tenants.people.resets import change_password
from tenants.refusals import NotAllowed, NotFound
from tenants.session import Actor, ActorKind, acting_as
from tenants.signin import sessions, standing
from tenants.signin.secrets import RefreshToken
from tests.tenants.signin.members import CLIENT, PASSWORD, MakeMember, Somebody

AT_ONCE = 50


async def is_refused(act: Awaitable[object]) -> bool:
    try:
        await act
    except NotAllowed:
        return True
    return False


async def asked(member: Somebody, statement: str, *values: object) -> None:
    """Runs a statement in the member's tenant, and forgets what this process believes of its sessions."""
    async with acting_as(Actor(member.tenant_id, ActorKind.OPERATOR)) as unit:
        await unit.connection.execute(statement, member.tenant_id, *values)
    standing.doubt(member_id=member.id)


async def test_a_member_who_signs_in_is_known_by_his_access_token(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)

    tokens = await member.sign_in()
    found = await standing.authenticate(tokens.access)

    assert (found.actor.kind, found.actor.tenant_id, found.actor.id) == (ActorKind.MEMBER, acme.tenant_id, member.id)
    assert (found.token.session_id, found.token.person_id) == (tokens.session_id, member.person_id)


async def test_a_refresh_gives_new_tokens_of_the_same_session(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    first = await member.sign_in()

    second = await sessions.refresh(first.refresh, "192.0.2.8")
    third = await sessions.refresh(second.refresh, "192.0.2.9")

    assert first.session_id == second.session_id == third.session_id
    assert len({first.refresh, second.refresh, third.refresh}) == len({first.access, second.access, third.access}) == 3
    assert (await standing.authenticate(third.access)).actor.id == member.id


async def test_of_fifty_refreshes_of_one_token_at_once_one_wins_and_the_session_is_over(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    tokens, other = await member.sign_in(), await member.sign_in()

    answers = await asyncio.gather(*(sessions.refresh(tokens.refresh, "192.0.2.8") for _ in range(AT_ONCE)), return_exceptions=True)

    won = [each for each in answers if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert all(isinstance(each, NotAllowed) for each in answers if each is not won[0])
    assert await is_refused(sessions.refresh(won[0].refresh, "192.0.2.8"))
    assert await is_refused(standing.authenticate(won[0].access))
    assert (await standing.authenticate(other.access)).actor.id == member.id


async def test_a_token_that_comes_back_ends_the_session_of_who_holds_the_latest(acme: Actor, make_member: MakeMember) -> None:
    stolen = (await (await make_member(acme)).sign_in()).refresh
    honest = await sessions.refresh(stolen, "192.0.2.8")
    for _ in range(3):
        honest = await sessions.refresh(honest.refresh, "192.0.2.8")

    assert await is_refused(sessions.refresh(stolen, "203.0.113.66"))

    assert await is_refused(sessions.refresh(honest.refresh, "192.0.2.8"))
    assert await is_refused(standing.authenticate(honest.access))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token.replace("kelr_", "kelu_"),
        lambda token: token.replace(".", "_"),
        lambda token: RefreshToken.new().text,
        lambda token: "\0" * 71,
        lambda token: "kelr_" + "é" * 22 + "." + "A" * 43,
    ],
)
async def test_what_is_no_token_of_ours_is_refused_and_ends_nothing(
    acme: Actor, make_member: MakeMember, wrong: Callable[[str], str]
) -> None:
    tokens = await (await make_member(acme)).sign_in()

    assert await is_refused(sessions.refresh(wrong(tokens.refresh), "192.0.2.8"))

    assert (await sessions.refresh(tokens.refresh, "192.0.2.8")).session_id == tokens.session_id


@pytest.mark.parametrize("column", ["ends_at", "idle_until"])
async def test_a_session_is_over_when_its_time_is(acme: Actor, make_member: MakeMember, column: str) -> None:
    member = await make_member(acme)
    tokens = await member.sign_in()

    await asked(member, f"UPDATE sign_in_session SET {column} = now() WHERE tenant_id = $1 AND id = $2", tokens.session_id)

    assert await is_refused(sessions.refresh(tokens.refresh, "192.0.2.8"))
    assert await is_refused(standing.authenticate(tokens.access))


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE member SET status = 'SUSPENDED' WHERE tenant_id = $1",
        "UPDATE member SET status = 'REMOVED' WHERE tenant_id = $1",
        "UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1",
    ],
)
async def test_a_session_does_not_outlast_its_member_or_tenant(acme: Actor, make_member: MakeMember, ending: str) -> None:
    member = await make_member(acme)
    tokens = await member.sign_in()

    await asked(member, ending)

    assert await is_refused(sessions.refresh(tokens.refresh, "192.0.2.8"))
    assert await is_refused(standing.authenticate(tokens.access))
    assert await is_refused(member.sign_in())


async def test_a_person_signed_out_everywhere_is_out_of_every_tenant_and_can_sign_in_again(
    acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    here = await make_member(acme)
    there = await make_member(globex, here)
    tokens = [await here.sign_in(), await there.sign_in()]

    async with acting_as(acme) as unit:
        await unit.connection.execute(f"SELECT act_as_person('{here.person_id}'); UPDATE person SET signed_out_at = clock_timestamp()")
    standing.doubt(member_id=here.id)
    standing.doubt(member_id=there.id)

    for each in tokens:
        assert await is_refused(standing.authenticate(each.access))
        assert await is_refused(sessions.refresh(each.refresh, "192.0.2.8"))
    assert (await standing.authenticate((await there.sign_in()).access)).actor.tenant_id == globex.tenant_id


async def test_a_sign_in_that_was_checked_before_a_new_password_and_written_after_it_is_none(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    checked = await check_password(member.email, PASSWORD)

    await change_password(member.person_id, PASSWORD, "山上 seven lanterns glow")

    assert await is_refused(sessions.begin(member.tenant_id, member.id, checked, CLIENT))


async def test_a_member_sees_his_sessions_and_ends_one_or_all_but_one(acme: Actor, make_member: MakeMember) -> None:
    member, somebody_else = await make_member(acme), await make_member(acme)
    one, two, three = [await member.sign_in() for _ in range(3)]
    theirs = await somebody_else.sign_in()

    async with acting_as(acme):
        assert {each.id for each in await sessions.open_sessions(member.id)} == {one.session_id, two.session_id, three.session_id}
        await sessions.end(one.session_id, member_id=member.id)
    assert await is_refused(standing.authenticate(one.access))
    async with acting_as(acme):
        assert await sessions.end_all(member.id, but=two.session_id) == 1
        assert [each.id for each in await sessions.open_sessions(member.id)] == [two.session_id]

    assert await is_refused(standing.authenticate(three.access))
    assert (await standing.authenticate(two.access)).actor.id == member.id
    assert (await standing.authenticate(theirs.access)).actor.id == somebody_else.id


async def test_nobody_ends_a_session_of_another_member_or_tenant(acme: Actor, globex: Actor, make_member: MakeMember) -> None:
    member, other = await make_member(acme), await make_member(acme)
    tokens = await member.sign_in()

    for actor, member_id, id in [(acme, other.id, tokens.session_id), (globex, None, tokens.session_id), (acme, None, new_id())]:
        async with acting_as(actor):
            with pytest.raises(NotFound, match="There is no such session"):
                await sessions.end(id, member_id=member_id)

    assert (await standing.authenticate(tokens.access)).actor.id == member.id


async def test_one_session_too_many_ends_the_one_that_was_not_used_for_longest(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    oldest = await member.sign_in()
    later = await member.sign_in()
    await sessions.refresh(oldest.refresh, "192.0.2.8")  # so the second is the one not used for longest

    for _ in range(sessions.OPEN_MOST - 1):
        last = await member.sign_in()

    assert await is_refused(standing.authenticate(later.access))
    assert (await standing.authenticate(oldest.access)).actor.id == (await standing.authenticate(last.access)).actor.id == member.id
    async with acting_as(acme):
        assert len(await sessions.open_sessions(member.id)) == sessions.OPEN_MOST


async def test_signing_out_ends_the_session_by_any_token_of_it(acme: Actor, make_member: MakeMember) -> None:
    tokens = await (await make_member(acme)).sign_in()
    latest = await sessions.refresh(tokens.refresh, "192.0.2.8")

    await sessions.sign_out(tokens.refresh)
    await sessions.sign_out(RefreshToken.new().text)
    await sessions.sign_out("nothing")

    assert await is_refused(standing.authenticate(latest.access))


async def test_nothing_is_stored_by_which_somebody_could_refresh(acme: Actor, make_member: MakeMember) -> None:
    tokens = await (await make_member(acme)).sign_in()
    locator, secret = tokens.refresh.removeprefix("kelr_").split(".")

    async with acting_as(acme) as unit:
        row = await unit.connection.fetchval("SELECT to_jsonb(s)::text FROM sign_in_session s WHERE tenant_id = $1", acme.tenant_id)

    assert locator not in row
    assert secret not in row
    assert tokens.access not in row


def known(session_id: UUID) -> bool:
    return any(found.token.session_id == session_id for found, _ in standing._believed.values())


async def test_what_is_believed_of_a_session_is_dropped_where_it_is_ended(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    tokens = await member.sign_in()
    await standing.authenticate(tokens.access)
    assert known(tokens.session_id)

    async with acting_as(acme):
        await sessions.end(tokens.session_id)

    assert not known(tokens.session_id)
