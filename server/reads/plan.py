"""The plan: a selection turned into what to read and where it lies. Made once per document shape and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphql import GraphQLObjectType, GraphQLSchema

from server.reads.places import (
    ById,
    Identity,
    Items,
    Place,
    Protected,
    ProtectedMap,
    ReadBack,
    Related,
    Stored,
    Table,
    Told,
    place_of,
    table_of,
)
from server.reads.selection import Selected
from tenants.ids import PREFIXES


@dataclass(frozen=True, slots=True)
class Column:
    """A value that SQL alone makes; `sql` is over `{row}`."""

    key: str
    sql: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. `wanted`: response key → "masked", "value" or "__typename" of the object that stands for it."""

    key: str
    table: str
    column: str
    mask: Callable[[str], str]
    wanted: tuple[tuple[str, str], ...]
    is_map: bool = False


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list kept inside the record."""

    key: str
    place: Items
    record: Record


@dataclass(frozen=True, slots=True)
class Asked:
    """What a function of the domain is asked about a record; its answer is cut to `selected`."""

    key: str
    place: Told
    selected: Selected


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records. `field` (`Customer.orders`) binds its cursors; `above` is the number of the page it is inside of."""

    key: str
    field: str
    number: int
    above: int | None
    place: Related
    table: Table
    selected: Selected
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One selected field of a connection: `nodes`, `edges`, `pageInfo`, `totalCount` or `__typename`."""

    key: str
    name: str
    record: Record | None = None
    edge: tuple[tuple[str, str, Record | None], ...] = ()
    page_info: tuple[tuple[str, str], ...] = ()
    type: str = ""


Part = Column | Sealed | ItemList | Asked | Page


@dataclass(frozen=True, slots=True)
class Record:
    """What is wanted of each record of one kind, in response order."""

    table: Table | None
    parts: tuple[Part, ...]

    @property
    def sealed(self) -> list[Sealed]:
        return [part for part in self.parts if isinstance(part, Sealed)]

    @property
    def asked(self) -> list[Asked]:
        return [part for part in self.parts if isinstance(part, Asked)]

    @property
    def needs_id(self) -> bool:
        """Whether the record's uuid has to come along: to open a value that is bound to it, or to ask about it."""
        return any(isinstance(part, Sealed | Asked) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Single:
    """One record: by the argument `id`, or by what an act left in `attribute` of its payload (None: the event itself)."""

    key: str
    table: Table
    selected: Selected
    record: Record
    attribute: str | None
    is_by_argument: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one reading needs. `plain` are fields no table holds: constants, and attributes of a payload."""

    order: tuple[str, ...]
    roots: tuple[Page | Single, ...]
    plain: tuple[Selected, ...]
    pages: tuple[Page, ...]


class Types:
    """What the schema's types declare: the place of each field, and the table of each type."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._places: dict[tuple[str, str], tuple[Place | None, str]] = {}
        self._tables: dict[str, Table | None] = {}
        for type_ in schema.type_map.values():
            if isinstance(type_, GraphQLObjectType) and "strawberry-definition" in type_.extensions:
                self._add(type_)

    def _add(self, type_: GraphQLObjectType) -> None:
        self._tables[type_.name] = table_of(type_.extensions["strawberry-definition"].origin)
        for name, definition in type_.fields.items():
            declared = definition.extensions["strawberry-definition"]
            self._places[type_.name, name] = (place_of(declared), declared.python_name)

    def place(self, selected: Selected) -> Place | None:
        return self._places[selected.parent, selected.name][0]

    def python_name(self, selected: Selected) -> str:
        return self._places[selected.parent, selected.name][1]

    def table(self, name: str) -> Table:
        table = self._tables[name]
        assert table is not None, f"{name} has records, but stored_in does not say where"
        return table


class Planner:
    """Makes one plan; it numbers the pages as it meets them."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._pages: list[Page | None] = []

    def plan(self, selection: Sequence[Selected]) -> Plan:
        roots: list[Page | Single] = []
        plain: list[Selected] = []
        for selected in selection:
            place = None if selected.name == "__typename" else self._types.place(selected)
            match place:
                case Related():
                    roots.append(self._page(selected, place, None))
                case ById() | ReadBack():
                    roots.append(self._single(selected, place))
                case _:
                    plain.append(selected)
        pages = tuple(page for page in self._pages if page is not None)
        return Plan(tuple(selected.key for selected in selection), tuple(roots), tuple(plain), pages)

    def _single(self, selected: Selected, place: ById | ReadBack) -> Single:
        attribute = None if isinstance(place, ById) or selected.parent == "Subscription" else self._types.python_name(selected)
        table = self._types.table(selected.type)
        return Single(selected.key, table, selected, self._record(selected, table, None), attribute, isinstance(place, ById))

    def _record(self, selected: Selected, table: Table | None, above: int | None) -> Record:
        return Record(table, tuple(self._part(each, table, above) for each in selected.below))

    def _part(self, selected: Selected, table: Table | None, above: int | None) -> Part:
        key = selected.key
        if selected.name == "__typename":
            return Column(key, f"'{selected.parent}'::text")
        place, column = self._types.place(selected), self._types.python_name(selected)
        match place:
            case Stored(sql):
                return Column(key, sql.replace("{column}", column))
            case Identity():
                assert table is not None
                return Column(key, f"'{PREFIXES[table.noun]}_' || replace({{row}}.id::text, '-', '')")
            case Protected(mask):
                assert table is not None
                return Sealed(key, table.name, column, mask, _wanted(selected))
            case ProtectedMap(sealed, mask):
                assert table is not None
                return Sealed(key, table.name, sealed, mask, _wanted(selected), is_map=True)
            case Items():
                return ItemList(key, place, self._record(selected, None, above))
            case Told():
                return Asked(key, place, selected)
            case Related():
                return self._page(selected, place, above)
        raise AssertionError(f"{selected.parent}.{selected.name} is no field of a record")

    def _page(self, selected: Selected, place: Related, above: int | None) -> Page:
        number = len(self._pages)
        self._pages.append(None)
        members = tuple(self._member(each, number) for each in selected.below)
        table = self._table_of_nodes(selected)
        page = Page(selected.key, f"{selected.parent}.{selected.name}", number, above, place, table, selected, members)
        self._pages[number] = page
        return page

    def _table_of_nodes(self, selected: Selected) -> Table:
        return self._types.table(selected.type.removesuffix("Connection"))

    def _member(self, selected: Selected, number: int) -> Member:
        match selected.name:
            case "nodes":
                return Member(selected.key, "nodes", self._record(selected, self._types.table(selected.type), number))
            case "edges":
                return Member(selected.key, "edges", edge=tuple(self._edge(each, number) for each in selected.below))
            case "pageInfo":
                return Member(selected.key, "pageInfo", page_info=_wanted(selected))
            case _:
                return Member(selected.key, selected.name, type=selected.parent)

    def _edge(self, selected: Selected, number: int) -> tuple[str, str, Record | None]:
        if selected.name == "node":
            return selected.key, "node", self._record(selected, self._types.table(selected.type), number)
        return selected.key, selected.name if selected.name == "cursor" else selected.parent, None


def _wanted(selected: Selected) -> tuple[tuple[str, str], ...]:
    """Response key → name of each field below; of `__typename` the type's name, which no field is called."""
    return tuple((each.key, each.parent if each.name == "__typename" else each.name) for each in selected.below)
