"""Orders made, changed and deleted, with their lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Order
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing import acts
from server.schema.writing.acts import CONFLICTS, ID, MOMENT, USER_ERRORS, VERSION, DeleteInput, DeletePayload
from server.schema.writing.conflicts import FieldConflict
from server.schema.writing.drafts import LINES_MOST, CustomerLinkInput
from tenants.access.permissions import Permission
from tenants.words import OrderStatus, PaymentMethod, RecordType


@strawberry.input(description="A line of an order.")
class OrderLineInput:
    product: str = strawberry.field(description="Up to 200 characters.")
    quantity: Decimal = strawberry.field(description="Up to 4 decimals.")
    unit_price: Decimal = strawberry.field(description="In the order's currency, up to 4 decimals.")
    discount: Decimal | None = optional("A part of 1: 0.15 is 15 % off. None unless said otherwise.")
    amount: Decimal | None = optional("quantity × unitPrice × (1 − discount), which it is without being said; another is refused.")


@strawberry.input
class _OrderFields:
    external_id: str | None = optional("The id in your own system, up to 200 characters; unique in your tenant.")
    amount: Decimal | None = optional("In `currency`, up to 4 decimals. Without it, or null: the sum of the lines.")
    currency: str | None = optional("ISO 4217; your tenant's own unless said otherwise. Never null.")
    payment_method: PaymentMethod | None = optional("How it is paid.")
    status: OrderStatus | None = optional("OPEN unless said otherwise. Never null.")
    lines: list[OrderLineInput] | None = optional(
        f"Up to {LINES_MOST}, in their order. Given, they replace the lines there are as a whole."
    )


@strawberry.input(description="An order of the customer it stands in.")
class NestedOrderInput(_OrderFields):
    number: str = strawberry.field(description="Its number, up to 200 characters; unique in your tenant.")
    ordered_at: str = strawberry.field(description=f"When it was ordered. {MOMENT}")


@strawberry.input(description="A new order of a customer: give `customerId` or `customer`.")
class CreateOrderInput(NestedOrderInput):
    customer_id: strawberry.ID | None = optional("Whose it is: the customer's global id.")
    customer: CustomerLinkInput | None = optional("Whose it is: the customer by another value.")


@strawberry.input(description="Changes of an order. What is left out stays as it is; null clears it.")
class UpdateOrderInput(_OrderFields):
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(VERSION)
    number: str | None = optional("Its number, up to 200 characters; unique in your tenant, never null.")
    ordered_at: str | None = optional(f"When it was ordered; never null. {MOMENT}")
    customer_id: strawberry.ID | None = optional("Gives it to this customer.")
    customer: CustomerLinkInput | None = optional("Gives it to this customer.")


@strawberry.type(description="What became of `createOrder`.")
class CreateOrderPayload:
    order: UUID | None = read_back(Order | None, "The new order; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateOrder`.")
class UpdateOrderPayload:
    order: UUID | None = read_back(Order | None, "The order as it is now stored; null where there is none or the change was refused.")
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS, default_factory=list)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `deleteOrder`.")
class DeleteOrderPayload(DeletePayload):
    pass


@strawberry.type
class OrderMutations:
    @mutation(
        CreateOrderPayload,
        "Make an order. A number that another order of yours has is refused as DUPLICATE, which names that one.",
        permission=Permission.ORDER_CREATE,
    )
    async def create_order(self, input: Annotated[CreateOrderInput, argument("The order.")]) -> CreateOrderPayload | None:
        done = await acts.create(RecordType.ORDER, input)
        return CreateOrderPayload(order=done.id, user_errors=done.errors)

    @mutation(UpdateOrderPayload, "Change an order.", permission=Permission.ORDER_UPDATE)
    async def update_order(self, input: Annotated[UpdateOrderInput, argument("What is changed.")]) -> UpdateOrderPayload | None:
        done = await acts.update(RecordType.ORDER, input)
        return UpdateOrderPayload(order=done.id, conflicts=done.conflicts, user_errors=done.errors)

    @mutation(DeleteOrderPayload, "Delete an order, with its lines.", permission=Permission.ORDER_DELETE)
    async def delete_order(self, input: Annotated[DeleteInput, argument("Which one.")]) -> DeleteOrderPayload | None:
        return DeleteOrderPayload(**vars(await acts.delete(RecordType.ORDER, input)))
