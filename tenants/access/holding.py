"""Holding: whether one record is within a reach, told from its values: for records that are not stored yet, and to explain.

What `reach` says in SQL, said once more in Python; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from tenants.access.fields import CUSTOM
from tenants.access.permissions import Scope
from tenants.access.rights import Reach, Rows, Test


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as scopes depend on it: the member, and the members of his teams."""

    member_id: UUID | None
    teammates: Collection[UUID] = ()


def holds(rows: Rows, values: Mapping[str, Any], owner_id: UUID | None, asker: Asker) -> bool:
    """Whether a record is one of these rows.

    Args:
        values: the record's, by column; `custom` is a mapping.
        owner_id: the member who owns its customer.
    """
    return any(is_in_scope(reach, owner_id, asker) and all(passes(test, values) for test in reach.tests) for reach in rows)


def is_in_scope(reach: Reach, owner_id: UUID | None, asker: Asker) -> bool:
    if reach.scope is Scope.ALL:
        return True
    if owner_id is None:
        return False
    return owner_id == asker.member_id or (reach.scope is Scope.TEAM and owner_id in asker.teammates)


def passes(test: Test, values: Mapping[str, Any]) -> bool:
    """Whether a record passes a test of a role; what has no value is none of any values."""
    if test.field == "tags":
        held = not set(test.values).isdisjoint(values.get("tags") or ())
    elif test.field.startswith(CUSTOM):
        held = _text((values.get("custom") or {}).get(test.field.removeprefix(CUSTOM))) in test.values
    else:
        held = values.get(test.field) in test.values
    return held is test.is_in


def _text(value: Any) -> str | None:
    """As PostgreSQL's `->>` gives it."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value, default=str).decode().strip('"')
