"""Previewing: before roles change, which members gain or lose what, and on how many records.

A preview is refused where the change would be. Counted are records that the asker may read himself, and by conditions on fields that he
may read, so that no count tells him of another. Counting is one statement per member and noun, none where nothing changes, for one
preview of a tenant at a time, and is over after some seconds: what was not counted by then says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from tenants.access.authority import Authority
from tenants.access.counting import Count, counted
from tenants.access.difference import Difference, difference
from tenants.access.grants import json_of
from tenants.access.holding import Asker
from tenants.access.members import check_may_change, right_roles, stored_member
from tenants.access.permissions import NOUNS, Permission
from tenants.access.rights import Grant, Rights, rights_of
from tenants.access.roles import Change, check_changed, check_may_change_role, right_grant, roles_named, stored_role
from tenants.refusals import RateLimited
from tenants.session import session
from tenants.words import RecordType

#: Of so many members a preview says what each gains and loses.
MEMBERS_MOST = 100
#: How long it may count altogether.
COUNTING_SECONDS = 5.0

_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('kelu preview ' || $1::uuid, 0))"
_BEARERS = """
SELECT m.id, m.name, m.role_ids, count(*) OVER () AS in_all, (SELECT array_agg(DISTINCT o.member_id) FROM team_member mine
    JOIN team_member o ON o.tenant_id = $1 AND o.team_id = mine.team_id WHERE mine.tenant_id = $1 AND mine.member_id = m.id) AS teammates
FROM member m WHERE m.tenant_id = $1 AND m.status <> 'REMOVED' AND {which} ORDER BY m.id LIMIT $3
"""
_WITH_ROLE = _BEARERS.format(which="$2 = any(m.role_ids)")
_ITSELF = _BEARERS.format(which="m.id = $2")


@dataclass(frozen=True, slots=True)
class MemberPreviewed:
    """What one member gains and loses. `records` of a noun is None where counting was over before its turn."""

    id: UUID
    name: str
    changes: Difference
    records: dict[RecordType, Count | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """`member_count` members are affected, the first 100 of whom are in `members`; `changes` is what the role itself gains and loses."""

    member_count: int
    changes: Difference
    members: tuple[MemberPreviewed, ...]

    @property
    def is_complete(self) -> bool:
        counts = [count for member in self.members for count in member.records.values()]
        return self.member_count == len(self.members) and None not in counts


async def role_previewed(id: UUID, change: Change) -> Preview:
    """What a change of a role would do to those who have it. Raises as `change_role` would."""
    authority = await Authority.now(Permission.ROLE_MANAGE)
    await _take_turn()
    stored = await stored_role(id)
    await check_may_change_role(authority, stored)
    grant = await right_grant(change(json_of(stored.grant)))
    await check_changed(authority, stored, grant)
    rows = await session().connection.fetch(_WITH_ROLE, session().tenant_id, id, MEMBERS_MOST)
    grants = {role.id: role.grant for role in await roles_named(sorted({id for row in rows for id in row["role_ids"]}))}
    changed = grants | {id: grant}
    members = [
        (row["id"], row["name"], Asker(row["id"], frozenset(row["teammates"] or ())), _rights(grants, row), _rights(changed, row))
        for row in rows
    ]
    previewed = await _previewed(authority, members)
    return Preview(rows[0]["in_all"] if rows else 0, difference(rights_of([stored.grant]), rights_of([grant])), previewed)


async def member_previewed(member_id: UUID, role_ids: Sequence[UUID]) -> Preview:
    """What it would do to a member to have these roles and no others. Raises as `give_roles` would."""
    authority = await Authority.now(Permission.MEMBER_MANAGE)
    await _take_turn()
    member = await stored_member(member_id)
    wanted = await right_roles(role_ids)
    before, after = await check_may_change(authority, member, wanted)
    (row,) = await session().connection.fetch(_ITSELF, session().tenant_id, member_id, 1)
    who = Asker(member_id, frozenset(row["teammates"] or ()))
    return Preview(1, difference(before, after), await _previewed(authority, [(member_id, row["name"], who, before, after)]))


async def _take_turn() -> None:
    """A tenant counts for one preview at a time.

    Raises:
        RateLimited: another is being counted.
    """
    if not await session().connection.fetchval(_TURN, session().tenant_id):
        message = "Another preview of your tenant is being counted: try again in some seconds."
        raise RateLimited(message, retry_after_seconds=math.ceil(COUNTING_SECONDS))


def _rights(grants: dict[UUID, Grant], row: asyncpg.Record) -> Rights:
    return rights_of(grants[id] for id in row["role_ids"] if id in grants)


async def _previewed(authority: Authority, members: Sequence[tuple[UUID, str, Asker, Rights, Rights]]) -> tuple[MemberPreviewed, ...]:
    for *_, before, after in members:
        authority.check_counted(before)
        authority.check_counted(after)
    until, known, found = time.monotonic() + COUNTING_SECONDS, dict[object, Count | None](), []
    for id, name, who, before, after in members:
        records = {}
        for noun in NOUNS:
            key = (noun, before, after, who if _depends_on_who(before, after) else None)
            if key not in known:
                known[key] = await counted(noun, (before, after), who, authority.actor, until - time.monotonic())
            records[noun] = known[key]
        found.append(MemberPreviewed(id, name, difference(before, after), records))
    return tuple(found)


def _depends_on_who(*rights: Rights) -> bool:
    """Whether records are counted that are somebody's own or his team's: else the count is the same for all who have these roles."""
    return any(scope != "ALL" for each in rights for grant in each.grants for _, scope in grant.permissions)
