"""Changes of access at the same time: one after the other, each by what is true when its turn comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tenants.access import members, roles
from tenants.access.actors import BELIEVED_SECONDS, actor_of_member
from tenants.access.built_in import ADMIN, SALES
from tenants.access.permissions import Permission
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.refusals import Conflict
from tenants.session import Actor, acting_as
from tests.server.access.conftest import MakeMember, MakeRole, Person, rows

_ADMINS = "SELECT count(*) AS count FROM member WHERE tenant_id = $1 AND status = 'ACTIVE' AND $2 = any(role_ids)"


async def _known(*people: Person) -> None:
    """Let the keys of these be believed for a second: what ends them in between is for the acts to see."""
    await asyncio.gather(*(each.ask("{ me { id } }") for each in people))


async def _admins(tenant: Actor) -> int:
    (found,) = await rows(tenant, _ADMINS, ADMIN.id)
    return int(found["count"])


@pytest.mark.parametrize("act", ["setMemberRoles", "suspendMember", "removeMember"])
@pytest.mark.parametrize("attempt", range(3))
async def test_of_two_admins_who_end_one_another_at_once_one_is_left(acme: Actor, make_member: MakeMember, act: str, attempt: int) -> None:
    one, other = await make_member(acme, "ADMIN"), await make_member(acme, "ADMIN")

    await _known(one, other)

    async def end(who: Person, whom: Person) -> object:
        if act == "setMemberRoles":
            return (await who.done(act, id=whom.global_id, roleIds=[]))["userErrors"]
        return (await who.moved(act, whom.global_id))["userErrors"]

    errors = await asyncio.gather(end(one, other), end(other, one))

    assert sorted(len(each) for each in errors) == [0, 1]  # type: ignore[arg-type]  # lists
    assert await _admins(acme) == 1


async def test_eight_admins_in_a_ring_leave_at_least_one(acme: Actor, make_member: MakeMember) -> None:
    ring = [await make_member(acme, "ADMIN") for _ in range(8)]

    await _known(*ring)
    await asyncio.gather(*(who.moved("removeMember", whom.global_id) for who, whom in zip(ring, [*ring[1:], ring[0]], strict=True)))

    assert await _admins(acme) >= 1


async def test_who_was_demoted_a_moment_ago_changes_nothing_more_though_he_is_still_believed(acme: Actor, make_member: MakeMember) -> None:
    admin, other, lin = await make_member(acme, "ADMIN"), await make_member(acme, "ADMIN"), await make_member(acme)
    await other.ask("{ members { totalCount } }")  # from here on he is believed for a second

    await admin.done("setMemberRoles", id=other.global_id, roleIds=[])
    late = await other.done("setMemberRoles", id=lin.global_id, roleIds=[global_id("ROLE", ADMIN.id)])

    assert [error["code"] for error in late["userErrors"]] == ["NOT_ALLOWED"]


async def test_of_many_changes_from_one_version_one_is_done(acme: Actor, make_member: MakeMember) -> None:
    admin = await make_member(acme, "ADMIN")
    role = (await admin.done("createRole", name="Draft", permissions=[]))["role"]

    payloads = await asyncio.gather(*(admin.done("updateRole", id=role["id"], version=1, description=f"By {each}") for each in range(10)))

    codes = [error["code"] for payload in payloads for error in payload["userErrors"]]
    assert codes == ["VERSION_CONFLICT"] * 9


async def test_of_many_roles_and_teams_of_one_name_one_is_made(acme: Actor, make_member: MakeMember) -> None:
    admin = await make_member(acme, "ADMIN")

    for act in ("createRole", "createTeam"):
        payloads = await asyncio.gather(*(admin.done(act, name="华东") for _ in range(8)))
        assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, *[1] * 7]


async def test_a_role_is_not_given_while_it_is_deleted(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    admin, people = await make_member(acme, "ADMIN"), [await make_member(acme) for _ in range(6)]
    role = await make_role(acme, {"permissions": {"CUSTOMER_READ": "ALL"}})
    giving = [admin.done("setMemberRoles", id=each.global_id, roleIds=[global_id("ROLE", role)]) for each in people]

    await asyncio.gather(*giving[:3], admin.done("deleteRole", id=global_id("ROLE", role)), *giving[3:])

    assert await rows(acme, "SELECT id FROM member WHERE tenant_id = $1 AND $2 = any(role_ids)", role) == []


async def test_a_key_shrinks_with_its_maker(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "ADMIN")
    async with acting_as(await actor_of_member(acme.tenant_id, lin.id)):
        _, secret = await add_api_key("Webshop", role_ids=[ADMIN.id])
    key = replace(lin, secret=secret)
    assert (await key.done("createTeam", name="Before"))["userErrors"] == []

    await admin.done("setMemberRoles", id=lin.global_id, roleIds=[global_id("ROLE", SALES.id)])
    at_once = await key.done("createTeam", name="At once")
    await asyncio.sleep(BELIEVED_SECONDS)
    later = await key.done("createTeam", name="Later")
    await admin.moved("removeMember", lin.global_id)
    await asyncio.sleep(BELIEVED_SECONDS)
    removed = [await each.ask("{ members { totalCount } }") for each in (key, lin)]

    assert [[error["code"] for error in payload["userErrors"]] for payload in (at_once, later)] == [["NOT_ALLOWED"]] * 2
    assert [(answer.status, answer.body["code"]) for answer in removed] == [(401, "NOT_ALLOWED")] * 2


async def test_a_hundred_roles_are_enough(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    admin = await make_member(acme, "ADMIN")
    for _ in range(99):
        await make_role(acme, {})

    payloads = await asyncio.gather(*(admin.done("createRole", name=f"Role {each}") for each in range(4)))

    assert sorted(error["code"] for payload in payloads for error in payload["userErrors"]) == ["TOO_LARGE"] * 3


async def test_an_operator_is_bound_by_the_last_admin_alone(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    admin = await make_member(acme, "ADMIN")
    async with acting_as(acme):
        role = await roles.make_role("By the operator", "", {"permissions": {"CUSTOMER_READ": "ALL"}})
        with pytest.raises(Conflict):
            await members.suspend(admin.id)
    second = await make_member(acme, "ADMIN")
    async with acting_as(acme):
        await members.give_roles(admin.id, [role])

    assert (await actor_of_member(acme.tenant_id, second.id)).rights.may(Permission.ROLE_MANAGE)
    assert not (await actor_of_member(acme.tenant_id, admin.id)).rights.may(Permission.ROLE_MANAGE)
