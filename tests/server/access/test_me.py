"""Everybody is told who he is and what he may do; whoever may see members, what the built-in roles are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.reads.execute import Road
from server.schema import schema
from server.schema.access.me import _me
from tenants.access.actors import actor_of_member
from tenants.access.built_in import ADMIN, BUILT_IN
from tenants.access.grants import json_of
from tenants.access.permissions import Permission
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.session import Actor, ActorKind, acting_as
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.conftest import Ask

ME = """{ me { kind id name email memberId roles { id name isBuiltIn } permissions { permission scope } fields { noun field level } } }"""
BUILT_IN_ROLES = """{ builtInRoles { id name description permissions { permission scope } fields { noun field level }
    otherFields { noun level } conditions { noun field in notIn } } }"""


async def test_a_program_is_told_whose_it_is_and_what_it_may_do(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    grants = {"permissions": {"CUSTOMER_READ": "TEAM", "MEMBER_READ": "ALL"}, "fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}}}
    lin = await make_member(acme, await make_role(acme, grants))
    async with acting_as(acme) as unit:
        key, secret = await add_api_key("a program", role_ids=[ADMIN.id])
        await unit.connection.execute("UPDATE api_key SET made_by = $3 WHERE tenant_id = $1 AND id = $2", acme.tenant_id, key.id, lin.id)

    me = (await replace(lin, secret=secret).ask(ME))["me"]

    assert (me["kind"], me["email"], me["memberId"]) == ("API_KEY", None, lin.global_id)
    assert me["roles"] == [{"id": global_id("ROLE", ADMIN.id), "name": "ADMIN", "isBuiltIn": True}]
    assert me["permissions"] == [{"permission": "CUSTOMER_READ", "scope": "TEAM"}, {"permission": "MEMBER_READ", "scope": "ALL"}]
    levels = {each["field"]: each["level"] for each in me["fields"]}
    assert (levels["phone"], levels["birthDate"], levels["custom.*"]) == ("MASKED", "READ", "READ")
    assert {each["noun"] for each in me["fields"]} == {"CUSTOMER"}


async def test_who_may_do_nothing_is_told_so(acme: Actor, make_member: MakeMember) -> None:
    nobody = await make_member(acme)

    me = (await nobody.ask(ME))["me"]

    assert (me["permissions"], me["fields"]) == ([], [])


async def test_built_in_roles_are_told_as_they_are(graphql: Ask, acme: Actor) -> None:
    roles = (await graphql(BUILT_IN_ROLES, as_=acme))["builtInRoles"]

    assert [role["name"] for role in roles] == [role.word for role in BUILT_IN.values()]
    assert [role["id"] for role in roles] == [global_id("ROLE", id) for id in BUILT_IN]
    assert len(roles[0]["permissions"]) == len(Permission)
    sales = json_of(list(BUILT_IN.values())[2].grant)
    assert {each["permission"]: each["scope"] for each in roles[2]["permissions"]} == sales["permissions"]
    assert roles[2]["fields"] == [{"noun": "CUSTOMER", "field": "nationalId", "level": "MASKED"}]
    assert {"noun": "ORDER", "level": "WRITE"} in roles[2]["otherFields"]


@pytest.mark.parametrize("role", ["SERVICE", "PARTNER"])
async def test_who_may_not_see_members_is_told_of_no_roles(acme: Actor, make_member: MakeMember, role: str) -> None:
    assert (await (await make_member(acme, role)).ask(BUILT_IN_ROLES)).codes == ["NOT_ALLOWED"]


async def test_a_member_is_told_his_name_and_email(acme: Actor, make_member: MakeMember) -> None:
    lin = await make_member(acme, "SALES")

    me = await _me(Road(schema._schema), await actor_of_member(acme.tenant_id, lin.id))

    assert (me.kind, me.id, me.member_id, me.name) == (ActorKind.MEMBER, lin.global_id, lin.global_id, "林小梅")
    assert me.email == f"{lin.id.hex}@example.org"
    assert [(role.name, role.is_built_in) for role in me.roles] == [("SALES", True)]
