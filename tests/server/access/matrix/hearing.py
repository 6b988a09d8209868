"""What a role hears of: changes of each of the records, and the progress of imports, over a websocket."""

from __future__ import annotations

import asyncio
from typing import Any

from httpx_ws import AsyncWebSocketSession

from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import acting_as
from tenants.words import RecordType
from tests.server.access.matrix.world import Words, World
from tests.server.test_progress import say, socket_of

_CHANGED = "subscription { customerChanged { customerId } }"
_PROGRESS = "subscription ($id: ID!) { importProgress(id: $id) { id } }"
_LISTENS_SECONDS = 0.3
_SILENT_SECONDS = 1.0


async def heard(world: World) -> dict[str, Words]:
    """HEARD, SILENT or REFUSED."""
    return {"customerChanged": await _changed(world), "importProgress": await _progress(world)}


async def _changed(world: World) -> Words:
    ids = world.ids["Customer"]
    async with socket_of(world.app, world.secret) as socket:
        await socket.receive_json(timeout=5)
        await say(socket, _CHANGED)
        await asyncio.sleep(_LISTENS_SECONDS)  # until it listens; there is no message that says so
        for place, id in enumerate(ids):
            actor = world.foreign if place == len(ids) - 1 else world.tenant
            async with acting_as(actor):
                await take_in(
                    Batch.of_one(RecordType.CUSTOMER, {"id": id or "", "city": f"Zürich {world.role}"}), IntakeRules(only_by_id=True)
                )
        told = await _told(socket)
    if isinstance(told, str):
        return (told,) * len(ids)
    seen = {each["customerChanged"]["customerId"] for each in told}
    return tuple("HEARD" if id in seen else "SILENT" for id in ids)


async def _progress(world: World) -> Words:
    words = []
    for id in world.ids["Import"]:
        if id is None:
            words.append("-")
            continue
        async with socket_of(world.app, world.secret) as socket:
            await socket.receive_json(timeout=5)
            await say(socket, _PROGRESS, id=id)
            told = await _told(socket, most=1)
        words.append(told if isinstance(told, str) else "HEARD" if told else "SILENT")
    return tuple(words)


async def _told(socket: AsyncWebSocketSession, most: int = 9) -> list[Any] | str:
    """What comes until nothing does, or the code of the error that comes instead."""
    found: list[Any] = []
    while len(found) < most:
        try:
            message = await socket.receive_json(timeout=_SILENT_SECONDS)
        except TimeoutError:
            break
        if message["type"] == "complete":
            break
        if message["type"] == "error" or message["payload"].get("data") is None:
            errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            code = errors[0]["extensions"]["code"]
            return "REFUSED" if code == "NOT_ALLOWED" else str(code)
        found.append(message["payload"]["data"])
    return found
