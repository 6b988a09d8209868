"""The sealer's clock and its work: once a minute, a block for each tenant in whose trail something is new."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from arq.constants import in_progress_key_prefix
from arq.worker import func
from redis.exceptions import RedisError
from tortoise import connections

from tenants import queue
from tenants.installation import installation
from tenants.session import Actor, ActorKind
from tenants.trail.sealing import seal
from workers.tenant_job import MOST_SECONDS, described

log = structlog.get_logger()

NAME = "trail_seal"

_TURN = f"{queue.NAME}:sealer"
_PAGE = 1_000


class Sealer:
    """Each worker has one, and they take turns. What is missed once is rung for again the next time: what is unsealed says so itself."""

    async def run(self) -> None:
        """Ring once in `seal_seconds`, for ever; a server that is away for a while is waited for."""
        while True:
            await take_turn(self)
            await asyncio.sleep(installation().settings.seal_seconds / 10)

    async def ring(self) -> None:
        """Ring for every tenant that has entries to be sealed."""
        after: UUID | None = UUID(int=0)
        while after is not None:
            async with connections.get("default").acquire_connection() as connection:
                tenants = [row["tenant_id"] for row in await connection.fetch("SELECT tenant_id FROM door_unsealed($1, $2)", after, _PAGE)]
            for tenant_id in tenants:
                await _ring(tenant_id)
            after = tenants[-1] if len(tenants) == _PAGE else None


async def take_turn(sealer: Sealer) -> None:
    """Ring, unless somebody has done so in this interval; what keeps one from it is said, and no more."""
    try:
        if await installation().bell.set(_TURN, b"1", nx=True, px=int(installation().settings.seal_seconds * 1000)):
            await sealer.ring()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, OSError) as error:
        log.warning("sealer.missed", error=type(error).__name__)


async def _ring(tenant_id: UUID) -> None:
    """A ring that was not heard yet is not doubled; one whose worker was killed over it is heard again. Two sealers take turns."""
    name = f"trail:{tenant_id}"
    await installation().bell.delete(in_progress_key_prefix + name)
    await installation().bell.enqueue_job(NAME, str(tenant_id), _job_id=name)


async def _seal(_: dict[Any, Any], tenant_id: str) -> None:
    try:
        sealed = await asyncio.wait_for(seal(Actor(UUID(tenant_id), ActorKind.WORKER)), MOST_SECONDS)
    except Exception as error:  # what was to be sealed still is, and the next minute tries again
        log.error("trail.not_sealed", tenant=tenant_id, **described(error))
    else:
        log.debug("trail.sealed", tenant=tenant_id, blocks=sealed.blocks, entries=sealed.entries, is_done=sealed.is_done)


SEAL = func(_seal, name=NAME, timeout=MOST_SECONDS + 15)  # type: ignore[arg-type]  # arq's protocol names its parameters
