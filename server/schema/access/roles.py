"""Roles made, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.access.granting import GrantsInput
from server.schema.access.ids import id_of
from server.schema.access.types import Role
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from server.schema.writing.acts import ID, USER_ERRORS, VERSION
from tenants.access import roles
from tenants.access.permissions import Permission

_NAME = "Up to 200 characters on one line; unique in your tenant."
_DESCRIPTION = "Up to 1,000 characters: whom it is for."


@strawberry.input(description="A new role.")
class CreateRoleInput(GrantsInput):
    name: str = strawberry.field(description=_NAME)
    description: str | None = optional(_DESCRIPTION)


@strawberry.input(description="Changes of a role. What is left out stays as it is; a list that is given takes the place of the whole list.")
class UpdateRoleInput(GrantsInput):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    name: str | None = optional(_NAME)
    description: str | None = optional(_DESCRIPTION)


@strawberry.input(description="A role to delete.")
class DeleteRoleInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)


@strawberry.type(description="What became of `createRole`.")
class CreateRolePayload:
    role: UUID | None = read_back(Role | None, "The new role; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateRole`.")
class UpdateRolePayload:
    role: UUID | None = read_back(Role | None, "The role as it is now; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteRole`.")
class DeleteRolePayload:
    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had; null where `userErrors` says why not.", default=None)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type
class RoleMutations:
    @mutation(
        CreateRolePayload,
        "Make a role of your tenant's own, at most 100. It can give no more than you may do yourself.",
        permission=Permission.ROLE_MANAGE,
    )
    async def create_role(self, input: Annotated[CreateRoleInput, argument("The role.")]) -> CreateRolePayload | None:
        return CreateRolePayload(role=await roles.make_role(input.name, given(input).get("description", ""), input.changed({})))

    @mutation(
        UpdateRolePayload,
        "Change a role for all who have it, within a second. Not one you have yourself, nor one of somebody who may do more than you.",
        permission=Permission.ROLE_MANAGE,
    )
    async def update_role(self, input: Annotated[UpdateRoleInput, argument("What is changed.")]) -> UpdateRolePayload | None:
        id, said = id_of("ROLE", input.id), given(input)
        told = {name: said[name] for name in ("name", "description", "version") if name in said}
        await roles.change_role(id, change=input.changed, **told)
        return UpdateRolePayload(role=id)

    @mutation(
        DeleteRolePayload,
        "Delete a role. Members and keys that have it have it no more. The limits are those of `updateRole`.",
        permission=Permission.ROLE_MANAGE,
    )
    async def delete_role(self, input: Annotated[DeleteRoleInput, argument("Which one.")]) -> DeleteRolePayload | None:
        await roles.delete_role(id_of("ROLE", input.id), version=given(input).get("version"))
        return DeleteRolePayload(deleted_id=input.id)
