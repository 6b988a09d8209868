"""What is running, where, and whether it fits together; found out without starting or changing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tenants.database import pending_migrations
from tenants.embedded.home import Home
from tenants.embedded.locks import is_free
from tenants.embedded.postgres import PostgreSQL
from tenants.embedded.roles import APP
from tenants.encryption.masters import LocalMasterKey
from tenants.refusals import Refusal
from tenants.settings import Settings

_REDIS_SECONDS = 5


@dataclass(slots=True)
class Status:
    """`schema` is CURRENT, BEHIND or UNKNOWN (nothing to ask); `problems` are sentences, each with what to do."""

    mode: str
    home: str | None
    postgresql: str
    valkey: str
    schema: str = "UNKNOWN"
    pending_migrations: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def find_status(chosen: Settings) -> Status:
    """The status of what the settings describe.

    Raises:
        Refusal: the home cannot be looked into.
    """
    found = await (_embedded(chosen.home) if chosen.is_embedded else _servers_of_their_own(chosen))
    if chosen.master_key_file is not None:
        try:
            LocalMasterKey.from_file(chosen.master_key_file)
        except Refusal as refusal:
            found.problems.append(refusal.message)
    return found


async def _embedded(home: Path) -> Status:
    path = home.expanduser().resolve()
    found = Status("EMBEDDED", str(path), _of_lock(path / "postgres.lock"), _of_lock(path / "valkey.lock"))
    if found.postgresql == "RUNNING":
        await _ask_schema(found, PostgreSQL(Home(path), 0).url(APP))
    return found


def _of_lock(lock: Path) -> str:
    """A server's processes hold its lock for as long as one of them lives."""
    return "RUNNING" if lock.exists() and not is_free(lock) else "STOPPED"


async def _servers_of_their_own(chosen: Settings) -> Status:
    found = Status("OWN_SERVERS", None, "UNREACHABLE", "UNREACHABLE")
    assert chosen.database_url is not None
    await _ask_schema(found, chosen.database_url.get_secret_value())
    if chosen.redis_url is None:
        found.problems.append("KELU_REDIS_URL is not set; with KELU_DATABASE_URL set, both are needed.")
        return found
    try:
        Redis.from_url(chosen.redis_url.get_secret_value(), socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS).ping()
        found.valkey = "RUNNING"
    except (RedisError, ValueError) as error:
        found.problems.append(f"Valkey at KELU_REDIS_URL does not answer: {str(error).rstrip('.')}.")
    return found


async def _ask_schema(found: Status, app_url: str) -> None:
    try:
        found.pending_migrations = await pending_migrations(app_url)
    except Refusal as refusal:
        found.problems.append(refusal.message)
        return
    found.postgresql, found.schema = "RUNNING", "BEHIND" if found.pending_migrations else "CURRENT"
    if found.pending_migrations:
        found.problems.append("The database's schema is behind this kelu: run `kelu migrate`.")
