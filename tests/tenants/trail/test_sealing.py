"""Blocks: each entry is sealed once, behind what was sealed before; what is written meanwhile comes next."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from tenants.session import Actor, acting_as, session
from tenants.trail import Event, note, note_alone, sealing
from tenants.trail.exporting import lines
from tenants.trail.keys import public_keys
from tenants.trail.sealing import kept_checkpoint, seal
from tenants.trail.verifier import Verifier


async def exported(actor: Actor) -> list[bytes]:
    async with acting_as(actor, read_only=True):
        return [line async for line in lines(session().connection, actor.tenant_id)]


async def checked(actor: Actor) -> Verifier:
    async with acting_as(actor, read_only=True):
        checkpoint = await kept_checkpoint()
    verifier = Verifier(await public_keys(), checkpoint and orjson.loads(checkpoint))
    for line in await exported(actor):
        verifier.take(line)
    verifier.finish()
    return verifier


async def written(actor: Actor, count: int) -> None:
    async with acting_as(actor):
        for number in range(count):
            await note(Event.KEY_USED, details={"number": number, "für": 'Größe 客户\n\u0001\u007f"\\'}, fields=["phone", "名"])


async def test_what_is_sealed_is_found_as_it_was(acme: Actor, globex: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BLOCK_MOST", 3)
    await written(acme, 7)
    await written(globex, 1)

    sealed = await seal(acme)
    await written(acme, 1)
    again = await seal(acme)
    nothing = await seal(acme)

    assert (sealed.blocks, sealed.entries, sealed.is_done) == (3, 7, True)
    assert (again.blocks, again.entries, nothing.blocks) == (1, 1, 0)
    verifier = await checked(acme)
    assert (verifier.blocks, verifier.entries, verifier.faults) == (4, 8, [])
    assert (await checked(globex)).entries == 0


async def test_what_is_not_committed_yet_comes_into_the_next_block(acme: Actor) -> None:
    await note_alone(acme, Event.KEY_MADE)
    began, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with acting_as(acme):
            await note(Event.KEY_USED)
            began.set()
            await may_end.wait()

    task = asyncio.create_task(slow())
    await began.wait()
    first = await seal(acme)
    may_end.set()
    await task
    second = await seal(acme)

    assert (first.entries, second.entries) == (1, 1)
    assert (await checked(acme)).faults == []


async def test_sealers_take_turns(acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BLOCK_MOST", 2)
    await written(acme, 40)

    await asyncio.gather(*(seal(acme) for _ in range(5)))
    await seal(acme)

    verifier = await checked(acme)
    assert (verifier.entries, verifier.faults) == (40, [])
