"""What a change of roles would do, before it is made: `previewRoleChange`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import strawberry

from server.reads.declaring import argument, computed
from server.schema.access.granting import GrantsInput, field_name, grants_in
from server.schema.access.ids import id_of, ids_of
from server.schema.access.telling import field_grants, permission_grants
from server.schema.access.types import FieldGrant, PermissionGrant
from server.schema.values import optional
from tenants.access.counting import Count
from tenants.access.difference import Difference
from tenants.access.permissions import NOUNS, Permission
from tenants.access.previewing import COUNTING_SECONDS, MEMBERS_MOST, MemberPreviewed, Preview, member_previewed, role_previewed
from tenants.ids import global_id
from tenants.refusals import Invalid
from tenants.session import Actor, reading_as
from tenants.words import RecordType

if TYPE_CHECKING:
    from server.reads.execute import Road


@strawberry.type(description="On how many records of a noun a field is seen higher than before (mask, clear, revealed, changed), or lower.")
class FieldCount:
    field: str = strawberry.field(description="By its name in this schema; `custom.*` are those of your tenant that no role names.")
    gained: int = strawberry.field(description="On how many records it is gained.")
    lost: int = strawberry.field(description="On how many records it is lost.")


@strawberry.type(description="What changes for a member with the records of a noun, among those that you may read yourself.")
class ReachChange:
    noun: RecordType = strawberry.field(description="Of which noun.")
    gained: int | None = strawberry.field(description="Records he could read afterwards and cannot now; null where counting took too long.")
    lost: int | None = strawberry.field(description="Records he could not read any more; null as above.")
    fields: list[FieldCount] = strawberry.field(description="Fields of which something changes.")


@strawberry.type(
    description="Permissions, and levels of fields, that are had on some record afterwards and not before, or the other way round."
)
class AccessChange:
    permissions_gained: list[PermissionGrant] = strawberry.field(description="Permissions, with the scope that is new.")
    permissions_lost: list[PermissionGrant] = strawberry.field(description="Permissions, with the scope that is gone.")
    fields_gained: list[FieldGrant] = strawberry.field(description="Fields, with the level that is new.")
    fields_lost: list[FieldGrant] = strawberry.field(description="Fields, with the level that is gone.")


@strawberry.type(description="What a change of roles does to one member.")
class MemberChange:
    id: strawberry.ID = strawberry.field(description="The member.")
    name: str = strawberry.field(description="Its name.")
    changes: AccessChange = strawberry.field(description="Of all the member's roles together.")
    records: list[ReachChange] = strawberry.field(description="By noun.")


@strawberry.type(description="What a change of roles would do.")
class RoleChangePreview:
    member_count: int = strawberry.field(description="How many members it is about.")
    is_complete: bool = strawberry.field(description="Whether all of them are here, and everything was counted in time.")
    changes: AccessChange = strawberry.field(description="Of the role itself, or of the one member's roles together.")
    records: list[ReachChange] = strawberry.field(description="By noun, added up over the members here.")
    members: list[MemberChange] = strawberry.field(description=f"The members it is about, the first {MEMBERS_MOST} of them.")


@strawberry.input(description="A role as it would be. What is left out stays as it is.")
class PreviewRoleInput(GrantsInput):
    id: strawberry.ID = strawberry.field(description="Which role: one of your tenant's own.")


@strawberry.input(description="The roles that a member would have.")
class PreviewMemberInput:
    id: strawberry.ID = strawberry.field(description="Which member.")
    role_ids: list[strawberry.ID] = strawberry.field(description="All of them, at most 20.")


@strawberry.input(description="A change of roles that is not made: give `role` or `member`.")
class PreviewRoleChangeInput:
    role: PreviewRoleInput | None = optional("Other grants of a role.")
    member: PreviewMemberInput | None = optional("Other roles of a member.")


#: What a preview costs: it may count all of the tenant's records some times over.
POINTS = 10_000


async def preview(road: Road, actor: Actor, input: Mapping[str, Any]) -> RoleChangePreview:
    """What a change would do.

    Raises:
        Refusal: the change itself would be refused, or a count would tell of what is hidden from who asks.
    """
    role, member = input.get("role"), input.get("member")
    if (role is None) == (member is None):
        raise Invalid("Give `role` or `member`, one of them.", field=["input"])
    async with reading_as(actor):
        if role is not None:
            return _told(await role_previewed(id_of("ROLE", role["id"]), grants_in(role).changed))
        assert member is not None
        return _told(await member_previewed(id_of("MEMBER", member["id"]), ids_of("ROLE", member["roleIds"], "role_ids")))


def _told(found: Preview) -> RoleChangePreview:
    counts = [member.records for member in found.members]
    return RoleChangePreview(
        member_count=found.member_count,
        is_complete=found.is_complete,
        changes=_changes(found.changes),
        records=[_added_up(noun, [each[noun] for each in counts]) for noun in NOUNS],
        members=[_member(member) for member in found.members],
    )


def _member(member: MemberPreviewed) -> MemberChange:
    records = [_added_up(noun, [count]) for noun, count in member.records.items()]
    return MemberChange(
        id=strawberry.ID(global_id("MEMBER", member.id)), name=member.name, changes=_changes(member.changes), records=records
    )


def _changes(found: Difference) -> AccessChange:
    return AccessChange(
        permissions_gained=permission_grants(found.gained),
        permissions_lost=permission_grants(found.lost),
        fields_gained=field_grants(found.levels_gained),
        fields_lost=field_grants(found.levels_lost),
    )


def _added_up(noun: RecordType, counts: Iterable[Count | None]) -> ReachChange:
    """The sum of counts of a noun; null as soon as one of them was not made in time."""
    gained, lost, fields, is_whole = 0, 0, dict[str, list[int]](), True
    for count in counts:
        if count is None:
            is_whole = False
            continue
        gained, lost = gained + count.gained, lost + count.lost
        for each in count.fields:
            found = fields.setdefault(field_name(each.name), [0, 0])
            found[0], found[1] = found[0] + each.gained, found[1] + each.lost
    told = [FieldCount(field=name, gained=pair[0], lost=pair[1]) for name, pair in sorted(fields.items())]
    return ReachChange(noun=noun, gained=gained if is_whole else None, lost=lost if is_whole else None, fields=told)


@strawberry.type
class PreviewQueries:
    preview_role_change: RoleChangePreview = computed(
        preview,
        "What a change of a role, or of a member's roles, would do; nothing is changed. Refused where the change would be. Only records "
        f"that you may read yourself are counted, for {COUNTING_SECONDS:g} seconds at most, one preview of a tenant at a time.",
        [argument("input", PreviewRoleChangeInput, "The change.")],
        permission=(Permission.ROLE_MANAGE, Permission.MEMBER_MANAGE),
        points=POINTS,
    )
