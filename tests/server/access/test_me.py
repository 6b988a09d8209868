"""Everybody is told who he is and what he may do; whoever may see members, what the built-in roles are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenants.access.actors import actor_of_member
from tenants.access.built_in import BUILT_IN, SALES
from tenants.access.grants import json_of
from tenants.access.permissions import Permission
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.session import Actor, acting_as
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.conftest import Ask

ME = """{ me { kind id name email memberId roles { id name isBuiltIn } permissions { permission scope } fields { noun field level } } }"""
BUILT_IN_ROLES = """{ builtInRoles { id name description permissions { permission scope } fields { noun field level }
    otherFields { noun level } conditions { noun field in notIn } } }"""


async def test_a_member_is_told_who_he_is_and_what_he_may_do(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    grants = {"permissions": {"CUSTOMER_READ": "TEAM", "MEMBER_READ": "ALL"}, "fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}}}
    lin = await make_member(acme, await make_role(acme, grants, "Colleague"))

    me = (await lin.ask(ME))["me"]

    assert (me["kind"], me["id"], me["memberId"]) == ("MEMBER", lin.global_id, lin.global_id)
    assert (me["name"], me["email"]) == ("王芳", lin.email)
    assert [(role["name"], role["isBuiltIn"]) for role in me["roles"]] == [("Colleague", False)]
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


async def test_a_program_is_told_whose_it_is_and_that_it_may_do_no_more_than_who_made_it(acme: Actor, make_member: MakeMember) -> None:
    admin = await make_member(acme, "ADMIN")
    async with acting_as(await actor_of_member(acme.tenant_id, admin.id)):
        key, secret = await add_api_key("Webshop", role_ids=[SALES.id])

    me = (await replace(admin, secret=secret).ask(ME))["me"]

    assert (me["kind"], me["id"], me["name"], me["email"]) == ("API_KEY", global_id("API_KEY", key.id), "Webshop", None)
    assert me["memberId"] == admin.global_id
    assert me["roles"] == [{"id": global_id("ROLE", SALES.id), "name": "SALES", "isBuiltIn": True}]
    assert {each["scope"] for each in me["permissions"] if each["permission"] == "CUSTOMER_READ"} == {"TEAM"}
