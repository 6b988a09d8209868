"""Roles of a tenant's own: made, changed and deleted by whoever may manage roles, within what he may do himself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from tenants.access.authority import Authority
from tenants.access.built_in import BUILT_IN, BY_WORD
from tenants.access.difference import difference
from tenants.access.fields import CUSTOM
from tenants.access.grants import grant_of, json_of
from tenants.access.naming import check_name_is_free, check_version, right_description, right_name
from tenants.access.permissions import Permission
from tenants.access.rights import NOTHING_GRANTED, Grant, custom_names, rights_of
from tenants.ids import new_id
from tenants.refusals import Invalid, NotFound, TooLarge
from tenants.session import session
from tenants.trail import Event, note
from tenants.words import RecordType

ROLES_MOST = 100
#: What a role may take, as JSON: an actor's roles are read whenever he is looked up.
GRANT_BYTES_MOST = 65_536

NO_ROLE = "There is no such role."
_BUILT_IN = "The roles every tenant begins with stay as they are: make one of your own beside them."

_STORED = "SELECT name, description, grants, version FROM role WHERE tenant_id = $1 AND id = $2"
_NAMED = "SELECT id FROM role WHERE tenant_id = $1 AND name = $2 AND id <> $3"
_MADE = "INSERT INTO role (tenant_id, id, name, description, grants) VALUES ($1, $2, $3, $4, $5)"
_CHANGED = """
UPDATE role SET name = $3, description = $4, grants = $5, version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2
"""
_BORNE_IN_TEAM = """
SELECT FROM team_member t JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id WHERE t.tenant_id = $1 AND $2 = any(m.role_ids) LIMIT 1
"""
_TAKEN = {
    "members": """UPDATE member SET role_ids = array_remove(role_ids, $2), version = version + 1, updated_at = now()
        WHERE tenant_id = $1 AND $2 = any(role_ids) RETURNING id""",
    "keys": "UPDATE api_key SET role_ids = array_remove(role_ids, $2) WHERE tenant_id = $1 AND $2 = any(role_ids) RETURNING id",
}


@dataclass(frozen=True, slots=True)
class StoredRole:
    id: UUID
    name: str
    description: str
    grant: Grant
    version: int


async def make_role(name: str, description: str, grants: Mapping[str, Any]) -> UUID:
    """Make a role.

    Args:
        grants: as `tenants.access.grants` reads it.

    Raises:
        Invalid: a name, a word or a field that cannot be.
        NotAllowed: it gives more than we may do ourselves.
        Conflict: there is a role of this name (DUPLICATE).
        TooLarge: the tenant has as many roles as it may have.
    """
    authority = await Authority.begin(Permission.ROLE_MANAGE)
    unit, id = session(), new_id()
    if await unit.connection.fetchval("SELECT count(*) FROM role WHERE tenant_id = $1", unit.tenant_id) >= ROLES_MOST:
        raise TooLarge(f"A tenant has at most {ROLES_MOST} roles of its own: delete one that nobody has.")
    name, grant = await _right_name(name, id), await right_grant(grants)
    authority.check_made(grant, "this role")
    kept = orjson.dumps(json_of(grant)).decode()
    await unit.connection.execute(_MADE, unit.tenant_id, id, name, right_description(description), kept)
    told = difference(NOTHING_GRANTED, rights_of([grant])).told()
    await note(Event.ROLE_MADE, subject_type="ROLE", subject_id=id, details=told)
    return id


#: From what a role grants, as JSON, to what it shall grant.
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


async def change_role(
    id: UUID, *, name: str | None = None, description: str | None = None, change: Change | None = None, version: int | None = None
) -> None:
    """Change a role, for all who have it; what is not said stays.

    Raises:
        Invalid: as for `make_role`, or it is a built-in one.
        NotAllowed: it gave or gives more than we may do, we have it ourselves, or somebody has it who may do more.
        NotFound: there is no such role.
        Conflict: the name is another's (DUPLICATE), or the role has been changed since (VERSION_CONFLICT).
    """
    authority = await Authority.begin(Permission.ROLE_MANAGE)
    stored = await stored_role(id)
    check_version(stored.version, version)
    await check_may_change_role(authority, stored)
    grant = stored.grant if change is None else await right_grant(change(json_of(stored.grant)))
    await check_changed(authority, stored, grant)
    right = stored.name if name is None else await _right_name(name, id)
    text = stored.description if description is None else right_description(description)
    if (right, text, grant) == (stored.name, stored.description, stored.grant):
        return
    kept = orjson.dumps(json_of(grant)).decode()
    await session().connection.execute(_CHANGED, session().tenant_id, id, right, text, kept)
    told = difference(rights_of([stored.grant]), rights_of([grant])).told()
    renamed = {"renamed": True} if right != stored.name else {}
    await note(Event.ROLE_CHANGED, subject_type="ROLE", subject_id=id, details=told | renamed)


async def delete_role(id: UUID, *, version: int | None = None) -> None:
    """Delete a role; who has it, members and keys, has it no more from this very commit on.

    Raises:
        Invalid, NotAllowed, NotFound, Conflict: as for `change_role`.
    """
    authority, unit = await Authority.begin(Permission.ROLE_MANAGE), session()
    stored = await stored_role(id)
    check_version(stored.version, version)
    await check_may_change_role(authority, stored)
    taken = {of: len(await unit.connection.fetch(statement, unit.tenant_id, id)) for of, statement in _TAKEN.items()}
    await unit.connection.execute("DELETE FROM role WHERE tenant_id = $1 AND id = $2", unit.tenant_id, id)
    told = difference(rights_of([stored.grant]), NOTHING_GRANTED).told()
    await note(Event.ROLE_DELETED, subject_type="ROLE", subject_id=id, details=told | {"taken_from": taken})


async def stored_role(id: UUID) -> StoredRole:
    """A role of the tenant's own.

    Raises:
        Invalid: it is a built-in one.
        NotFound: there is none.
    """
    if id in BUILT_IN:
        raise Invalid(_BUILT_IN, field=["id"])
    row = await session().connection.fetchrow(_STORED, session().tenant_id, id)
    if row is None:
        raise NotFound(NO_ROLE, field=["id"])
    return StoredRole(id, row["name"], row["description"], grant_of(orjson.loads(row["grants"])), row["version"])


@dataclass(frozen=True, slots=True)
class NamedRole:
    """A role, built-in or the tenant's own, by its name."""

    id: UUID
    name: str
    is_built_in: bool
    grant: Grant


async def roles_named(role_ids: Sequence[UUID]) -> list[NamedRole]:
    """The roles of these ids that there are, built-in ones first, each by name."""
    found = [NamedRole(role.id, role.word, True, role.grant) for id in role_ids if (role := BUILT_IN.get(id)) is not None]
    statement = "SELECT id, name, grants FROM role WHERE tenant_id = $1 AND id = any($2::uuid[])"
    rows = await session().connection.fetch(statement, session().tenant_id, list(role_ids))
    found += [NamedRole(row["id"], row["name"], False, grant_of(orjson.loads(row["grants"]))) for row in rows]
    return sorted(found, key=lambda role: (not role.is_built_in, role.name))


async def right_grant(grants: Mapping[str, Any]) -> Grant:
    """A role's grant, every word and field in it there.

    Raises:
        Invalid: a word, a level, a condition or a custom field that cannot be.
        TooLarge: it is too long altogether.
    """
    grant = grant_of(grants)
    if len(orjson.dumps(json_of(grant))) > GRANT_BYTES_MOST:
        raise TooLarge(f"A role takes at most {GRANT_BYTES_MOST // 1024} KiB: name fewer values in its conditions.")
    named = set(custom_names([grant]))
    tested = {test.field for _, tests in grant.tests for test in tests if test.field.startswith(CUSTOM)}
    if named or tested:
        _check_custom(await _custom_fields(sorted(named | tested)), named, tested)
    return grant


def _check_custom(known: Mapping[str, tuple[str, bool]], named: set[str], tested: set[str]) -> None:
    for name in sorted(named | tested):
        if name not in known:
            place = "conditions" if name in tested else "fields"
            raise Invalid(f"Your tenant has no field {name[:60]} of its own.", field=[place, RecordType.CUSTOMER, name[:60]])
    for name in sorted(tested):
        type_, is_sealed = known[name]
        if is_sealed or type_ not in ("TEXT", "CHOICE"):
            message = f"No condition can be on {name}: only on a text or a choice that is not encrypted."
            raise Invalid(message, field=["conditions", RecordType.CUSTOMER, name])


async def _custom_fields(names: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The type of each of these fields of the tenant's own that there is, and whether it is sealed."""
    wanted = [name.removeprefix(CUSTOM) for name in names]
    statement = "SELECT name, type, is_sealed FROM custom_field WHERE tenant_id = $1 AND name = any($2::text[])"
    rows = await session().connection.fetch(statement, session().tenant_id, wanted)
    return {f"{CUSTOM}{row['name']}": (row["type"], row["is_sealed"]) for row in rows}


async def _right_name(name: str, id: UUID) -> str:
    found = right_name(name, "role")
    if found.upper() in BY_WORD:
        raise Invalid(f"{found.upper()} is the name of a role every tenant has: choose another.", field=["name"])
    check_name_is_free("ROLE", await session().connection.fetchval(_NAMED, session().tenant_id, found, id))
    return found


async def check_may_change_role(authority: Authority, stored: StoredRole) -> None:
    """A role gives no more than we may do, we have it not ourselves, and nobody has it who may do more.

    Raises:
        NotAllowed: one of these.
    """
    authority.check_grant(stored.grant, "this role")
    await authority.check_bearers(stored.id)


async def check_changed(authority: Authority, stored: StoredRole, grant: Grant) -> None:
    """What a role shall give is no more than we may do; and what it reaches by TEAM, where somebody who has it is in one, we reach by ALL.

    Raises:
        NotAllowed: it is more.
    """
    if grant == stored.grant:
        return
    authority.check_made(grant, "this role")
    if await session().connection.fetchrow(_BORNE_IN_TEAM, session().tenant_id, stored.id) is not None:
        authority.check_team(rights_of([grant]))


def check_known(role_ids: Sequence[UUID], known: set[UUID]) -> None:
    """Each of these is a role.

    Raises:
        NotFound: one is not, or not the tenant's.
    """
    if any(id not in BUILT_IN and id not in known for id in role_ids):
        raise NotFound(NO_ROLE, field=["role_ids"])
