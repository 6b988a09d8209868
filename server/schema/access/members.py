"""Members given roles, suspended, resumed and removed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.access.ids import id_of, ids_of
from server.schema.access.types import Member
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from server.schema.writing.acts import ID, USER_ERRORS, VERSION
from tenants.access import members
from tenants.access.permissions import Permission

_NOT_SELF = "Neither yourself nor somebody who may do more than you."


@strawberry.input(description="The roles a member shall have.")
class SetMemberRolesInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    role_ids: list[strawberry.ID] = strawberry.field(description="All of them, built-in ones and your own; at most 20.")


@strawberry.input(description="Somebody to invite.")
class InviteMemberInput:
    email: str = strawberry.field(description="Where the link is mailed to, up to 254 characters.")
    name: str = strawberry.field(description="As your tenant calls him, up to 200 characters.")
    role_ids: list[strawberry.ID] = strawberry.field(description="The roles he shall have once he accepts, 1 to 20.")


@strawberry.type(description="What became of a mutation of a member.")
class MemberPayload:
    member: UUID | None = read_back(Member | None, "The member as it is now; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


MemberId = Annotated[strawberry.ID, argument("The member's global id.")]


@strawberry.type
class MemberMutations:
    @mutation(
        MemberPayload,
        "Invite somebody by e-mail, or once more who has not accepted yet: the earlier link is good no more, and these roles take the "
        "place of the earlier ones. No role that gives more than you may do.",
        permission=Permission.MEMBER_MANAGE,
    )
    async def invite_member(self, input: Annotated[InviteMemberInput, argument("Whom.")]) -> MemberPayload | None:
        role_ids = ids_of("ROLE", input.role_ids, "role_ids")
        return MemberPayload(member=await members.invite_member(input.email, input.name, role_ids))

    @mutation(
        MemberPayload,
        f"Give a member these roles and no others, within a second. {_NOT_SELF} No role that gives more than you may do, "
        "and the last active ADMIN stays one.",
        permission=Permission.MEMBER_MANAGE,
    )
    async def set_member_roles(self, input: Annotated[SetMemberRolesInput, argument("Whose, and which.")]) -> MemberPayload | None:
        id = id_of("MEMBER", input.id)
        await members.give_roles(id, ids_of("ROLE", input.role_ids, "role_ids"), version=given(input).get("version"))
        return MemberPayload(member=id)

    @mutation(
        MemberPayload,
        f"Let an active member, and his keys, do nothing until he is resumed. {_NOT_SELF}",
        permission=Permission.MEMBER_MANAGE,
    )
    async def suspend_member(self, id: MemberId) -> MemberPayload | None:
        await members.suspend(id_of("MEMBER", id))
        return MemberPayload(member=id_of("MEMBER", id))

    @mutation(MemberPayload, f"Let a suspended member go on as before. {_NOT_SELF}", permission=Permission.MEMBER_MANAGE)
    async def resume_member(self, id: MemberId) -> MemberPayload | None:
        await members.resume(id_of("MEMBER", id))
        return MemberPayload(member=id_of("MEMBER", id))

    @mutation(
        MemberPayload,
        f"End a membership for good, and withdraw an invitation. Roles and teams are taken away. {_NOT_SELF}",
        permission=Permission.MEMBER_MANAGE,
    )
    async def remove_member(self, id: MemberId) -> MemberPayload | None:
        await members.remove(id_of("MEMBER", id))
        return MemberPayload(member=id_of("MEMBER", id))
