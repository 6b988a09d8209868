"""A tenant's admin makes roles of his own, gives them, changes them and takes them away, and the trail says so."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from server.schema import schema
from tenants.access.actors import actor_of_member
from tenants.access.built_in import SALES
from tenants.access.permissions import Permission
from tenants.api_keys import add_api_key
from tenants.ids import global_id, local_id
from tenants.session import Actor, acting_as
from tests.server.access.conftest import MakeMember, MakeRole, Person, make_team, rows

EAST: dict[str, Any] = {
    "name": "Sales 华东",
    "description": "Active customers of 华东, without birth dates",
    "permissions": [{"permission": "CUSTOMER_READ", "scope": "TEAM"}, {"permission": "CUSTOMER_UPDATE", "scope": "OWN"}],
    "fields": [{"noun": "CUSTOMER", "field": "birthDate", "level": "NONE"}, {"noun": "CUSTOMER", "field": "phone", "level": "MASKED"}],
    "otherFields": [{"noun": "CUSTOMER", "level": "WRITE"}],
    "conditions": [
        {"noun": "CUSTOMER", "field": "region", "in": ["华东"]},
        {"noun": "CUSTOMER", "field": "lifecycle", "notIn": ["LAPSED"]},
    ],
}


async def entries(tenant: Actor, event: str) -> list[dict[str, Any]]:
    found = await rows(tenant, "SELECT * FROM trail_entry WHERE tenant_id = $1 AND event = $2 ORDER BY id", event)
    return [row | {"details": orjson.loads(row["details"]) if row["details"] else {}} for row in found]


async def test_a_role_is_made_as_it_is_said_and_read_back(acme: Actor, make_member: MakeMember) -> None:
    admin = await make_member(acme, "ADMIN")

    payload = await admin.done("createRole", **EAST)

    assert payload["userErrors"] == []
    role = payload["role"]
    assert (role["name"], role["description"], role["version"], role["memberCount"]) == (EAST["name"], EAST["description"], 1, 0)
    assert role["permissions"] == EAST["permissions"]
    assert role["fields"] == EAST["fields"]
    assert role["otherFields"] == EAST["otherFields"]
    assert role["conditions"] == [
        {"noun": "CUSTOMER", "field": "lifecycle", "in": None, "notIn": ["LAPSED"]},
        {"noun": "CUSTOMER", "field": "region", "in": ["华东"], "notIn": None},
    ]


async def test_a_list_that_is_given_takes_the_place_of_the_list_and_the_others_stay(acme: Actor, make_member: MakeMember) -> None:
    admin = await make_member(acme, "ADMIN")
    role = (await admin.done("createRole", **EAST))["role"]

    changed = await admin.done("updateRole", id=role["id"], version=1, otherFields=[{"noun": "CUSTOMER", "level": "READ"}], conditions=[])
    again = await admin.done("updateRole", id=role["id"], version=1, name="Later")

    assert changed["userErrors"] == []
    assert changed["role"] == role | {"version": 2, "otherFields": [{"noun": "CUSTOMER", "level": "READ"}], "conditions": []}
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("VERSION_CONFLICT", ["version"])]


async def test_a_member_has_the_rights_of_his_roles_and_loses_them_with_the_role(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme)
    role = (await admin.done("createRole", **EAST))["role"]

    given = await admin.done("setMemberRoles", id=lin.global_id, roleIds=[role["id"], global_id("ROLE", SALES.id)])
    before = await actor_of_member(acme.tenant_id, lin.id)
    deleted = await admin.done("deleteRole", id=role["id"])
    after = await actor_of_member(acme.tenant_id, lin.id)

    assert given["member"]["roles"] == [
        {"id": global_id("ROLE", SALES.id), "name": "SALES", "isBuiltIn": True},
        {"id": role["id"], "name": EAST["name"], "isBuiltIn": False},
    ]
    assert deleted == {"deletedId": role["id"], "userErrors": []}
    assert len(before.rights.grants) == 2
    assert after.rights.grants == (SALES.grant,)
    assert await rows(acme, "SELECT id FROM member WHERE tenant_id = $1 AND $2 = any(role_ids)", local_id("ROLE", role["id"])) == []


async def test_a_deleted_role_is_taken_from_keys(acme: Actor, make_member: MakeMember, make_role: MakeRole) -> None:
    admin = await make_member(acme, "ADMIN")
    role = await make_role(acme, {"permissions": {"CUSTOMER_READ": "ALL"}})
    async with acting_as(acme):
        key, _ = await add_api_key("Webshop", role_ids=[role])

    await admin.done("deleteRole", id=global_id("ROLE", role))

    (entry,) = await entries(acme, "ROLE_DELETED")
    assert entry["details"]["taken_from"] == {"keys": 1, "members": 0}
    assert await rows(acme, "SELECT role_ids FROM api_key WHERE tenant_id = $1 AND id = $2", key.id) == [{"role_ids": []}]


async def test_the_trail_says_who_changed_what_and_what_was_gained_and_lost(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "SALES")
    role = (await admin.done("createRole", **EAST))["role"]
    await admin.done("updateRole", id=role["id"], permissions=[{"permission": "CUSTOMER_READ", "scope": "ALL"}], fields=[])
    await admin.done("setMemberRoles", id=lin.global_id, roleIds=[role["id"]])

    (made,), (changed,), (given,) = [await entries(acme, event) for event in ("ROLE_MADE", "ROLE_CHANGED", "ROLES_GIVEN")]

    assert made["member_id"] == changed["member_id"] == given["member_id"] == admin.id
    assert (made["subject_type"], made["subject_id"]) == ("ROLE", local_id("ROLE", role["id"]))
    assert {"CUSTOMER_READ TEAM", "CUSTOMER.phone MASKED", "CUSTOMER.city WRITE"} <= set(made["details"]["gained"])
    assert made["details"]["conditions_added"] == ["CUSTOMER.lifecycle not in 1", "CUSTOMER.region in 1"]
    assert changed["details"] == {
        "gained": ["CUSTOMER_READ ALL", "CUSTOMER.birth_date WRITE", "CUSTOMER.phone WRITE"],
        "lost": ["CUSTOMER_UPDATE OWN"],
    }
    assert (given["subject_type"], given["subject_id"]) == ("MEMBER", lin.id)
    assert given["details"]["roles_given"] == [str(local_id("ROLE", role["id"]))]
    assert given["details"]["roles_taken"] == [str(SALES.id)]
    assert "CUSTOMER_READ ALL" in given["details"]["gained"]
    assert "ORDER_READ TEAM" in given["details"]["lost"]


async def test_what_changes_nothing_leaves_no_entry_and_no_version(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "SALES")
    role = (await admin.done("createRole", **EAST))["role"]

    same = await admin.done("updateRole", id=role["id"], name=EAST["name"], permissions=EAST["permissions"])
    kept = await admin.done("setMemberRoles", id=lin.global_id, roleIds=[global_id("ROLE", SALES.id)])

    assert (same["role"]["version"], kept["member"]["version"]) == (1, 1)
    assert await entries(acme, "ROLE_CHANGED") + await entries(acme, "ROLES_GIVEN") == []


async def test_a_member_is_suspended_resumed_and_removed(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "SALES")
    team = await make_team(acme, "华东", lin)

    moves = [await admin.moved(name, lin.global_id) for name in ("suspendMember", "resumeMember", "removeMember", "resumeMember")]

    assert [payload["member"] and payload["member"]["status"] for payload in moves] == ["SUSPENDED", "ACTIVE", "REMOVED", None]
    assert [payload["userErrors"][0]["code"] if payload["userErrors"] else None for payload in moves] == [None, None, None, "CONFLICT"]
    assert await rows(acme, "SELECT role_ids FROM member WHERE tenant_id = $1 AND id = $2", lin.id) == [{"role_ids": []}]
    assert await rows(acme, "SELECT 1 FROM team_member WHERE tenant_id = $1") == []
    (removed,) = await entries(acme, "MEMBER_REMOVED")
    assert removed["details"]["teams_left"] == [str(team)]
    assert "CUSTOMER_READ TEAM" in removed["details"]["lost"]


async def test_a_suspended_member_may_do_nothing_and_neither_may_his_key(acme: Actor, make_member: MakeMember) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "MANAGER")
    await admin.moved("suspendMember", lin.global_id)

    answer = await lin.ask("{ members { nodes { name } } }")

    assert (answer.status, answer.body["code"]) == (401, "NOT_ALLOWED")


async def test_teams_are_made_renamed_filled_and_deleted(acme: Actor, make_member: MakeMember) -> None:
    admin, lin, ben = [await make_member(acme, role) for role in ("ADMIN", "SALES", "SALES")]

    east = (await admin.done("createTeam", name=" 华东  区 "))["team"]
    west = (await admin.done("createTeam", name="West"))["team"]
    filled = await admin.done("setTeamMembers", id=east["id"], memberIds=[lin.global_id, ben.global_id])
    both = await admin.done("setTeamMembers", id=west["id"], memberIds=[lin.global_id])
    twice = await admin.done("updateTeam", id=west["id"], name="华东 区")
    renamed = await admin.done("updateTeam", id=west["id"], name="Westen", version=2)
    actor = await actor_of_member(acme.tenant_id, ben.id)
    deleted = await admin.done("deleteTeam", id=east["id"])

    assert (east["name"], east["members"]) == ("华东 区", [])
    assert {each["id"] for each in filled["team"]["members"]} == {lin.global_id, ben.global_id}
    assert [each["id"] for each in both["team"]["members"]] == [lin.global_id]
    assert [(error["code"], error["conflictsWith"]) for error in twice["userErrors"]] == [("DUPLICATE", east["id"])]
    assert (renamed["team"]["name"], renamed["team"]["version"]) == ("Westen", 3)
    assert set(actor.teammates) == {lin.id, ben.id}
    assert deleted == {"deletedId": east["id"], "userErrors": []}
    assert (await actor_of_member(acme.tenant_id, ben.id)).teammates == ()


async def test_the_lists_show_a_tenant_its_own_and_nothing_of_another(
    acme: Actor, globex: Actor, make_member: MakeMember, make_role: MakeRole
) -> None:
    document = """{ members { totalCount nodes { id name email status roles { name } teams { name } } }
        roles(orderBy: [{field: NAME}]) { nodes { name } } teams(filter: {name: {eq: "华东"}}) { nodes { name members { id } } } }"""
    admin, other = await make_member(acme, "ADMIN"), await make_member(globex, "ADMIN")
    for tenant in (acme, globex):
        await make_role(tenant, {"permissions": {}}, f"Of {tenant.tenant_id}")
    await make_team(acme, "华东", admin)

    ours, theirs = await admin.ask(document), await other.ask(document)

    assert [member["id"] for member in ours["members"]["nodes"]] == [admin.global_id]
    assert ours["members"]["nodes"][0]["teams"] == [{"name": "华东"}]
    assert ours["roles"]["nodes"] == [{"name": f"Of {acme.tenant_id}"}]
    assert ours["teams"]["nodes"] == [{"name": "华东", "members": [{"id": admin.global_id}]}]
    assert [member["id"] for member in theirs["members"]["nodes"]] == [other.global_id]
    assert theirs["teams"]["nodes"] == []


@pytest.mark.parametrize("role", ["SERVICE", "PARTNER"])
async def test_who_may_not_read_members_reads_none(acme: Actor, make_member: MakeMember, role: str) -> None:
    person: Person = await make_member(acme, role)

    for list_ in ("members", "roles", "teams"):
        assert (await person.ask(f"{{ {list_} {{ totalCount }} }}")).codes == ["NOT_ALLOWED"]


def test_every_permission_can_be_said() -> None:
    assert list(schema._schema.type_map["Permission"].values) == [each.value for each in Permission]  # type: ignore[attr-defined]  # an enum
