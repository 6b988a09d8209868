"""Master keys: what wraps a tenant's data keys. A file on this machine is the default; a KMS fits behind the same two acts."""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.encryption.format_1 import FORMAT, KEY_BYTES, NONCE_BYTES, CannotOpen, bound, derive
from tenants.refusals import Invalid


class MasterKeyError(Invalid):
    """The master key file cannot be used or made; the message says what the operator has to do."""


class MasterKey(Protocol):
    """Wraps data keys of 32 bytes. `name` is written beside each, so that a wrong master key is told from a damaged row."""

    @property
    def name(self) -> str: ...

    def wrap(self, tenant_id: UUID, version: int, data_key: bytes) -> bytes: ...

    def unwrap(self, tenant_id: UUID, version: int, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            CannotOpen: it was not wrapped by this master key for this tenant and version.
        """
        ...


class LocalMasterKey:
    """A master key of 32 bytes held in this process. Wrapped is `format (1 byte) ‖ nonce (12) ‖ AES-256-GCM`, 61 bytes.

    Its name ends in a fingerprint derived from the key, so two files with the same key have the same name.
    """

    __slots__ = ("_cipher", "name")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyError(f"A master key has {KEY_BYTES} bytes, this one has {len(key)}.")
        self._cipher = AESGCM(derive(key, "wrap"))
        self.name = f"local:{derive(key, 'name', length=8).hex()}"

    @classmethod
    def from_file(cls, path: Path | str) -> Self:
        """The key in a file of base64 text that nobody but its owner may touch.

        Raises:
            MasterKeyError: it is missing, unreadable, open to others, or does not hold 32 bytes.
        """
        text = _owner_only_text(Path(path))
        try:
            key = b64decode(text, validate=True)
        except binascii.Error:
            raise MasterKeyError(f"The master key file {path} does not hold base64 text.") from None
        if len(key) != KEY_BYTES:
            raise MasterKeyError(f"The master key file {path} holds {len(key)} bytes; a master key has {KEY_BYTES}.")
        return cls(key)

    def wrap(self, tenant_id: UUID, version: int, data_key: bytes) -> bytes:
        return self._wrap_with(os.urandom(NONCE_BYTES), tenant_id, version, data_key)

    def unwrap(self, tenant_id: UUID, version: int, wrapped: bytes) -> bytes:
        nonce, sealed = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
        if wrapped[:1] != bytes([FORMAT]):
            raise CannotOpen
        try:
            return self._cipher.decrypt(nonce, sealed, _wrap_binding(tenant_id, version))
        except (InvalidTag, ValueError):
            raise CannotOpen from None

    def _wrap_with(self, nonce: bytes, tenant_id: UUID, version: int, data_key: bytes) -> bytes:
        return bytes([FORMAT]) + nonce + self._cipher.encrypt(nonce, data_key, _wrap_binding(tenant_id, version))


def _wrap_binding(tenant_id: UUID, version: int) -> bytes:
    return bound("wrap", bytes([FORMAT]), tenant_id.bytes, version.to_bytes(4, "big"))


def _owner_only_text(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & 0o077:
                raise MasterKeyError(f"The master key file {path} (mode {mode & 0o777:04o}) is open to more than its owner: chmod 600 it.")
            return file.read(1024).strip()
    except FileNotFoundError:
        raise MasterKeyError(f"There is no master key file {path}. Without the key that sealed them, records cannot be read.") from None
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be read: {error.strerror}.") from None


def create_master_key_file(path: Path | str) -> None:
    """Make a new master key in a file (base64, mode 0600) that is whole and on disk when this returns; an existing one stays.

    The key is written beside its place and linked into it, so that nobody ever reads half a key, and of two who try at
    once one succeeds.

    Raises:
        MasterKeyError: there is a file already, or none can be written there.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        _write_owner_only(draft, b64encode(os.urandom(KEY_BYTES)) + b"\n")
        os.link(draft, path)
        _flush_folder(path.parent)
    except FileExistsError:
        raise MasterKeyError(f"There is a file {path} already; a master key is never overwritten.") from None
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be made: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            draft.unlink()


def _write_owner_only(path: Path, text: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
