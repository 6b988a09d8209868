"""Seeing: on which customers the actor may see a field, so that nothing hidden decides what an act tells him."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from tenants.access.reach import Who, value_for, visible, within
from tenants.access.rights import ALL_ROWS
from tenants.session import Session
from tenants.words import RecordType


async def seen_with(name: str, ids: Collection[UUID], current: Session) -> set[UUID]:
    """Those of these customers on which the actor may see a field; a statement only where not all or none can be seen."""
    actor, noun = current.actor, RecordType.CUSTOMER
    rows = actor.rights.readable(noun, name)
    if not rows or not ids:
        return set()
    if rows == ALL_ROWS:
        return set(ids)
    values: list[Any] = [current.tenant_id, list(ids)]

    def bind(value: Who | str | tuple[str, ...], type_: str) -> str:
        values.append(value_for(actor.asker, value))
        return f"${len(values)}::{type_}"

    seen = f"{visible(actor.rights, noun, 'c', bind)} AND {within(rows, noun, 'c', bind)}"
    statement = f"SELECT c.id FROM customer c WHERE c.tenant_id = $1 AND c.id = any($2::uuid[]) AND {seen}"
    return {row["id"] for row in await current.connection.fetch(statement, *values)}
