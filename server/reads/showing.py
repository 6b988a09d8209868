"""Showing: the SQL of a value that is not to be seen on every record that is, and of what has to come along so that Python knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.reads.guarding import map_levels
from server.reads.plan import ItemList, Sealed, Shown
from tenants.access.permissions import NOUNS
from tenants.access.reach import field_shown, within

if TYPE_CHECKING:
    from server.reads.sql import Writer

#: Beside a sealed value, where not every record that is read shows it: whether this one's may be seen in clear; of a map for each name,
#: and "*" for all others, whether it may be seen as a mask and in clear.
SHOWN = "@shown:"


def shown(writer: Writer, sql: str, where: Shown | None, row: str) -> str:
    """A value where it may be seen, a mask of it where that may, and else nothing."""
    if where is None or where.rows is None:
        return sql
    whole = within(where.rows, where.noun, row, writer.allowed)
    mask = f" WHEN {within(where.masked, where.noun, row, writer.allowed)} THEN left({sql}, 1) || '***'" if where.masked else ""
    return f"(CASE WHEN {whole} THEN {sql}{mask} END)"


def named(writer: Writer, part: ItemList, row: str, item: str) -> str:
    """The condition that the field which an item is about may be seen; nothing where all may."""
    if part.place.names is None or part.noun not in NOUNS:
        return ""
    seen = field_shown(writer.rights, part.noun, part.place.names.replace("{item}", item), row, writer.allowed)
    return "" if seen == "true" else f" WHERE {seen}"


def clear(writer: Writer, part: Sealed, row: str) -> str | None:
    """What has to come along with a sealed value so that it is known who may see it in clear; None for nothing."""
    if not part.is_map:
        return f"coalesce(({within(part.revealed, part.noun, row, writer.allowed)}), false)::text" if part.revealed else None
    if not part.is_limited:
        return None
    found = [
        (name, [f"coalesce(({within(rows, part.noun, row, writer.allowed)}), false)::text" for rows in levels])
        for name, *levels in map_levels(writer.rights, part.noun)
    ]
    names = [(f"to_json({writer.allowed(name, 'text')})::text", " || ',' || ".join(levels)) for name, levels in found]
    pieces = " || ',' || ".join(f"{name} || ':[' || {levels} || ']'" for name, levels in names)
    return f"('{{' || {pieces} || '}}')"
