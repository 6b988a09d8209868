"""The plan: what to read and where it lies, as plain data. Made once per document and shape of its arguments, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.reads.lists import Shape
from server.reads.places import Items, Related, Report, Table, Told
from server.reads.selection import Arguments, Selected
from tenants.access.rights import Rows
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Column:
    """A value that SQL alone makes; `sql` is over `{row}`. `shown`: where it may be seen, if not wherever the record is."""

    key: str
    sql: str
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Records of a noun on which a value may be seen, and those on which a mask of it may. None: wherever the record may."""

    noun: RecordType
    rows: Rows | None
    masked: Rows = ()


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The record's global id: this prefix and its uuid."""

    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. `wanted`: response key → "masked", "value" or "__typename" of the object that stands for it.

    `shown`: where it may be seen as a mask; `revealed`: where in clear, None being wherever it is shown. Of a map that `is_limited` each
    name has its own. `purpose`: the arguments with which the value is asked for.
    """

    key: str
    table: str
    column: str
    mask: Callable[[str], str]
    wanted: tuple[tuple[str, str], ...]
    noun: RecordType
    is_map: bool = False
    is_limited: bool = False
    purpose: Arguments | None = None
    shown: Shown | None = None
    revealed: Rows | None = None


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list kept inside the record."""

    key: str
    place: Items
    record: Record
    noun: RecordType | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a function of the domain is asked about a record; its answer is cut to `selected`."""

    key: str
    place: Told
    selected: Selected


@dataclass(frozen=True, slots=True)
class One:
    """The record this one belongs to: that of `table` whose id is in this one's `link`."""

    key: str
    link: str
    record: Record


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records. `field` (`Customer.orders`) binds its cursors; `above` is the number of the list it is inside of."""

    key: str
    field: str
    number: int
    above: int | None
    place: Related
    table: Table
    shape: Shape
    selected: Selected
    members: tuple[Member, ...]

    @property
    def is_walked_once(self) -> bool:
        """Whether several members look at its rows, or behind its end, so that they are better found once for all."""
        rows = sum(member.name in ("nodes", "edges") for member in self.members)
        return rows + 2 * any(member.looks_around for member in self.members) > 1


@dataclass(frozen=True, slots=True)
class Member:
    """One selected field of a connection: `nodes`, `edges`, `pageInfo`, `totalCount` or `__typename`."""

    key: str
    name: str
    record: Record | None = None
    edge: tuple[tuple[str, str, Record | None], ...] = ()
    page_info: tuple[tuple[str, str], ...] = ()
    type: str = ""

    @property
    def looks_around(self) -> bool:
        """Whether it asks where the page stands in its list."""
        return any(name != "PageInfo" for _, name in self.page_info)


@dataclass(frozen=True, slots=True)
class ReportRows:
    """The rows of a report."""

    key: str
    number: int
    place: Report
    shape: Shape
    selected: Selected
    record: Record


Part = Column | GlobalId | Sealed | ItemList | Asked | One | Page


@dataclass(frozen=True, slots=True)
class Record:
    """What is wanted of each record of one kind, in response order. `is_named`: its uuid is wanted besides."""

    table: Table | None
    parts: tuple[Part, ...]
    is_named: bool = False

    @property
    def sealed(self) -> list[Sealed]:
        return [part for part in self.parts if isinstance(part, Sealed)]

    @property
    def asked(self) -> list[Asked]:
        return [part for part in self.parts if isinstance(part, Asked)]

    @property
    def needs_id(self) -> bool:
        """Whether the record's uuid has to come along: to open a value that is bound to it, or to ask about it."""
        return self.is_named or any(isinstance(part, Sealed | Asked) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Single:
    """One record: by the argument `id`, or by what an act left in `attribute` of its payload (None: the event itself)."""

    key: str
    selected: Selected
    record: Record
    attribute: str | None
    is_by_argument: bool


@dataclass(frozen=True, slots=True)
class Many:
    """Records of one type by their uuids: those that an act left at a path of attributes of its payload, or the argument `ids` names."""

    key: str
    selected: Selected
    record: Record
    path: tuple[str, ...] | None


Root = Page | Single | Many | ReportRows


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one reading needs. `plain` are fields no table holds: constants, and attributes of a payload."""

    order: tuple[str, ...]
    roots: tuple[Root, ...]
    plain: tuple[Selected, ...]
    lists: tuple[Page | ReportRows, ...]
