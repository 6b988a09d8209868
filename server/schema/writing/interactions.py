"""Interactions written down, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Interaction
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, ID, MOMENT, USER_ERRORS, VERSION, DeleteInput, DeletePayload
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.drafts import CustomerLinkInput
from tenants.access.permissions import Permission
from tenants.words import Channel, Direction, FollowUp, RecordType


@strawberry.input
class _InteractionFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")
    direction: Direction | None = optional("Who began it.")
    subject: str | None = optional("Up to 200 characters.")
    content: str | None = optional("What was said, up to 20,000 characters; stored encrypted.")
    follow_up: FollowUp | None = optional("Whether something is still to be done.")


@strawberry.input(description="A new interaction of a customer: give `customerId` or `customer`.")
class CreateInteractionInput(_InteractionFields):
    channel: Channel = strawberry.field(description="How.")
    occurred_at: str = strawberry.field(description=f"When; not in the future. {MOMENT}")
    customer_id: strawberry.ID | None = optional("Whose it is: the customer's global id.")
    customer: CustomerLinkInput | None = optional("Whose it is: the customer by another value.")


@strawberry.input(description="Changes of an interaction. What is left out stays as it is; null clears it.")
class UpdateInteractionInput(_InteractionFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    channel: Channel | None = optional("How; never null.")
    occurred_at: str | None = optional(f"When; not in the future, never null. {MOMENT}")
    customer_id: strawberry.ID | None = optional("Gives it to this customer.")
    customer: CustomerLinkInput | None = optional("Gives it to this customer.")


@strawberry.type(description="What became of `createInteraction`.")
class CreateInteractionPayload:
    interaction: UUID | None = read_back(Interaction | None, "The new interaction; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateInteraction`.")
class UpdateInteractionPayload:
    interaction: UUID | None = read_back(
        Interaction | None, "The interaction as it is now stored; null where there is none or the change was refused."
    )
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteInteraction`.")
class DeleteInteractionPayload(DeletePayload):
    pass


@strawberry.type
class InteractionMutations:
    @mutation(CreateInteractionPayload, "Write an interaction down.", permission=Permission.INTERACTION_CREATE)
    async def create_interaction(
        self, input: Annotated[CreateInteractionInput, argument("The interaction.")]
    ) -> CreateInteractionPayload | None:
        done = await acts.create(RecordType.INTERACTION, input)
        return CreateInteractionPayload(interaction=done.id, user_errors=done.errors)

    @mutation(UpdateInteractionPayload, "Change an interaction.", permission=Permission.INTERACTION_UPDATE)
    async def update_interaction(
        self, input: Annotated[UpdateInteractionInput, argument("What is changed.")]
    ) -> UpdateInteractionPayload | None:
        done = await acts.update(RecordType.INTERACTION, input)
        return UpdateInteractionPayload(interaction=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(DeleteInteractionPayload, "Delete an interaction.", permission=Permission.INTERACTION_DELETE)
    async def delete_interaction(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeleteInteractionPayload | None:
        return DeleteInteractionPayload(**vars(await acts.delete(RecordType.INTERACTION, input)))
