"""Explanations and previews against the SQL of every read: random roles, random records, the same answers by two ways."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
import pytest

from tenants.access.counting import Values
from tenants.access.difference import named_fields
from tenants.access.evaluating import Facts, is_visible, level_on, reaches
from tenants.access.explaining import _facts, explained
from tenants.access.fields import FIELDS
from tenants.access.grants import grant_of
from tenants.access.holding import Asker
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, Scope, on
from tenants.access.previewing import role_previewed
from tenants.access.reach import TABLES, visible, within
from tenants.access.rights import Grant, Rights, rights_of
from tenants.ids import new_id
from tenants.session import Actor, acting_as, session
from tenants.words import RecordType
from tests.conftest import MakeTenant

NOUNS = (RecordType.CUSTOMER, RecordType.ORDER, RecordType.NEED)
_TESTED = {
    "CUSTOMER": {
        **{"region": ["华东", "Bayern", "São Paulo"], "lifecycle": ["ACTIVE", "LAPSED", "PROSPECT"], "tags": ["vip", "rot", "新"]},
        **{"custom.level": ["gold", "silver"], "gender": ["FEMALE", "MALE"], "source": ["展会", "web"]},
    },
    "ORDER": {"status": ["OPEN", "PAID"], "payment_method": ["ALIPAY", "CARD"]},
    "NEED": {"status": ["OPEN", "CLOSED"]},
}


def random_grant(chance: random.Random) -> dict[str, Any]:
    """A role about customers, orders and needs, with scopes, levels and conditions."""
    wanted = [each for each, (noun, action) in ON_RECORDS.items() if noun in NOUNS and action is not Action.CREATE]
    permissions = {each.value: chance.choice(list(Scope)).value for each in wanted if chance.random() < 0.7}
    levels, conditions = {}, {}
    for noun in NOUNS:
        named = {
            name: chance.choice(
                [each for each in Level if each.height >= field.least.height and (each is not Level.MASKED or field.is_masked)]
            )
            for name, field in FIELDS[noun].items()
            if chance.random() < 0.3
        }
        levels[noun.value] = {name: level.value for name, level in named.items()} | {"*": chance.choice(list(Level)).value}
        if chance.random() < 0.5:
            field, values = chance.choice(list(_TESTED[noun].items()))
            way = chance.choice(["in", "notIn"])
            conditions[noun.value] = [{"field": field, way: chance.sample(values, chance.randrange(1, len(values) + 1))}]
    return {"permissions": permissions, "fields": levels, "conditions": conditions}


async def settle(tenant: Actor, chance: random.Random, people: list[UUID]) -> None:
    """Twelve customers of these people or nobody, each with an order and a need."""
    async with acting_as(tenant) as unit:
        field = "INSERT INTO custom_field (tenant_id, id, name, label, type) VALUES ($1, $2, 'level', 'Level', 'TEXT')"
        await unit.connection.execute(field, tenant.tenant_id, new_id())
        for number in range(12):
            tested = {name: chance.choice([*values, None]) for name, values in _TESTED["CUSTOMER"].items()}
            id, owner = new_id(), chance.choice([*people, None])
            custom = orjson.dumps({"level": tested["custom.level"]} if tested["custom.level"] else {}).decode()
            await unit.connection.execute(
                "INSERT INTO customer (tenant_id, id, kind, name, lifecycle, region, gender, source, tags, custom, owner_id) "
                "VALUES ($1, $2, 'PERSON', '王芳', $3, $4, $5, $6, $7, $8, $9)",
                *(tenant.tenant_id, id, tested["lifecycle"] or "ACTIVE", tested["region"], tested["gender"], tested["source"]),
                *(chance.sample(_TESTED["CUSTOMER"]["tags"], chance.randrange(3)), custom, owner),
            )
            await unit.connection.execute(
                "INSERT INTO customer_order (tenant_id, id, customer_id, number, ordered_at, amount, currency, status, payment_method) "
                "VALUES ($1, $2, $3, $4, now(), 1, 'EUR', $5, $6)",
                *(tenant.tenant_id, new_id(), id, str(number)),
                *(chance.choice(_TESTED["ORDER"]["status"]), chance.choice([*_TESTED["ORDER"]["payment_method"], None])),
            )
            status = chance.choice(_TESTED["NEED"]["status"])
            await unit.connection.execute(
                "INSERT INTO need (tenant_id, id, customer_id, what, status) VALUES ($1, $2, $3, '绿茶', $4)",
                *(tenant.tenant_id, new_id(), id, status),
            )


async def found(tenant: Actor, noun: RecordType, condition: str, values: Values) -> set[UUID]:
    statement, sent = values.used_in(f"SELECT r.id FROM {TABLES[noun]} r WHERE r.tenant_id = $1 AND ({condition})")
    async with acting_as(tenant, read_only=True) as unit:
        return {row["id"] for row in await unit.connection.fetch(statement, tenant.tenant_id, *sent)}


async def everything(tenant: Actor, noun: RecordType) -> set[UUID]:
    return await found(tenant, noun, "true", Values())


async def add_role(tenant: Actor, grant: Mapping[str, Any]) -> UUID:
    id = new_id()
    async with acting_as(tenant) as unit:
        statement = "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, $3, $4)"
        await unit.connection.execute(statement, tenant.tenant_id, id, f"Role {id}", orjson.dumps(grant).decode())
    return id


async def add_people(tenant: Actor, roles: list[UUID]) -> list[UUID]:
    """One with these roles, one in a team with him, and one who is not."""
    people, team = [new_id() for _ in range(3)], new_id()
    async with acting_as(tenant) as unit:
        for place, id in enumerate(people):
            await unit.connection.execute(
                "INSERT INTO member (tenant_id, id, person_id, email, name, role_ids, status) "
                "VALUES ($1, $2, $2, $3, '李雷', $4, 'ACTIVE')",
                *(tenant.tenant_id, id, f"{id.hex}@vogel.example.org", roles if place == 0 else []),
            )
        await unit.connection.execute("INSERT INTO team (tenant_id, id, name) VALUES ($1, $2, 'Süd')", tenant.tenant_id, team)
        for id in people[:2]:
            await unit.connection.execute("INSERT INTO team_member VALUES ($1, $2, $3)", tenant.tenant_id, team, id)
    return people


@pytest.mark.parametrize("seed", range(12))
async def test_an_explanation_says_what_a_read_would_show(make_tenant: MakeTenant, seed: int) -> None:
    chance, tenant = random.Random(seed), await make_tenant()
    grants = [random_grant(chance) for _ in range(chance.randrange(1, 4))]
    people = await add_people(tenant, [await add_role(tenant, grant) for grant in grants])
    await settle(tenant, chance, people)
    rights, compared = rights_of(map(grant_of, grants)), 0

    for noun in NOUNS:
        names = chance.sample(list(FIELDS[noun]), 3) + (["custom.level"] if noun is RecordType.CUSTOMER else [])
        values = Values()
        bind = values.bind_as(people[0], people[:2])
        seen = visible(rights, noun, "r", bind)
        shown = await found(tenant, noun, seen, values)
        for name in names:
            at = {
                level: await found(tenant, noun, f"({seen}) AND {within(rights.readable(noun, name, level), noun, 'r', bind)}", values)
                for level in (Level.MASKED, Level.READ)
            }
            written = await found(
                tenant, noun, f"({seen}) AND {within(rights.rows(on(noun, Action.UPDATE), name, Level.WRITE), noun, 'r', bind)}", values
            )
            for id in await everything(tenant, noun):
                said = await explained(tenant, people[0], noun, id, name)
                assert said.is_visible == (id in shown)
                assert said.level is not None
                assert (said.level.height >= Level.MASKED.height) == (id in at[Level.MASKED] or id in written), (noun, name)
                assert (said.level.height >= Level.READ.height) == (id in at[Level.READ] or id in written), (noun, name)
                assert said.may_update == (id in written), (noun, name)
                assert any(role.decides for role in said.roles) == (said.level is not Level.NONE)
                compared += 1

    assert compared == 12 * 10


def heights(rights: Rights, name: str, who: Asker, facts: Facts) -> set[str]:
    """All that somebody has of a field on a record."""
    if not is_visible(rights.grants, who, facts):
        return set()
    level = level_on(rights, name, who, facts)
    got = {each.value for each in (Level.MASKED, Level.READ) if level.height >= each.height}

    def at(grant: Grant, permission: Permission, needed: Level) -> bool:
        return reaches(grant, permission, who, facts) and grant.level(facts.noun, name).height >= needed.height

    got |= {"WRITE"} if any(at(grant, on(facts.noun, Action.UPDATE), Level.WRITE) for grant in rights.grants) else set()
    reveal = Permission.__members__.get(f"{facts.noun}_REVEAL")
    return got | ({"REVEAL"} if reveal and any(at(grant, reveal, Level.READ) for grant in rights.grants) else set())


@pytest.mark.parametrize("seed", range(12))
async def test_a_preview_counts_what_explanations_say_of_every_record(make_tenant: MakeTenant, seed: int) -> None:
    chance, tenant = random.Random(100 + seed), await make_tenant()
    before, after, other = random_grant(chance), random_grant(chance), random_grant(chance)
    role, second = await add_role(tenant, before), await add_role(tenant, other)
    people = await add_people(tenant, [role, second])
    await settle(tenant, chance, people)
    rights = [rights_of([grant_of(each), grant_of(other)]) for each in (before, after)]
    who = Asker(people[0], people[:2])

    async with acting_as(tenant, read_only=True):
        preview = await role_previewed(role, lambda _: after)
        facts = {noun: [await _facts(noun, id) for id in await _ids(noun)] for noun in NOUNS}

    (member,) = preview.members
    assert (preview.member_count, preview.is_complete, member.id) == (1, True, people[0])
    for noun in NOUNS:
        one, two = [[is_visible(each.grants, who, fact) for fact in facts[noun] if fact] for each in rights]
        counted = member.records[noun]
        assert counted is not None
        assert (counted.gained, counted.lost) == (_gained(one, two), _gained(two, one)), noun
        told = {field.name: (field.gained, field.lost) for field in counted.fields}
        for of, name in named_fields((*rights[0].grants, *rights[1].grants)):
            if of is noun and not name.endswith("*"):
                first, then = [[heights(each, name, who, fact) for fact in facts[noun] if fact] for each in rights]
                wanted = (
                    sum(bool(b - a) for a, b in zip(first, then, strict=True)),
                    sum(bool(a - b) for a, b in zip(first, then, strict=True)),
                )
                assert told.get(name, (0, 0)) == wanted, (noun, name)


def _gained(one: list[bool], other: list[bool]) -> int:
    return sum(now and not then for then, now in zip(one, other, strict=True))


async def _ids(noun: RecordType) -> list[UUID]:
    rows = await session().connection.fetch(f"SELECT id FROM {TABLES[noun]} WHERE tenant_id = $1", session().tenant_id)
    return [row["id"] for row in rows]
