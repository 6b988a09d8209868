"""One running installation: its settings, database pool, bell, file store and master key, opened together and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from arq.connections import ArqRedis, RedisSettings, create_pool

from tenants import queue
from tenants.database import close_models, ensure_current, open_models, open_readers
from tenants.encryption.masters import LocalMasterKey, MasterKey
from tenants.files import FileStore
from tenants.people.background import settled
from tenants.refusals import Invalid
from tenants.servers import Servers, embedded_key, servers
from tenants.settings import Settings, settings


@dataclass(frozen=True, slots=True)
class Installation:
    """What a process of ours works with."""

    settings: Settings
    servers: Servers
    master: MasterKey
    files: FileStore
    bell: ArqRedis
    readers: asyncpg.Pool[asyncpg.Record]


#: How long what was put off for a moment may take when the installation closes.
SETTLED_SECONDS = 5.0

_open: Installation | None = None


def installation() -> Installation:
    """The installation this process has open; a RuntimeError if there is none is a bug of ours."""
    if _open is None:
        raise RuntimeError("No installation is open: wrap this in `async with open_installation()`.")
    return _open


def master_key(chosen: Settings) -> MasterKey:
    """The master key: from the file that is named, or in embedded mode the one made with the home.

    Raises:
        Invalid: none is named, or the home's own is gone. A new one could not open what the old one sealed.
    """
    if chosen.master_key_file is not None:
        return LocalMasterKey.from_file(chosen.master_key_file)
    if not chosen.is_embedded:
        raise Invalid("KELU_MASTER_KEY_FILE is not set. With servers of your own there is no default key: `kelu key new FILE` makes one.")
    return LocalMasterKey.from_file(embedded_key(chosen))


def file_store(chosen: Settings) -> FileStore:
    if chosen.files_url is None and not chosen.is_embedded:
        raise Invalid("KELU_FILES_URL is not set: name a folder (file:///srv/kelu) or a bucket (s3://bucket/prefix) for sealed files.")
    return FileStore.from_url(chosen.files_url or (chosen.home / "files").as_uri())


@asynccontextmanager
async def open_installation(chosen: Settings | None = None) -> AsyncIterator[Installation]:
    """Open everything a process needs, starting embedded servers where none is configured; close it all at the end."""
    global _open
    chosen = chosen or settings()
    with servers(chosen) as found:
        await ensure_current(found, chosen)
        bell = await create_pool(
            RedisSettings.from_dsn(found.redis), job_serializer=queue.pack, job_deserializer=queue.unpack, default_queue_name=queue.NAME
        )
        await open_models(found.app, chosen)
        readers = await open_readers(found.app, chosen)
        try:
            _open = Installation(chosen, found, master_key(chosen), file_store(chosen), bell, readers)
            yield _open
        finally:
            await settled(SETTLED_SECONDS)
            _open = None
            await readers.close()
            await close_models()
            await asyncio.shield(bell.aclose())
