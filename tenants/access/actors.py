"""From a member or a key to an actor: what the database says of them now, and so what they may do.

Whoever asks believes the answer for a second at most (`BELIEVED_SECONDS`), so that a change of a role, a member, a team or the tenant
takes effect within that in every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import orjson

from tenants.access.built_in import BUILT_IN, REVEALS
from tenants.access.grants import grant_of
from tenants.access.rights import Grant, Rights, both, rights_of, without
from tenants.installation import installation
from tenants.networks import Network
from tenants.refusals import NotAllowed
from tenants.session import ACTING, Actor, ActorKind

#: How long a process believes what it was told of an actor, counted from before it asked: with the request itself it is a second.
BELIEVED_SECONDS = 0.8

#: Both read {role_ids, grants, teammates, …} as one JSON value, in one message.
_ROLES = """
(SELECT jsonb_object_agg(r.id, r.grants) FROM role r WHERE r.tenant_id = $1 AND r.id = any({ids})) AS grants,
(SELECT jsonb_agg(DISTINCT o.member_id) FROM team_member mine JOIN team_member o ON o.tenant_id = $1 AND o.team_id = mine.team_id
 WHERE mine.tenant_id = $1 AND mine.member_id = m.id) AS teammates
"""
_MEMBER = f"""
SELECT (SELECT to_jsonb(found) FROM (
    SELECT m.role_ids, {_ROLES.format(ids="m.role_ids")}
    FROM member m JOIN tenant t ON t.id = $1
    WHERE m.tenant_id = $1 AND m.id = $2 AND m.status = 'ACTIVE' AND t.status = 'ACTIVE'
) found) FROM {ACTING}
"""


def _is_good(key: str) -> str:
    return f"{key}.id IS NOT NULL AND {key}.revoked_at IS NULL AND ({key}.expires_at IS NULL OR {key}.expires_at > now())"


#: `p` is the key that made the key, `n` the member behind that; `bounds` are the roles of all of them, null where there is none.
_KEY = f"""
SELECT (SELECT to_jsonb(found) FROM (
    SELECT jsonb_build_array(k.role_ids, m.role_ids, p.role_ids, n.role_ids) AS bounds, k.made_by, k.made_by_key, k.points_per_minute,
           jsonb_build_array(k.networks, coalesce(p.networks, '{{}}')) AS networks,
           k.may_reveal AND coalesce(p.may_reveal, true) AS may_reveal,
           {_ROLES.format(ids="k.role_ids || coalesce(m.role_ids, '{}') || coalesce(p.role_ids, '{}') || coalesce(n.role_ids, '{}')")}
    FROM api_key k JOIN tenant t ON t.id = $1 LEFT JOIN member m ON m.tenant_id = $1 AND m.id = k.made_by
    LEFT JOIN api_key p ON p.tenant_id = $1 AND p.id = k.made_by_key LEFT JOIN member n ON n.tenant_id = $1 AND n.id = p.made_by
    WHERE k.tenant_id = $1 AND k.id = $2 AND t.status = 'ACTIVE' AND {_is_good("k")} AND (k.made_by IS NULL OR m.status = 'ACTIVE')
        AND (k.made_by_key IS NULL OR {_is_good("p")} AND (p.made_by IS NULL OR n.status = 'ACTIVE'))
) found) FROM {ACTING}
"""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as the database says it is now: who acts by it, and from where he may. Each of `networks` that has any must have the client."""

    actor: Actor
    networks: tuple[tuple[Network, ...], ...] = ()
    made_by_key: UUID | None = None


async def actor_of_member(tenant_id: UUID, member_id: UUID) -> Actor:
    """A member with the rights of all its roles.

    Raises:
        NotAllowed: the member or the tenant is not active.
    """
    return _member_of(tenant_id, member_id, await _asked(_MEMBER, tenant_id, member_id))


def _member_of(tenant_id: UUID, member_id: UUID, found: dict[str, Any] | None) -> Actor:
    if found is None:
        raise NotAllowed("This member or its tenant is not active.")
    rights = rights_of(_grants(found["role_ids"], found["grants"]))
    return Actor(tenant_id, ActorKind.MEMBER, member_id, rights, member_id, _ids(found["teammates"]))


async def actor_of_key(tenant_id: UUID, key_id: UUID) -> Actor:
    """Who acts by a key, as `known_key`."""
    return (await known_key(tenant_id, key_id)).actor


async def known_key(tenant_id: UUID, key_id: UUID) -> KnownKey:
    """A key with the rights of its roles, as far as who made it has them too: a member, or another key and the member behind that.

    It reveals nothing unless it, and the key that made it, say so.

    Raises:
        NotAllowed: the key is revoked or has expired, the tenant is not active, or who made the key is not.
    """
    return _key_of(tenant_id, key_id, await _asked(_KEY, tenant_id, key_id))


def _key_of(tenant_id: UUID, key_id: UUID, found: dict[str, Any] | None) -> KnownKey:
    if found is None:
        raise NotAllowed("This API key is not valid.")
    rights = reduce(both, (rights_of(_grants(ids, found["grants"])) for ids in found["bounds"] if ids is not None))
    if not found["may_reveal"]:
        rights = without(rights, REVEALS)
    maker, parent = (UUID(found[each]) if found[each] else None for each in ("made_by", "made_by_key"))
    actor = Actor(tenant_id, ActorKind.API_KEY, key_id, rights, maker, _ids(found["teammates"]), found["points_per_minute"])
    return KnownKey(actor, tuple(tuple(map(ip_network, each)) for each in found["networks"] if each), parent)


async def rights_in_tenant(connection: Any, tenant_id: UUID, role_ids: Iterable[UUID]) -> Rights:
    """What some roles of a tenant give together, in the unit of work we are in. A role there is not gives nothing."""
    ids = list(role_ids)
    rows = await connection.fetch("SELECT id, grants FROM role WHERE tenant_id = $1 AND id = any($2::uuid[])", tenant_id, ids)
    return rights_of(_grants(map(str, ids), {str(row["id"]): orjson.loads(row["grants"]) for row in rows}))


async def actor_now(connection: Any, actor: Actor) -> Actor:
    """An actor as the unit of work we are in sees it: with the rights it has now, not those of a second ago.

    Raises:
        NotAllowed: it is not active any more.
    """
    if actor.id is None or actor.kind not in (ActorKind.MEMBER, ActorKind.API_KEY):
        return actor
    statement = _MEMBER if actor.kind is ActorKind.MEMBER else _KEY
    found = _read(await connection.fetchval(statement, actor.tenant_id, actor.id))
    if actor.kind is ActorKind.MEMBER:
        return _member_of(actor.tenant_id, actor.id, found)
    return _key_of(actor.tenant_id, actor.id, found).actor


async def _asked(statement: str, tenant_id: UUID, id: UUID) -> dict[str, Any] | None:
    async with installation().readers.acquire() as connection:
        return _read(await connection.fetchval(statement, tenant_id, id))


def _read(found: Any) -> dict[str, Any] | None:
    read: dict[str, Any] | None = orjson.loads(found) if isinstance(found, str | bytes) else found
    return read


def _grants(role_ids: Iterable[str], own: Mapping[str, Any] | None) -> list[Grant]:
    """The grants of roles by their ids: built-in ones, and the tenant's own."""
    found = []
    for id in role_ids:
        built_in = BUILT_IN.get(UUID(id))
        if built_in is not None:
            found.append(built_in.grant)
        elif own and id in own:
            found.append(grant_of(own[id]))
    return found


def _ids(found: Iterable[str] | None) -> tuple[UUID, ...]:
    return tuple(UUID(each) for each in found or ())
