"""Matching: which of some records pass a filter, for whoever has their ids already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.reads.binding import allowed, condition_values
from server.reads.filters import Reader
from server.reads.guarding import Guard
from server.reads.lists import Asked, ListTypes
from server.reads.parameters import Allowed, Value
from server.reads.sql import Writer
from server.reads.where import condition
from tenants.access.reach import TABLES
from tenants.session import session
from tenants.words import RecordType


async def matching(types: ListTypes, type_: str, noun: RecordType, given: Mapping[str, Any], ids: Sequence[UUID]) -> set[UUID]:
    """Those of these records that the actor may see and that pass the filter, in the unit of work we are in.

    Args:
        type_: the GraphQL type of the records, which are of this noun.

    Raises:
        Invalid, TooLarge, NotAllowed: the filter cannot be.
    """
    unit = session()
    reader, writer = Reader(types.filters, Guard(unit.actor.rights)), Writer(unit.actor.rights)
    shape = reader.condition(f"{type_}Filter", given)
    where = " AND ".join(("r.tenant_id = $1", *writer.visible(noun, "r"), *condition(writer, shape, 0, "r")))
    [values] = await condition_values([Asked(0, reader.values, reader.customs)], unit)
    chosen = [
        values[each.place] if isinstance(each, Value) else allowed(each, unit.actor)
        for each in writer.parameters
        if isinstance(each, Value | Allowed)
    ]
    statement = f"SELECT r.id FROM {TABLES[noun]} r WHERE {where} AND r.id = any(${len(chosen) + 2}::uuid[])"
    return {row["id"] for row in await unit.connection.fetch(statement, unit.tenant_id, *chosen, list(ids))}
