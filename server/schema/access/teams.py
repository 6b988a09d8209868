"""Teams made, renamed and deleted, and who is in them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.access.ids import id_of, ids_of
from server.schema.access.types import Team
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from server.schema.writing.acts import ID, USER_ERRORS, VERSION
from tenants.access import teams
from tenants.access.permissions import Permission

_NAME = "Up to 200 characters on one line; unique in your tenant."


@strawberry.input(description="A new team.")
class CreateTeamInput:
    name: str = strawberry.field(description=_NAME)


@strawberry.input(description="Another name for a team.")
class UpdateTeamInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    name: str = strawberry.field(description=_NAME)


@strawberry.input(description="A team to delete.")
class DeleteTeamInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)


@strawberry.input(description="Who shall be in a team.")
class SetTeamMembersInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    member_ids: list[strawberry.ID] = strawberry.field(description="All of them, at most 200; a member is in at most 20 teams.")


@strawberry.type(description="What became of a mutation of a team.")
class TeamPayload:
    team: UUID | None = read_back(Team | None, "The team as it is now; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteTeam`.")
class DeleteTeamPayload:
    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had; null where `userErrors` says why not.", default=None)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type
class TeamMutations:
    @mutation(TeamPayload, "Make a team, of nobody yet; at most 1,000.", permission=Permission.MEMBER_MANAGE)
    async def create_team(self, input: Annotated[CreateTeamInput, argument("The team.")]) -> TeamPayload | None:
        return TeamPayload(team=await teams.make_team(input.name))

    @mutation(TeamPayload, "Give a team another name.", permission=Permission.MEMBER_MANAGE)
    async def update_team(self, input: Annotated[UpdateTeamInput, argument("What is changed.")]) -> TeamPayload | None:
        id = id_of("TEAM", input.id)
        await teams.rename_team(id, input.name, version=given(input).get("version"))
        return TeamPayload(team=id)

    @mutation(DeleteTeamPayload, "Delete a team. Its members stay members.", permission=Permission.MEMBER_MANAGE)
    async def delete_team(self, input: Annotated[DeleteTeamInput, argument("Which one.")]) -> DeleteTeamPayload | None:
        await teams.delete_team(id_of("TEAM", input.id), version=given(input).get("version"))
        return DeleteTeamPayload(deleted_id=input.id)

    @mutation(
        TeamPayload,
        "Make these the members of a team, and no others. Nobody joins or leaves who may do more than you, and nobody may reach by it "
        "what you do not reach.",
        permission=Permission.MEMBER_MANAGE,
    )
    async def set_team_members(self, input: Annotated[SetTeamMembersInput, argument("Which, and who.")]) -> TeamPayload | None:
        id = id_of("TEAM", input.id)
        await teams.set_members(id, ids_of("MEMBER", input.member_ids, "member_ids"), version=given(input).get("version"))
        return TeamPayload(team=id)
