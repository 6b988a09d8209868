"""Reports as SQL: rows counted of the records that may be seen, and only of those of their fields that may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.reads.guarding import Guard
from server.reads.places import Report
from server.reads.plan import ReportRows
from server.reads.where import condition
from tenants.access.reach import within
from tenants.words import RecordType

if TYPE_CHECKING:
    from server.reads.sql import Writer


def counted(writer: Writer, rows: ReportRows) -> str:
    """The query of a report: of the records that its filter lets pass, as far as they may be seen."""
    place, shape = rows.place, rows.shape
    source = Guard(writer.rights).seen(_grouped(writer, place, shape.groups), writer.allowed)
    before, _, rest = source.partition("{where:")
    alias, _, after = rest.partition("}")
    seen = writer.visible(_filtered(place), alias)
    where = " AND ".join((f"{alias}.tenant_id = $1", *seen, *condition(writer, shape.condition, rows.number, alias)))
    return f"{before}{where}{after}"


def _filtered(place: Report) -> RecordType:
    return RecordType[place.filtered.upper()]


def _grouped(writer: Writer, place: Report, groups: Sequence[str]) -> str:
    """A report's query with its groups: `{groups}` computes them, `{keys}` names them, `{others}` are the ones not asked for."""
    groupings = place.groupings or {}
    computed = "".join(f", {_grouping(writer, place, name)} AS {name.lower()}" for name in groups)
    keys = "".join(f", {name.lower()}" for name in groups)
    others = "".join(f", NULL::text AS {name.lower()}" for name in groupings if name not in groups)
    return place.source.replace("{groups}", computed).replace("{keys}", keys).replace("{others}", others)


def _grouping(writer: Writer, place: Report, name: str) -> str:
    """What is grouped by, where it may be seen."""
    sql, field = (place.groupings or {})[name]
    rows = Guard(writer.rights).limits(_filtered(place), field)
    if rows is None:
        return sql
    return f"CASE WHEN {within(rows, _filtered(place), sql.partition('.')[0], writer.allowed)} THEN {sql} END"
