"""Nobody gets or gives more than he has: every attempt is refused in words he can act on, and leaves nothing behind."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tenants.access.actors import actor_of_member
from tenants.access.authority import Authority
from tenants.access.built_in import ADMIN, BY_WORD, EVERYTHING
from tenants.access.grants import json_of
from tenants.access.rights import Rights
from tenants.api_keys import add_api_key
from tenants.ids import global_id, new_id
from tenants.people.invitations import invite
from tenants.session import Actor, acting_as
from tests.conftest import MakeTenant
from tests.server.access.attempts import ATTEMPTS, BUILT_IN_IDS, CHIEF, READ, Attempt
from tests.server.access.conftest import MakeMember, MakeRole, Person, make_team, rows

_OWN = {"CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}]}
_GRANTS: dict[str, Any] = {
    "chief role": CHIEF,
    "small": {"permissions": {"CUSTOMER_READ": "OWN"}, "conditions": _OWN},
    "team role": {"permissions": {"CUSTOMER_READ": "TEAM"}, "conditions": _OWN},
    "shared": {"permissions": {"CUSTOMER_READ": "OWN"}, "conditions": _OWN},
    "of key": {"permissions": {"CUSTOMER_READ": "OWN"}, "conditions": _OWN},
    "big": {"permissions": {"CUSTOMER_READ": "ALL", "CUSTOMER_DELETE": "ALL"}},
    "god role": json_of(EVERYTHING.grants[0]),
}
_ROLES_OF: dict[str, tuple[str, ...]] = {
    **{"boss": ("ADMIN", "shared"), "god": ("god role",), "chief": ("chief role",), "second": ("ADMIN",)},
    **{"accomplice": ("small",), "spy": ("team role",), "owner": ("small",), "plain": (), "invited": (), "removed": ()},
    **{word.lower(): (word,) for word in ("MANAGER", "SALES", "SERVICE", "PARTNER", "AUDITOR")},
}
_STATUS = {"second": "SUSPENDED", "invited": "INVITED", "removed": "REMOVED"}
_FIELDS = {"level": ("TEXT", False), "secret": ("TEXT", False), "sealed": ("TEXT", True), "shoe_size": ("NUMBER", False)}
#: Everything that says who may do what.
_TABLES = {
    "member": "SELECT * FROM member WHERE tenant_id = $1 ORDER BY id",
    "role": "SELECT * FROM role WHERE tenant_id = $1 ORDER BY id",
    "team": "SELECT * FROM team WHERE tenant_id = $1 ORDER BY id",
    "team_member": "SELECT * FROM team_member WHERE tenant_id = $1 ORDER BY team_id, member_id",
    "api_key": "SELECT id, role_ids, made_by, may_reveal, revoked_at FROM api_key WHERE tenant_id = $1 ORDER BY id",
}


class World:
    """Two tenants with everybody in them. `ids` are the global ids of all that an attempt can name."""

    def __init__(self, ours: Actor, theirs: Actor) -> None:
        self.ours, self.theirs = ours, theirs
        self.people: dict[str, Person] = {}
        self.ids: dict[str, str] = {**BUILT_IN_IDS, "foreign tenant": global_id("TENANT", theirs.tenant_id)}

    async def settle(self, make_member: MakeMember, make_role: MakeRole) -> World:
        await self._settle_fields()
        roles = {name: await make_role(self.ours, grants, name.capitalize()) for name, grants in _GRANTS.items()}
        for name, of in _ROLES_OF.items():
            held = [role if role in BY_WORD else roles[role] for role in of]
            self.people[name] = await make_member(self.ours, *held, status=_STATUS.get(name, "ACTIVE"))
        self.ids |= {f"{name}'s email": self.people[name].email for name in ("boss", "second")}
        async with acting_as(self.ours):
            await invite("invited.admin@vogel.example.org", "Jürgen", [ADMIN.id], is_mailed=False)
        foreign = await make_member(self.theirs, "ADMIN")
        teams = {"rich": ("owner",), "mine": ("chief",), "empty": (), "admins": ("boss",)}
        for name, members in teams.items():
            self.ids[name] = global_id("TEAM", await make_team(self.ours, name.capitalize(), *(self.people[each] for each in members)))
        self.ids |= {name: global_id("ROLE", id) for name, id in roles.items()}
        self.ids |= {name: person.global_id for name, person in self.people.items()}
        self.ids["foreign member"] = foreign.global_id
        self.ids["foreign role"] = global_id("ROLE", await make_role(self.theirs, {"permissions": {}}))
        self.ids["foreign team"] = global_id("TEAM", await make_team(self.theirs, "Theirs", foreign))
        async with acting_as(await actor_of_member(self.ours.tenant_id, self.people["boss"].id)):
            await add_api_key("wide", role_ids=[roles["of key"], ADMIN.id])
            _, secret = await add_api_key("narrow", role_ids=[roles["small"]])
        self.people["narrow key"] = replace(self.people["boss"], secret=secret)
        return self

    async def _settle_fields(self) -> None:
        statement = "INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, $3, $3, $4, $5)"
        async with acting_as(self.ours) as unit:
            for name, (type_, is_sealed) in _FIELDS.items():
                await unit.connection.execute(statement, self.ours.tenant_id, new_id(), name, type_, is_sealed)
        async with acting_as(self.theirs) as unit:
            await unit.connection.execute(statement, self.theirs.tenant_id, new_id(), "foreign", "TEXT", False)

    def named(self, value: Any) -> Any:
        """An input with the ids of what it names in braces."""
        if isinstance(value, dict):
            return {name: self.named(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.named(each) for each in value]
        found = re.fullmatch(r"\{(.*)\}", value) if isinstance(value, str) else None
        return self.ids[found[1]] if found else value

    async def dump(self) -> dict[str, Any]:
        return {f"{tenant.tenant_id} {name}": await rows(tenant, of) for tenant in (self.ours, self.theirs) for name, of in _TABLES.items()}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
async def world(kept: dict[str, Any], make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> World:
    """One for all attempts: none of them changes it."""
    if "world" not in kept:
        kept["world"] = await World(await make_tenant(), await make_tenant()).settle(make_member, make_role)
    found: World = kept["world"]
    return found


async def refusal(world: World, attempt: Attempt) -> list[str]:
    """The codes by which an attempt is refused; '' where the request is none of the schema's."""
    who, input = world.people[attempt.who], world.named(attempt.input)
    if attempt.act in ("suspendMember", "resumeMember", "removeMember"):
        answer = await who.ask(f"mutation ($id: ID!) {{ done: {attempt.act}(id: $id) {{ userErrors {{ code message }} }} }}", **input)
    else:
        of = f"{attempt.act[0].upper()}{attempt.act[1:]}Input!"
        answer = await who.ask(
            f"mutation ($input: {of}) {{ done: {attempt.act}(input: $input) {{ userErrors {{ code message }} }} }}", input=input
        )
    if answer.errors:
        assert "INTERNAL" not in answer.codes, answer.errors
        return ["" if code in ("", "INVALID") else code for code in answer.codes]
    assert all(error["message"] for error in answer["done"]["userErrors"])
    return [error["code"] for error in answer["done"]["userErrors"]]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: f"{attempt.who}: {attempt.label}".encode("ascii", "replace").decode())
async def test_an_attempt_is_refused_and_changes_nothing(world: World, attempt: Attempt) -> None:
    before = await world.dump()

    codes = await refusal(world, attempt)

    assert codes
    assert set(codes) <= set(attempt.codes), codes
    assert await world.dump() == before


def test_there_are_attempts_of_every_kind() -> None:
    assert len({(attempt.who, attempt.act, str(attempt.input)) for attempt in ATTEMPTS}) == len(ATTEMPTS) > 300
    assert {attempt.act for attempt in ATTEMPTS} >= {"createRole", "updateRole", "deleteRole", "setMemberRoles", "setTeamMembers"}


async def test_the_same_requests_are_done_where_they_are_within_ones_rights(
    make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole
) -> None:
    """The control: what is refused above is refused for what it asks, not for how."""
    world = await World(await make_tenant(), await make_tenant()).settle(make_member, make_role)
    within = {
        "permissions": [{"permission": "CUSTOMER_READ", "scope": "TEAM"}],
        "conditions": [{"noun": "CUSTOMER", "field": "lifecycle", "in": ["ACTIVE"]}, {"noun": "CUSTOMER", "field": "city", "in": ["杭州"]}],
        "fields": [{"noun": "CUSTOMER", "field": "phone", "level": "MASKED"}],
    }
    done = [
        Attempt("", "chief", "createRole", {"name": "Within", **within}),
        Attempt("", "chief", "updateRole", {"id": "{small}", **within, "permissions": [READ]}),
        Attempt("", "chief", "updateRole", {"id": "{team role}", **within}),
        Attempt("", "chief", "setMemberRoles", {"id": "{plain}", "roleIds": ["{small}", "{shared}"]}),
        Attempt("", "chief", "suspendMember", {"id": "{accomplice}"}),
        Attempt("", "chief", "resumeMember", {"id": "{accomplice}"}),
        Attempt("", "chief", "removeMember", {"id": "{invited}"}),
        Attempt("", "chief", "inviteMember", {"email": "Yang.Mei@vogel.example.org", "name": "杨梅", "roleIds": ["{small}"]}),
        Attempt("", "chief", "inviteMember", {"email": "yang.mei@vogel.example.org", "name": "杨梅", "roleIds": ["{shared}"]}),
        Attempt("", "chief", "createTeam", {"name": "New"}),
        Attempt("", "chief", "setTeamMembers", {"id": "{rich}", "memberIds": []}),
        Attempt("", "boss", "setTeamMembers", {"id": "{mine}", "memberIds": ["{chief}", "{plain}"]}),
        Attempt("", "boss", "updateRole", {"id": "{chief role}", "permissions": [{"permission": "CUSTOMER_DELETE"}]}),
        Attempt("", "boss", "deleteRole", {"id": "{big}"}),
        Attempt("", "boss", "resumeMember", {"id": "{second}"}),
        Attempt("", "god", "setMemberRoles", {"id": "{boss}", "roleIds": []}),
    ]

    assert [(attempt.act, await refusal(world, attempt)) for attempt in done] == [(attempt.act, []) for attempt in done]


@pytest.mark.parametrize(
    ("of", "weakness", "label"),
    [(Rights, "is_within", "make a role: CUSTOMER_READ ALL"), (Authority, "check_other", "give oneself small")],
)
async def test_a_planted_weakness_lets_an_attempt_through(
    make_tenant: MakeTenant,
    make_member: MakeMember,
    make_role: MakeRole,
    monkeypatch: pytest.MonkeyPatch,
    of: type,
    weakness: str,
    label: str,
) -> None:
    world = await World(await make_tenant(), await make_tenant()).settle(make_member, make_role)
    (attempt,) = [attempt for attempt in ATTEMPTS if (attempt.who, attempt.label) == ("chief", label)]

    monkeypatch.setattr(of, weakness, lambda *_: True)

    assert await refusal(world, attempt) == []
