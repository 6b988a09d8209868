"""A reading: a plan with its statement, run for one request in one read-only unit of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from server.errors import graphql_error
from server.limits import RECORDS_MOST
from server.reads import cursors
from server.reads.answer import Level, Reading, answer, levels_of
from server.reads.places import PAGE_MOST
from server.reads.plan import Page, Plan, Planner, Types
from server.reads.selection import Selected
from server.reads.sql import HasPosition, Limit, Parameter, RecordId, Statement, statement_of
from server.reads.telling import cut
from tenants.encryption import Keyring
from tenants.ids import local_id
from tenants.refusals import Invalid, Refusal, TooLarge
from tenants.session import Actor, Session, reading_as


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, its statement, and what Python does in each of its columns. `needs_keyring`: whatever its arguments are."""

    plan: Plan
    statement: Statement
    levels: tuple[tuple[Level, ...], ...]
    needs_keyring: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The part of its list that a page shows: `first` records behind `position`, which is None for the first page."""

    first: int
    position: list[str] | None


def prepared(selection: Sequence[Selected], types: Types) -> Prepared:
    plan = Planner(types).plan(selection)
    statement = statement_of(plan)
    levels = levels_of(plan, statement)
    return Prepared(plan, statement, levels, any(level.sealed or level.cursors for column in levels for level in column))


async def read(
    reading: Prepared,
    types: Types,
    actor: Actor,
    variables: VariableValues,
    source: object,
    errors: list[GraphQLError],
    revealed: Counter[str],
) -> dict[str, Any]:
    """What was asked for, by response key.

    Args:
        source: the payload of an act, or a subscription's event; None for a query.
        errors: errors of single fields are added here, with their paths.
        revealed: how many values of which sealed column went out in clear.

    Raises:
        Refusal: a page or cursor that is not allowed; the whole answer is refused.
    """
    plan = reading.plan
    told = {each.key: cut(source, [each], types)[each.key] if each.name != "__typename" else each.parent for each in plan.plain}
    found: dict[str, Any] = {}
    if plan.roots:
        given = {page.number: dict(page.selected.arguments.given(variables)) for page in plan.pages if page.selected.arguments}
        async with reading_as(actor) as unit:
            has_cursor = any(arguments.get("after") is not None for arguments in given.values())
            keyring = await unit.keyring() if reading.needs_keyring or has_cursor else None
            windows = _windows(plan, given, keyring)
            row = await _fetched(unit, reading, windows, _record_ids(plan, variables, source))
            state = Reading(keyring, actor.may_reveal, variables, types, errors, revealed)
            found = await answer(plan, reading.statement, reading.levels, row, state)
    return {key: told[key] if key in told else found[key] for key in plan.order}


async def _fetched(unit: Session, reading: Prepared, windows: dict[int, Window], record_ids: list[UUID | None]) -> Any:
    values = [_value(parameter, reading.plan, windows, record_ids) for parameter in reading.statement.parameters]
    return await unit.connection.fetchrow(reading.statement.text, unit.tenant_id, *values)


def _value(parameter: Parameter, plan: Plan, windows: dict[int, Window], record_ids: list[UUID | None]) -> object:
    if isinstance(parameter, RecordId):
        return record_ids[parameter.root]
    window = windows[parameter.page]
    if isinstance(parameter, Limit):
        return window.first
    if isinstance(parameter, HasPosition):
        return window.position is not None
    keys = plan.pages[parameter.page].place.keys
    return keys[parameter.place].beyond if window.position is None else window.position[parameter.place]


def _record_ids(plan: Plan, variables: VariableValues, source: object) -> list[UUID | None]:
    """The uuid of each single root, in the order of roots; None, which no record has, for an id that is not one of its noun."""
    found: list[UUID | None] = []
    for root in plan.roots:
        if isinstance(root, Page):
            found.append(None)
        elif root.is_by_argument:
            assert root.selected.arguments is not None
            found.append(local_id(root.table.noun, root.selected.arguments.given(variables)["id"]))
        else:
            found.append(getattr(source, root.attribute) if root.attribute else source)  # type: ignore[arg-type]  # an event is a uuid
    return found


def _windows(plan: Plan, given: dict[int, dict[str, Any]], keyring: Keyring | None) -> dict[int, Window]:
    windows: dict[int, Window] = {}
    records: dict[int | None, int] = {None: 1}
    for page in plan.pages:
        try:
            windows[page.number] = window = _window(page, given[page.number], keyring)
        except Refusal as refusal:
            raise graphql_error(refusal, page.selected.nodes, [page.key] if page.above is None else None) from None
        records[page.number] = records[page.above] * window.first
    most = sum(records.values()) - 1
    if most > RECORDS_MOST:
        raise TooLarge(f"This could return {most:,} records; the limit is {RECORDS_MOST:,}. Ask for smaller pages.")
    return windows


def _window(page: Page, arguments: dict[str, Any], keyring: Keyring | None) -> Window:
    first, after = arguments["first"], arguments.get("after")
    if first is None:
        first = page.place.default
    if not 1 <= first <= PAGE_MOST:
        raise Invalid(f"A page has 1 to {PAGE_MOST} records.", field=["first"])
    if after is None:
        return Window(first, None)
    assert keyring is not None
    return Window(first, cursors.position(keyring, page, after))
