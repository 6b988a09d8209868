"""A reading: a selection with the arguments of one request, planned, bound and run in one unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from server.errors import graphql_error
from server.reads.answer import Level, answer, levels_of, put_in_place
from server.reads.binding import bound, needs_unit
from server.reads.guarding import Guard
from server.reads.lists import Asked, Shape, page_asked, report_asked
from server.reads.opening import Reading, Revealed
from server.reads.places import PAGE_MOST, ById, ByIds, Related, Report
from server.reads.plan import Many, Plan, Root, Single
from server.reads.planner import IdTypes, Planner, lists_in
from server.reads.selection import Selected
from server.reads.sql import Statement, statement_of
from server.reads.telling import NOTHING, cut, left_in
from server.reads.types import Types
from tenants.access.rights import Rights
from tenants.ids import local_id
from tenants.refusals import Refusal, TooLarge
from tenants.session import Actor, current_session, fetch_as, known_keyring, reading_as

SHAPES_KEPT = 64

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, its statement, and what Python does in each of its columns.

    `needs_keyring`: whatever its arguments are. `asks`: whether functions of the domain are asked about records.
    """

    plan: Plan
    statement: Statement
    levels: tuple[tuple[Level, ...], ...]
    needs_keyring: bool
    asks: bool


@dataclass(slots=True)
class Outline:
    """A selection of a document, with the plans made for the shapes its arguments have had."""

    selection: tuple[Selected, ...]
    plans: dict[object, Prepared] = field(default_factory=dict)
    lists: dict[object, tuple[Selected, ...]] = field(default_factory=dict)
    constant: dict[object, tuple[Shape, Asked]] = field(default_factory=dict)


@dataclass(slots=True)
class Asking:
    """One request's reading: its plan, what each of its lists asks for, and the ids named by each root field."""

    outline: Outline
    prepared: Prepared
    lists: Sequence[Asked]
    ids: dict[str, list[str]]


def asking(outline: Outline, types: Types, variables: VariableValues, rights: Rights) -> Asking:
    """Plan an outline for the arguments of a request and the rights of who asks, or take the plan that was made for the like.

    Raises:
        GraphQLError: an argument is refused, or something may not be asked for; it says which.
    """
    ids = {root.key: named for root in outline.selection if (named := _named(root, types, variables)) is not None}
    id_types: IdTypes = {root.key: _types_of(ids[root.key], root, types) for root in outline.selection if root.of_types}
    key = tuple(id_types.items())
    lists = outline.lists.get(key)
    if lists is None:
        lists = _kept(outline.lists, key, tuple(lists_in(outline.selection, types, id_types)))
    asked = [_asked(outline, each, types, variables, rights) for each in lists]
    shapes = tuple(shape for shape, _ in asked)
    prepared = outline.plans.get((rights, key, shapes))
    if prepared is None:
        prepared = _kept(outline.plans, (rights, key, shapes), _prepared(outline, types, shapes, id_types, rights))
    return Asking(outline, prepared, [each for _, each in asked], ids)


def _prepared(outline: Outline, types: Types, shapes: Sequence[Shape], id_types: IdTypes, rights: Rights) -> Prepared:
    plan = Planner(types, shapes, id_types, rights).plan(outline.selection)
    statement = statement_of(plan, rights)
    levels = levels_of(plan, statement)
    every = [level for column in levels for level in column]
    return Prepared(plan, statement, levels, any(each.sealed or each.cursors for each in every), any(each.asked for each in every))


def _kept(kept: dict[object, T], key: object, made: T) -> T:
    if len(kept) >= SHAPES_KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = made
    return made


def _named(root: Selected, types: Types, variables: VariableValues) -> list[str] | None:
    """The global ids that the arguments of a root name."""
    place = types.place(root)
    if not isinstance(place, ById | ByIds):
        return None
    assert root.arguments is not None
    given = root.arguments.given(variables)
    if isinstance(place, ById):
        return [given["id"]]
    ids: list[str] = given["ids"]
    if len(ids) > PAGE_MOST:
        raise graphql_error(TooLarge(f"Ask for {PAGE_MOST} ids at most.", field=["ids"]), root.nodes, [root.key])
    return ids


def _types_of(ids: Sequence[str], root: Selected, types: Types) -> tuple[str, ...]:
    """The types these ids are of, as far as the interface has them."""
    names = {types.type_of_id(id) for id in ids}
    return tuple(sorted(name for name in names if name is not None and name in root.of_types))


def _asked(outline: Outline, selected: Selected, types: Types, variables: VariableValues, rights: Rights) -> tuple[Shape, Asked]:
    """What one list asks for; of literal arguments it is found once for the same rights."""
    key, guard = (id(selected), rights), Guard(rights)
    found = outline.constant.get(key)
    if found is not None:
        return found
    place, arguments = types.place(selected), selected.arguments
    assert arguments is not None
    try:
        if isinstance(place, Report):
            found = report_asked(place, arguments.given(variables), types.lists, guard)
        else:
            assert isinstance(place, Related)
            found = page_asked(place, selected.type.removesuffix("Connection"), arguments.given(variables), types.lists, guard)
    except Refusal as refusal:
        raise graphql_error(refusal, selected.nodes, [selected.key]) from None
    if arguments.is_constant:
        _kept(outline.constant, key, found)
    return found


async def read(
    asked: Asking, types: Types, actor: Actor, variables: VariableValues, source: object, errors: list[GraphQLError], revealed: Revealed
) -> dict[str, Any]:
    """What was asked for, by response key.

    Args:
        source: the payload of an act, or a subscription's event; None for a query.
        errors: errors of single fields are added here, with their paths.
        revealed: the records of which a sealed value went out in clear, by column.

    Raises:
        Refusal: a cursor or a value looked up that is not allowed; the whole answer is refused.
    """
    plan = asked.prepared.plan
    found: dict[str, Any] = {}
    told: Any = NOTHING
    ids = _record_ids(asked, types, source)
    state = Reading(None, variables, types, errors, revealed)
    if any(_is_asked(root, each) for root, each in zip(plan.roots, ids, strict=True)):
        found, told = await _answered(asked, actor, ids, state)
    for each in plan.plain:
        found[each.key] = _plain(each, types, source, told)
    for each in asked.outline.selection:
        if isinstance(types.place(each), ByIds):
            records = told.get(id(each), {})
            found[each.key] = [records.get(_uuid(named, types)) for named in asked.ids[each.key]]
    response = {key: found.get(key) for key in plan.order}
    put_in_place(state, response)
    return response


async def _answered(asked: Asking, actor: Actor, ids: Sequence[Sequence[UUID]], state: Reading) -> tuple[dict[str, Any], Any]:
    """Ask the database: by one statement alone where nothing else has to be asked, else in a unit of work."""
    prepared = asked.prepared
    plan, statement, levels = prepared.plan, prepared.statement, prepared.levels
    needs_keyring = prepared.needs_keyring or any(each.has_cursor for each in asked.lists)
    state.keyring = known_keyring(actor.tenant_id) if needs_keyring else None
    has_keys = state.keyring is not None or not needs_keyring
    if has_keys and not prepared.asks and not needs_unit(asked.lists) and current_session() is None:
        values = await bound(statement.parameters, plan, asked.lists, ids, None, state.keyring, actor)
        row = await fetch_as(actor, statement.text, *values, is_planned_once=statement.is_planned_once)
        return await answer(plan, statement, levels, row, state)
    async with reading_as(actor) as unit:
        state.keyring = await unit.keyring() if needs_keyring else None
        values = await bound(statement.parameters, plan, asked.lists, ids, unit, state.keyring, actor)
        row = await unit.connection.fetchrow(statement.text, unit.tenant_id, *values)
        return await answer(plan, statement, levels, row, state)


def _is_asked(root: Root, ids: Sequence[UUID]) -> bool:
    """Whether the database has to be asked: not for what an act has left empty, but for any id of a request, however wrong."""
    return bool(ids) or not isinstance(root, Single | Many) or (isinstance(root, Single) and root.is_by_argument)


def _plain(selected: Selected, types: Types, source: object, told: Any) -> Any:
    if selected.name == "__typename":
        return selected.parent
    if selected.parent == "Subscription":  # the event is the field's value
        return cut(source, selected.below, types, told)
    if selected.parent == "Query":  # `execute` answers it, beside what is read
        return None
    return cut(source, [selected], types, told)[selected.key]


def _uuid(id: str, types: Types) -> UUID | None:
    name = types.type_of_id(id)
    return local_id(types.table(name).noun, id) if name else None


def _record_ids(asked: Asking, types: Types, source: object) -> list[list[UUID]]:
    """The uuids that each root asks for, in the order of roots; none for what is no id of its noun."""
    found: list[list[UUID]] = []
    for root in asked.prepared.plan.roots:
        if isinstance(root, Single | Many):
            table = root.record.table
            assert table is not None
            if isinstance(root, Many) and root.path is not None:
                ids: list[UUID | None] = list(left_in(source, root.path))
            elif isinstance(root, Single) and not root.is_by_argument:
                ids = [getattr(source, root.attribute) if root.attribute else source]  # type: ignore[list-item]  # an event is a uuid
            else:
                ids = [local_id(table.noun, each) for each in asked.ids[root.key]]
            found.append([each for each in ids if each is not None])
        else:
            found.append([])
    return found
