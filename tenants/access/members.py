"""Members of a tenant: the roles each has, and whether he may act at all.

INVITED becomes ACTIVE when the person accepts; ACTIVE and SUSPENDED go to and fro; REMOVED is the end of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.access.actors import rights_in_tenant
from tenants.access.authority import Authority
from tenants.access.built_in import ADMIN
from tenants.access.difference import difference
from tenants.access.naming import check_version
from tenants.access.permissions import Permission
from tenants.access.rights import Rights
from tenants.access.roles import check_known
from tenants.people.invitations import invite
from tenants.people.members import MOVES, MemberStatus, keep_an_admin
from tenants.people.persons import checked_email
from tenants.refusals import Conflict, Invalid, NotFound
from tenants.session import session
from tenants.trail import Event, note

ROLES_OF_MEMBER_MOST = 20
NO_MEMBER = "There is no such member."

_STORED = "SELECT role_ids, status, version FROM member WHERE tenant_id = $1 AND id = $2"
_KNOWN = "SELECT id FROM role WHERE tenant_id = $1 AND id = any($2::uuid[])"
_GIVEN = "UPDATE member SET role_ids = $3, version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2"
_MOVED = "UPDATE member SET status = $3, version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2"
_REMOVED = """
UPDATE member SET status = 'REMOVED', role_ids = '{}', version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2
"""
_INVITED = "SELECT role_ids FROM member WHERE tenant_id = $1 AND email = $2 AND status = 'INVITED'"
_TEAMMATE = "SELECT FROM team_member WHERE tenant_id = $1 AND member_id = $2 LIMIT 1"
_LEFT = "DELETE FROM team_member WHERE tenant_id = $1 AND member_id = $2 RETURNING team_id"


_TOLD_AS = {
    MemberStatus.SUSPENDED: Event.MEMBER_SUSPENDED,
    MemberStatus.ACTIVE: Event.MEMBER_RESUMED,
    MemberStatus.REMOVED: Event.MEMBER_REMOVED,
}


@dataclass(frozen=True, slots=True)
class StoredMember:
    id: UUID
    role_ids: tuple[UUID, ...]
    status: MemberStatus
    version: int


async def give_roles(member_id: UUID, role_ids: Sequence[UUID], *, version: int | None = None) -> None:
    """Give a member these roles and no others.

    Raises:
        NotAllowed: it is ourselves; or he may do, or would, what we may not.
        NotFound: there is no such member, or no such role.
        Invalid: over 20 roles.
        Conflict: he is removed, the last active admin, or changed since (VERSION_CONFLICT).
    """
    authority = await Authority.begin(Permission.MEMBER_MANAGE)
    member = await stored_member(member_id)
    check_version(member.version, version)
    wanted = await right_roles(role_ids)
    before, after = await check_may_change(authority, member, wanted)
    if ADMIN.id not in wanted:
        await keep_an_admin(without=member_id)
    if set(wanted) == set(member.role_ids):
        return
    await session().connection.execute(_GIVEN, session().tenant_id, member_id, wanted)
    roles = {"roles_given": set(wanted) - set(member.role_ids), "roles_taken": set(member.role_ids) - set(wanted)}
    told = {name: sorted(map(str, ids)) for name, ids in roles.items() if ids}
    await note(Event.ROLES_GIVEN, subject_type="MEMBER", subject_id=member_id, details=told | difference(before, after).told())


async def check_may_change(authority: Authority, member: StoredMember, wanted: Sequence[UUID]) -> tuple[Rights, Rights]:
    """What a member may do with his roles, and would with these. Raises as `give_roles` does, but of the last admin."""
    if member.status is MemberStatus.REMOVED:
        raise Conflict("This member is removed: invite him anew.", field=["id"])
    before = await _check_within_reach(authority, member)
    after = await authority.check_roles(wanted, "one of these roles")
    if await session().connection.fetchrow(_TEAMMATE, session().tenant_id, member.id) is not None:
        given = [id for id in wanted if id not in member.role_ids]
        authority.check_team(await rights_in_tenant(session().connection, session().tenant_id, given))
    return before, after


async def suspend(member_id: UUID) -> None:
    """Let a member do nothing until he is resumed; his keys rest with him.

    Raises:
        NotAllowed: it is ourselves, or he may do more than we.
        NotFound: there is no such member.
        Conflict: he is not active, or the last active admin.
    """
    await _move(member_id, MemberStatus.SUSPENDED)


async def resume(member_id: UUID) -> None:
    """Let a suspended member go on as before. Raises as `suspend` does."""
    await _move(member_id, MemberStatus.ACTIVE)


async def remove(member_id: UUID) -> None:
    """End a membership for good: his roles and teams are taken from him; what he did and owns still names him. Raises as `suspend` does."""
    await _move(member_id, MemberStatus.REMOVED)


async def _move(member_id: UUID, status: MemberStatus) -> None:
    authority, unit = await Authority.begin(Permission.MEMBER_MANAGE), session()
    member = await stored_member(member_id)
    before = await _check_within_reach(authority, member)
    if status not in MOVES[member.status] or (status is MemberStatus.ACTIVE and member.status is MemberStatus.INVITED):
        raise Conflict(f"A member who is {member.status} cannot become {status}.", field=["id"])
    if status is not MemberStatus.ACTIVE:
        await keep_an_admin(without=member_id)
    if status is not MemberStatus.REMOVED:
        await unit.connection.execute(_MOVED, unit.tenant_id, member_id, status.value)
        await note(_TOLD_AS[status], subject_type="MEMBER", subject_id=member_id)
        return
    await unit.connection.execute(_REMOVED, unit.tenant_id, member_id)
    left = await unit.connection.fetch(_LEFT, unit.tenant_id, member_id)
    told = {"roles_taken": sorted(map(str, member.role_ids)), "teams_left": sorted(str(row["team_id"]) for row in left[:100])}
    lost = difference(before, await rights_in_tenant(unit.connection, unit.tenant_id, ())).told()
    await note(_TOLD_AS[status], subject_type="MEMBER", subject_id=member_id, details=told | lost)


async def stored_member(member_id: UUID) -> StoredMember:
    """A member of the tenant.

    Raises:
        NotFound: there is none.
    """
    row = await session().connection.fetchrow(_STORED, session().tenant_id, member_id)
    if row is None:
        raise NotFound(NO_MEMBER, field=["id"])
    return StoredMember(member_id, tuple(row["role_ids"]), MemberStatus(row["status"]), row["version"])


async def right_roles(role_ids: Sequence[UUID]) -> list[UUID]:
    """Ids of roles, each once and each there.

    Raises:
        Invalid: there are too many.
        NotFound: one is no role of the tenant.
    """
    wanted = list(dict.fromkeys(role_ids))
    if len(wanted) > ROLES_OF_MEMBER_MOST:
        raise Invalid(f"A member has at most {ROLES_OF_MEMBER_MOST} roles.", field=["role_ids"])
    rows = await session().connection.fetch(_KNOWN, session().tenant_id, wanted)
    check_known(wanted, {row["id"] for row in rows})
    return wanted


async def invite_member(email: str, name: str, role_ids: Sequence[UUID]) -> UUID:
    """Invite an e-mail, with these roles; who is invited already is invited anew, with these roles in place of the earlier ones.

    Raises:
        NotAllowed: a role gives more than we may do, or who is invited already was given more.
        NotFound: there is no such role.
        Invalid, Conflict: as `tenants.people.invitations.invite`.
    """
    authority = await Authority.begin(Permission.MEMBER_MANAGE)
    wanted = await right_roles(role_ids)
    await authority.check_roles(wanted, "one of these roles")
    row = await session().connection.fetchrow(_INVITED, session().tenant_id, checked_email(email))
    if row is not None:
        await authority.check_roles(row["role_ids"], "what was given in the earlier invitation")
    return (await invite(email, name, wanted)).id


async def _check_within_reach(authority: Authority, member: StoredMember) -> Rights:
    authority.check_other(member.id)
    return await authority.check_roles(member.role_ids, "what this member may do")
