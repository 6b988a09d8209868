from __future__ import annotations

import asyncio
import random

from tenants.session import Actor, acting_as

UNITS = 300


async def test_units_of_work_that_are_cancelled_at_any_point_give_their_connections_back(acme: Actor) -> None:
    chance = random.Random(7)

    async def unit() -> None:
        async with acting_as(acme) as current:
            await current.connection.fetchval("SELECT 1")

    for _ in range(UNITS):
        task = asyncio.create_task(unit())
        await asyncio.sleep(chance.random() / 1000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await asyncio.wait_for(unit(), 5)


async def test_a_task_that_was_cancelled_in_a_unit_of_work_can_begin_another(acme: Actor) -> None:
    async def unit() -> None:
        try:
            async with acting_as(acme) as current:
                await current.connection.fetchval("SELECT 1")
        except asyncio.CancelledError:
            async with acting_as(acme) as current:
                assert current.connection.is_in_transaction()
            raise

    for pause in range(60):
        task = asyncio.create_task(unit())
        await asyncio.sleep(pause / 50_000)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert ended is None or isinstance(ended, asyncio.CancelledError)
