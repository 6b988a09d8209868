"""Signatures: Ed25519 (RFC 8032), with private keys of 32 bytes that are kept wrapped by the master key."""

from __future__ import annotations

import hashlib
import os
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenants.encryption.format_1 import KEY_BYTES
from tenants.encryption.masters import MasterKey


class SigningKey:
    """A private key that signs. `public` has 32 bytes, `id` is 16 hex digits of its SHA-256. It stays in its process."""

    __slots__ = ("_private", "id", "public")

    def __init__(self, private: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(message)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("A signing key stays in its process.")


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def new_signing_key(master: MasterKey, purpose: UUID, number: int) -> tuple[bytes, bytes]:
    """A new key's public part, and its private part wrapped: bound to `purpose`, which takes a tenant's place, and to its number."""
    private = os.urandom(KEY_BYTES)
    return SigningKey(private).public, master.wrap(purpose, number, private)


def open_signing_key(master: MasterKey, purpose: UUID, number: int, wrapped: bytes) -> SigningKey:
    """The key that was wrapped.

    Raises:
        CannotOpen: it was wrapped by another master key, or for another purpose or number.
    """
    return SigningKey(master.unwrap(purpose, number, wrapped))
