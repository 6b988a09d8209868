"""One running installation: its settings, database pool, bell, file store and master key, opened together and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from arq.connections import ArqRedis, RedisSettings, create_pool

from tenants import queue
from tenants.database import close_models, ensure_current, open_models
from tenants.embedded import Embedded
from tenants.encryption.masters import LocalMasterKey, MasterKey, MasterKeyError, create_master_key_file
from tenants.files import FileStore
from tenants.refusals import Invalid
from tenants.settings import Settings, settings


@dataclass(frozen=True, slots=True)
class Servers:
    """Where PostgreSQL (as owner, as the app's role) and Valkey are. `owner` is None where the operator keeps it from us."""

    owner: str | None
    app: str
    redis: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What a process of ours works with."""

    settings: Settings
    servers: Servers
    master: MasterKey
    files: FileStore
    bell: ArqRedis


_open: Installation | None = None


def installation() -> Installation:
    """The installation this process has open; a RuntimeError if there is none is a bug of ours."""
    if _open is None:
        raise RuntimeError("No installation is open: wrap this in `async with open_installation()`.")
    return _open


@contextmanager
def servers(chosen: Settings) -> Iterator[Servers]:
    """The servers the settings name, or embedded ones of our own for what they do not name.

    Raises:
        Invalid: one URL is set and the other is not.
    """
    if (chosen.database_url is None) != (chosen.redis_url is None):
        raise Invalid("Set both KELU_DATABASE_URL and KELU_REDIS_URL to use servers of your own, or neither to have them embedded.")
    if chosen.database_url is not None and chosen.redis_url is not None:
        owner = chosen.database_owner_url.get_secret_value() if chosen.database_owner_url else None
        yield Servers(owner, chosen.database_url.get_secret_value(), chosen.redis_url.get_secret_value())
        return
    is_new = not (chosen.home / "postgres").exists()
    with Embedded(chosen.home) as urls:
        if is_new and chosen.master_key_file is None:
            _make_master_key(chosen)
        yield Servers(urls.owner, urls.app, urls.redis)


def _embedded_key(chosen: Settings) -> Path:
    return chosen.home / "keys" / "master.key"


def _make_master_key(chosen: Settings) -> None:
    """Make the key of a new home; a process that started at the same moment may have been first."""
    path = _embedded_key(chosen)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        create_master_key_file(path)
    except MasterKeyError:
        if not path.exists():
            raise


def master_key(chosen: Settings) -> MasterKey:
    """The master key: from the file that is named, or in embedded mode the one made with the home.

    Raises:
        Invalid: none is named, or the home's own is gone. A new one could not open what the old one sealed.
    """
    if chosen.master_key_file is not None:
        return LocalMasterKey.from_file(chosen.master_key_file)
    if not chosen.is_embedded:
        raise Invalid("KELU_MASTER_KEY_FILE is not set. With servers of your own there is no default key: `kelu key new FILE` makes one.")
    return LocalMasterKey.from_file(_embedded_key(chosen))


def file_store(chosen: Settings) -> FileStore:
    if chosen.files_url is None and not chosen.is_embedded:
        raise Invalid("KELU_FILES_URL is not set: name a folder (file:///srv/kelu) or a bucket (s3://bucket/prefix) for sealed files.")
    return FileStore.from_url(chosen.files_url or (Path(chosen.home).resolve() / "files").as_uri())


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
        try:
            _open = Installation(chosen, found, master_key(chosen), file_store(chosen), bell)
            yield _open
        finally:
            _open = None
            await close_models()
            await asyncio.shield(bell.aclose())
