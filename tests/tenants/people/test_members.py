"""Members: suspended, taken back, removed; and the last admin stays."""

from __future__ import annotations

import asyncio

import pytest

from tenants.access.actors import actor_of_member
from tenants.access.built_in import SALES
from tenants.ids import new_id
from tenants.people.checks import WRONG, check_password
from tenants.people.members import MemberStatus, member, members, move
from tenants.refusals import Conflict, NotAllowed, NotFound
from tenants.session import Actor, acting_as
from tests.tenants.people.conftest import PASSWORD, Join, Somebody, invited


async def moved(somebody: Somebody, status: MemberStatus) -> None:
    async with acting_as(somebody.tenant):
        await move(somebody.member_id, status)


async def test_who_is_suspended_or_removed_does_not_sign_in_and_who_is_taken_back_does(join: Join) -> None:
    await join()
    wang = await join()

    for status in (MemberStatus.SUSPENDED, MemberStatus.ACTIVE, MemberStatus.REMOVED):
        await moved(wang, status)
        if status is MemberStatus.ACTIVE:
            await check_password(wang.email, PASSWORD)
            await actor_of_member(wang.tenant.tenant_id, wang.member_id)
        else:
            with pytest.raises(NotAllowed, match=WRONG):
                await check_password(wang.email, PASSWORD)
            with pytest.raises(NotAllowed):
                await actor_of_member(wang.tenant.tenant_id, wang.member_id)


async def test_who_is_suspended_in_one_tenant_signs_in_to_the_other(join: Join, globex: Actor) -> None:
    await join()
    wang = await join()
    await join(globex, email="somebody.else@example.cn")
    _, token = await invited(globex, wang.email)
    from tenants.people.invitations import accept

    await accept(token, PASSWORD)
    await moved(wang, MemberStatus.SUSPENDED)

    assert (await check_password(wang.email, PASSWORD)).person_id == wang.person_id


async def test_the_last_active_admin_is_neither_suspended_nor_removed(join: Join, acme: Actor) -> None:
    admin, seller = await join(), await join(role_ids=(SALES.id,))
    await invited(acme, "another.admin@example.cn")  # who has not accepted yet is no active admin

    for status in (MemberStatus.SUSPENDED, MemberStatus.REMOVED):
        with pytest.raises(Conflict) as caught:
            await moved(admin, status)
        assert caught.value.code == "LAST_ADMIN"
    await moved(seller, MemberStatus.SUSPENDED)

    second = await join()
    await moved(admin, MemberStatus.SUSPENDED)
    with pytest.raises(Conflict):
        await moved(second, MemberStatus.REMOVED)


async def test_admins_who_suspend_each_other_at_once_leave_one(join: Join, acme: Actor) -> None:
    admins = [await join() for _ in range(4)]

    results = await asyncio.gather(*(moved(each, MemberStatus.SUSPENDED) for each in admins), return_exceptions=True)

    assert sorted(type(each).__name__ for each in results) == ["Conflict", "NoneType", "NoneType", "NoneType"]
    async with acting_as(acme):
        assert [each.status for each in await members()].count(MemberStatus.ACTIVE) == 1


async def test_a_member_makes_no_other_moves_than_those(join: Join, acme: Actor) -> None:
    await join()
    wang = await join()
    invited_id, _ = await invited(acme, "li@example.cn")

    async with acting_as(acme):
        with pytest.raises(Conflict, match="INVITED cannot become ACTIVE"):
            await move(invited_id, MemberStatus.ACTIVE)
        with pytest.raises(Conflict, match="INVITED cannot become SUSPENDED"):
            await move(invited_id, MemberStatus.SUSPENDED)
        before = await member(wang.member_id)
        assert await move(wang.member_id, MemberStatus.ACTIVE) == before
        assert (await move(wang.member_id, MemberStatus.SUSPENDED)).version == before.version + 1
    await moved(wang, MemberStatus.REMOVED)
    with pytest.raises(NotFound):
        await moved(wang, MemberStatus.ACTIVE)


async def test_another_tenants_member_is_not_found(join: Join, globex: Actor) -> None:
    wang = await join()

    async with acting_as(globex):
        said = set()
        for id in (wang.member_id, new_id()):
            with pytest.raises(NotFound) as caught:
                await move(id, MemberStatus.SUSPENDED)
            said.add(caught.value.message)
        assert len(said) == 1
        assert await members() == []


async def test_members_are_listed_a_page_at_a_time(join: Join, acme: Actor) -> None:
    joined = [await join() for _ in range(3)]
    await moved(joined[0], MemberStatus.REMOVED)

    async with acting_as(acme):
        first = await members(most=1)
        rest = await members(after=first[-1].id)

    assert [each.id for each in (*first, *rest)] == [each.member_id for each in joined[1:]]
