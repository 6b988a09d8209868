"""The closed vocabularies of the customer graph, one enum each. What people write for them: `intake.normalise.words`."""

from __future__ import annotations

from enum import StrEnum


class RecordType(StrEnum):
    """The nouns of the customer graph that can be written."""

    CUSTOMER = "CUSTOMER"
    CONTACT = "CONTACT"
    ORDER = "ORDER"
    ORDER_LINE = "ORDER_LINE"
    INTERACTION = "INTERACTION"
    NEED = "NEED"
    PREFERENCE = "PREFERENCE"


class CustomerKind(StrEnum):
    PERSON = "PERSON"
    COMPANY = "COMPANY"


class Gender(StrEnum):
    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"


class Lifecycle(StrEnum):
    PROSPECT = "PROSPECT"
    ACTIVE = "ACTIVE"
    LAPSED = "LAPSED"


class OrderStatus(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class PaymentMethod(StrEnum):
    CASH = "CASH"
    CARD = "CARD"
    BANK_TRANSFER = "BANK_TRANSFER"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    ALIPAY = "ALIPAY"
    WECHAT_PAY = "WECHAT_PAY"
    PAYPAL = "PAYPAL"
    INVOICE = "INVOICE"
    OTHER = "OTHER"


class Channel(StrEnum):
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    CHAT = "CHAT"
    VISIT = "VISIT"
    OTHER = "OTHER"


class Direction(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class FollowUp(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class NeedStatus(StrEnum):
    OPEN = "OPEN"
    MATCHED = "MATCHED"
    CLOSED = "CLOSED"
