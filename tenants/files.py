"""The file store: sealed files in a folder or a bucket. Nothing is stored that was not sealed first."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from tenants.encryption import Keyring
from tenants.encryption.streams import Sealing
from tenants.refusals import Invalid, NotFound, TooLarge

#: The least size S3 takes for a part; with two parts on their way a transfer holds some 15 MiB.
_PART_BYTES = 5 * 1024 * 1024
_PARTS_AT_ONCE = 2
_READ_BYTES = 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_LONGEST_NAME = 500
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StoredFile(NamedTuple):
    """A file that is in the store: its size in bytes and SHA-256, both of the plaintext."""

    size: int
    sha256: bytes


class FileStore:
    """Files of all tenants, each under its tenant's id. A name is a path such as `uploads/0198…`: letters, digits, `_`, `-` and `.`.

    A file is bound to tenant and name: copied to another place it does not open. It appears whole or not at all, an old
    one of the same name stays until then, and when `put` returns it is on disk. What a killed process or a cancelled upload
    had sent is never seen as a file: a folder keeps it as `name#1` until `delete_folder`, a bucket as an incomplete multipart
    upload, for which it wants a lifecycle rule.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store at `file:///folder`, made with mode 0700 if it is missing, or at `s3://bucket/prefix` (credentials: `AWS_…`).

        Raises:
            Invalid: it is neither of these, or the folder cannot be made.
        """
        parts = urlsplit(url)
        if parts.scheme == "s3" and parts.netloc:
            return cls(S3Store.from_url(url))
        if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
            raise Invalid("A file store is file:///folder or s3://bucket/prefix.")
        folder = Path(unquote(parts.path))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Invalid(f"The folder {folder} for files cannot be made: {error.strerror}.") from None
        return cls(LocalStore(folder), folder)

    def put(self, keyring: Keyring, name: str, blocks: Iterable[bytes]) -> int:
        """Seal the blocks into a file; the plaintext's size in bytes. An exception of `blocks` passes through and leaves no file."""
        path, tally = self._place(keyring.tenant_id, name), _Tally()
        sealed = keyring.stream(name).seal_blocks(map(tally.count, blocks))
        obstore.put(self._store, path, sealed, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        self._settle(path)
        return tally.size

    async def put_async(self, keyring: Keyring, name: str, blocks: AsyncIterator[bytes], most_bytes: int) -> StoredFile:
        """As `put`, from a source that has to be waited for.

        Raises:
            TooLarge: there are more than `most_bytes` of plaintext; reading stops there.
        """
        path, tally = self._place(keyring.tenant_id, name), _Tally(most_bytes)
        digest = hashlib.sha256()
        sealed = _sealed(keyring.stream(name).sealing(), blocks, tally, digest)
        await obstore.put_async(self._store, path, sealed, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        await asyncio.to_thread(self._settle, path)
        return StoredFile(tally.size, digest.digest())

    def blocks(self, keyring: Keyring, name: str) -> Iterator[bytes]:
        """The plaintext in blocks of at most 64 KiB, read as they are asked for.

        Raises:
            NotFound: there is no such file (raised at once).
            CannotOpen: it is not the file that was put (raised where that shows, at the latest at its end).
        """
        try:
            # Ranges, not one long response: a consumer that takes its time would let that time out.
            reader = obstore.open_reader(self._store, _path(keyring.tenant_id, name), buffer_size=_READ_BYTES)
        except FileNotFoundError:
            raise NotFound("There is no such file.") from None
        return keyring.stream(name).open_blocks(iter(lambda: bytes(reader.read(_READ_BYTES)), b""))

    def delete(self, tenant_id: UUID, name: str) -> None:
        """Delete a file; one that is not there is gone already."""
        with suppress(FileNotFoundError):
            obstore.delete(self._store, _path(tenant_id, name))

    def delete_folder(self, tenant_id: UUID, prefix: str) -> None:
        """Delete every file below a folder, and what a killed upload left there; '' is all the tenant has."""
        path = _folder_path(tenant_id, prefix)
        if self._folder is not None:
            while (self._folder / path).exists():
                with suppress(FileNotFoundError):  # somebody else deletes here too: what they took is gone, look for more
                    shutil.rmtree(self._folder / path)
            return
        for page in obstore.list(self._store, path, chunk_size=1000):
            obstore.delete(self._store, [found["path"] for found in page])

    def tenant_ids(self) -> Sequence[UUID]:
        """Whose files there are, sorted."""
        found = obstore.list_with_delimiter(self._store)["common_prefixes"]
        return sorted(UUID(name) for name in found if _TENANT.fullmatch(name))

    def names(self, tenant_id: UUID, prefix: str) -> Sequence[str]:
        """The names of the files below a folder, at any depth, sorted; '' is all the tenant has."""
        pages = obstore.list(self._store, _folder_path(tenant_id, prefix), chunk_size=1000)
        return sorted(found["path"].removeprefix(f"{tenant_id}/") for page in pages for found in page)

    def _place(self, tenant_id: UUID, name: str) -> str:
        """Where the file goes; in a folder, the folders to it are made first, as obstore would open them to everybody."""
        path = _path(tenant_id, name)
        if self._folder is not None:
            for parent in reversed((self._folder / path).relative_to(self._folder).parents[:-1]):
                (self._folder / parent).mkdir(mode=0o700, exist_ok=True)
        return path

    def _settle(self, path: str) -> None:
        """Make a file in a folder its owner's alone, and have it and its name on disk. A bucket does both by itself."""
        if self._folder is None:
            return
        file = self._folder / path
        file.chmod(0o600)
        for place in (file, *file.parents[: path.count("/") + 1]):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _Tally:
    """Counts plaintext on its way to be sealed, up to a limit."""

    def __init__(self, most_bytes: int | None = None) -> None:
        self.size = 0
        self._most_bytes = most_bytes

    def count(self, block: bytes) -> bytes:
        self.size += len(block)
        if self._most_bytes is not None and self.size > self._most_bytes:
            raise TooLarge(f"The file is larger than {self._most_bytes} bytes, the most a file may have.")
        return block


async def _sealed(sealing: Sealing, blocks: AsyncIterator[bytes], tally: _Tally, digest: hashlib._Hash) -> AsyncIterator[bytes]:
    async for block in blocks:
        digest.update(tally.count(block))
        if sealed := b"".join(sealing.push(block)):
            yield sealed
    yield b"".join(sealing.finish())


def _path(tenant_id: UUID, name: str) -> str:
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise Invalid("A file's name is made of letters, digits, '_', '-' and '.', in folders parted by '/'.")
    return f"{tenant_id}/{name}"


def _folder_path(tenant_id: UUID, prefix: str) -> str:
    return _path(tenant_id, prefix.rstrip("/")) if prefix else str(tenant_id)
