"""Streams: seals files of any size in segments, so that neither side holds more than one.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015). A sealed file is

    header: format (1 byte) ‖ key version (2) ‖ salt (16 random bytes)
    segments: AES-256-GCM of 64 KiB each; the last has 1 byte to 64 KiB, and 0 only in an empty file

under a key derived for this file from the tenant's data key and the salt. A segment's nonce is its number (11 bytes, big endian)
and a byte that is 1 in the last segment; its associated data is header, tenant and purpose. So a segment opens in its own
place of its own file only, and a file without its end does not pass for whole. The per-file randomness goes into the key, not into
the nonce: 7 bytes of nonce prefix would collide after 2²⁸ files, 16 bytes of salt do after 2⁶⁴.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.encryption.format_1 import HEADER_BYTES, TAG_BYTES, CannotOpen, bound, derive, header

SEGMENT_BYTES = 64 * 1024
SALT_BYTES = 16
STREAM_HEADER_BYTES = HEADER_BYTES + SALT_BYTES

_SEALED_SEGMENT_BYTES = SEGMENT_BYTES + TAG_BYTES
_NUMBER_BYTES = 11


class StreamCipher:
    """Seals and opens one file of a tenant. `purpose` is its name: under another one it does not open."""

    __slots__ = ("_current", "_data_keys", "_purpose", "_tenant_id")

    def __init__(self, tenant_id: UUID, purpose: str, data_keys: Mapping[int, bytes], current: int) -> None:
        self._tenant_id = tenant_id
        self._purpose = purpose
        self._data_keys = {header(version): data_key for version, data_key in data_keys.items()}
        self._current = header(current)

    def seal_blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The sealed file, a segment at a time, from plaintext blocks of any sizes."""
        sealing = self.sealing()
        for block in blocks:
            yield from sealing.push(block)
        yield from sealing.finish()

    def open_blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The plaintext, a segment at a time, from sealed blocks of any sizes.

        What is yielded is genuine and in its place; whether the file is whole is known only at the end.

        Raises:
            CannotOpen: it is not this file as it was sealed, or not all of it.
        """
        held = bytearray()
        segments: _Segments | None = None
        for block in blocks:
            held += block
            if segments is None and len(held) >= STREAM_HEADER_BYTES:
                segments = self._segments(bytes(held[:STREAM_HEADER_BYTES]))
                del held[:STREAM_HEADER_BYTES]
            while segments is not None and len(held) > _SEALED_SEGMENT_BYTES:
                yield segments.open(bytes(held[:_SEALED_SEGMENT_BYTES]))
                del held[:_SEALED_SEGMENT_BYTES]
        if segments is None:
            raise CannotOpen
        if rest := segments.open(bytes(held), is_last=True):
            yield rest
        elif segments.count > 1:
            raise CannotOpen

    def sealing(self) -> Sealing:
        """The sealing of one file whose bytes come from elsewhere than an iterable, such as an upload."""
        return self._sealing_with(os.urandom(SALT_BYTES))

    def _sealing_with(self, salt: bytes) -> Sealing:
        head = self._current + salt
        return Sealing(head, self._segments(head))

    def _segments(self, head: bytes) -> _Segments:
        data_key = self._data_keys.get(head[:HEADER_BYTES])
        if data_key is None:
            raise CannotOpen
        key = derive(data_key, "stream", self._tenant_id.bytes, self._purpose, salt=head[HEADER_BYTES:])
        return _Segments(key, bound("stream", head, self._tenant_id.bytes, self._purpose))


class Sealing:
    """One file being sealed: `push` its blocks, then `finish` once. Each returns what is ready to be written."""

    __slots__ = ("_held", "_ready", "_segments")

    def __init__(self, head: bytes, segments: _Segments) -> None:
        self._ready = head
        self._segments = segments
        self._held = bytearray()

    def push(self, block: bytes) -> Iterator[bytes]:
        """Sealed segments that this block made complete. The iterator must be used up."""
        self._held += block
        while len(self._held) > SEGMENT_BYTES:  # a full one may still be the last
            yield self._next(SEGMENT_BYTES, is_last=False)

    def finish(self) -> Iterator[bytes]:
        """The last segment."""
        yield self._next(len(self._held), is_last=True)

    def _next(self, size: int, *, is_last: bool) -> bytes:
        head, self._ready = self._ready, b""
        sealed = head + self._segments.seal(bytes(self._held[:size]), is_last=is_last)
        del self._held[:size]
        return sealed


class _Segments:
    """The numbered segments of one file, in order."""

    __slots__ = ("_binding", "_cipher", "count")

    def __init__(self, key: bytes, binding: bytes) -> None:
        self._cipher = AESGCM(key)
        self._binding = binding
        self.count = 0

    def seal(self, plain: bytes, *, is_last: bool = False) -> bytes:
        return self._cipher.encrypt(self._nonce(is_last), plain, self._binding)

    def open(self, sealed: bytes, *, is_last: bool = False) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(is_last), sealed, self._binding)
        except InvalidTag:
            raise CannotOpen from None

    def _nonce(self, is_last: bool) -> bytes:
        number, self.count = self.count, self.count + 1
        return number.to_bytes(_NUMBER_BYTES, "big") + bytes([is_last])
