"""The fields of every noun as roles speak of them: how low a role may set each, and whether a mask can be made of it.

A record without its kind, its dates or its status is none, so those can be read by whoever may read the record; its name can be masked at
least. A field of the schema that is not in here, and no other permission's, stops the start (`server.reads.guarding`).
"""

from __future__ import annotations

from dataclasses import dataclass

from tenants.access.permissions import Level
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a noun. `least` is the lowest level a role can give who may read the record; `is_masked`: a mask can be made of it."""

    least: Level = Level.NONE
    is_masked: bool = False


_PLAIN = Field()
_TEXT = Field(is_masked=True)
_NAME = Field(Level.MASKED, is_masked=True)
_FIXED = Field(Level.READ)

#: What every record has, and whoever may read the record may read: they say nothing of anybody.
SYSTEM = frozenset({"id", "version", "created_at", "updated_at", "flags"})

#: Fields a tenant has added are named `custom.shoe_size`; each may have a mask.
CUSTOM = "custom."

FIELDS: dict[RecordType, dict[str, Field]] = {
    RecordType.CUSTOMER: {
        "external_id": _TEXT,
        "kind": _FIXED,
        "name": _NAME,
        "company": _TEXT,
        "gender": _PLAIN,
        "birth_date": _TEXT,
        "occupation": _TEXT,
        "phone": _TEXT,
        "email": _TEXT,
        "address": _TEXT,
        "national_id": _TEXT,
        "postal_code": _TEXT,
        "country": _PLAIN,
        "region": _TEXT,
        "city": _TEXT,
        "lifecycle": _FIXED,
        "source": _TEXT,
        "owner": _TEXT,
        "tags": _FIXED,
        "verified_at": _PLAIN,
    },
    RecordType.CONTACT: {
        "external_id": _TEXT,
        "name": _NAME,
        "job_title": _TEXT,
        "phone": _TEXT,
        "email": _TEXT,
        "is_primary": _FIXED,
    },
    RecordType.ORDER: {
        "external_id": _TEXT,
        "number": _NAME,
        "ordered_at": _FIXED,
        "amount": _PLAIN,
        "currency": _FIXED,
        "payment_method": _PLAIN,
        "status": _FIXED,
        "lines": _PLAIN,
    },
    RecordType.INTERACTION: {
        "external_id": _TEXT,
        "channel": _FIXED,
        "direction": _PLAIN,
        "occurred_at": _FIXED,
        "subject": _TEXT,
        "content": _TEXT,
        "follow_up": _PLAIN,
    },
    RecordType.NEED: {
        "external_id": _TEXT,
        "what": _NAME,
        "product_interest": _TEXT,
        "expected_at": _PLAIN,
        "status": _FIXED,
    },
    RecordType.PREFERENCE: {"external_id": _TEXT, "kind": _NAME, "value": _NAME},
}


def field_of(noun: RecordType, name: str) -> Field | None:
    """A field by its name, a custom one too; None where there is no such field."""
    if noun is RecordType.CUSTOMER and name.startswith(CUSTOM):
        return _TEXT
    return FIELDS[noun].get(name)
