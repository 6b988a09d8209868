"""What belongs to a customer: contacts, orders with lines, interactions, needs, preferences."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry

from server.reads.places import decimal, identity, in_order, protected, stored, stored_in
from server.schema.pages import Connection, Node
from server.schema.values import Flag, ProtectedText, flags
from tenants.access.masks import mask_email, mask_phone, mask_text
from tenants.words import Channel, Direction, FollowUp, NeedStatus, OrderStatus, PaymentMethod, RecordType

_EXTERNAL_ID = "Its id in the system it came from, up to 200 characters; unique in your tenant."
_VERSION = "Counts the record's changes, from 1."
_CREATED = "When it was taken in."
_UPDATED = "When it was last changed."


@stored_in("contact", RecordType.CONTACT)
@strawberry.type(description="A person to speak to at a customer.")
class Contact(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    name: str = stored("Up to 200 characters.")
    job_title: str | None = stored("Up to 200 characters.")
    phone: ProtectedText | None = protected(mask_phone, "In E.164 (`+8613812345678`), or as entered where `flags` says so.")
    email: ProtectedText | None = protected(mask_email, "Up to 254 characters.")
    is_primary: bool = stored("Whether this is the contact to try first.")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)


@stored_in("order_line", RecordType.ORDER_LINE)
@strawberry.type(description="One product of an order.")
class OrderLine(Node):
    id: strawberry.ID = identity()
    position: int = stored("Its place in the order, from 1.")
    product: str = stored("Up to 200 characters.")
    quantity: Decimal = decimal("Up to 4 decimals.")
    unit_price: Decimal = decimal("In the order's currency, up to 4 decimals.")
    discount: Decimal = decimal("A part of 1: 0.15 is 15 % off. Up to 4 decimals.")
    amount: Decimal = decimal("quantity × unitPrice × (1 − discount), in the order's currency, up to 4 decimals.")


@stored_in("customer_order", RecordType.ORDER)
@strawberry.type(description="An order of a customer.")
class Order(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    number: str = stored("Its number, up to 200 characters; unique in your tenant.")
    ordered_at: datetime = stored("When it was ordered.")
    amount: Decimal = decimal("In `currency`, up to 4 decimals.")
    currency: str = stored("ISO 4217.")
    payment_method: PaymentMethod | None = stored("How it is paid.")
    status: OrderStatus = stored("How far it is.")
    lines: Connection[OrderLine] = in_order("The order's lines in their order.", "order_id", "position")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)


@stored_in("interaction", RecordType.INTERACTION)
@strawberry.type(description="One time a tenant and a customer spoke.")
class Interaction(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    channel: Channel = stored("How.")
    direction: Direction | None = stored("Who began it.")
    occurred_at: datetime = stored("When.")
    subject: str | None = stored("Up to 200 characters.")
    content: ProtectedText | None = protected(mask_text, "What was said, up to 20,000 characters.")
    follow_up: FollowUp | None = stored("Whether something is still to be done.")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)


@stored_in("need", RecordType.NEED)
@strawberry.type(description="What a customer looks for.")
class Need(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    what: str = stored("Up to 2,000 characters.")
    product_interest: str | None = stored("The product in question, up to 200 characters.")
    expected_at: date | None = stored("By when.")
    status: NeedStatus = stored("How far it is.")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)


@stored_in("preference", RecordType.PREFERENCE)
@strawberry.type(description="What a customer likes.")
class Preference(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    kind: str = stored("Of what, up to 200 characters: language, colour, time to call.")
    value: str = stored("Which, up to 2,000 characters.")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)
