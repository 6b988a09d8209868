"""Where: conditions, orders and cursors of a list as SQL. Values are parameters always; SQL comes from what the schema declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from server.reads.conditions import AllOf, AnyOf, Condition, Exists, Not, Test, Within
from server.reads.parameters import Position, Value
from server.reads.places import Key
from server.reads.plan import Page
from tenants.access.reach import within

if TYPE_CHECKING:
    from server.reads.sql import Writer


def condition(writer: Writer, found: Condition, number: int, row: str) -> Iterator[str]:
    """A condition on `row` as SQL; nothing for none."""
    if found != AllOf(()):
        yield f"({_condition(writer, found, number, row)})"


def _condition(writer: Writer, found: Condition, number: int, row: str) -> str:
    match found:
        case Test(sql, parameters):
            for place, (value, type_) in enumerate(parameters):
                sql = sql.replace(f"{{{place}}}", writer.bound(Value(number, value), type_))
            return sql.replace("{tenant}", "$1").replace("{row}", row)
        case AllOf(parts):
            return " AND ".join(f"({_condition(writer, part, number, row)})" for part in parts) or "true"
        case AnyOf(parts):
            return " OR ".join(f"({_condition(writer, part, number, row)})" for part in parts) or "false"
        case Not(part):
            # What is unknown (a test of a missing value) does not hold, so its opposite does.
            return f"({_condition(writer, part, number, row)}) IS NOT TRUE"
        case Within(noun, rows):
            return within(rows, noun, row, writer.allowed)
        case Exists(through, part):
            other = writer.alias()
            link = through.link.replace("{other}", other).replace("{row}", row)
            seen = writer.visible(through.noun, other, row if through.is_list and through.of_customer else None)
            inner = " AND ".join((*seen, f"({_condition(writer, part, number, other)})"))
            return f"EXISTS (SELECT FROM {through.table} {other} WHERE {other}.tenant_id = $1 AND {link} AND ({inner}))"


def ordered(writer: Writer, page: Page, row: str, *, reverse: bool = False) -> str:
    """What follows ORDER BY."""
    return ", ".join(_ordered(writer, page, key, row, reverse) for key in page.shape.keys)


def _ordered(writer: Writer, page: Page, key: Key, row: str, reverse: bool) -> str:
    direction = "DESC" if key.is_descending != reverse else "ASC"
    nulls = (" NULLS FIRST" if reverse else " NULLS LAST") if key.is_nullable else ""
    return f"{writer.key(page, key, row)} {direction}{nulls}"


def behind(writer: Writer, page: Page, row: str, side: str) -> str:
    """Whether a record is behind the cursor `after`, or before the cursor `before`."""
    keys = page.shape.keys
    values = [f"{writer.bound(Position(page.number, side, place), 'text')}::{key.type}" for place, key in enumerate(keys)]
    columns = [writer.key(page, key, row) for key in keys]
    if len({key.is_descending for key in keys}) == 1 and not any(key.is_nullable for key in keys):
        sign = "<" if keys[0].is_descending != (side == "before") else ">"
        return f"({', '.join(columns)}) {sign} ({', '.join(values)})"
    return f"({_stepwise(keys, columns, values, side)})"


def _stepwise(keys: Sequence[Key], columns: list[str], values: list[str], side: str) -> str:
    """For keys of several directions, or without values: beyond by the first, or the same there and beyond by the rest."""
    key, column, value = keys[0], columns[0], values[0]
    sign = "<" if key.is_descending != (side == "before") else ">"
    beyond = f"{column} {sign} {value}"
    if key.is_nullable:  # records without a value are the last
        outside = f"{column} IS NULL AND {value} IS NOT NULL" if side == "after" else f"{column} IS NOT NULL AND {value} IS NULL"
        beyond = f"({beyond} OR ({outside}))"
    if len(keys) == 1:
        return beyond
    same = f"{column} IS NOT DISTINCT FROM {value}" if key.is_nullable else f"{column} = {value}"
    return f"{beyond} OR ({same} AND ({_stepwise(keys[1:], columns[1:], values[1:], side)}))"
