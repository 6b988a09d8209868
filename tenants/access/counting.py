"""Counting: how many records of a noun somebody would reach anew, or no more, and of which fields, as one statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tenants.access.difference import named_fields
from tenants.access.holding import Asker
from tenants.access.permissions import Action, Level, Permission, on
from tenants.access.reach import TABLES, Bind, Who, value_for, visible, within
from tenants.access.rights import Rights, Rows
from tenants.session import Actor, session
from tenants.words import RecordType

_PLACE = re.compile(r"\$(\d+)::")


@dataclass(frozen=True, slots=True)
class FieldCount:
    """On how many records a field can be seen higher than before (a mask, in clear, revealed, changed), and on how many lower."""

    name: str
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Count:
    """Records of a noun that can be read afterwards only, and before only; fields are those of which something changes."""

    gained: int = 0
    lost: int = 0
    fields: tuple[FieldCount, ...] = ()


class Values:
    """The values of a statement behind the tenant, $1. Each is there once, so that equal conditions are equal texts."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[object, str] = {}

    def bind_as(self, member_id: UUID | None, teammates: Iterable[UUID]) -> Bind:
        """Binds for somebody: who asks, or the member about whom is asked."""
        asker = Asker(member_id, tuple(teammates))

        def bind(value: Who | str | tuple[str, ...], type_: str) -> str:
            key = (value, type_, member_id if isinstance(value, Who) else None)
            if key not in self._places:
                self.values.append(value_for(asker, value))
                self._places[key] = f"${len(self.values) + 1}::{type_}"
            return self._places[key]

        return bind

    def used_in(self, statement: str) -> tuple[str, list[Any]]:
        """A statement, and the values it has: of a condition that nothing can fulfil the values are left over."""
        used = sorted({int(number) for number in _PLACE.findall(statement)})
        places = {number: f"${place + 2}::" for place, number in enumerate(used)}
        return _PLACE.sub(lambda found: places[int(found[1])], statement), [self.values[number - 2] for number in used]


async def counted(noun: RecordType, rights: tuple[Rights, Rights], who: Asker, asker: Actor, seconds: float) -> Count | None:
    """What a member reaches with rights before and after, among the records that the asker may read; None where it takes too long."""
    values = Values()
    bind = values.bind_as(who.member_id, who.teammates)
    before, after = (visible(each, noun, "r", bind) for each in rights)
    names = [name for of, name in named_fields((*rights[0].grants, *rights[1].grants)) if of is noun]
    fields = {name: levels for name in names if (levels := list(_levels(noun, name, rights, bind, (before, after))))}
    if before == after and not fields:
        return Count()
    seen = visible(asker.rights, noun, "r", values.bind_as(asker.member_id, asker.teammates))
    parts = {None: _changes(before, after)} | {name: _of_field(levels) for name, levels in fields.items()}
    columns = list(dict.fromkeys(condition for part in parts.values() for condition in part))  # most fields change with the record
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in columns)
    statement = f"SELECT ARRAY[{counts}] FROM {TABLES[noun]} r WHERE r.tenant_id = $1 AND {seen} AND (({before}) OR ({after}))"
    found = await _within_time(*values.used_in(statement), seconds)
    if found is None:
        return None
    by_condition = dict(zip(columns, found, strict=True))
    (gained, lost), *of_fields = [(by_condition[one], by_condition[other]) for one, other in parts.values()]
    changed = tuple(FieldCount(name, *pair) for name, pair in zip(fields, of_fields, strict=True) if any(pair))
    return Count(gained, lost, changed)


def _levels(noun: RecordType, name: str, rights: tuple[Rights, Rights], bind: Bind, seen: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """For each height at which a field changes for somebody: where it was reached before, and where it is after."""
    if name.endswith("*"):
        name = name.replace("*", "?")
    for permission, level in _heights(noun):
        one, other = (each.rows(permission, name, level) for each in rights)
        if one != other or seen[0] != seen[1]:
            yield _both(one, noun, bind, seen[0]), _both(other, noun, bind, seen[1])


def _heights(noun: RecordType) -> Iterator[tuple[Permission, Level]]:
    yield on(noun, Action.READ), Level.MASKED
    yield on(noun, Action.READ), Level.READ
    yield on(noun, Action.UPDATE), Level.WRITE
    if f"{noun}_REVEAL" in Permission.__members__:
        yield on(noun, Action.REVEAL), Level.READ


def _both(rows: Rows, noun: RecordType, bind: Bind, seen: str) -> str:
    return f"(({seen}) AND {within(rows, noun, 'r', bind)})"


def _changes(before: str, after: str) -> tuple[str, str]:
    """Where something is gained, and where it is lost. Of what is neither true nor false nothing is reached."""
    return f"({after}) IS TRUE AND ({before}) IS NOT TRUE", f"({before}) IS TRUE AND ({after}) IS NOT TRUE"


def _of_field(levels: list[tuple[str, str]]) -> tuple[str, str]:
    changes = [_changes(*each) for each in levels]
    either = [" OR ".join(dict.fromkeys(f"({each})" for each in part)) for part in zip(*changes, strict=True)]
    return either[0], either[1]


async def _within_time(statement: str, values: list[Any], seconds: float) -> list[int] | None:
    if seconds <= 0:
        return None
    connection = session().connection
    await connection.execute(f"SAVEPOINT counting; SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
    try:
        found: list[int] = await connection.fetchval(statement, session().tenant_id, *values)
    except asyncpg.QueryCanceledError:
        return None
    finally:
        await connection.execute("ROLLBACK TO SAVEPOINT counting; RELEASE SAVEPOINT counting")
    return found
