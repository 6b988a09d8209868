"""All that is asked of one role after the other: what it reads, then what it writes, then what else it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from tenants.access.built_in import BY_WORD
from tenants.words import RecordType
from tests.server.access.matrix import acting, hearing, reading, telling, writing
from tests.server.access.matrix.told import Cells
from tests.server.access.matrix.world import TYPES, MakeTenant, Tenancy, Words, World, settle, world_of


async def foreign_of(make_tenant: MakeTenant, http: httpx.AsyncClient) -> Tenancy:
    """The other tenant."""
    return await settle(await make_tenant(), http, [BY_WORD["ADMIN"].id], "F")


async def cells(make_tenant: MakeTenant, http: httpx.AsyncClient, app: Any, foreign: Tenancy, expected: Cells) -> Cells:
    """What every built-in role is answered. `expected` only says what may be asked together."""
    found: Cells = {}
    for role in BY_WORD:
        world = await world_of(role, make_tenant, http, app, foreign)
        async for group, words in _of_role(world, _Expected(expected, role)):
            found |= {(role, group, name): each for name, each in words.items()}
    return found


class _Expected:
    def __init__(self, cells: Cells, role: str) -> None:
        self._groups: dict[str, dict[str, Words]] = {}
        for (of, group, name), words in cells.items():
            if of == role:
                self._groups.setdefault(group, {})[name] = words

    def __getitem__(self, group: str) -> Mapping[str, Words]:
        return self._groups.get(group, {})


async def _of_role(world: World, expected: _Expected) -> AsyncIterator[tuple[str, dict[str, Words]]]:
    for type_ in reading.stored_types():
        yield f"{type_} read", await reading.fields(world, type_, expected[f"{type_} read"])
    for type_ in reading.LISTS:
        yield f"{type_} list", await reading.lists(world, type_, [(reading.LISTS[type_], {})], expected[f"{type_} list"])
        yield f"{type_} order", await reading.orders(world, type_, expected[f"{type_} order"])
    for noun, type_ in TYPES.items():
        tests = list(reading.tests_of(reading.type_of(f"{type_}Filter"), noun, world))
        yield f"{type_} filter", await reading.lists(world, type_, tests, expected[f"{type_} filter"])
        if noun in (RecordType.CUSTOMER, RecordType.ORDER):
            group = f"{type_} filter by what is related"
            yield group, await reading.lists(world, type_, list(reading.nested_tests(type_, world)), expected[group])
    for name in telling.by_id():
        yield "by id", await telling.record(world, name)
    for name, of in reading.reports():
        yield f"{name} report", await reading.report(world, name, of, expected[f"{name} report"])
    for name in telling.computed():
        yield f"{name} computed", await telling.computed_field(world, name, expected[f"{name} computed"])
    yield "subscriptions", await hearing.heard(world)
    async for group, words in writing.written(world):
        yield group, words
    async for group, words in writing.deleted(world):
        yield group, words
    yield "acts", await acting.acts(world)
