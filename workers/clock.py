"""The clock: rings again for every job that is due, whatever became of its first ring or of the worker that had it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import structlog
from redis.exceptions import RedisError
from tortoise import connections

from tenants import jobs, queue
from tenants.bell import unlock
from tenants.installation import installation

log = structlog.get_logger()

EVERY_SECONDS = 2.0
MOST_JOBS = 500

_TURN = f"{queue.NAME}:clock"


class Clock:
    """Each worker has one, and they take turns. It remembers what it rang for last: what is due still was not claimed."""

    def __init__(self) -> None:
        self._rung: set[tuple[UUID, int]] = set()

    async def run(self) -> None:
        """Ring every two seconds, for ever; a server that is away for a while is waited for."""
        while True:
            try:
                await self.sweep()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, OSError) as error:
                log.warning("clock.missed", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep(self) -> None:
        """Ring for the jobs that are due, unless another clock has just done so."""
        if await installation().bell.set(_TURN, b"1", nx=True, px=int(EVERY_SECONDS * 900)):
            await self.ring()

    async def ring(self, most: int = MOST_JOBS) -> None:
        """Ring for the jobs that are due, of every tenant, longest due first.

        A ring that has not been heard yet is not doubled: its name is the job's and its claim's number.
        """
        async with connections.get("default").acquire_connection() as connection:
            due = await connection.fetch("SELECT tenant_id, id, kind, attempts FROM door_due_jobs($1)", most)
        names = {(job["id"], job["attempts"]) for job in due}
        await unlock(names & self._rung)
        self._rung = names
        for job in due:
            if not await jobs.ring_quietly(job["kind"], job["tenant_id"], job["id"], job["attempts"]):
                return
