"""Keeping keys: made, changed, rotated and ended, by whom it may be, and each of these with its entry in the trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Unpack
from uuid import UUID

from tenants.access.built_in import PARTNER
from tenants.access.permissions import Permission
from tenants.api_keys.door import doubt
from tenants.api_keys.limits import Limits, checked, checked_overlap, checked_roles
from tenants.api_keys.secrets import hashed, new_secret
from tenants.ids import new_id
from tenants.models import ApiKey
from tenants.refusals import Conflict, NotAllowed, NotFound
from tenants.session import Actor, ActorKind, after_commit, session
from tenants.trail import Event, note

FORMER_MOST = 5

_CHANGE = """
UPDATE api_key SET {assigned}, version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2
"""
_ROTATE = """
WITH before AS (SELECT hash FROM api_key WHERE tenant_id = $1 AND id = $2),
     kept AS (INSERT INTO former_secret (tenant_id, id, key_id, hash, ends_at)
              SELECT $1, $6, $2, hash, now() + $4 FROM before WHERE $4 > interval '0')
UPDATE api_key SET hash = $3, made_by = $5, rotated_at = now(), version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2
"""
_FORGET = "DELETE FROM former_secret WHERE tenant_id = $1 AND key_id = $2 AND (ends_at <= now() OR $3)"
_FORMER = "SELECT count(*) FROM former_secret WHERE tenant_id = $1 AND key_id = $2 AND ends_at > now()"


async def add_api_key(
    name: str, *, role_ids: Sequence[UUID] = (PARTNER.id,), may_reveal: bool = False, **limits: Unpack[Limits]
) -> tuple[ApiKey, str]:
    """Make an API key of the tenant we act in. The secret is given out this once; nobody can read it again.

    Args:
        role_ids: what may be done with it: what these roles give, as far as who makes it has it too, now and ever after.
        may_reveal: sealed values may be read in clear with it, where a role allows that.
        limits: how long it is good, from where and how fast it may be used; without any unless said.

    Raises:
        Invalid: a value that cannot be.
        NotAllowed: whoever asks may not make keys, or has not all that the roles give.
    """
    actor = _manager()
    if actor.kind is ActorKind.API_KEY:
        await _check_may_make_keys(actor.id)
    values = checked({"name": name, "role_ids": role_ids, "may_reveal": may_reveal, "points_per_minute": None, **limits})
    await checked_roles(values["role_ids"], may_reveal=may_reveal)
    secret = new_secret()
    made_by_key = actor.id if actor.kind is ActorKind.API_KEY else None
    values |= {"hash": hashed(secret), "made_by": actor.member_id, "made_by_key": made_by_key}
    key = await ApiKey.create(id=new_id(), tenant_id=actor.tenant_id, **values)
    await note(Event.KEY_MADE, subject_type="API_KEY", subject_id=key.id, details=_told(values))
    return key, secret


async def change(id: UUID, changes: dict[str, Any]) -> None:
    """Change some of a key's name, role_ids, may_reveal, networks, expires_at and points_per_minute; None takes a limit away.

    A member who says what a key may do is its maker from then on.

    Raises:
        NotFound, Invalid
        NotAllowed: whoever asks has not all that the key's roles give, before the change and after it.
        Conflict: it is revoked.
    """
    key = await _own(id)
    values = checked(changes)
    if not values:
        return
    await checked_roles(key.role_ids, may_reveal=key.may_reveal, field=())
    row = values
    if {"role_ids", "may_reveal"} & values.keys():
        await checked_roles(values.get("role_ids", key.role_ids), may_reveal=values.get("may_reveal", key.may_reveal))
        row = values | {"made_by": _maker(key)}
    assigned = ", ".join(f"{column} = ${place}" for place, column in enumerate(row, 3))
    await session().connection.execute(_CHANGE.format(assigned=assigned), session().tenant_id, id, *row.values())
    await note(Event.KEY_CHANGED, subject_type="API_KEY", subject_id=id, fields=sorted(values), details=_told(values))
    _doubt_after_commit(id)


async def rotate(id: UUID, overlap: timedelta) -> str:
    """Give a key a new secret, told this once. The one it had is good for the overlap, seven days at most, and others it had as they were.

    Whoever rotates a key has seen its secret, so it can do no more than he may from then on: he is its maker.

    Raises:
        NotFound, Invalid
        NotAllowed: whoever asks has not all that the key's roles give.
        Conflict: it is revoked, or five earlier secrets of it are still good.
    """
    checked_overlap(overlap)
    key = await _own(id, may_be_self=True)
    unit, secret = session(), new_secret()
    if unit.actor.id != id:
        await checked_roles(key.role_ids, may_reveal=key.may_reveal, field=())
    await unit.connection.execute(_FORGET, unit.tenant_id, id, not overlap)
    if overlap and await unit.connection.fetchval(_FORMER, unit.tenant_id, id) >= FORMER_MOST:
        raise Conflict(f"{FORMER_MOST} earlier secrets of this key are still good. End them, or rotate it without an overlap.")
    await unit.connection.execute(_ROTATE, unit.tenant_id, id, hashed(secret), overlap, _maker(key), new_id())
    await note(Event.KEY_ROTATED, subject_type="API_KEY", subject_id=id, details={"overlap_seconds": int(overlap.total_seconds())})
    _doubt_after_commit(id)
    return secret


async def end_former_secrets(id: UUID) -> None:
    """End the secrets a key had before it was last rotated, from their next use on.

    Raises:
        NotFound: there is no such key.
    """
    _manager()
    await _locked(id)
    await session().connection.execute(_FORGET, session().tenant_id, id, True)
    await note(Event.KEY_CHANGED, subject_type="API_KEY", subject_id=id, fields=["former_secrets"])
    _doubt_after_commit(id)


async def revoke(id: UUID) -> None:
    """End an API key, and keys that it made, from its next use on; a revoked one stays revoked since when it was.

    Raises:
        NotFound: there is no such key.
    """
    _manager()
    key = await _locked(id)
    if key.revoked_at is None:
        await session().connection.execute(_CHANGE.format(assigned="revoked_at = now()"), session().tenant_id, id)
        await note(Event.KEY_REVOKED, subject_type="API_KEY", subject_id=id)
    _doubt_after_commit(id)


def _manager() -> Actor:
    """Who acts, if he may manage keys."""
    actor = session().actor
    if not actor.rights.may(Permission.API_KEY_MANAGE):
        raise NotAllowed("You may not manage API keys: that takes the permission API_KEY_MANAGE.")
    return actor


def _maker(key: ApiKey) -> UUID | None:
    """Who answers for a key after an act that makes it anew: the member who acts, else who did before."""
    actor = session().actor
    maker: UUID | None = actor.member_id if actor.kind is ActorKind.MEMBER else key.made_by
    return maker


async def _check_may_make_keys(id: UUID | None) -> None:
    """A key may make keys; one that was made by a key may not, so that whoever ends a key knows what ends with it."""
    key = await ApiKey.get(id=id)
    if key.made_by_key is not None:
        raise NotAllowed("This key was made by another key, and such a key makes none.")


async def _own(id: UUID, *, may_be_self: bool = False) -> ApiKey:
    """A key that is good, and one that whoever acts may change: of a key those that it made, and for a new secret itself."""
    actor = _manager()
    key = await _locked(id)
    if key.revoked_at is not None:
        raise Conflict("This API key is revoked, and that is for good. Make a new one.")
    if actor.kind is ActorKind.API_KEY and key.made_by_key != actor.id and not (may_be_self and id == actor.id):
        raise NotAllowed("A key changes only keys that it has made itself. A member may change this one.")
    return key


async def _locked(id: UUID) -> ApiKey:
    key = await ApiKey.filter(id=id).select_for_update().first()
    if key is None:
        raise NotFound("There is no such API key.")
    return key


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the trail is told of a key: no name, which people write, and no secret."""
    return {name: value for name, value in values.items() if name not in ("name", "hash", "made_by", "made_by_key")}


def _doubt_after_commit(id: UUID) -> None:
    async def now() -> None:
        doubt(id)

    after_commit(now)
