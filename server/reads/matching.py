"""Matching: which of some records pass a filter, for whoever has their ids already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.reads.binding import condition_values
from server.reads.filters import Reader
from server.reads.lists import Asked, ListTypes
from server.reads.parameters import Value
from server.reads.sql import Writer
from server.reads.where import condition
from tenants.session import session


async def matching(types: ListTypes, type_: str, table: str, given: Mapping[str, Any], ids: Sequence[UUID]) -> set[UUID]:
    """Those of these records that are the tenant's and pass the filter, in the unit of work we are in.

    Args:
        type_: the GraphQL type of the records, in whose `table` they lie.

    Raises:
        Invalid, TooLarge: the filter cannot be.
    """
    reader, writer, unit = Reader(types.filters), Writer(), session()
    shape = reader.condition(f"{type_}Filter", given)
    where = " AND ".join(("r.tenant_id = $1", *condition(writer, shape, 0, "r")))
    [values] = await condition_values([Asked(0, reader.values, reader.customs)], unit)
    chosen = [values[each.place] for each in writer.parameters if isinstance(each, Value)]
    statement = f"SELECT r.id FROM {table} r WHERE {where} AND r.id = any(${len(chosen) + 2}::uuid[])"
    return {row["id"] for row in await unit.connection.fetch(statement, unit.tenant_id, *chosen, list(ids))}
