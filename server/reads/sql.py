"""From a plan to one SQL statement for the whole tree: `json_agg` over row subselects, every relation bound to the tenant.

`json_build_object` costs the database half as much again as rows made into JSON by their column names, so a response key is a column's
name here (and at most 63 characters long: PostgreSQL cuts longer ones, `server.limits` refuses them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from server.reads.places import Table
from server.reads.plan import Asked, Column, ItemList, Member, Page, Plan, Record, Sealed, Single

#: The uuid of a record, beside its fields; no response key contains an @.
ROW_ID = "@id"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records a page may have."""

    page: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: text of the value of its order's key at `place`."""

    page: int
    place: int


@dataclass(frozen=True, slots=True)
class HasPosition:
    """Whether a page begins behind a cursor."""

    page: int


@dataclass(frozen=True, slots=True)
class RecordId:
    """The uuid of a single root, by its place among the plan's roots."""

    root: int


Parameter = Limit | Position | HasPosition | RecordId


@dataclass(frozen=True, slots=True)
class Answers:
    """One column of the statement's row: of a root, or of one member of a root page."""

    root: int
    member: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """$1 is the tenant; `parameters` are the rest. Each column of its one row is JSON text, described by `answers`."""

    text: str
    parameters: tuple[Parameter, ...]
    answers: tuple[Answers, ...]


def statement_of(plan: Plan) -> Statement:
    """The statement that reads everything a plan wants."""
    writer = _Writer()
    columns: list[str] = []
    answers: list[Answers] = []
    for number, root in enumerate(plan.roots):
        if isinstance(root, Single):
            columns.append(writer.single(root, number))
            answers.append(Answers(number, None))
            continue
        # Each member is a column of its own, so that one that has to be opened in Python leaves the others as they are.
        for place, member in enumerate(root.members):
            columns.append(writer.member(root, member, None))
            answers.append(Answers(number, place))
    text = "SELECT " + ",\n".join(f"({column})::text" for column in columns)
    return Statement(text, tuple(writer.parameters), tuple(answers))


class _Writer:
    """Writes SQL and numbers its parameters and aliases as it goes."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self._aliases: Iterator[int] = count()

    def single(self, root: Single, number: int) -> str:
        row = self._alias()
        return (
            f"SELECT row_to_json(n) FROM (SELECT {self._columns(root.record, row)} FROM {root.table.name} {row} "
            f"WHERE {row}.tenant_id = $1 AND {row}.id = {self._bound(RecordId(number), 'uuid')}) n"
        )

    def member(self, page: Page, member: Member, parent: str | None) -> str:
        match member.name:
            case "nodes":
                assert member.record is not None
                record: Record = member.record
                return self._list(page, parent, lambda row: self._columns(record, row))
            case "edges":
                return self._list(page, parent, lambda row: self._edge(page, member, row))
            case "pageInfo":
                wanted = [f'{self._page_info(page, name, parent)} AS "{key}"' for key, name in member.page_info]
                return f"SELECT row_to_json(n) FROM (SELECT {', '.join(wanted)}) n"
            case "totalCount":
                row = self._alias()
                return f"SELECT count(*) FROM {page.table.name} {row} WHERE {self._belongs(page, row, parent)}"
            case _:
                return f"SELECT to_json('{member.type}'::text)"

    def _list(self, page: Page, parent: str | None, columns: Callable[[str], str]) -> str:
        row = self._alias()
        rows = self._rows(page, row, parent, columns(row))
        return f"SELECT coalesce(json_agg(n), '[]'::json) FROM ({rows}) n"

    def _rows(self, page: Page, row: str, parent: str | None, columns: str, more: int = 0) -> str:
        limit = self._bound(Limit(page.number), "int") + (f" + {more}" if more else "")
        list_, behind = f"{page.table.name} {row} WHERE {self._belongs(page, row, parent)}", self._behind(page, row)
        # OFFSET 0 has the parent's own records found first. Without it PostgreSQL may walk all the tenant's in order of id for every
        # parent, hoping to meet ten of this one's soon.
        whole = f"(SELECT * FROM {list_} OFFSET 0) {row} WHERE" if page.place.link else f"{list_} AND"
        return f"SELECT {columns} FROM {whole} {behind} ORDER BY {_order(page, row)} LIMIT {limit}"

    def _belongs(self, page: Page, row: str, parent: str | None) -> str:
        of_tenant = f"{row}.tenant_id = $1"
        return f"{of_tenant} AND {row}.{page.place.link} = {parent}.id" if page.place.link else of_tenant

    def _behind(self, page: Page, row: str) -> str:
        """Behind the cursor. Without one the position is beyond every record: an index is used either way."""
        keys = page.place.keys
        left = ", ".join(f"{row}.{key.column}" for key in keys)
        right = ", ".join(f"{self._bound(Position(page.number, place), 'text')}::{key.type}" for place, key in enumerate(keys))
        return f"({left}) {'<' if page.place.newest else '>'} ({right})"

    def _edge(self, page: Page, member: Member, row: str) -> str:
        found = []
        for key, name, record in member.edge:
            if record is not None:
                sql = f"(SELECT row_to_json(e) FROM (SELECT {self._columns(record, row)}) e)"
            else:
                sql = _cursor(page, row) if name == "cursor" else f"'{name}'::text"
            found.append(f'{sql} AS "{key}"')
        return ", ".join(found)

    def _page_info(self, page: Page, name: str, parent: str | None) -> str:
        row = self._alias()
        match name:
            case "hasNextPage":
                more = self._rows(page, row, parent, "1", more=1)
                return f"(SELECT count(*) > {self._bound(Limit(page.number), 'int')} FROM ({more}) n)"
            case "hasPreviousPage":
                return self._bound(HasPosition(page.number), "boolean")
            case "startCursor" | "endCursor":
                last = name == "endCursor"
                rows = self._rows(page, row, parent, ", ".join(f"{row}.{key.column}" for key in page.place.keys))
                order = _order(page, "n", backwards=last)
                return f"(SELECT {_cursor(page, 'n')} FROM ({rows}) n ORDER BY {order} LIMIT 1)"
            case _:
                return f"'{name}'::text"

    def _columns(self, record: Record, row: str) -> str:
        found = [f'{self._part(part, record.table, row)} AS "{part.key}"' for part in record.parts]
        if record.needs_id:
            found.append(f'{row}.id AS "{ROW_ID}"')
        return ", ".join(found)

    def _part(self, part: Column | Sealed | ItemList | Asked | Page, table: Table | None, row: str) -> str:
        match part:
            case Column():
                return part.sql.replace("{row}", row)
            case Sealed():
                return f"{row}.{part.column}"
            case Asked():
                return "NULL::text"
            case ItemList():
                item = self._alias()
                source = part.place.source.replace("{row}", row).replace("{item}", item)
                rows = f"SELECT {self._columns(part.record, item)} FROM {source} ORDER BY {part.place.order.replace('{item}', item)}"
                return f"(SELECT coalesce(json_agg(n), '[]'::json) FROM ({rows}) n)"
            case Page():
                wanted = [f'({self.member(part, member, row)}) AS "{member.key}"' for member in part.members]
                return f"(SELECT row_to_json(c) FROM (SELECT {', '.join(wanted)}) c)"

    def _alias(self) -> str:
        return f"t{next(self._aliases)}"

    def _bound(self, parameter: Parameter, type_: str) -> str:
        if parameter not in self.parameters:
            self.parameters.append(parameter)
        return f"${self.parameters.index(parameter) + 2}::{type_}"


def _order(page: Page, row: str, *, backwards: bool = False) -> str:
    direction = "DESC" if page.place.newest != backwards else "ASC"
    return ", ".join(f"{row}.{key.column} {direction}" for key in page.place.keys)


def _cursor(page: Page, row: str) -> str:
    """The place of a record in its list, still bare: `server.reads.cursors` signs it."""
    return f"json_build_array({', '.join(f'{row}.{key.column}::text' for key in page.place.keys)})"
