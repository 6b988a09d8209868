"""The envelope: seals and opens the values of one column, each bound to its row."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.encryption.format_1 import HEADER_BYTES, NONCE_BYTES, CannotOpen, bound, derive, header

_BODY_AT = HEADER_BYTES + NONCE_BYTES

_Decrypt = Callable[[bytes, bytes, bytes], bytes]


class ColumnCipher:
    """Seals under the current version, opens all versions. Made by `Keyring.column`, and kept: making one derives keys.

    A sealed value is `header (3 bytes) ‖ nonce (12) ‖ AES-256-GCM`, 31 bytes longer than what is in it. The associated data is
    header, tenant, table and column, then the row's id.
    """

    __slots__ = ("_binding", "_encrypt", "_header", "_openers")

    def __init__(self, tenant_id: UUID, table: str, column: str, data_keys: Mapping[int, bytes], current: int) -> None:
        self._openers: dict[bytes, tuple[_Decrypt, bytes]] = {}
        for version, data_key in data_keys.items():
            cipher = AESGCM(derive(data_key, "column", table, column, salt=tenant_id.bytes))
            binding = bound("column", header(version), tenant_id.bytes, table, column)
            self._openers[header(version)] = (cipher.decrypt, binding)
            if version == current:
                self._header, self._encrypt, self._binding = header(version), cipher.encrypt, binding

    def seal(self, row_id: UUID, text: str) -> bytes:
        return self._seal_with(os.urandom(NONCE_BYTES), row_id, text.encode())

    def seal_bytes(self, row_id: UUID, body: bytes) -> bytes:
        return self._seal_with(os.urandom(NONCE_BYTES), row_id, body)

    def seal_all(self, row_ids: Sequence[UUID], texts: Sequence[str | None]) -> list[bytes | None]:
        """Each text sealed for the row of the same place; None stays None. Several times faster than one at a time."""
        head, encrypt, binding = self._header, self._encrypt, self._binding
        noise = os.urandom(NONCE_BYTES * len(texts))
        sealed: list[bytes | None] = []
        for at, (row_id, text) in enumerate(zip(row_ids, texts, strict=True)):
            if text is None:
                sealed.append(None)
                continue
            nonce = noise[NONCE_BYTES * at : NONCE_BYTES * at + NONCE_BYTES]
            sealed.append(head + nonce + encrypt(nonce, text.encode(), binding + row_id.bytes))
        return sealed

    def open(self, row_id: UUID, sealed: bytes) -> str:
        """The text that was sealed for this row.

        Raises:
            CannotOpen: it was not sealed here, or not for this tenant, table, column and row.
        """
        try:
            return self.open_bytes(row_id, sealed).decode()
        except UnicodeDecodeError:
            raise CannotOpen from None

    def open_bytes(self, row_id: UUID, sealed: bytes) -> bytes:
        """As `open`, for what `seal_bytes` sealed."""
        try:
            decrypt, binding = self._openers[sealed[:HEADER_BYTES]]
            return decrypt(sealed[HEADER_BYTES:_BODY_AT], sealed[_BODY_AT:], binding + row_id.bytes)
        except (KeyError, InvalidTag, ValueError):
            raise CannotOpen from None

    def open_all(self, row_ids: Sequence[UUID], sealed: Sequence[bytes | None]) -> list[str | None]:
        """Each value opened for the row of the same place; None stays None. One that does not open fails them all."""
        if len(row_ids) != len(sealed):
            raise ValueError("There must be as many row ids as sealed values.")
        openers = self._openers
        texts: list[str | None] = []
        try:
            for row_id, value in zip(row_ids, sealed, strict=True):
                if value is None:
                    texts.append(None)
                    continue
                decrypt, binding = openers[value[:HEADER_BYTES]]
                texts.append(decrypt(value[HEADER_BYTES:_BODY_AT], value[_BODY_AT:], binding + row_id.bytes).decode())
        except (KeyError, InvalidTag, ValueError):
            raise CannotOpen from None
        return texts

    def _seal_with(self, nonce: bytes, row_id: UUID, body: bytes) -> bytes:
        return self._header + nonce + self._encrypt(nonce, body, self._binding + row_id.bytes)
