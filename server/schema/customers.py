"""Customers: how they are listed, and how one is made."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import by_id, newest, read_back
from server.schema.graph import Customer
from server.schema.pages import Connection
from server.schema.user_errors import UserError, mutation, of_problems
from server.schema.values import argument, given, optional
from tenants.intake.drafts import Action, Batch
from tenants.intake.intake import take_in
from tenants.intake.problems import Code
from tenants.intake.rules import IntakeRules, OnMatch
from tenants.words import CustomerKind, Gender, Lifecycle, RecordType


@strawberry.input(description="The value of a field that your tenant has added.")
class CustomValueInput:
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="Its value as text, as it would stand in a file.")


@strawberry.input(
    description="A new customer. Texts are made right as those of a file are: full-width digits, odd spaces, a phone by its country."
)
class CreateCustomerInput:
    name: str = strawberry.field(description="Up to 200 characters.")
    external_id: str | None = optional("The id in your own system, up to 200 characters.")
    kind: CustomerKind | None = optional("PERSON unless said otherwise.")
    company: str | None = optional("Up to 200 characters.")
    gender: Gender | None = optional("A person's gender.")
    birth_date: str | None = optional("ISO 8601 (`1998-03-05`) is always understood.")
    occupation: str | None = optional("Up to 200 characters.")
    phone: str | None = optional("International, or as it is written in `country`.")
    email: str | None = optional("Up to 254 characters.")
    address: str | None = optional("Street and number, up to 500 characters.")
    national_id: str | None = optional("Up to 40 characters.")
    postal_code: str | None = optional("Up to 20 characters.")
    country: str | None = optional("ISO 3166-1 alpha-2, or a country's name; else your tenant's own.")
    region: str | None = optional("Province or state, up to 200 characters.")
    city: str | None = optional("Up to 200 characters.")
    lifecycle: Lifecycle | None = optional("PROSPECT unless said otherwise.")
    source: str | None = optional("Where they came from, up to 200 characters.")
    owner: str | None = optional("Who of your people looks after them, up to 200 characters.")
    tags: list[str] | None = optional("Up to 50, of up to 50 characters each, without commas.")
    custom: list[CustomValueInput] | None = optional("Fields your tenant has added.")

    def batch(self) -> Batch:
        """This customer as a batch of one draft."""
        cells = given(self)
        tags, custom = cells.pop("tags", ()), cells.pop("custom", ())
        if tags:
            cells["tags"] = ",".join(tags)
        return Batch.of_one(RecordType.CUSTOMER, cells | {f"custom.{each.name}": each.value for each in custom})


_NAMELESS = UserError(code=Code.REQUIRED.value, message="A customer needs a name.", field=["name"])


@strawberry.type(description="What became of `createCustomer`.")
class CreateCustomerPayload:
    customer: UUID | None = read_back(Customer | None, "The new customer; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description="Empty when it was done.", default_factory=list)


@strawberry.type
class CustomerQueries:
    customers: Connection[Customer] = newest("Your customers, newest first.", is_searchable=True)
    customer: Customer | None = by_id("One customer; null, with an error NOT_FOUND, where there is none of yours.")


@strawberry.type
class CustomerMutations:
    @mutation(
        CreateCustomerPayload,
        "Make a customer. A value that another one of yours holds and that must be unique is refused as DUPLICATE, which names that one.",
    )
    async def create_customer(self, input: Annotated[CreateCustomerInput, argument("The customer.")]) -> CreateCustomerPayload | None:
        outcome = await take_in(input.batch(), IntakeRules(on_match=OnMatch.REJECT))
        if outcome.actions == [Action.CREATE]:
            return CreateCustomerPayload(customer=outcome.record_ids[0])
        # A draft in which nothing is given is no draft to the intake, and so has no problems.
        return CreateCustomerPayload(user_errors=of_problems(outcome, RecordType.CUSTOMER) or [_NAMELESS])
