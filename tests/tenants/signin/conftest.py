"""Members of a tenant who can sign in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from tenants.access.built_in import ADMIN
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tenants.signin import sessions
from tenants.signin.sessions import Client, Method, Tokens

CLIENT = Client("Firefox on a test's machine", "192.0.2.7")

_PERSON = "SELECT act_as_person('{id}'); INSERT INTO person (id, email) VALUES ('{id}', '{email}')"
_MEMBER = "INSERT INTO member (tenant_id, id, person_id, email, name, role_ids, status) VALUES ($1, $2, $3, $4, '王芳', $5, 'ACTIVE')"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member of a tenant, and the person it is."""

    tenant_id: UUID
    id: UUID
    person_id: UUID

    async def sign_in(self) -> Tokens:
        return await sessions.begin(self.tenant_id, self.id, self.person_id, Method.PASSWORD, CLIENT)


MakeMember = Callable[..., Awaitable[Somebody]]


@pytest.fixture
def make_member(opened: Installation) -> MakeMember:
    """Makes an active member of an actor's tenant: of a person of its own, or of one there is."""

    async def make(actor: Actor, person_id: UUID | None = None, *role_ids: UUID) -> Somebody:
        made = Somebody(actor.tenant_id, new_id(), person_id or new_id())
        email = f"{made.id.hex}@example.org"
        async with acting_as(actor) as unit:
            if person_id is None:
                await unit.connection.execute(_PERSON.format(id=made.person_id, email=email))
            await unit.connection.execute(_MEMBER, made.tenant_id, made.id, made.person_id, email, list(role_ids or (ADMIN.id,)))
        return made

    return make
