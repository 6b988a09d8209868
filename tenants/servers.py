"""Where PostgreSQL and Valkey are: the operator's own, or embedded ones that are started as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenants.embedded import Embedded
from tenants.embedded.home import Home
from tenants.encryption.masters import MasterKeyError, create_master_key_file
from tenants.refusals import Invalid
from tenants.settings import Settings


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs of PostgreSQL (as owner, as the app's role) and Valkey. `owner` is None where the operator keeps it from us."""

    owner: str | None
    app: str
    redis: str


@contextmanager
def servers(chosen: Settings) -> Iterator[Servers]:
    """The servers the settings name, or embedded ones where they name none.

    Raises:
        Invalid: one URL is set and the other is not.
    """
    if (chosen.database_url is None) != (chosen.redis_url is None):
        raise Invalid("Set both KELU_DATABASE_URL and KELU_REDIS_URL to use servers of your own, or neither to have them embedded.")
    if chosen.database_url is not None and chosen.redis_url is not None:
        owner = chosen.database_owner_url.get_secret_value() if chosen.database_owner_url else None
        yield Servers(owner, chosen.database_url.get_secret_value(), chosen.redis_url.get_secret_value())
        return
    if chosen.master_key_file is None:
        _make_master_key(chosen)
    with Embedded(chosen.home) as urls:
        yield Servers(urls.owner, urls.app, urls.redis)


def embedded_key(chosen: Settings) -> Path:
    """The master key of an embedded installation."""
    return chosen.home / "keys" / "master.key"


def _make_master_key(chosen: Settings) -> None:
    """Make the key of a home that has no database yet. One that has was sealed under a key, and another would open nothing."""
    home, path = Home.claim(chosen.home), embedded_key(chosen)
    if path.exists() or (home.path / "postgres").exists():
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        create_master_key_file(path)
    except MasterKeyError:
        if not path.exists():  # a process that started at the same moment was first
            raise
