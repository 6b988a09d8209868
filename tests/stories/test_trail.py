"""Thirty-two write at once while workers that seal are killed; each entry that was committed is sealed once, in an unbroken chain."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import psutil

from tenants.ids import new_ids
from tenants.installation import Installation
from tenants.session import Actor, acting_as, session
from tenants.trail import Event, note_alone
from tenants.trail.checking import check
from tenants.trail.exporting import lines, unsealed_count
from tenants.trail.sealing import kept_checkpoint, last_block
from tests.stories.home import environment_of, workers
from workers import sealing

_PROCESSES, _WRITERS, _UNITS = 4, 8, 40
_KILLS = int(os.environ.get("KELU_STORY_KILLS", "10"))
#: Entries that wait already, so that there is always something to be sealed while workers are killed.
_BACKLOG = 6_000 * _KILLS
_MOST_SECONDS = 60 + 10 * _KILLS


async def test_writers_and_killed_workers_leave_an_unbroken_chain(opened: Installation, acme: Actor, globex: Actor, tmp_path: Path) -> None:
    await _write_backlog(acme)
    await note_alone(globex, Event.KEY_USED)
    await opened.bell.delete(sealing._TURN)

    with workers(opened.settings, tmp_path / "work.log", KELU_SEAL_SECONDS="1", KELU_WORKER_PROCESSES="2") as supervisor:
        told, killed = await asyncio.gather(_write(opened, acme), _kill(acme, psutil.Process(supervisor.pid)))
        await note_alone(acme, Event.SIGN_OUT)
        await _until_sealed(acme)

    written = Counter((writer, number) for each in told for writer, number in each["entries"])
    sealed = [orjson.loads(line) for line in await _export(acme)]
    entries = [each for each in sealed if each["kind"] == "entry"]
    details = [orjson.loads(each["details"]) for each in entries if each["details"]]
    checked = await check(acme)
    assert killed >= _KILLS
    assert (len(written), set(written.values())) == (_PROCESSES * _WRITERS * _UNITS * 4 // 5, {1})
    assert Counter((each["writer"], each["number"]) for each in details) == written
    assert sum(each["event"] == "MUTATION" for each in entries) == sum(each["changeSets"] for each in told)
    assert len(entries) == len({each["id"] for each in entries}) == checked.entries
    assert (checked.faults, checked.unsealed) == ([], 0)
    assert (await check(globex)).entries == 1


async def _write_backlog(actor: Actor) -> None:
    async with acting_as(actor):
        insert = (
            "INSERT INTO trail_entry (tenant_id, id, event, actor_kind) SELECT $1, n, 'KEY_USED', 'API_KEY' FROM unnest($2::uuid[]) AS n"
        )
        await session().connection.execute(insert, actor.tenant_id, new_ids(_BACKLOG))


async def _write(opened: Installation, actor: Actor) -> list[dict[str, Any]]:
    """So many writers at once, each with a connection of its own."""
    environment = environment_of(opened.settings, {"KELU_POOL_SIZE": str(_WRITERS)})

    async def some(first: int) -> dict[str, Any]:
        command = ["-m", "tests.stories.writers", str(actor.tenant_id), *map(str, (first, _WRITERS, _UNITS))]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, env=environment)
        output, _ = await process.communicate()
        assert process.returncode == 0
        found: dict[str, Any] = orjson.loads(output)
        return found

    return await asyncio.gather(*(some(place * _WRITERS) for place in range(_PROCESSES)))


async def _kill(actor: Actor, supervisor: psutil.Process) -> int:
    """Kill the workers whenever a block has just been closed, which is when the next one is being worked on by one of them."""
    chance, killed, blocks, deadline = random.Random(_KILLS), 0, 0, time.monotonic() + _MOST_SECONDS
    while killed < _KILLS:
        assert time.monotonic() < deadline, f"only {killed} workers were killed"
        await asyncio.sleep(chance.uniform(0.005, 0.03))
        now = await _blocks(actor)
        if now > blocks and (victims := supervisor.children()):
            for victim in victims:
                victim.kill()
            killed, blocks = killed + len(victims), await _blocks(actor)
        elif now == blocks and not await _unsealed(actor):
            await _write_backlog(actor)
    return killed


async def _until_sealed(actor: Actor) -> None:
    """Until nothing waits, and the checkpoint in the file store is the last block's."""
    deadline = time.monotonic() + _MOST_SECONDS
    while True:
        async with acting_as(actor, read_only=True):
            last, kept, waiting = await last_block(), await kept_checkpoint(), await unsealed_count()
        if last and kept and not waiting and orjson.loads(kept)["hash"] == last["hash"]:
            return
        assert time.monotonic() < deadline, f"{waiting} entries are not sealed"
        await asyncio.sleep(0.2)


async def _blocks(actor: Actor) -> int:
    async with acting_as(actor, read_only=True):
        last = await last_block()
        return int(last["block"]) if last else 0


async def _unsealed(actor: Actor) -> int:
    async with acting_as(actor, read_only=True):
        return await unsealed_count()


async def _export(actor: Actor) -> list[bytes]:
    async with acting_as(actor, read_only=True):
        return [line async for line in lines(session().connection, actor.tenant_id)]
