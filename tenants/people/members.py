"""Members of the tenant we act in: listed, suspended, taken back, removed. Whether the caller may is for the caller to have checked.

A tenant that has an active admin keeps one: whatever would take the last one away is refused, also if two try at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tenants.access.built_in import ADMIN
from tenants.refusals import Conflict, NotFound
from tenants.session import session
from tenants.trail import Event, note


class MemberStatus(StrEnum):
    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REMOVED = "REMOVED"


#: From what a member may become what.
MOVES = {
    MemberStatus.INVITED: {MemberStatus.ACTIVE, MemberStatus.REMOVED},
    MemberStatus.ACTIVE: {MemberStatus.SUSPENDED, MemberStatus.REMOVED},
    MemberStatus.SUSPENDED: {MemberStatus.ACTIVE, MemberStatus.REMOVED},
    MemberStatus.REMOVED: set(),
}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as it is stored."""

    id: UUID
    person_id: UUID | None
    email: str
    name: str
    role_ids: list[UUID]
    status: MemberStatus
    created_at: datetime
    version: int


_TOLD_AS = {
    MemberStatus.ACTIVE: Event.MEMBER_RESUMED,
    MemberStatus.SUSPENDED: Event.MEMBER_SUSPENDED,
    MemberStatus.REMOVED: Event.MEMBER_REMOVED,
}

_COLUMNS = "id, person_id, email, name, role_ids, status, created_at, version"
_LIST = f"""
SELECT {_COLUMNS} FROM member WHERE tenant_id = $1 AND status <> 'REMOVED' AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3
"""


async def members(*, after: UUID | None = None, most: int = 100) -> list[MemberRow]:
    """The tenant's members that are not removed, by id, so many behind the one of an id."""
    rows = await session().connection.fetch(_LIST, session().tenant_id, after, most)
    return [_member(row) for row in rows]


async def member(id: UUID, *, locked: bool = False) -> MemberRow:
    """A member; `locked` until the unit of work ends.

    Raises:
        NotFound: there is no such member, or it was removed.
    """
    row = await session().connection.fetchrow(
        f"SELECT {_COLUMNS} FROM member WHERE tenant_id = $1 AND id = $2 AND status <> 'REMOVED'" + (" FOR UPDATE" if locked else ""),
        session().tenant_id,
        id,
    )
    if row is None:
        raise NotFound("There is no such member.")
    return _member(row)


async def move(id: UUID, status: MemberStatus) -> MemberRow:
    """Suspend a member, take it back, or remove it. One that is so already stays as it is.

    Raises:
        NotFound: there is no such member.
        Conflict: it cannot become that, or it is the last active admin.
    """
    if status is not MemberStatus.ACTIVE:
        await keep_an_admin(without=id)
    found = await member(id, locked=True)
    if found.status is status:
        return found
    # Who has come may be no person all the same: an identity provider of the tenant vouches for him.
    is_awaited = found.status is MemberStatus.INVITED and found.person_id is None
    if status not in MOVES[found.status] or (status is MemberStatus.ACTIVE and is_awaited):
        raise Conflict(f"A member that is {found.status} cannot become {status}.")
    row = await session().connection.fetchrow(
        f"UPDATE member SET status = $3, updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2 RETURNING {_COLUMNS}",
        session().tenant_id,
        id,
        status.value,
    )
    await note(_TOLD_AS[status], subject_type="MEMBER", subject_id=id, details={"before": found.status})
    return _member(row)


async def keep_an_admin(*, without: UUID) -> None:
    """See that there is an active admin besides this member, if it is one; to be asked before it stops being one, in the same unit of work.

    All active admins are locked until it ends: two who would each take the other away come one after the other.

    Raises:
        Conflict: it is the last one.
    """
    rows = await session().connection.fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND status = 'ACTIVE' AND role_ids @> $2::uuid[] ORDER BY id FOR UPDATE",
        session().tenant_id,
        [ADMIN.id],
    )
    admins = {row["id"] for row in rows}
    if without in admins and len(admins) == 1:
        raise Conflict("This is the tenant's last active admin. Make somebody else an admin first.", code="LAST_ADMIN")


def _member(row: object) -> MemberRow:
    values = dict(row)  # type: ignore[call-overload]  # asyncpg's records have no types
    return MemberRow(**values | {"status": MemberStatus(values["status"]), "role_ids": list(values["role_ids"])})
