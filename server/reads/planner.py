"""The planner: from a selection, and the shapes of its lists, to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from server.reads.lists import Shape
from server.reads.places import (
    ById,
    ByIds,
    Event,
    Identity,
    Items,
    Parent,
    Protected,
    ProtectedMap,
    ReadBack,
    Related,
    Report,
    Stored,
    Table,
    Told,
)
from server.reads.plan import Asked, Column, GlobalId, ItemList, Many, Member, One, Page, Part, Plan, Record, Root, Rows, Sealed, Single
from server.reads.selection import Selected
from server.reads.types import Types
from tenants.ids import PREFIXES

#: Of each field that reads by id: the names of the types that its ids are of, in a fixed order.
IdTypes = Mapping[str, tuple[str, ...]]


def lists_in(selection: Sequence[Selected], types: Types, id_types: IdTypes) -> Iterator[Selected]:
    """The lists of a selection, in the order in which a plan numbers them."""
    for selected in selection:
        place = types.place(selected)
        if isinstance(place, Related | Report):
            yield selected
        if selected.of_types:
            for name in id_types.get(selected.key, ()):
                yield from lists_in(selected.of_types[name], types, id_types)
        elif not isinstance(place, Told):
            yield from lists_in(selected.below, types, id_types)


class Planner:
    """Makes one plan. `shapes` are those of the selection's lists, in the order of `lists_in`."""

    def __init__(self, types: Types, shapes: Sequence[Shape], id_types: IdTypes) -> None:
        self._types, self._shapes, self._id_types = types, shapes, id_types
        self._lists: list[Page | Rows | None] = []

    def plan(self, selection: Sequence[Selected]) -> Plan:
        roots: list[Root] = []
        plain: list[Selected] = []
        for selected in selection:
            match self._types.place(selected):
                case Related() as place:
                    roots.append(self._page(selected, place, None))
                case Report() as place:
                    roots.append(self._rows(selected, place))
                case ById() | ReadBack() | Event() as place:
                    roots += self._single(selected, place)
                case ByIds():
                    names = self._id_types[selected.key]
                    roots += [Many(selected.key, selected, self._named(selected.of_types[name], name), None) for name in names]
                case _:
                    plain.append(selected)
                    roots += self._left_in(selected, ())
        lists = tuple(each for each in self._lists if each is not None)
        return Plan(tuple(selected.key for selected in selection), tuple(roots), tuple(plain), lists)

    def _single(self, selected: Selected, place: ById | ReadBack | Event) -> Iterator[Single]:
        attribute = self._types.python_name(selected) if isinstance(place, ReadBack) else None
        is_by_argument = isinstance(place, ById)
        if not selected.of_types:
            record = self._record(selected.below, self._types.table(selected.type), None)
            yield Single(selected.key, selected, record, attribute, is_by_argument)
        for name in self._id_types.get(selected.key, ()) if selected.of_types else ():
            record = self._record(selected.of_types[name], self._types.table(name), None)
            yield Single(selected.key, selected, record, attribute, is_by_argument)

    def _left_in(self, selected: Selected, path: tuple[str, ...]) -> Iterator[Many]:
        """The records that an act has left inside the objects of its payload."""
        if not selected.below:
            return
        # What a subscription yields is the value of its field itself.
        inside = path if selected.parent == "Subscription" else (*path, self._types.python_name(selected))
        for each in selected.below:
            if isinstance(self._types.place(each), ReadBack):
                yield Many(each.key, each, self._named(each.below, each.type), (*inside, self._types.python_name(each)))
            else:
                yield from self._left_in(each, inside)

    def _named(self, below: Sequence[Selected], type_: str) -> Record:
        table = self._types.table(type_)
        return Record(table, self._record(below, table, None).parts, is_named=True)

    def _record(self, below: Sequence[Selected], table: Table | None, above: int | None) -> Record:
        return Record(table, tuple(self._part(each, table, above) for each in below))

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
                return GlobalId(key, PREFIXES[table.noun])
            case Protected(mask):
                assert table is not None
                return Sealed(key, table.name, column, mask, _wanted(selected))
            case ProtectedMap(sealed, mask):
                assert table is not None
                return Sealed(key, table.name, sealed, mask, _wanted(selected), is_map=True)
            case Items():
                return ItemList(key, place, self._record(selected.below, None, above))
            case Told():
                return Asked(key, place, selected)
            case Parent(link):
                return One(key, link, self._record(selected.below, self._types.table(selected.type), above))
            case Related():
                return self._page(selected, place, above)
        raise AssertionError(f"{selected.parent}.{selected.name} is no field of a record")

    def _page(self, selected: Selected, place: Related, above: int | None) -> Page:
        number = self._numbered()
        members = tuple(self._member(each, number) for each in selected.below)
        table = self._types.table(selected.type.removesuffix("Connection"))
        field = f"{selected.parent}.{selected.name}"
        page = Page(selected.key, field, number, above, place, table, self._shapes[number], selected, members)
        self._lists[number] = page
        return page

    def _rows(self, selected: Selected, place: Report) -> Rows:
        number = self._numbered()
        rows = Rows(selected.key, number, place, self._shapes[number], selected, self._record(selected.below, None, number))
        self._lists[number] = rows
        return rows

    def _numbered(self) -> int:
        self._lists.append(None)
        return len(self._lists) - 1

    def _member(self, selected: Selected, number: int) -> Member:
        match selected.name:
            case "nodes":
                return Member(selected.key, "nodes", self._record(selected.below, self._types.table(selected.type), number))
            case "edges":
                return Member(selected.key, "edges", edge=tuple(self._edge(each, number) for each in selected.below))
            case "pageInfo":
                return Member(selected.key, "pageInfo", page_info=_wanted(selected))
            case _:
                return Member(selected.key, selected.name, type=selected.parent)

    def _edge(self, selected: Selected, number: int) -> tuple[str, str, Record | None]:
        if selected.name == "node":
            return selected.key, "node", self._record(selected.below, self._types.table(selected.type), number)
        return selected.key, selected.name if selected.name == "cursor" else selected.parent, None


def _wanted(selected: Selected) -> tuple[tuple[str, str], ...]:
    """Response key → name of each field below; of `__typename` the type's name, which no field is called."""
    return tuple((each.key, each.parent if each.name == "__typename" else each.name) for each in selected.below)
