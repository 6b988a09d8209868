"""Writers, all at once: each writes entries and records in units of work of its own, some of which fail. Prints what was committed.

`python -m tests.stories.writers TENANT FIRST WRITERS UNITS` runs so many, numbered from the first, in one process.
"""

from __future__ import annotations

import asyncio
import random
import sys
from uuid import UUID

import orjson

from tenants.installation import open_installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, ActorKind, acting_as
from tenants.trail import Event, note
from tenants.words import RecordType


class Changed(Exception):
    """Somebody changed their mind: the unit of work is undone."""


async def write(actor: Actor, writer: int, units: int) -> tuple[list[list[int]], int]:
    """What was committed: entries as writer and number, and how many change-sets."""
    chance, entries, change_sets = random.Random(writer), list[list[int]](), 0
    for number in range(units):
        await asyncio.sleep(chance.uniform(0, 0.02))
        is_record, is_undone = number % 8 == 0, number % 5 == 4
        try:
            async with acting_as(actor):
                await note(Event.KEY_USED, details={"writer": writer, "number": number})
                if is_record:
                    await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": f"客户 {writer}.{number}"}), IntakeRules())
                await asyncio.sleep(chance.uniform(0, 0.02))
                if is_undone:
                    raise Changed
        except Changed:
            continue
        entries.append([writer, number])
        change_sets += is_record
    return entries, change_sets


async def main(tenant: str, first: int, writers: int, units: int) -> None:
    actor = Actor(UUID(tenant), ActorKind.OPERATOR)
    async with open_installation():
        done = await asyncio.gather(*(write(actor, first + each, units) for each in range(writers)))
    told = {"entries": [entry for entries, _ in done for entry in entries], "changeSets": sum(count for _, count in done)}
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
