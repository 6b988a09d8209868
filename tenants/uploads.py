"""Uploads: a tenant's file, sealed on its way into the file store."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import PurePosixPath
from uuid import UUID

from tenants.encryption import Keyring
from tenants.files import FileStore, StoredFile
from tenants.ids import new_id
from tenants.installation import installation
from tenants.models import Upload
from tenants.refusals import Invalid, NotFound
from tenants.session import Actor, acting_as
from tenants.trail import Event, note

_LONGEST_NAME = 200


async def receive(actor: Actor, name: str, blocks: AsyncIterator[bytes]) -> Upload:
    """Take in a file as it comes, sealed with the tenant's keys; it is never held whole, and never on disk in clear.

    Not inside a unit of work: a sender may be slow, and no transaction waits for one.

    Args:
        name: what the sender calls it; only for people, never a path.

    Raises:
        TooLarge: over `KELU_UPLOAD_BYTES_MOST`; reading stops there and nothing is kept.
        Invalid: there is nothing in it.
    """
    async with acting_as(actor) as current:
        keyring = await current.keyring()
    id, store = new_id(), installation().files
    stored = await store.put_async(keyring, file_name(id), blocks, installation().settings.upload_bytes_most)
    try:
        return await _record(actor, id, name, stored)
    except BaseException:
        store.delete(actor.tenant_id, file_name(id))
        raise


async def _record(actor: Actor, id: UUID, name: str, stored: StoredFile) -> Upload:
    if stored.size == 0:
        raise Invalid("The file is empty.")
    async with acting_as(actor):
        made = await Upload.create(id=id, tenant_id=actor.tenant_id, name=_shown(name), size=stored.size, sha256=stored.sha256)
        await note(Event.UPLOADED, subject_type="UPLOAD", subject_id=id, details={"bytes": stored.size})
        return made


async def upload(id: UUID) -> Upload:
    """An upload of the tenant we act in.

    Raises:
        NotFound: there is none.
    """
    found = await Upload.get_or_none(id=id)
    if found is None:
        raise NotFound("There is no such upload.")
    return found


def opener(store: FileStore, keyring: Keyring, id: UUID) -> Callable[[int], Iterator[bytes]]:
    """What opens an upload's plaintext from a byte offset on, as often as wanted."""

    def blocks(offset: int) -> Iterator[bytes]:
        for block in store.blocks(keyring, file_name(id)):
            if offset >= len(block):
                offset -= len(block)
                continue
            yield block[offset:] if offset else block
            offset = 0

    return blocks


def file_name(id: UUID) -> str:
    """Where an upload lies in the tenant's part of the file store."""
    return f"uploads/{id}"


def _shown(name: str) -> str:
    """The name without folders and without characters that would disturb a list."""
    last = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    return printable.strip()[:_LONGEST_NAME] or "upload"
