"""Members of fresh tenants, each signed in and asking over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from tenants.access.built_in import BY_WORD
from tenants.ids import global_id, new_id
from tenants.session import Actor, acting_as
from tests.server.conftest import Answer
from tests.tenants.signin.members import member_of


@dataclass
class Person:
    """A member who is signed in: `secret` is his access token, or that of a key of his."""

    tenant: Actor
    id: UUID
    email: str
    secret: str
    http: httpx.AsyncClient | None = field(default=None, repr=False)

    @property
    def global_id(self) -> str:
        return global_id("MEMBER", self.id)

    async def ask(self, document: str, /, **variables: Any) -> Answer:
        assert self.http is not None
        body = {"query": document, "variables": variables}
        answer = await self.http.post("/graphql", json=body, headers={"Authorization": f"Bearer {self.secret}"})
        told: dict[str, Any] = answer.json()
        extensions = told.pop("extensions", {})
        return Answer(answer.status_code, told, extensions)

    async def done(self, name: str, /, **input: Any) -> dict[str, Any]:
        """The payload of a mutation that takes an input."""
        document = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {_PAYLOADS[name]} {ERRORS} }} }}"
        found: dict[str, Any] = (await self.ask(document, input=input))[name]
        return found

    async def moved(self, name: str, id: str) -> dict[str, Any]:
        """The payload of a mutation that takes a member's id."""
        document = f"mutation ($id: ID!) {{ {name}(id: $id) {{ member {{ id status }} {ERRORS} }} }}"
        found: dict[str, Any] = (await self.ask(document, id=id))[name]
        return found


ERRORS = "userErrors { code field message conflictsWith }"
_ROLE = """{ id name description version memberCount permissions { permission scope } fields { noun field level }
    otherFields { noun level } conditions { noun field in notIn } }"""
_TEAM = "{ id name version members { id name } }"
_PAYLOADS = {
    "createRole": f"role {_ROLE}",
    "updateRole": f"role {_ROLE}",
    "deleteRole": "deletedId",
    "setMemberRoles": "member { id version status roles { id name isBuiltIn } teams { name } }",
    "createTeam": f"team {_TEAM}",
    "updateTeam": f"team {_TEAM}",
    "deleteTeam": "deletedId",
    "setTeamMembers": f"team {_TEAM}",
}

MakeRole = Callable[..., Awaitable[UUID]]
MakeMember = Callable[..., Awaitable[Person]]


@pytest.fixture
def make_role() -> MakeRole:
    """Puts a role into a tenant, whoever may grant it."""

    async def make(tenant: Actor, grants: Mapping[str, Any], name: str | None = None) -> UUID:
        id = new_id()
        async with acting_as(tenant) as unit:
            statement = "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, $3, $4)"
            await unit.connection.execute(statement, tenant.tenant_id, id, name or f"Role {id.hex[-6:]}", orjson.dumps(grants).decode())
        return id

    return make


@pytest.fixture
def make_member(http: httpx.AsyncClient) -> MakeMember:
    """Puts a member into a tenant with these roles, by word or id, and signs it in."""

    async def make(tenant: Actor, *roles: str | UUID, status: str = "ACTIVE") -> Person:
        ids = [BY_WORD[role].id if isinstance(role, str) else role for role in roles]
        member = await member_of(tenant, None, *ids)
        if not ids:
            await _set(member.id, tenant, "role_ids = '{}'")
        tokens = await member.sign_in()
        if status != "ACTIVE":
            await _set(member.id, tenant, f"status = '{status}'" + (", person_id = NULL" if status == "INVITED" else ""))
        return Person(tenant, member.id, member.email, tokens.access, http)

    return make


async def _set(id: UUID, tenant: Actor, values: str) -> None:
    async with acting_as(tenant) as unit:
        await unit.connection.execute(f"UPDATE member SET {values} WHERE tenant_id = $1 AND id = $2", tenant.tenant_id, id)


async def make_team(tenant: Actor, name: str = "华东", *members: Person) -> UUID:
    """Puts a team with these members into a tenant."""
    id = new_id()
    async with acting_as(tenant) as unit:
        await unit.connection.execute("INSERT INTO team (tenant_id, id, name) VALUES ($1, $2, $3)", tenant.tenant_id, id, name)
        for member in members:
            await unit.connection.execute("INSERT INTO team_member VALUES ($1, $2, $3)", tenant.tenant_id, id, member.id)
    return id


async def rows(tenant: Actor, statement: str, *values: Any) -> list[dict[str, Any]]:
    """What a statement finds in a tenant, which is its $1."""
    async with acting_as(tenant, read_only=True) as unit:
        return [dict(row) for row in await unit.connection.fetch(statement, tenant.tenant_id, *values)]
