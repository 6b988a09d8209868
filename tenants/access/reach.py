"""Reach as SQL: which records somebody may do something to, as a condition on a relation's alias.

Values are always parameters: who asks is bound when a statement runs (`ME`, `TEAM`), a role's own values come along as they are. A record
that belongs to a customer is seen only with its customer, an order's line only with its order.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tenants.access.fields import CUSTOM, FIELDS
from tenants.access.holding import Asker
from tenants.access.permissions import Level, Scope
from tenants.access.rights import ALL_ROWS, NO_ROWS, Reach, Rights, Rows, Test, custom_names, is_as_wide
from tenants.words import RecordType


class Who(Enum):
    """A value that is known when a statement runs: the member who asks, the members of his teams and himself."""

    ME = "me"
    TEAM = "team"


#: Gives the SQL of a parameter: of `Who`, or of a value of a role; with its PostgreSQL type.
Bind = Callable[[Who | str | tuple[str, ...], str], str]

TABLES = {
    RecordType.CUSTOMER: "customer",
    RecordType.CONTACT: "contact",
    RecordType.ORDER: "customer_order",
    RecordType.ORDER_LINE: "order_line",
    RecordType.INTERACTION: "interaction",
    RecordType.NEED: "need",
    RecordType.PREFERENCE: "preference",
}


def value_for(asker: Asker, value: Who | str | tuple[str, ...]) -> object:
    """What is bound for a value when somebody asks."""
    match value:
        case Who.ME:
            return asker.member_id
        case Who.TEAM:
            return sorted({each for each in (asker.member_id, *asker.teammates) if each is not None})
        case tuple() as texts:
            return list(texts)
        case text:
            return text


def within(rows: Rows, noun: RecordType, row: str, bind: Bind, customer: str | None = None) -> str:
    """Whether the record `row` is one of these rows.

    Args:
        customer: the alias of the customer it belongs to, where the statement has it at hand.
    """
    if rows == ALL_ROWS:
        return "true"
    if rows == NO_ROWS:
        return "false"
    return "(" + " OR ".join(_within(reach, noun, row, bind, customer) for reach in rows) + ")"


def visible(rights: Rights, noun: RecordType, row: str, bind: Bind, customer: str | None = None) -> str:
    """Whether the record `row` may be read at all.

    Args:
        customer: the alias of the customer it belongs to, of which is known that it may be read.
    """
    if noun is RecordType.ORDER_LINE:
        order = f"{row}_order"
        inner = _all_of(
            within(rights.readable(RecordType.ORDER, "lines"), RecordType.ORDER, order, bind),
            visible(rights, RecordType.ORDER, order, bind),
        )
        of = f"{order}.tenant_id = $1 AND {order}.id = {row}.order_id"
        return inner if inner == "true" else f"EXISTS (SELECT FROM customer_order {order} WHERE {of} AND {inner})"
    if customer is not None and _is_seen_with_customer(rights, noun):
        return "true"
    own = within(rights.readable(noun), noun, row, bind, customer)
    if noun is RecordType.CUSTOMER or customer is not None:
        return own
    whose = f"{row}_customer"
    theirs = within(rights.readable(RecordType.CUSTOMER), RecordType.CUSTOMER, whose, bind)
    return _all_of(own, theirs if theirs in ("true", "false") else _of_customer(row, whose, theirs))


def _is_seen_with_customer(rights: Rights, noun: RecordType) -> bool:
    """Whether who sees a customer sees all of this noun that belongs to it: some reach of it is as wide, and asks nothing more."""
    customers = rights.readable(RecordType.CUSTOMER)
    return any(not reach.tests and all(is_as_wide(reach, each) for each in customers) for reach in rights.readable(noun))


def is_unlimited(rights: Rights, noun: RecordType) -> bool:
    """Whether every record of a noun may be read."""
    if noun is RecordType.ORDER_LINE:
        return is_unlimited(rights, RecordType.ORDER) and rights.readable(RecordType.ORDER, "lines") == ALL_ROWS
    return rights.readable(RecordType.CUSTOMER) == ALL_ROWS and rights.readable(noun) == ALL_ROWS


def field_shown(rights: Rights, noun: RecordType, names: str, row: str, bind: Bind, level: Level = Level.READ) -> str:
    """Whether the field whose name the SQL `names` gives may be seen on the visible record `row`; a custom one is `custom.shoe_size`."""
    all_rows, own = rights.readable(noun), custom_names(rights.grants) if noun is RecordType.CUSTOMER else []
    others = rights.readable(noun, f"{CUSTOM}?", level) if noun is RecordType.CUSTOMER else all_rows
    found = {name: rights.readable(noun, name, level) for name in (*FIELDS[noun], *own)}
    # A custom field that may be seen everywhere is named too where the others may not: what is not named is one of those.
    cases = {name: rows for name, rows in found.items() if rows != (others if name in own else all_rows)}
    written = [f"WHEN {names} = {bind(name, 'text')} THEN {within(rows, noun, row, bind)}" for name, rows in cases.items()]
    if others != all_rows:
        written.append(f"WHEN {names} LIKE '{CUSTOM}%' THEN {within(others, noun, row, bind)}")
    return f"(CASE {' '.join(written)} ELSE true END)" if written else "true"


def _all_of(*conditions: str) -> str:
    if "false" in conditions:
        return "false"
    kept = [each for each in conditions if each != "true"]
    return " AND ".join(kept) or "true"


def _within(reach: Reach, noun: RecordType, row: str, bind: Bind, customer: str | None) -> str:
    tests = [_test(each, row, bind) for each in reach.tests]
    if reach.scope is not Scope.ALL:
        tests.append(_owned(reach.scope, noun, row, bind, customer))
    return " AND ".join(tests) or "true"


def _owned(scope: Scope, noun: RecordType, row: str, bind: Bind, customer: str | None) -> str:
    owner = "{alias}.owner_id = " + (bind(Who.ME, "uuid") if scope is Scope.OWN else f"any({bind(Who.TEAM, 'uuid[]')})")
    if noun is RecordType.CUSTOMER:
        return owner.format(alias=row)
    return owner.format(alias=customer) if customer else _of_customer(row, f"{row}_owner", owner.format(alias=f"{row}_owner"))


def _of_customer(row: str, alias: str, condition: str) -> str:
    return f"EXISTS (SELECT FROM customer {alias} WHERE {alias}.tenant_id = $1 AND {alias}.id = {row}.customer_id AND {condition})"


def _test(test: Test, row: str, bind: Bind) -> str:
    values = bind(test.values, "text[]")
    if test.field == "tags":
        held = f"{row}.tags && {values}"
    elif test.field.startswith(CUSTOM):
        held = f"({row}.custom ->> {bind(test.field.removeprefix(CUSTOM), 'text')}) = any({values})"
    else:
        held = f"{row}.{test.field} = any({values})"
    return held if test.is_in else f"({held}) IS NOT TRUE"
