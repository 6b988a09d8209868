"""Cursors: a record's place in a list as an opaque text that only this tenant, in this list, can use.

A cursor is base64url(MAC (16 bytes) ‖ JSON list of the order's values). The MAC is HMAC-SHA256, cut to 16 bytes, under a key that the
tenant has for cursors alone; it covers the list's field and order too. So a cursor made up, changed, or taken from another tenant or list
is refused, and SQL never sees a position that we did not hand out.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

from server.reads.plan import Page
from tenants.encryption import Keyring
from tenants.refusals import Invalid

_MAC_BYTES = 16
_LONGEST = 2_000


def cursor(keyring: Keyring, page: Page, position: list[str | None]) -> str:
    """The cursor of a place in a page's list."""
    body = orjson.dumps(position)
    return urlsafe_b64encode(_mac(keyring, page, body) + body).decode().rstrip("=")


def position(keyring: Keyring, page: Page, text: str, argument: str) -> list[str | None]:
    """The place behind a cursor: the text of each key of the order, None where the record has no value.

    Raises:
        Invalid: it is not one of this tenant and this list.
    """
    try:
        raw = urlsafe_b64decode(text[:_LONGEST] + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(keyring, page, body)):
        raise Invalid("This cursor is not one of this list in this order.", field=[argument])
    found: list[str | None] = orjson.loads(body)
    return found


def _mac(keyring: Keyring, page: Page, body: bytes) -> bytes:
    order = ",".join(f"{key.sql} {key.is_descending}" for key in page.shape.keys)
    # A text of base64 digits stands for the bytes: the index digests text, and no two bodies share it.
    return keyring.blind_index("cursor").digest(f"{page.field}\n{order}\n{urlsafe_b64encode(body).decode()}")
