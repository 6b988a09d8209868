"""Places: the kinds of where a schema field's value lives. `server.reads.declaring` puts one beside each field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from strawberry.types.field import StrawberryField

from tenants.access.permissions import Permission
from tenants.access.rights import Rows
from tenants.intake.rules import KeyKind
from tenants.words import RecordType

#: The keys of a field's place and of its permission in its Strawberry metadata, and the attribute of a class that holds its table.
PLACE = "place"
PERMISSION = "permission"
TABLE = "__table__"

PAGE_MOST = 100
PAGE_DEFAULT = 50
NESTED_DEFAULT = 10


@dataclass(frozen=True, slots=True)
class Table:
    """The table a type's records lie in; `noun` gives their global ids their prefix. Who may read them: by the noun, or a permission."""

    name: str
    noun: RecordType | str
    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A value in clear: SQL over `{row}`, the record's alias, and `{column}`, the field's Python name.

    `compared` is what filters and orders compare; None: they leave this field alone.
    """

    sql: str = "{row}.{column}"
    compared: str | None = "{row}.{column}"


@dataclass(frozen=True, slots=True)
class Identity:
    """The global id of a record."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A sealed column, read as ProtectedText: `mask` draws what may be seen of it without the reveal permission.

    `key`: the kind of customer key by whose blind index an exact value is found; None: it cannot be looked up.
    """

    mask: Callable[[str], str]
    key: KeyKind | None = None


@dataclass(frozen=True, slots=True)
class ProtectedMap:
    """A sealed column that holds a JSON object, read as a list of named protected values."""

    column: str
    mask: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Items:
    """A list kept inside the record: `source` is a FROM item over `{row}` named `{item}`; the item's type says SQL over it.

    `names`: SQL of the field that an item is about, where it is about one; those that may not be seen are left out.
    `needs`: what the items are computed from; `{sees:ORDER o amount}` in `source` is whether these fields of `o` may be seen.
    """

    source: str
    order: str
    names: str | None = None
    needs: tuple[tuple[RecordType, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a list's order: SQL over `{row}` (and `{search}`, the words searched for), its PostgreSQL type, its direction.

    Where `is_nullable`, records without a value come last in both directions. `of` is the field it is, `rows` where that may be seen.
    """

    sql: str
    type: str
    is_descending: bool = False
    is_nullable: bool = False
    of: tuple[RecordType | str, str] | None = None
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A page of the records whose `link` column holds this record's id, or, without a link, of all the tenant's.

    `keys` are its order unless another is asked for. An order has to be total, a cursor is a place in it: it ends with the id.
    """

    link: str | None
    keys: tuple[Key, ...]
    is_searchable: bool = False

    @property
    def default(self) -> int:
        return NESTED_DEFAULT if self.link else PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class Parent:
    """The one record whose id the `link` column holds."""

    link: str


@dataclass(frozen=True, slots=True)
class ById:
    """The record that the argument `id` names; none is an error NOT_FOUND. Of an interface the id's prefix says which type it is."""


@dataclass(frozen=True, slots=True)
class ByIds:
    """The records that the argument `ids` names, in its order; null for each that is none of the tenant's."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The record whose uuid an act has left in this field of its payload, at any depth; None is null."""


@dataclass(frozen=True, slots=True)
class Once:
    """What an act tells once, in its payload: an answer that is kept, to be given again, has null in its place."""


@dataclass(frozen=True, slots=True)
class Event:
    """The record whose uuid a subscription has yielded."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a function of the domain tells about a record: `(record id, **arguments)`, awaited inside the read's unit of work."""

    tell: Callable[..., Awaitable[Sequence[Any]]]


class Grouping(NamedTuple):
    """What a report can be grouped by: SQL, and the field of the filtered noun that it is of."""

    sql: str
    field: str


@dataclass(frozen=True, slots=True)
class Report:
    """Rows that are counted, not stored: `source` is a query; the row's type says SQL over its columns.

    In it `{where:alias}` is the condition that the argument `filter` puts on that alias. `{groups}` are the expressions of `groupings`
    that the argument `groupBy` names, `{keys}` their names, `{others}` NULL for the rest, each with a comma before it.
    `needs` is what it is computed from; `{sees:ORDER o amount}` is whether these fields of `o` may be seen, and so the record counts.
    At most `most` rows, `default` unless told otherwise, in order of `order`.
    """

    source: str
    order: str
    filtered: str
    needs: tuple[tuple[RecordType, tuple[str, ...]], ...]
    default: int = 100
    most: int = 1_000
    groupings: Mapping[str, Grouping] | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """What a function tells of whoever asks: `(road, actor, **arguments)`, awaited beside what is read; for so many points.

    A root field of queries only.
    """

    answer: Callable[..., Awaitable[object]]
    points: int = 0


#: Metadata of a field, or of a subscription, that is read back.
READ_BACK = {PLACE: ReadBack()}
EVENT = {PLACE: Event()}

Place = (
    Stored
    | Identity
    | Protected
    | ProtectedMap
    | Items
    | Related
    | Parent
    | ById
    | ByIds
    | ReadBack
    | Once
    | Event
    | Told
    | Report
    | Computed
)

NEWEST_ID = Key("{row}.id", "uuid", is_descending=True)
FIRST_ID = Key("{row}.id", "uuid")


def table_of(cls: type) -> Table | None:
    """The table said by `stored_in`, or None for a type that has none of its own."""
    return getattr(cls, TABLE, None)


def place_of(field: StrawberryField) -> Place | None:
    """Where a field lives; None for one of a plain object, which is read by its Python name."""
    metadata: Mapping[Any, Place] = field.metadata
    return metadata.get(PLACE)
