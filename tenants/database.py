"""The database as the app's unprivileged role: Tortoise's models on an asyncpg pool, and the migrations as the owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.migrations.api import migrate as tortoise_migrate

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
    timeout_ms = int(chosen.statement_timeout_seconds * 1000)
    options = {
        "minsize": 1,
        "maxsize": chosen.pool_size,
        "application_name": "kelu",
        "server_settings": {
            "statement_timeout": str(timeout_ms),
            "idle_in_transaction_session_timeout": str(3 * timeout_ms),
            "timezone": "UTC",
        },
    }
    await Tortoise.init(config=configuration(url, **options), _enable_global_fallback=True)


async def close_models() -> None:
    await Tortoise.close_connections()


@dataclass(slots=True)
class Migrated:
    """What a migration run did: the names it applied, in order; empty when the schema was current."""

    applied: list[str]


async def migrate(owner_url: str, *, target: str | None = None) -> Migrated:
    """Bring the schema forward as its owner, each step with lock and statement timeouts of its own.

    Args:
        target: a migration's name to stop at (tests start from a previous schema); the latest when None.
    """
    limits = {"lock_timeout": "10000", "statement_timeout": "600000", "timezone": "UTC"}
    done = Migrated([])

    def note(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            done.applied.append(name)

    async with TortoiseContext():
        await tortoise_migrate(
            config=configuration(owner_url, server_settings=limits),
            target=f"{APP}.{target}" if target else None,
            progress=note,
        )
        await Tortoise.close_connections()
    return done
