"""Ids: uuid version 7 (RFC 9562, section 5.7) made in the app, and their global form `cus_0198…` outside."""

from __future__ import annotations

import os
import time
from uuid import UUID

from tenants.words import RecordType

_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)
_RANDOM_BITS = ((1 << 76) - 1) & ~(0xF << 76) & ~(0b11 << 62)

#: The type prefix of every noun that has a global id.
PREFIXES = {
    RecordType.CUSTOMER: "cus",
    RecordType.CONTACT: "con",
    RecordType.ORDER: "ord",
    RecordType.ORDER_LINE: "lin",
    RecordType.INTERACTION: "int",
    RecordType.NEED: "nee",
    RecordType.PREFERENCE: "pre",
    "TENANT": "ten",
    "API_KEY": "key",
    "MEMBER": "mem",
    "TEAM": "tea",
    "ROLE": "rol",
    "SESSION": "ses",
    "UPLOAD": "upl",
    "IMPORT": "imp",
    "CHANGE_SET": "chg",
    "TRAIL_ENTRY": "ent",
}


def new_ids(count: int) -> list[UUID]:
    """`count` version 7 ids that sort in the order they are given out; the low bits of the first are random.

    Ids of one call share their millisecond and step by one in the 62 low bits, so their order is the batch's.
    """
    stamp = (time.time_ns() // 1_000_000) << 80
    noise = int.from_bytes(os.urandom(10), "big")
    first = stamp | (noise & _RANDOM_BITS & ~(1 << 61)) | _VERSION_AND_VARIANT
    return [UUID(int=first + step) for step in range(count)]


def new_id() -> UUID:
    return new_ids(1)[0]


def global_id(noun: RecordType | str, id: UUID) -> str:
    """The id as the outside sees it: the noun's prefix, an underscore, 32 hex digits."""
    return f"{PREFIXES[noun]}_{id.hex}"


def local_id(noun: RecordType | str, text: str) -> UUID | None:
    """The uuid behind a global id, or None for anything that is not one of this noun: "not found" to the caller."""
    prefix, _, digits = text.partition("_")
    if prefix != PREFIXES[noun] or len(digits) != 32:
        return None
    try:
        return UUID(hex=digits)
    except ValueError:
        return None
