"""Preferences written down, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Preference
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, ID, USER_ERRORS, VERSION, DeleteInput, DeletePayload
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.drafts import CustomerLinkInput
from tenants.access.permissions import Permission
from tenants.words import RecordType


@strawberry.input
class _PreferenceFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")


@strawberry.input(description="A new preference of a customer: give `customerId` or `customer`.")
class CreatePreferenceInput(_PreferenceFields):
    kind: str = strawberry.field(description="Of what, up to 200 characters: language, colour, time to call.")
    value: str = strawberry.field(description="Which, up to 2,000 characters.")
    customer_id: strawberry.ID | None = optional("Whose it is: the customer's global id.")
    customer: CustomerLinkInput | None = optional("Whose it is: the customer by another value.")


@strawberry.input(description="Changes of a preference. What is left out stays as it is; null clears it.")
class UpdatePreferenceInput(_PreferenceFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    kind: str | None = optional("Of what, up to 200 characters; never null.")
    value: str | None = optional("Which, up to 2,000 characters; never null.")
    customer_id: strawberry.ID | None = optional("Gives it to this customer.")
    customer: CustomerLinkInput | None = optional("Gives it to this customer.")


@strawberry.type(description="What became of `createPreference`.")
class CreatePreferencePayload:
    preference: UUID | None = read_back(Preference | None, "The new preference; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updatePreference`.")
class UpdatePreferencePayload:
    preference: UUID | None = read_back(
        Preference | None, "The preference as it is now stored; null where there is none or the change was refused."
    )
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deletePreference`.")
class DeletePreferencePayload(DeletePayload):
    pass


@strawberry.type
class PreferenceMutations:
    @mutation(
        CreatePreferencePayload,
        "Write a preference down. One that the customer has already is refused as DUPLICATE.",
        permission=Permission.PREFERENCE_CREATE,
    )
    async def create_preference(
        self, input: Annotated[CreatePreferenceInput, argument("The preference.")]
    ) -> CreatePreferencePayload | None:
        done = await acts.create(RecordType.PREFERENCE, input)
        return CreatePreferencePayload(preference=done.id, user_errors=done.errors)

    @mutation(UpdatePreferencePayload, "Change a preference.", permission=Permission.PREFERENCE_UPDATE)
    async def update_preference(
        self, input: Annotated[UpdatePreferenceInput, argument("What is changed.")]
    ) -> UpdatePreferencePayload | None:
        done = await acts.update(RecordType.PREFERENCE, input)
        return UpdatePreferencePayload(preference=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(DeletePreferencePayload, "Delete a preference.", permission=Permission.PREFERENCE_DELETE)
    async def delete_preference(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeletePreferencePayload | None:
        return DeletePreferencePayload(**vars(await acts.delete(RecordType.PREFERENCE, input)))
