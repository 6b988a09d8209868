"""Health: whether the process lives (/healthz), and whether it can work (/readyz)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from tortoise import connections

from tenants.database import pending_migrations
from tenants.installation import installation

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 3


async def is_alive(_: Request) -> JSONResponse:
    """200 as long as the event loop turns; it asks nobody, so a database that is down gets no server restarted."""
    return JSONResponse({"status": "alive"})


async def is_ready(_: Request) -> JSONResponse:
    """200 when PostgreSQL and Redis answer within 3 s and no migration of this release is missing; else 503 and what is wrong."""
    checks: dict[str, Callable[[], Awaitable[bool]]] = {"redis": _redis, "postgresql": _postgresql, "migrations": _migrations}
    found = dict(zip(checks, await asyncio.gather(*(_checked(name, check) for name, check in checks.items())), strict=True))
    is_fine = all(found.values())
    body = {"status": "ready" if is_fine else "not ready", **{name: "ok" if fine else "failed" for name, fine in found.items()}}
    return JSONResponse(body, 200 if is_fine else 503)


async def _checked(name: str, check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await asyncio.wait_for(check(), _TIMEOUT_SECONDS)
    except Exception as error:  # whatever is wrong with a server of ours is what is being asked
        log.warning("server.not_ready", check=name, error=type(error).__name__)
        return False


async def _redis() -> bool:
    return bool(await installation().bell.ping())


async def _postgresql() -> bool:
    async with connections.get("default").acquire_connection() as connection:
        return bool(await connection.fetchval("SELECT true"))


async def _migrations() -> bool:
    return not await pending_migrations(installation().servers.app)
