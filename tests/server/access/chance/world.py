"""A tenant whose members have roles made by chance, in teams made by chance, and own its customers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import orjson

from tenants.access.teams import make_team
from tenants.ids import new_id
from tenants.session import Actor, acting_as
from tests.server.access.chance.roles import random_role
from tests.server.access.chance.seen import Asker
from tests.server.reference.records import SEARCHES, fill
from tests.server.reference.store import Store, load
from tests.tenants.signin.members import member_of

CUSTOMERS = 24


@dataclass
class World:
    """`askers` with the secrets of their sessions."""

    actor: Actor
    store: Store
    askers: list[tuple[Asker, str]]
    roles: int


async def settle(actor: Actor, members: int, seed: int) -> World:
    """Members with one to three roles each, half of them in a team or two; nine of ten customers are somebody's."""
    chance = Random(seed)
    await fill(actor, CUSTOMERS, seed)
    given = [[random_role(chance) for _ in range(1 + place % 3)] for place in range(members)]
    ids = [[await _add_role(actor, role) for role in some] for some in given]
    people = [await member_of(actor, None, *some) for some in ids]
    teams = await _teams(actor, [each.id for each in people], chance)
    async with acting_as(actor) as unit:
        customers = await unit.connection.fetch("SELECT id FROM customer WHERE tenant_id = $1 ORDER BY id", actor.tenant_id)
        own = "UPDATE customer SET owner_id = $3 WHERE tenant_id = $1 AND id = $2"
        for row in customers:
            if chance.random() < 0.9:
                await unit.connection.execute(own, actor.tenant_id, row["id"], chance.choice(people).id)
    askers = []
    for person, some in zip(people, given, strict=True):
        mates = {id for team in teams if person.id in team for id in team}
        askers.append((Asker(person.id, some, frozenset(mates)), (await person.sign_in()).access))
    return World(actor, await load(actor, SEARCHES), askers, sum(map(len, given)))


async def _add_role(actor: Actor, role: dict[str, Any]) -> UUID:
    id = new_id()
    async with acting_as(actor) as unit:
        statement = "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, $3, $4)"
        await unit.connection.execute(statement, actor.tenant_id, id, f"Rolle {id.hex}", orjson.dumps(role).decode())
    return id


async def _teams(actor: Actor, people: list[UUID], chance: Random) -> list[set[UUID]]:
    found = []
    for number in range(max(1, len(people) // 6)):
        some = chance.sample(people, min(len(people), chance.randrange(1, 9)))
        async with acting_as(actor) as unit:
            team = await make_team(f"华东 {number}")
            for id in some:
                await unit.connection.execute("INSERT INTO team_member VALUES ($1, $2, $3)", actor.tenant_id, team, id)
        found.append(set(some))
    return found
