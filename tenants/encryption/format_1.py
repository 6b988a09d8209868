"""What everything sealed in format 1 shares: its header, how keys are derived, what a ciphertext is bound to, the one error."""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16

_HEADER = struct.Struct(">BH")
HEADER_BYTES = _HEADER.size
VERSION_MOST = 0xFFFF


class CannotOpen(Exception):
    """This was not sealed by us, for this place, with a key we have. It does not say which of these: that would help a forger."""

    def __init__(self, message: str = "This cannot be opened.") -> None:
        super().__init__(message)


def header(version: int) -> bytes:
    """`format (1 byte) ‖ key version (2 bytes, big endian)`, in front of everything sealed with a data key."""
    if not 1 <= version <= VERSION_MOST:
        raise ValueError(f"A key version is between 1 and {VERSION_MOST}.")
    return _HEADER.pack(FORMAT, version)


def bound(*parts: bytes | str) -> bytes:
    """The parts as one string that no other parts give: each behind its length (2 bytes, big endian)."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(2, "big") + part for part in raw)


def derive(key: bytes, *purpose: bytes | str, salt: bytes = b"", length: int = KEY_BYTES) -> bytes:
    """A key for one purpose, by HKDF-SHA256 (RFC 5869); keys of different purposes say nothing about each other or their origin."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=bound("kelu", bytes([FORMAT]), *purpose)).derive(key)
