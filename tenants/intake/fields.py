"""Every field a draft may carry, once: its type, whether it is sealed, how long it may be.

The importer's column mapping, the normaliser, the validator, the writer and the API's inputs all read this table.
A *target* names a field from the outside: `phone`, or `contact.name` and `lines.product` for what is nested in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from tenants.words import (
    Channel,
    CustomerKind,
    Direction,
    FollowUp,
    Gender,
    Lifecycle,
    NeedStatus,
    OrderStatus,
    PaymentMethod,
    RecordType,
)


class Type(Enum):
    """How a field's text is made right; the Python type of a normalised value stands behind each."""

    TEXT = auto()  # str
    NAME = auto()  # str
    PHONE = auto()  # str, E.164 when plausible
    EMAIL = auto()  # str
    DATE = auto()  # datetime.date
    DATETIME = auto()  # datetime.datetime, aware
    DECIMAL = auto()  # decimal.Decimal
    WORD = auto()  # a member of `Field.words`
    COUNTRY = auto()  # str, ISO 3166-1 alpha-2
    CURRENCY = auto()  # str, ISO 4217
    NATIONAL_ID = auto()  # str
    POSTAL_CODE = auto()  # str
    BOOLEAN = auto()  # bool
    TAGS = auto()  # list[str]
    CUSTOM = auto()  # dict[str, str | int | float | bool | None]: the tenant's own fields
    LINK = auto()  # str: a customer by global id, or by one of the keys below
    VERSION = auto()  # int


Vocabulary: TypeAlias = type[StrEnum]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type. `sealed` fields are encrypted at rest; `longest` is in characters."""

    name: str
    type: Type
    sealed: bool = False
    required: bool = False
    longest: int = 200
    words: Vocabulary | None = None


#: How a contact, an order, an interaction, a need or a preference says whose it is; one of them is needed.
_CUSTOMER_LINK = (
    Field("customer_id", Type.LINK),
    Field("customer_external_id", Type.LINK),
    Field("customer_phone", Type.PHONE),
    Field("customer_email", Type.EMAIL, longest=254),
)

#: What every record may carry to be recognised again.
_IDENTITY = (
    Field("id", Type.LINK),
    Field("external_id", Type.TEXT),
    Field("version", Type.VERSION),
)

FIELDS: Mapping[RecordType, tuple[Field, ...]] = {
    RecordType.CUSTOMER: (
        *_IDENTITY,
        Field("kind", Type.WORD, words=CustomerKind),
        Field("name", Type.NAME, required=True),
        Field("company", Type.NAME),
        Field("gender", Type.WORD, words=Gender),
        Field("birth_date", Type.DATE, sealed=True),
        Field("occupation", Type.TEXT),
        Field("phone", Type.PHONE, sealed=True),
        Field("email", Type.EMAIL, sealed=True, longest=254),
        Field("address", Type.TEXT, sealed=True, longest=500),
        Field("national_id", Type.NATIONAL_ID, sealed=True, longest=40),
        Field("postal_code", Type.POSTAL_CODE, longest=20),
        Field("country", Type.COUNTRY),
        Field("region", Type.TEXT),
        Field("city", Type.TEXT),
        Field("lifecycle", Type.WORD, words=Lifecycle),
        Field("source", Type.TEXT),
        Field("owner", Type.TEXT),
        Field("tags", Type.TAGS),
        Field("custom", Type.CUSTOM),
    ),
    RecordType.CONTACT: (
        *_IDENTITY,
        *_CUSTOMER_LINK,
        Field("name", Type.NAME, required=True),
        Field("job_title", Type.TEXT),
        Field("phone", Type.PHONE, sealed=True),
        Field("email", Type.EMAIL, sealed=True, longest=254),
        Field("is_primary", Type.BOOLEAN),
    ),
    RecordType.ORDER: (
        *_IDENTITY,
        *_CUSTOMER_LINK,
        Field("number", Type.TEXT, required=True),
        Field("ordered_at", Type.DATETIME, required=True),
        Field("amount", Type.DECIMAL),
        Field("currency", Type.CURRENCY),
        Field("payment_method", Type.WORD, words=PaymentMethod),
        Field("status", Type.WORD, words=OrderStatus),
    ),
    RecordType.ORDER_LINE: (
        Field("product", Type.TEXT, required=True),
        Field("quantity", Type.DECIMAL, required=True),
        Field("unit_price", Type.DECIMAL, required=True),
        Field("discount", Type.DECIMAL),
        Field("amount", Type.DECIMAL),
    ),
    RecordType.INTERACTION: (
        *_IDENTITY,
        *_CUSTOMER_LINK,
        Field("channel", Type.WORD, words=Channel, required=True),
        Field("direction", Type.WORD, words=Direction),
        Field("occurred_at", Type.DATETIME, required=True),
        Field("subject", Type.TEXT),
        Field("content", Type.TEXT, sealed=True, longest=20_000),
        Field("follow_up", Type.WORD, words=FollowUp),
    ),
    RecordType.NEED: (
        *_IDENTITY,
        *_CUSTOMER_LINK,
        Field("what", Type.TEXT, required=True, longest=2_000),
        Field("product_interest", Type.TEXT),
        Field("expected_at", Type.DATE),
        Field("status", Type.WORD, words=NeedStatus),
    ),
    RecordType.PREFERENCE: (
        *_IDENTITY,
        *_CUSTOMER_LINK,
        Field("kind", Type.TEXT, required=True),
        Field("value", Type.TEXT, required=True, longest=2_000),
    ),
}

#: What a row of one type may carry of another: target prefix and type.
NESTED: Mapping[RecordType, tuple[tuple[str, RecordType], ...]] = {
    RecordType.CUSTOMER: (("contact", RecordType.CONTACT),),
    RecordType.ORDER: (("lines", RecordType.ORDER_LINE),),
}


def targets(record_type: RecordType) -> dict[str, Field]:
    """Every target a column of a file of this type may map to, with its field: own fields, then `prefix.field` of nested ones.

    Links of a nested record to its customer are left out: the row it stands in says whose it is. A tenant's own fields are
    `custom.<name>` besides.
    """
    found = {field.name: field for field in FIELDS[record_type] if field.type is not Type.CUSTOM}
    links = {field.name for field in (*_CUSTOMER_LINK, *_IDENTITY)}
    for prefix, nested in NESTED.get(record_type, ()):
        found |= {f"{prefix}.{field.name}": field for field in FIELDS[nested] if field.name not in links}
    return found
