"""Members who can sign in, made as they are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from tenants.access.built_in import ADMIN
from tenants.ids import new_id
from tenants.people.passwords import hasher
from tenants.session import Actor, acting_as, also_as_person
from tenants.signin import sessions
from tenants.signin.entry import proved_now
from tenants.signin.sessions import Client, Tokens

CLIENT = Client("Firefox on a test's machine", "192.0.2.7")
PASSWORD = "湖边 three herons wait"

_PERSON = "INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, '王芳', $3)"
_MEMBER = "INSERT INTO member (tenant_id, id, person_id, email, name, role_ids, status) VALUES ($1, $2, $3, $4, '王芳', $5, 'ACTIVE')"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member of a tenant, and the person it is."""

    tenant_id: UUID
    id: UUID
    person_id: UUID
    email: str

    async def sign_in(self) -> Tokens:
        return await sessions.begin(self.tenant_id, self.id, await proved_now(self.person_id), CLIENT)


MakeMember = Callable[..., Awaitable[Somebody]]


async def member_of(actor: Actor, person: Somebody | None = None, *role_ids: UUID) -> Somebody:
    """An active member of an actor's tenant: of a person of its own, with PASSWORD, or of one there is."""
    id = new_id()
    made = Somebody(actor.tenant_id, id, person.person_id if person else new_id(), person.email if person else f"{id.hex}@example.org")
    async with acting_as(actor) as unit:
        if person is None:
            await also_as_person(made.person_id)
            await unit.connection.execute(_PERSON, made.person_id, made.email, _hash())
        await unit.connection.execute(_MEMBER, made.tenant_id, made.id, made.person_id, made.email, list(role_ids or (ADMIN.id,)))
    return made


@cache
def _hash() -> str:
    return hasher.hash(PASSWORD)
