"""Contacts made, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Contact
from server.schema.operators import EmailAddress, PhoneNumber
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, ID, USER_ERRORS, VERSION, DeleteInput, DeletePayload
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.drafts import CustomerLinkInput
from tenants.access.permissions import Permission
from tenants.words import RecordType


@strawberry.input
class _ContactFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")
    job_title: str | None = optional("Up to 200 characters.")
    phone: PhoneNumber | None = optional("International, or as it is written in your tenant's country.")
    email: EmailAddress | None = optional("Up to 254 characters.")
    is_primary: bool | None = optional("Whether this is the contact to try first; no unless said otherwise. Never null.")


@strawberry.input(description="A contact of the customer it stands in.")
class NestedContactInput(_ContactFields):
    name: str = strawberry.field(description="Up to 200 characters.")


@strawberry.input(description="A new contact of a customer: give `customerId` or `customer`.")
class CreateContactInput(NestedContactInput):
    customer_id: strawberry.ID | None = optional("Whose it is: the customer's global id.")
    customer: CustomerLinkInput | None = optional("Whose it is: the customer by another value.")


@strawberry.input(description="Changes of a contact. What is left out stays as it is; null clears it.")
class UpdateContactInput(_ContactFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    name: str | None = optional("Up to 200 characters; never null.")
    customer_id: strawberry.ID | None = optional("Gives it to this customer.")
    customer: CustomerLinkInput | None = optional("Gives it to this customer.")


@strawberry.type(description="What became of `createContact`.")
class CreateContactPayload:
    contact: UUID | None = read_back(Contact | None, "The new contact; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateContact`.")
class UpdateContactPayload:
    contact: UUID | None = read_back(Contact | None, "The contact as it is now stored; null where there is none or the change was refused.")
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteContact`.")
class DeleteContactPayload(DeletePayload):
    pass


@strawberry.type
class ContactMutations:
    @mutation(CreateContactPayload, "Make a contact. Two contacts of one name are two people.", permission=Permission.CONTACT_CREATE)
    async def create_contact(self, input: Annotated[CreateContactInput, argument("The contact.")]) -> CreateContactPayload | None:
        done = await acts.create(RecordType.CONTACT, input)
        return CreateContactPayload(contact=done.id, user_errors=done.errors)

    @mutation(UpdateContactPayload, "Change a contact.", permission=Permission.CONTACT_UPDATE)
    async def update_contact(self, input: Annotated[UpdateContactInput, argument("What is changed.")]) -> UpdateContactPayload | None:
        done = await acts.update(RecordType.CONTACT, input)
        return UpdateContactPayload(contact=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(DeleteContactPayload, "Delete a contact.", permission=Permission.CONTACT_DELETE)
    async def delete_contact(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeleteContactPayload | None:
        return DeleteContactPayload(**vars(await acts.delete(RecordType.CONTACT, input)))
