"""Places: where the value of a schema's field lives, declared beside the field instead of a resolver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from tenants.words import RecordType

#: The key of a field's place in its Strawberry metadata, and the attribute of a class that holds its table.
PLACE = "place"
_TABLE = "__table__"

PAGE_MOST = 100
PAGE_DEFAULT = 50
NESTED_DEFAULT = 10


@dataclass(frozen=True, slots=True)
class Table:
    """The table a type's records lie in; `noun` gives their global ids their prefix."""

    name: str
    noun: RecordType | str


@dataclass(frozen=True, slots=True)
class Stored:
    """A value in clear: SQL over `{row}`, the record's alias, and `{column}`, the field's Python name."""

    sql: str = "{row}.{column}"


@dataclass(frozen=True, slots=True)
class Identity:
    """The global id of a record."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A sealed column, read as ProtectedText: `mask` draws what may be seen of it without the reveal permission."""

    mask: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ProtectedMap:
    """A sealed column that holds a JSON object, read as a list of named protected values."""

    column: str
    mask: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Items:
    """A list kept inside the record: `source` is a FROM item over `{row}` named `{item}`; the item's type says SQL over it."""

    source: str
    order: str


@dataclass(frozen=True, slots=True)
class Key:
    """A column a list is in order of, with the text of a value beyond every stored one: where the first page begins."""

    column: str
    type: str
    beyond: str


@dataclass(frozen=True, slots=True)
class Related:
    """A page of the records whose `link` column holds this record's id, or, without a link, of all the tenant's.

    The order is by `keys` and then id: descending where `newest`, else ascending. It has to be total, a cursor is a place in it.
    """

    link: str | None
    keys: tuple[Key, ...]
    newest: bool

    @property
    def default(self) -> int:
        return NESTED_DEFAULT if self.link else PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class ById:
    """The record that the argument `id` names; none is an error NOT_FOUND."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The record whose uuid an act has left in this field of its payload, or yielded as the event itself; None is null."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a function of the domain tells about a record: `(record id, **arguments)`, awaited inside the read's unit of work."""

    tell: Callable[..., Awaitable[Sequence[Any]]]


#: Metadata of a field, or of a subscription, that is read back.
READ_BACK = {PLACE: ReadBack()}

Place = Stored | Identity | Protected | ProtectedMap | Items | Related | ById | ReadBack | Told

ID_ORDER = Key("id", "uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff")
FIRST_ID_ORDER = Key("id", "uuid", "00000000-0000-0000-0000-000000000000")

C = TypeVar("C", bound=type)


def stored_in(table: str, noun: RecordType | str) -> Callable[[C], C]:
    """Says of a Strawberry type which table its records lie in."""

    def mark(cls: C) -> C:
        setattr(cls, _TABLE, Table(table, noun))
        return cls

    return mark


def table_of(cls: type) -> Table | None:
    """The table said by `stored_in`, or None for a type that has none of its own."""
    return getattr(cls, _TABLE, None)


def stored(description: str, sql: str = "{row}.{column}") -> Any:
    return _field(Stored(sql), description)


def decimal(description: str) -> Any:
    """A stored numeric, without the zeros that only pad its scale."""
    return _field(Stored("trim_scale({row}.{column})::text"), description)


def identity() -> Any:
    return _field(Identity(), "The record's global id: a prefix that names its type, and 32 hex digits.")


def protected(mask: Callable[[str], str], description: str) -> Any:
    return _field(Protected(mask), description)


def protected_map(column: str, mask: Callable[[str], str], description: str) -> Any:
    return _field(ProtectedMap(column, mask), description)


def items(source: str, order: str, description: str) -> Any:
    return _field(Items(source, order), description)


def newest(description: str, link: str | None = None, by: str | None = None) -> Any:
    """A page of related records, newest first by a timestamp column, or by when they came in."""
    keys = (Key(by, "timestamptz", "infinity"),) if by else ()
    return _page(Related(link, (*keys, ID_ORDER), newest=True), description)


def in_order(description: str, link: str, by: str) -> Any:
    """A page of related records in ascending order of an integer column."""
    return _page(Related(link, (Key(by, "integer", "-2147483648"), FIRST_ID_ORDER), newest=False), description)


def by_id(description: str, name: str | None = None) -> Any:
    found = strawberry.field(description=description, name=name, metadata={PLACE: ById()})
    found.arguments = [_argument("id", strawberry.ID, "A global id.")]
    return found


def read_back(type_: object, description: str, name: str | None = None) -> Any:
    """A record an act has made or changed; the act leaves its uuid here, or nothing."""
    return strawberry.field(default=None, description=description, name=name, graphql_type=type_, metadata=READ_BACK)


def told(tell: Callable[..., Awaitable[Sequence[Any]]], description: str, arguments: Sequence[StrawberryArgument] = ()) -> Any:
    found = _field(Told(tell), description)
    found.arguments = list(arguments)
    return found


def first_argument(default: int) -> StrawberryArgument:
    return _argument("first", int | None, "How many.", default)


def place_of(field: StrawberryField) -> Place | None:
    """Where a field lives; None for one of a plain object, which is read by its Python name."""
    metadata: Mapping[Any, Place] = field.metadata
    return metadata.get(PLACE)


def _page(place: Related, description: str) -> Any:
    found = _field(place, f"{description} A page of 1 to {PAGE_MOST}, {place.default} unless told otherwise.")
    after = _argument("after", str | None, "The cursor of the record before the page, from this same list; without it, the first page.")
    found.arguments = [first_argument(place.default), after]
    return found


def _field(place: Place, description: str) -> Any:
    metadata: Mapping[str, object] = {PLACE: place}
    return strawberry.field(description=description, metadata=metadata)


def _argument(name: str, type_: object, description: str, default: object = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(type_), description=description, default=default)
