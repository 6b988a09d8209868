"""Declaring: what a type of the schema writes beside each field, instead of a resolver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from server.reads.places import (
    FIRST_ID,
    NEWEST_ID,
    PAGE_MOST,
    PERMISSION,
    PLACE,
    READ_BACK,
    TABLE,
    ById,
    ByIds,
    Computed,
    Identity,
    Items,
    Key,
    Once,
    Parent,
    Place,
    Protected,
    ProtectedMap,
    Related,
    Report,
    Stored,
    Table,
    Told,
)
from tenants.access.permissions import Permission
from tenants.intake.rules import KeyKind
from tenants.words import RecordType

_COLUMN = "{row}.{column}"

Needs = Sequence[tuple[RecordType, tuple[str, ...]]]

C = TypeVar("C", bound=type)


def stored_in(table: str, noun: RecordType | str, permission: Permission | None = None) -> Callable[[C], C]:
    """Says of a Strawberry type which table its records lie in, and who may read them: by the noun of the graph, or this permission."""

    def mark(cls: C) -> C:
        setattr(cls, TABLE, Table(table, noun, permission))
        return cls

    return mark


def stored(description: str, sql: str = _COLUMN) -> Any:
    """A value in clear. One that SQL makes of others can be neither filtered nor ordered by."""
    return _field(Stored(sql, _COLUMN if sql == _COLUMN else None), description)


def decimal(description: str) -> Any:
    """A stored numeric, without the zeros that only pad its scale."""
    return _field(Stored("trim_scale({row}.{column})::text"), description)


def identity() -> Any:
    return _field(Identity(), "The record's global id: a prefix that names its type, and 32 hex digits.")


def protected(mask: Callable[[str], str], description: str, key: KeyKind | None = None) -> Any:
    return _field(Protected(mask, key), description)


def protected_map(column: str, mask: Callable[[str], str], description: str) -> Any:
    return _field(ProtectedMap(column, mask), description)


def items(source: str, order: str, description: str, *, names: str | None = None, needs: Needs = ()) -> Any:
    return _field(Items(source, order, names, tuple(needs)), description)


def newest(description: str, link: str | None = None, by: str | None = None, *, is_searchable: bool = False) -> Any:
    """A page of related records, newest first by a timestamp column, or by when they came in."""
    keys = (Key(f"{{row}}.{by}", "timestamptz", is_descending=True),) if by else ()
    return _page(Related(link, (*keys, NEWEST_ID), is_searchable), description)


def in_order(description: str, link: str, by: str) -> Any:
    """A page of related records in ascending order of an integer column."""
    return _page(Related(link, (Key(f"{{row}}.{by}", "integer"), FIRST_ID)), description)


def parent(description: str, link: str) -> Any:
    """The record this one belongs to."""
    return _field(Parent(link), description)


def by_id(description: str, name: str | None = None) -> Any:
    found = strawberry.field(description=description, name=name, metadata={PLACE: ById()})
    found.arguments = [argument("id", strawberry.ID, "A global id.")]
    return found


def by_ids(description: str) -> Any:
    found = _field(ByIds(), description)
    found.arguments = [argument("ids", list[strawberry.ID], f"Global ids, at most {PAGE_MOST}.")]
    return found


def read_back(type_: object, description: str, name: str | None = None) -> Any:
    """A record an act has made or changed; the act leaves its uuid here, or nothing."""
    return strawberry.field(default=None, description=description, name=name, graphql_type=type_, metadata=READ_BACK)


def told_once(description: str) -> Any:
    """A secret in the payload of an act; null where it made none, and where the answer is one that was given before."""
    return strawberry.field(default=None, description=description, metadata={PLACE: Once()})


def told(tell: Callable[..., Awaitable[Sequence[Any]]], description: str, arguments: Sequence[StrawberryArgument] = ()) -> Any:
    found = _field(Told(tell), description)
    found.arguments = list(arguments)
    return found


def computed(
    answer: Callable[..., Awaitable[object]],
    description: str,
    arguments: Sequence[StrawberryArgument] = (),
    *,
    permission: Permission | tuple[Permission, ...] | None,
    points: int = 0,
) -> Any:
    """A root field that a function answers: `(road, actor, **arguments)`, outside of any unit of work.

    Args:
        permission: what is needed to ask, or one of several; None: nothing.
        points: what it costs beside the request.
    """
    said = f"{description} {points} points." if points else description
    found = strawberry.field(description=said, metadata={PLACE: Computed(answer, points), PERMISSION: permission})
    found.arguments = list(arguments)
    return found


def report(place: Report, description: str, arguments: Sequence[StrawberryArgument] = ()) -> Any:
    """Rows counted by the database; `server.schema.lists` adds the argument `filter`."""
    found = _field(place, f"{description} At most {place.most:,}, {place.default} unless told otherwise.")
    found.arguments = [*arguments, first_argument(place.default)]
    return found


def first_argument(default: int) -> StrawberryArgument:
    return argument("first", int | None, "How many.", default)


def argument(name: str, type_: object, description: str, default: object = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(type_), description=description, default=default)


def _page(place: Related, description: str) -> Any:
    found = _field(place, f"{description} A page of 1 to {PAGE_MOST}, {place.default} unless told otherwise.")
    found.arguments = [
        argument("first", int | None, f"How many from the beginning, {place.default} unless `first` or `last` is given."),
        argument("after", str | None, "The cursor of the record before the page, from this same list in this same order."),
        argument("last", int | None, "How many from the end; not together with `first`."),
        argument("before", str | None, "The cursor of the record behind the page, from this same list in this same order."),
    ]
    return found


def _field(place: Place, description: str) -> Any:
    metadata: Mapping[str, object] = {PLACE: place}
    return strawberry.field(description=description, metadata=metadata)
