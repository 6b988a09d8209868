"""Teams: members who see one another's customers, where a role reaches as far as the team. A member can be in several."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tenants.access.actors import rights_in_tenant
from tenants.access.authority import Authority
from tenants.access.members import NO_MEMBER
from tenants.access.naming import check_name_is_free, check_version, right_name
from tenants.access.permissions import Permission
from tenants.ids import new_id
from tenants.refusals import Conflict, Invalid, NotFound, TooLarge
from tenants.session import session
from tenants.trail import Event, note

TEAMS_MOST = 1_000
#: Who is in 20 teams of 200 has 4,000 teammates: they are a value of his every question.
MEMBERS_OF_TEAM_MOST = 200
TEAMS_OF_MEMBER_MOST = 20
NO_TEAM = "There is no such team."

_STORED = "SELECT name, version FROM team WHERE tenant_id = $1 AND id = $2"
_NAMED = "SELECT id FROM team WHERE tenant_id = $1 AND name = $2 AND id <> $3"
_IN_TEAM = """
SELECT m.id, m.role_ids FROM team_member t JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id
WHERE t.tenant_id = $1 AND t.team_id = $2
"""
_MEMBERS = "SELECT id, role_ids, status FROM member WHERE tenant_id = $1 AND id = any($2::uuid[])"
_IN_MANY = """
SELECT FROM team_member WHERE tenant_id = $1 AND member_id = any($2::uuid[]) GROUP BY member_id HAVING count(*) >= $3 LIMIT 1
"""
_TOUCHED = "UPDATE team SET version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2"


async def make_team(name: str) -> UUID:
    """Make a team, of nobody yet.

    Raises:
        NotAllowed: members may not be managed.
        Invalid: the name cannot be.
        Conflict: there is a team of this name (DUPLICATE).
        TooLarge: the tenant has as many teams as it may have.
    """
    await Authority.begin(Permission.MEMBER_MANAGE)
    unit, id = session(), new_id()
    if await unit.connection.fetchval("SELECT count(*) FROM team WHERE tenant_id = $1", unit.tenant_id) >= TEAMS_MOST:
        raise TooLarge(f"A tenant has at most {TEAMS_MOST:,} teams.")
    right = await _right_name(name, id)
    await unit.connection.execute("INSERT INTO team (tenant_id, id, name) VALUES ($1, $2, $3)", unit.tenant_id, id, right)
    await note(Event.TEAM_CHANGED, subject_type="TEAM", subject_id=id, details={"made": True})
    return id


async def rename_team(id: UUID, name: str, *, version: int | None = None) -> None:
    """Give a team another name. Raises as `make_team` does, and NotFound or Conflict (VERSION_CONFLICT)."""
    await Authority.begin(Permission.MEMBER_MANAGE)
    stored = await _check_stored(id, version)
    right = await _right_name(name, id)
    if right == stored:
        return
    statement = "UPDATE team SET name = $3, version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2"
    await session().connection.execute(statement, session().tenant_id, id, right)
    await note(Event.TEAM_CHANGED, subject_type="TEAM", subject_id=id, details={"renamed": True})


async def delete_team(id: UUID, *, version: int | None = None) -> None:
    """Delete a team; its members stay, and see one another's customers by it no more.

    Raises:
        NotAllowed: members may not be managed, or somebody in it may do more than we.
        NotFound: there is no such team.
        Conflict: it has been changed since (VERSION_CONFLICT).
    """
    authority, unit = await Authority.begin(Permission.MEMBER_MANAGE), session()
    await _check_stored(id, version)
    present = await _in_team(id)
    await authority.check_roles({role for roles in present.values() for role in roles}, "what somebody in this team may do")
    await unit.connection.execute("DELETE FROM team WHERE tenant_id = $1 AND id = $2", unit.tenant_id, id)
    await note(Event.TEAM_CHANGED, subject_type="TEAM", subject_id=id, details={"deleted": True, "members_left": len(present)})


async def set_members(id: UUID, member_ids: Sequence[UUID], *, version: int | None = None) -> None:
    """Make these the members of a team, and no others.

    Raises:
        NotAllowed: who joins or leaves may do more than we; or somebody would reach by it what we do not reach.
        NotFound: there is no such team, or no such member.
        Invalid: over 200 members, or a member in over 20 teams.
        Conflict: one is removed, or the team has been changed since (VERSION_CONFLICT).
    """
    authority = await Authority.begin(Permission.MEMBER_MANAGE)
    await _check_stored(id, version)
    present, wanted = await _in_team(id), await _right_members(member_ids)
    joining, leaving = wanted.keys() - present.keys(), present.keys() - wanted.keys()
    if not joining and not leaving:
        return
    moved = {role for each in (*joining, *leaving) for role in (wanted.get(each) or present.get(each) or ())}
    await authority.check_roles(moved, "what somebody who joins or leaves may do")
    if joining:
        connection, tenant_id = session().connection, session().tenant_id
        rights = await rights_in_tenant(connection, tenant_id, {role for roles in wanted.values() for role in roles})
        authority.check_team(rights)
        await _check_few_teams(sorted(joining))
    await _write(id, sorted(joining), sorted(leaving))


async def _check_few_teams(joining: list[UUID]) -> None:
    if await session().connection.fetchrow(_IN_MANY, session().tenant_id, joining, TEAMS_OF_MEMBER_MOST) is not None:
        raise Invalid(f"A member is in at most {TEAMS_OF_MEMBER_MOST} teams.", field=["member_ids"])


async def _write(id: UUID, joining: list[UUID], leaving: list[UUID]) -> None:
    unit = session()
    joined = "INSERT INTO team_member (tenant_id, team_id, member_id) SELECT $1, $2, unnest($3::uuid[])"
    left = "DELETE FROM team_member WHERE tenant_id = $1 AND team_id = $2 AND member_id = any($3::uuid[])"
    await unit.connection.execute(joined, unit.tenant_id, id, joining)
    await unit.connection.execute(left, unit.tenant_id, id, leaving)
    await unit.connection.execute(_TOUCHED, unit.tenant_id, id)
    counts = {"joined_in_all": len(joining), "left_in_all": len(leaving)}
    named = {"joined": [str(each) for each in joining[:100]], "left": [str(each) for each in leaving[:100]]}
    await note(Event.TEAM_CHANGED, subject_type="TEAM", subject_id=id, details=counts | named)


async def _check_stored(id: UUID, version: int | None) -> str:
    row = await session().connection.fetchrow(_STORED, session().tenant_id, id)
    if row is None:
        raise NotFound(NO_TEAM, field=["id"])
    check_version(row["version"], version)
    name: str = row["name"]
    return name


async def _in_team(id: UUID) -> dict[UUID, list[UUID]]:
    """The roles of each member of a team, by the member's id."""
    return {row["id"]: row["role_ids"] for row in await session().connection.fetch(_IN_TEAM, session().tenant_id, id)}


async def _right_members(member_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    if len(set(member_ids)) > MEMBERS_OF_TEAM_MOST:
        raise Invalid(f"A team has at most {MEMBERS_OF_TEAM_MOST} members.", field=["member_ids"])
    rows = {row["id"]: row for row in await session().connection.fetch(_MEMBERS, session().tenant_id, list(set(member_ids)))}
    if len(rows) < len(set(member_ids)):
        raise NotFound(NO_MEMBER, field=["member_ids"])
    if any(row["status"] == "REMOVED" for row in rows.values()):
        raise Conflict("A removed member can be in no team.", field=["member_ids"])
    return {id: row["role_ids"] for id, row in rows.items()}


async def _right_name(name: str, id: UUID) -> str:
    found = right_name(name, "team")
    check_name_is_free("TEAM", await session().connection.fetchval(_NAMED, session().tenant_id, found, id))
    return found
