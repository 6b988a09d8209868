"""The customer graph: customers, and what belongs to one: contacts, orders with lines, interactions, needs, preferences."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry

from server.reads.declaring import decimal, identity, in_order, items, newest, parent, protected, protected_map, stored, stored_in
from server.schema.pages import Connection, Node
from server.schema.values import CustomValue, Flag, ProtectedCustomValue, ProtectedText, flags
from tenants.access.masks import mask_date, mask_email, mask_national_id, mask_phone, mask_text
from tenants.intake.rules import KeyKind
from tenants.words import Channel, CustomerKind, Direction, FollowUp, Gender, Lifecycle, NeedStatus, OrderStatus, PaymentMethod, RecordType

#: Which orders count as spending: those that were not taken back.
COUNTED = "{o}.status NOT IN ('CANCELLED', 'REFUNDED')"

#: What spending is computed from.
SPENT = ((RecordType.ORDER, ("amount",)),)

_EXTERNAL_ID = "Its id in the system it came from, up to 200 characters; unique in your tenant."
_VERSION = "Counts the record's changes, from 1."
_CREATED = "When it was taken in."
_UPDATED = "When it was last changed."
_PHONE = "In E.164 (`+8613812345678`), or as entered where `flags` says so."


@stored_in("contact", RecordType.CONTACT)
@strawberry.type(description="A person to speak to at a customer.")
class Contact(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    name: str = stored("Up to 200 characters.")
    job_title: str | None = stored("Up to 200 characters.")
    phone: ProtectedText | None = protected(mask_phone, _PHONE)
    email: ProtectedText | None = protected(mask_email, "Up to 254 characters.")
    is_primary: bool = stored("Whether this is the contact to try first.")
    customer: Customer = parent("Whose it is.", "customer_id")
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
    order: Order = parent("The order it is a line of.", "order_id")


@stored_in("customer_order", RecordType.ORDER)
@strawberry.type(description="An order of a customer.")
class Order(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored(_EXTERNAL_ID)
    number: str = stored("Its number, up to 200 characters; unique in your tenant.")
    ordered_at: datetime = stored("When it was ordered.")
    amount: Decimal | None = decimal("In `currency`, up to 4 decimals; null where your roles hide it.")
    currency: str = stored("ISO 4217.")
    payment_method: PaymentMethod | None = stored("How it is paid.")
    status: OrderStatus = stored("How far it is.")
    lines: Connection[OrderLine] = in_order("The order's lines in their order.", "order_id", "position")
    customer: Customer = parent("Whose it is.", "customer_id")
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
    customer: Customer = parent("Whose it is.", "customer_id")
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
    customer: Customer = parent("Whose it is.", "customer_id")
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
    customer: Customer = parent("Whose it is.", "customer_id")
    flags: list[Flag] = flags()
    created_at: datetime = stored(_CREATED)
    updated_at: datetime = stored(_UPDATED)
    version: int = stored(_VERSION)


@strawberry.type(description="What a customer has spent in one currency. CANCELLED and REFUNDED orders do not count.")
class Spending:
    currency: str = stored("ISO 4217; amounts of different currencies are never added.")
    orders: int = stored("How many orders: frequency.")
    amount: Decimal = decimal("Their sum: spending. In `currency`, up to 4 decimals.")
    average: Decimal = decimal("Of an order. In `currency`, up to 4 decimals.")
    first_ordered_at: datetime = stored("The earliest.")
    last_ordered_at: datetime = stored("The latest: recency.")
    days_since_last: int = stored("Whole days since then.")
    days_between: float | None = stored("Days from one order to the next, on average; null of a single one.")


_SPENDING = f"""(
    SELECT o.currency, count(*)::int AS orders, sum(o.amount) AS amount, round(avg(o.amount), 4) AS average,
           min(o.ordered_at) AS first_ordered_at, max(o.ordered_at) AS last_ordered_at,
           floor(extract(epoch FROM now() - max(o.ordered_at)) / 86400)::int AS days_since_last,
           round(extract(epoch FROM max(o.ordered_at) - min(o.ordered_at)) / 86400 / nullif(count(*) - 1, 0), 1) AS days_between
    FROM customer_order o WHERE o.tenant_id = $1 AND o.customer_id = {{row}}.id
        AND {{sees:ORDER o amount}} AND {COUNTED.format(o="o")} GROUP BY o.currency
) AS {{item}}"""


@stored_in("customer", RecordType.CUSTOMER)
@strawberry.type(description="Someone you do business with: a person or a company.")
class Customer(Node):
    id: strawberry.ID = identity()
    external_id: str | None = stored("Its id in the system it came from, up to 200 characters; unique in your tenant.")
    kind: CustomerKind = stored("A person or a company.")
    name: str = stored("Up to 200 characters.")
    company: str | None = stored("The company of a person, up to 200 characters.")
    gender: Gender | None = stored("A person's gender.")
    birth_date: ProtectedText | None = protected(mask_date, "ISO 8601 (`1998-03-05`).")
    occupation: str | None = stored("Up to 200 characters.")
    phone: ProtectedText | None = protected(
        mask_phone, "In E.164 (`+8613812345678`), or as entered where `flags` says so.", key=KeyKind.PHONE
    )
    email: ProtectedText | None = protected(mask_email, "Up to 254 characters.", key=KeyKind.EMAIL)
    address: ProtectedText | None = protected(mask_text, "Street and number, up to 500 characters.")
    national_id: ProtectedText | None = protected(mask_national_id, "Up to 40 characters.", key=KeyKind.NATIONAL_ID)
    postal_code: str | None = stored("Up to 20 characters.")
    country: str | None = stored("ISO 3166-1 alpha-2.")
    region: str | None = stored("Province or state, up to 200 characters.")
    city: str | None = stored("Up to 200 characters.")
    lifecycle: Lifecycle = stored("How far they are as a customer.")
    source: str | None = stored("Where they came from, up to 200 characters.")
    owner: str | None = stored("Who of your people looks after them, up to 200 characters.")
    tags: list[str] = stored("Up to 50, of up to 50 characters each.")
    custom: list[CustomValue] = items(
        "jsonb_each({row}.custom) AS {item}", "{item}.key", "Fields your tenant has added, by name.", names="('custom.' || {item}.key)"
    )
    protected_custom: list[ProtectedCustomValue] = protected_map(
        "custom_sealed", mask_text, "Fields your tenant has added and wants encrypted, by name."
    )
    flags: list[Flag] = flags()
    verified_at: datetime | None = stored("When somebody last checked the record.")
    contacts: Connection[Contact] = newest("People to speak to, newest first.", "customer_id")
    orders: Connection[Order] = newest("Their orders, by `orderedAt`, newest first.", "customer_id", by="ordered_at")
    interactions: Connection[Interaction] = newest("When you spoke, by `occurredAt`, newest first.", "customer_id", by="occurred_at")
    needs: Connection[Need] = newest("What they look for, newest first.", "customer_id")
    preferences: Connection[Preference] = newest("What they like, newest first.", "customer_id")
    spending: list[Spending] = items(
        _SPENDING, "{item}.currency", "What they have spent, how often and how lately; one entry a currency.", needs=SPENT
    )
    created_at: datetime = stored("When it was taken in.")
    updated_at: datetime = stored("When it was last changed.")
    version: int = stored("Counts the record's changes, from 1.")
