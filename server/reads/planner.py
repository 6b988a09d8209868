"""The planner: from a selection, and the shapes of its lists, to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from server.reads.guarding import Guard, map_levels
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
from server.reads.plan import (
    Asked,
    Column,
    GlobalId,
    ItemList,
    Many,
    Member,
    One,
    Page,
    Part,
    Plan,
    Record,
    ReportRows,
    Root,
    Sealed,
    Shown,
    Single,
)
from server.reads.selection import Arguments, Selected
from server.reads.telling import refused_at
from server.reads.types import Types
from tenants.access.fields import field_of
from tenants.access.permissions import NOUNS, Action, Level, on
from tenants.access.rights import Rights, Rows
from tenants.ids import PREFIXES
from tenants.words import RecordType

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
    """Makes one plan, of what the rights allow. `shapes` are those of the selection's lists, in the order of `lists_in`.

    Raises:
        GraphQLError: something is selected that nobody with these rights may see.
    """

    def __init__(self, types: Types, shapes: Sequence[Shape], id_types: IdTypes, rights: Rights) -> None:
        self._types, self._shapes, self._id_types, self._guard = types, shapes, id_types, Guard(rights)
        self._lists: list[Page | ReportRows | None] = []

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
                    roots += [Many(selected.key, selected, self._named(selected, selected.of_types[name], name), None) for name in names]
                case _:
                    plain.append(selected)
                    roots += self._left_in(selected, ())
        lists = tuple(each for each in self._lists if each is not None)
        return Plan(tuple(selected.key for selected in selection), tuple(roots), tuple(plain), lists)

    def _single(self, selected: Selected, place: ById | ReadBack | Event) -> Iterator[Single]:
        attribute = self._types.python_name(selected) if isinstance(place, ReadBack) else None
        is_by_argument = isinstance(place, ById)
        if not selected.of_types:
            record = self._record(selected.below, self._allowed(selected, selected.type), None)
            yield Single(selected.key, selected, record, attribute, is_by_argument)
        for name in self._id_types.get(selected.key, ()) if selected.of_types else ():
            record = self._record(selected.of_types[name], self._allowed(selected, name), None)
            yield Single(selected.key, selected, record, attribute, is_by_argument)

    def _left_in(self, selected: Selected, path: tuple[str, ...]) -> Iterator[Many]:
        """The records that an act has left inside the objects of its payload."""
        if not selected.below:
            return
        # What a subscription yields is the value of its field itself.
        inside = path if selected.parent == "Subscription" else (*path, self._types.python_name(selected))
        for each in selected.below:
            if isinstance(self._types.place(each), ReadBack):
                yield Many(each.key, each, self._named(each, each.below, each.type), (*inside, self._types.python_name(each)))
            else:
                yield from self._left_in(each, inside)

    def _allowed(self, selected: Selected, type_: str) -> Table:
        """The table of a type whose records are read where a field is selected."""
        table = self._types.table(type_)
        with refused_at(selected):
            self._guard.table(table)
        return table

    def _named(self, selected: Selected, below: Sequence[Selected], type_: str) -> Record:
        table = self._allowed(selected, type_)
        return Record(table, self._record(below, table, None).parts, is_named=True)

    def _record(self, below: Sequence[Selected], table: Table | None, above: int | None) -> Record:
        return Record(table, tuple(self._part(each, table, above) for each in below))

    def _part(self, selected: Selected, table: Table | None, above: int | None) -> Part:
        key = selected.key
        if selected.name == "__typename":
            return Column(key, f"'{selected.parent}'::text")
        with refused_at(selected):
            return self._part_of(selected, table, above)

    def _part_of(self, selected: Selected, table: Table | None, above: int | None) -> Part:
        key = selected.key
        place, column = self._types.place(selected), self._types.python_name(selected)
        match place:
            case Stored(sql):
                return Column(key, sql.replace("{column}", column), self._shown(table, column))
            case Identity():
                assert table is not None
                return GlobalId(key, PREFIXES[table.noun])
            case Protected(mask):
                assert table is not None
                assert isinstance(table.noun, RecordType)
                return self._sealed(Sealed(key, table.name, column, mask, _wanted(selected), table.noun, purpose=_purpose(selected)))
            case ProtectedMap():
                assert table is not None
                return self._sealed_map(key, table, place, selected)
            case Items():
                self._guard.needs(place.needs)
                noun = table.noun if table is not None and isinstance(table.noun, RecordType) else None
                return ItemList(key, place, self._record(selected.below, None, above), noun)
            case Told():
                return Asked(key, place, selected)
            case Parent(link):
                return One(key, link, self._record(selected.below, self._allowed(selected, selected.type), above))
            case Related():
                return self._page(selected, place, above)
        raise AssertionError(f"{selected.parent}.{selected.name} is no field of a record")

    def _shown(self, table: Table | None, column: str) -> Shown | None:
        """Where a value in clear may be seen, or a mask of it; None for wherever the record may."""
        if table is None or not isinstance(table.noun, RecordType) or table.noun not in NOUNS:
            return None
        masked = self._guard.limits(table.noun, column, Level.MASKED)
        rows = self._guard.rights.readable(table.noun, column)
        everywhere = self._guard.rights.readable(table.noun)
        known = field_of(table.noun, column)
        if rows == everywhere or known is None:
            return None
        return Shown(table.noun, rows, (everywhere if masked is None else masked) if known.is_masked else ())

    def _sealed(self, sealed: Sealed) -> Sealed:
        masked = self._guard.limits(sealed.noun, sealed.column, Level.MASKED)
        revealed: Rows | None = self._guard.rights.rows(on(sealed.noun, Action.REVEAL), sealed.column)
        if revealed == (self._guard.rights.readable(sealed.noun) if masked is None else masked):
            revealed = None
        shown = None if masked is None else Shown(sealed.noun, masked)
        return replace(sealed, shown=shown, revealed=revealed)

    def _sealed_map(self, key: str, table: Table, place: ProtectedMap, selected: Selected) -> Sealed:
        assert isinstance(table.noun, RecordType)
        everywhere = self._guard.rights.readable(table.noun)
        levels = list(map_levels(self._guard.rights, table.noun))
        clear = {rows for _, _, rows in levels}
        is_limited = any(masked != everywhere for _, masked, _ in levels) or not (clear == {everywhere} or clear == {()})
        revealed = () if clear == {()} else None
        purpose, wanted = _purpose(selected), _wanted(selected)
        return Sealed(key, table.name, place.column, place.mask, wanted, table.noun, True, is_limited, purpose, None, revealed)

    def _page(self, selected: Selected, place: Related, above: int | None) -> Page:
        number = self._numbered()
        table = self._allowed(selected, selected.type.removesuffix("Connection"))
        members = tuple(self._member(each, number) for each in selected.below)
        field = f"{selected.parent}.{selected.name}"
        page = Page(selected.key, field, number, above, place, table, self._shapes[number], selected, members)
        self._lists[number] = page
        return page

    def _rows(self, selected: Selected, place: Report) -> ReportRows:
        number = self._numbered()
        with refused_at(selected):
            self._guard.needs(place.needs)
        rows = ReportRows(selected.key, number, place, self._shapes[number], selected, self._record(selected.below, None, number))
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


def _purpose(selected: Selected) -> Arguments | None:
    """The arguments of the first `value` that is asked for."""
    return next((each.arguments for each in selected.below if each.name == "value"), None)


def _wanted(selected: Selected) -> tuple[tuple[str, str], ...]:
    """Response key → name of each field below; of `__typename` the type's name, which no field is called."""
    return tuple((each.key, each.parent if each.name == "__typename" else each.name) for each in selected.below)
