"""Blind indexes: a keyed digest of a value, to find it and keep it unique without opening anything."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

DIGEST_BYTES = 16


class BlindIndex:
    """HMAC-SHA256 cut to 16 bytes, under a key of its own for each tenant and kind. Made by `Keyring.blind_index`.

    The caller normalises: two spellings of one phone find each other only when they are the same text here. 128 bits keep two
    different values apart in any table that fits a database, and cutting says less to a reader than the whole.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, SHA256())

    def digest(self, normalised: str) -> bytes:
        """The 16 bytes that stand for this value."""
        # A copy of a keyed object skips the key schedule: half the price of keying anew.
        keyed = self._keyed.copy()
        keyed.update(normalised.encode())
        return keyed.finalize()[:DIGEST_BYTES]

    def digest_all(self, normalised: Sequence[str | None]) -> list[bytes | None]:
        """The digest of each value; None stays None."""
        digest = self.digest
        return [None if value is None else digest(value) for value in normalised]
