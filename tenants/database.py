"""The database as the app's unprivileged role: Tortoise's models on an asyncpg pool, and the migrations as the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.transactions import in_transaction

from tenants.refusals import Conflict, Invalid
from tenants.servers import Servers
from tenants.settings import Settings

APP = "tenants"
MODELS = "tenants.models"
MIGRATIONS = "tenants.migrations"


def credentials(url: str) -> dict[str, Any]:
    """Tortoise's credentials for a PostgreSQL URL; a `host=` in its query names a unix socket's folder."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "host": query.pop("host", None) or unquote(parts.hostname or "") or "localhost",
        "port": parts.port or int(query.pop("port", 5432)),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password) if parts.password else None,
        "database": parts.path.lstrip("/"),
        **query,
    }


def configuration(url: str, **options: Any) -> dict[str, Any]:
    """Tortoise's configuration for one database."""
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials(url) | options}},
        "apps": {APP: {"models": [MODELS], "default_connection": "default", "migrations": MIGRATIONS}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_models(url: str, chosen: Settings) -> None:
    """Connect the models with a pool whose every connection carries the statement timeout."""
    options = {"minsize": 1, "maxsize": chosen.pool_size, "application_name": "kelu", "server_settings": _settings(chosen), **_KEPT}
    await Tortoise.init(config=configuration(url, **options), _enable_global_fallback=True)


async def open_readers(url: str, chosen: Settings) -> asyncpg.Pool[asyncpg.Record]:
    """Connections that only read, and plan each statement once for all values.

    PostgreSQL by itself plans a page anew each time, which costs as much as reading it. A statement with a condition is not for these: what
    is best for it depends on the value.
    """
    more = {"application_name": "kelu reading", "plan_cache_mode": "force_generic_plan", "default_transaction_read_only": "on"}
    return await asyncpg.create_pool(
        **credentials(url), min_size=0, max_size=chosen.pool_size, server_settings=_settings(chosen) | more, **_KEPT
    )


async def close_models() -> None:
    await Tortoise.close_connections()


def _settings(chosen: Settings) -> dict[str, str]:
    timeout_ms = int(chosen.statement_timeout_seconds * 1000)
    return {
        "statement_timeout": str(timeout_ms),
        "idle_in_transaction_session_timeout": str(3 * timeout_ms),
        "timezone": "UTC",
        "jit": "off",  # what it compiles would have run in less time
        # How like a word a name has to be to be found: half of its trigrams forgive one slip of the pen in most names.
        "pg_trgm.word_similarity_threshold": "0.5",
    }


async def _as_it_is(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """A connection goes back to the pool as it is; asyncpg itself rolls back a transaction that is still open."""


#: Whatever we set is set for one transaction, so there is nothing to reset; asyncpg would ask the server each time. Statements of large
#: selections are long, and kept like the others.
_KEPT: dict[str, Any] = {"reset": _as_it_is, "max_cacheable_statement_size": 0, "statement_cache_size": 250}


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration run did: the names it applied, in order; empty when the schema was current."""

    applied: list[str]


async def migrate(owner_url: str, *, target: str | None = None) -> Migrated:
    """Bring the schema forward as its owner, each step with lock and statement timeouts of its own.

    A step and the record that it was taken are one transaction, under a lock: it may be killed anywhere, and two at once
    take turns.

    Args:
        target: a migration's name to stop at (tests start from a previous schema); the latest when None.

    Raises:
        Conflict: another run has been at it for ten minutes.
        Invalid: the server does not let us in.
    """
    limits = {"lock_timeout": "10000", "statement_timeout": "600000", "timezone": "UTC"}
    wanted = [name for name in migration_names() if target is None or name <= target]
    applied: list[str] = []
    async with connected(owner_url), TortoiseContext():
        await Tortoise.init(config=configuration(owner_url, minsize=1, server_settings=limits))
        try:
            while (step := await _take_step(wanted)) is not None:
                applied.append(step)
        finally:
            await Tortoise.close_connections()
    return Migrated(applied)


def migration_names() -> list[str]:
    """Every migration there is, in the order they are applied."""
    return sorted(path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py"))


async def pending_migrations(app_url: str) -> list[str]:
    """The migrations the database has not had yet, as the app's role sees it; those of a newer kelu are none of ours.

    Raises:
        Invalid: the server does not let us in.
    """
    async with connected(app_url) as connection:
        try:
            applied = {row["name"] for row in await connection.fetch("SELECT name FROM tortoise_migrations WHERE app = $1", APP)}
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            applied = set()  # the first migration brings the table, and with it the right to read it
    return [name for name in migration_names() if name not in applied]


async def ensure_current(found: Servers, chosen: Settings) -> None:
    """See that the schema is one this kelu can work with. An embedded database is ours, so it is migrated here.

    Raises:
        Conflict: a server of the operator's own is behind; when to migrate it is theirs to say.
    """
    behind = await pending_migrations(found.app)
    if not behind:
        return
    if not chosen.is_embedded or found.owner is None:
        raise Conflict(f"The database has not had {', '.join(behind)} yet. Run `kelu migrate`, then try again.", code="SCHEMA_BEHIND")
    await migrate(found.owner)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """One connection outside of any pool.

    Raises:
        Invalid: the server does not answer, or does not let us in.
    """
    try:
        connection = await asyncpg.connect(**credentials(url), timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        asked = credentials(url)
        who = f"{asked['user']} at {asked['host']}:{asked['port']}, database {asked['database']}"
        raise Invalid(
            f"PostgreSQL does not let us in as {who}: {str(error).rstrip('.') or type(error).__name__}.", code="NO_DATABASE"
        ) from error
    try:
        yield connection
    finally:
        await connection.close()


#: Any number will do that nobody else locks in this database.
_TAKE_TURN = "SET LOCAL lock_timeout = '10min'; SELECT pg_advisory_xact_lock(6620210741); SET LOCAL lock_timeout = '10s'"


async def _take_step(wanted: list[str]) -> str | None:
    """Apply the first migration that is missing; None when none is. Inside the transaction Tortoise's own is a savepoint."""
    async with in_transaction() as transaction:
        await _take_turn(transaction)
        executor = MigrationExecutor(transaction, configuration("")["apps"])
        await executor.recorder.ensure_schema(AsyncpgSchemaEditor(transaction, atomic=False))
        await transaction.execute_script("GRANT SELECT ON tortoise_migrations TO kelu_app")
        applied = {key.name for key in await executor.recorder.applied_migrations()}
        step = next((name for name in wanted if name not in applied), None)
        if step is not None:
            await executor.migrate([MigrationTarget(APP, step)], direction="forward")
        return step


async def _take_turn(transaction: TransactionalDBClient) -> None:
    async with transaction.acquire_connection() as connection:
        try:
            await connection.execute(_TAKE_TURN)
        except asyncpg.LockNotAvailableError:
            raise Conflict("Another `kelu migrate` has been running for ten minutes. Wait for it, or end it.") from None
