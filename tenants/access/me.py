"""Who acts, told to himself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from tenants.access.roles import NamedRole, roles_named
from tenants.refusals import NotAllowed
from tenants.session import ActorKind, session

_MEMBER = "SELECT name, email, role_ids FROM member WHERE tenant_id = $1 AND id = $2"
_KEY = "SELECT name, NULL AS email, role_ids FROM api_key WHERE tenant_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Myself:
    """A member, or a key, which has no e-mail."""

    id: UUID
    name: str
    email: str | None
    roles: tuple[NamedRole, ...]


async def who_am_i() -> Myself:
    """Whose unit of work this is.

    Raises:
        NotAllowed: nobody's of the tenant.
    """
    unit = session()
    of = {ActorKind.MEMBER: _MEMBER, ActorKind.API_KEY: _KEY}.get(unit.actor.kind)
    row = await unit.connection.fetchrow(of, unit.tenant_id, unit.actor.id) if of else None
    if row is None or unit.actor.id is None:
        raise NotAllowed("Only a member or a key of the tenant is somebody in it.")
    return Myself(unit.actor.id, row["name"], row["email"], tuple(await roles_named(row["role_ids"])))
