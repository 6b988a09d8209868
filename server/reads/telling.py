"""Plain objects of the domain (an act's payload, an import's problems) cut to what was selected of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from graphql import ExecutionResult, GraphQLError

from server.errors import graphql_error, refusal_in
from server.reads.places import ReadBack
from server.reads.selection import Selected
from server.reads.types import Types
from tenants.refusals import Refusal

#: Of each selected field that is read back (by identity): the records by their uuids.
Told = dict[int, dict[UUID, Any]]

NOTHING: Mapping[int, Mapping[UUID, Any]] = {}


def cut(told: Any, selected: Sequence[Selected], types: Types, records: Mapping[int, Mapping[UUID, Any]] = NOTHING) -> Any:
    """The selected fields of an object, or of each in a list, by response key; a leaf is what `orjson.dumps` takes."""
    if told is None or not selected:
        return told
    if isinstance(told, list | tuple) and not hasattr(told, "_fields"):
        return [cut(each, selected, types, records) for each in told]
    return {each.key: _field(told, each, types, records) for each in selected}


def _field(told: Any, selected: Selected, types: Types, records: Mapping[int, Mapping[UUID, Any]]) -> Any:
    if selected.name == "__typename":
        return selected.parent
    value = getattr(told, types.python_name(selected))
    if isinstance(types.place(selected), ReadBack):
        return None if value is None else records[id(selected)].get(value)
    return cut(value, selected.below, types, records)


@contextmanager
def refused_at(selected: Selected) -> Iterator[None]:
    """A refusal in here is told as an error of the field that is selected."""
    try:
        yield
    except Refusal as refusal:
        raise graphql_error(refusal, selected.nodes, [selected.key]) from None


def masked(result: ExecutionResult) -> ExecutionResult:
    """A result as it may leave."""
    return ExecutionResult(result.data, [told_error(error) for error in result.errors or ()] or None)


def told_error(error: GraphQLError) -> GraphQLError:
    """An error as it may leave: one that wraps an exception of ours or of a library's is told as that is."""
    original = error.original_error
    if original is None or (isinstance(original, GraphQLError) and refusal_in(original) is None):
        return error
    return graphql_error(original, path=error.path)


def left_in(told: Any, path: Sequence[str]) -> Iterator[UUID]:
    """The uuids that an act has left at a path of attributes of its payload, through lists."""
    if told is None:
        return
    if isinstance(told, list | tuple) and not hasattr(told, "_fields"):
        for each in told:
            yield from left_in(each, path)
    elif path:
        yield from left_in(getattr(told, path[0]), path[1:])
    else:
        yield told
