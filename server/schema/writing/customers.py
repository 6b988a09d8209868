"""Customers made, alone or with what belongs to them, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Customer
from server.schema.operators import EmailAddress, PhoneNumber
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, CREATING, ID, USER_ERRORS, VERSION, DeleteInput, DeletePayload, written
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.contacts import NestedContactInput
from server.schema.writing.drafts import CUSTOM_MOST, NESTED_MOST, CustomValueInput, bounded, draft_of
from server.schema.writing.orders import NestedOrderInput
from tenants.access.permissions import Permission
from tenants.intake.nested import take_in_nested
from tenants.words import CustomerKind, Gender, Lifecycle, RecordType


@strawberry.input
class CustomerFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")
    kind: CustomerKind | None = optional("PERSON unless said otherwise. Never null.")
    company: str | None = optional("Up to 200 characters.")
    gender: Gender | None = optional("A person's gender.")
    birth_date: str | None = optional("ISO 8601 (`1998-03-05`) is always understood.")
    occupation: str | None = optional("Up to 200 characters.")
    phone: PhoneNumber | None = optional("International, or as it is written in `country`.")
    email: EmailAddress | None = optional("Up to 254 characters.")
    address: str | None = optional("Street and number, up to 500 characters.")
    national_id: str | None = optional("Up to 40 characters.")
    postal_code: str | None = optional("Up to 20 characters.")
    country: str | None = optional("ISO 3166-1 alpha-2, or a country's name; else your tenant's own.")
    region: str | None = optional("Province or state, up to 200 characters.")
    city: str | None = optional("Up to 200 characters.")
    lifecycle: Lifecycle | None = optional("PROSPECT unless said otherwise. Never null.")
    source: str | None = optional("Where they came from, up to 200 characters.")
    owner: str | None = optional("Who of your people looks after them, up to 200 characters.")
    tags: list[str] | None = optional("Up to 50, of up to 50 characters each, without commas. Given, they replace those there are.")
    custom: list[CustomValueInput] | None = optional(
        f"Fields your tenant has added, up to {CUSTOM_MOST}; those not named stay as they are."
    )


@strawberry.input(
    description="A new customer. Texts are made right as those of a file are: full-width digits, odd spaces, a phone by its country. "
    "One that says there is nothing (`-`, `N/A`, `无`) is the same as leaving it out."
)
class CreateCustomerInput(CustomerFields):
    name: str = strawberry.field(description="Up to 200 characters.")
    contacts: list[NestedContactInput] | None = optional(f"Its first contacts, up to {NESTED_MOST}.")
    orders: list[NestedOrderInput] | None = optional(f"Its first orders, up to {NESTED_MOST}.")


@strawberry.input(description="Changes of a customer. What is left out stays as it is; null clears it.")
class UpdateCustomerInput(CustomerFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    name: str | None = optional("Up to 200 characters; never null.")


@strawberry.type(description="What became of `createCustomer`.")
class CreateCustomerPayload:
    customer: UUID | None = read_back(Customer | None, "The new customer; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateCustomer`.")
class UpdateCustomerPayload:
    customer: UUID | None = read_back(
        Customer | None, "The customer as it is now stored, after a VERSION_CONFLICT too; null where another error says why not."
    )
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteCustomer`.")
class DeleteCustomerPayload(DeletePayload):
    pass


@strawberry.type
class CustomerMutations:
    @mutation(
        CreateCustomerPayload,
        "Make a customer, with contacts and orders if you like: all of it or nothing. A value that another one of yours holds and that "
        "must be unique is refused as DUPLICATE, which names that one.",
        permission=Permission.CUSTOMER_CREATE,
    )
    async def create_customer(self, input: Annotated[CreateCustomerInput, argument("The customer.")]) -> CreateCustomerPayload | None:
        contacts = bounded(input.contacts or (), NESTED_MOST, "contacts")
        orders = bounded(input.orders or (), NESTED_MOST, "orders")
        nested = {RecordType.CONTACT: [draft_of(each) for each in contacts], RecordType.ORDER: [draft_of(each) for each in orders]}
        done = written(await take_in_nested(draft_of(input), nested, CREATING), RecordType.CUSTOMER)
        return CreateCustomerPayload(customer=done.id, user_errors=done.errors)

    @mutation(UpdateCustomerPayload, "Change a customer.", permission=Permission.CUSTOMER_UPDATE)
    async def update_customer(self, input: Annotated[UpdateCustomerInput, argument("What is changed.")]) -> UpdateCustomerPayload | None:
        done = await acts.update(RecordType.CUSTOMER, input)
        return UpdateCustomerPayload(customer=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(
        DeleteCustomerPayload,
        "Delete a customer with its contacts, orders, interactions, needs and preferences. The audit trail keeps what was.",
        permission=Permission.CUSTOMER_DELETE,
    )
    async def delete_customer(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeleteCustomerPayload | None:
        return DeleteCustomerPayload(**vars(await acts.delete(RecordType.CUSTOMER, input)))
