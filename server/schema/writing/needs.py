"""Needs written down, changed and deleted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Need
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, ID, USER_ERRORS, VERSION, DeleteInput, DeletePayload
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.drafts import CustomerLinkInput
from tenants.access.permissions import Permission
from tenants.words import NeedStatus, RecordType


@strawberry.input
class _NeedFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")
    product_interest: str | None = optional("The product in question, up to 200 characters.")
    expected_at: str | None = optional("By when, ISO 8601 (`2026-03-05`).")
    status: NeedStatus | None = optional("OPEN unless said otherwise. Never null.")


@strawberry.input(description="A new need of a customer: give `customerId` or `customer`.")
class CreateNeedInput(_NeedFields):
    what: str = strawberry.field(description="Up to 2,000 characters.")
    customer_id: strawberry.ID | None = optional("Whose it is: the customer's global id.")
    customer: CustomerLinkInput | None = optional("Whose it is: the customer by another value.")


@strawberry.input(description="Changes of a need. What is left out stays as it is; null clears it.")
class UpdateNeedInput(_NeedFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    what: str | None = optional("Up to 2,000 characters; never null.")
    customer_id: strawberry.ID | None = optional("Gives it to this customer.")
    customer: CustomerLinkInput | None = optional("Gives it to this customer.")


@strawberry.type(description="What became of `createNeed`.")
class CreateNeedPayload:
    need: UUID | None = read_back(Need | None, "The new need; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateNeed`.")
class UpdateNeedPayload:
    need: UUID | None = read_back(Need | None, "The need as it is now stored; null where there is none or the change was refused.")
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteNeed`.")
class DeleteNeedPayload(DeletePayload):
    pass


@strawberry.type
class NeedMutations:
    @mutation(CreateNeedPayload, "Write a need down.", permission=Permission.NEED_CREATE)
    async def create_need(self, input: Annotated[CreateNeedInput, argument("The need.")]) -> CreateNeedPayload | None:
        done = await acts.create(RecordType.NEED, input)
        return CreateNeedPayload(need=done.id, user_errors=done.errors)

    @mutation(UpdateNeedPayload, "Change a need.", permission=Permission.NEED_UPDATE)
    async def update_need(self, input: Annotated[UpdateNeedInput, argument("What is changed.")]) -> UpdateNeedPayload | None:
        done = await acts.update(RecordType.NEED, input)
        return UpdateNeedPayload(need=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(DeleteNeedPayload, "Delete a need.", permission=Permission.NEED_DELETE)
    async def delete_need(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeleteNeedPayload | None:
        return DeleteNeedPayload(**vars(await acts.delete(RecordType.NEED, input)))
