"""From a plan to one SQL statement for the whole tree: `json_agg` over row subselects, every relation bound to the tenant.

`json_build_object` costs the database half as much again as rows made into JSON by their column names (and a little less for the
single object around a nested page), so a response key is a column's name here (and at most 63 characters long: PostgreSQL cuts longer
ones, `server.limits` refuses them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from server.reads.parameters import Limit, Parameter, RecordId, RecordIds, Words
from server.reads.places import Report, Table
from server.reads.plan import Asked, Column, ItemList, Many, Member, One, Page, Plan, Record, Rows, Sealed, Single
from server.reads.where import behind, condition, ordered
from tenants.session import ACTING

#: The uuid of a record, beside its fields; no response key contains an @.
ROW_ID = "@id"


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
    writer = Writer()
    columns: list[str] = []
    answers: list[Answers] = []
    for number, root in enumerate(plan.roots):
        if not isinstance(root, Page):
            columns.append(writer.root(root, number))
            answers.append(Answers(number, None))
            continue
        # Each member is a column of its own, so that one that has to be opened in Python leaves the others as they are.
        if root.is_walked_once:
            writer.walks.append(f"p{root.number} AS MATERIALIZED ({writer.found(root, None)})")
        for place, member in enumerate(root.members):
            columns.append(writer.member(root, member, None))
            answers.append(Answers(number, place))
    walks = f"WITH {', '.join(writer.walks)} " if writer.walks else ""
    text = f"{walks}SELECT " + ",\n".join(f"({column})::text" for column in columns) + f"\nFROM {ACTING}"
    return Statement(text, tuple(writer.parameters), tuple(answers))


class Writer:
    """Writes SQL and numbers its parameters and aliases as it goes. `walks` are the root pages whose rows several columns look at."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.walks: list[str] = []
        self._aliases: Iterator[int] = count()

    def alias(self) -> str:
        return f"t{next(self._aliases)}"

    def bound(self, parameter: Parameter, type_: str) -> str:
        if parameter not in self.parameters:
            self.parameters.append(parameter)
        return f"${self.parameters.index(parameter) + 2}::{type_}"

    def root(self, root: Single | Many | Rows, number: int) -> str:
        row = self.alias()
        if isinstance(root, Rows):
            return self._report(root, row)
        assert root.record.table is not None
        of = f"FROM {root.record.table.name} {row} WHERE {row}.tenant_id = $1 AND {row}.id"
        columns = self._columns(root.record, row)
        if isinstance(root, Single):
            return f"SELECT row_to_json(n) FROM (SELECT {columns} {of} = {self.bound(RecordId(number), 'uuid')}) n"
        return f"SELECT coalesce(json_agg(n), '[]') FROM (SELECT {columns} {of} = any({self.bound(RecordIds(number), 'uuid[]')})) n"

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
                row = self.alias()
                return f"SELECT count(*) FROM {page.table.name} {row} WHERE {self._belongs(page, row, parent)}"
            case _:
                return f"SELECT to_json('{member.type}'::text)"

    def found(self, page: Page, parent: str | None) -> str:
        """The page's records and one more, in the order in which they are found."""
        row, of = self._source(page, parent)
        return f"SELECT {row}.* FROM {of} ORDER BY {self._order(page, row, reverse=page.shape.is_backward)} LIMIT {self._limit(page)} + 1"

    def _list(self, page: Page, parent: str | None, columns: Callable[[str], str]) -> str:
        row = self.alias()
        rows = f"SELECT {columns(row)} FROM {self._window(page, row, parent)}"
        return f"SELECT coalesce(json_agg(n), '[]') FROM ({rows}) n"

    def _window(self, page: Page, row: str, parent: str | None) -> str:
        """What follows FROM: the page's records as `row`, in the list's order."""
        order, limit = self._order(page, row), self._limit(page)
        if page.is_walked_once and not page.shape.is_backward:
            return f"p{page.number} {row} ORDER BY {order} LIMIT {limit}"
        if page.is_walked_once or page.shape.is_backward:
            inner, of = (row, f"p{page.number} {row}") if page.is_walked_once else self._source(page, parent)
            last = f"SELECT {inner}.* FROM {of} ORDER BY {self._order(page, inner, reverse=page.shape.is_backward)} LIMIT {limit}"
            return f"({last}) {row} ORDER BY {order}"
        _, of = self._source(page, parent, row)
        return f"{of} ORDER BY {order} LIMIT {limit}"

    def _source(self, page: Page, parent: str | None, row: str | None = None) -> tuple[str, str]:
        """An alias, and what follows FROM for the list's records on the page's side of its cursors."""
        row = row or self.alias()
        list_ = f"{page.table.name} {row} WHERE {self._belongs(page, row, parent)}"
        between = [behind(self, page, row, side) for side in ("after", "before") if getattr(page.shape, f"has_{side}")]
        return row, " AND ".join((list_, *between))

    def _belongs(self, page: Page, row: str, parent: str | None) -> str:
        """Whether a record is in the list at all."""
        tests = [f"{row}.tenant_id = $1"]
        if page.place.link:
            tests.append(f"{row}.{page.place.link} = {parent}.id")
        if page.shape.is_searched:
            tests.append(f"{row}.id IN (SELECT door_search({self.bound(Words(page.number), 'text[]')}))")
        tests += condition(self, page.shape.condition, page.number, row)
        return " AND ".join(tests)

    def _limit(self, page: Page | Rows) -> str:
        return self.bound(Limit(page.number), "int")

    def _order(self, page: Page, row: str, *, reverse: bool = False) -> str:
        return ordered(self, page, row, reverse=reverse)

    def _edge(self, page: Page, member: Member, row: str) -> str:
        found = []
        for key, name, record in member.edge:
            if record is not None:
                sql = f"(SELECT row_to_json(e) FROM (SELECT {self._columns(record, row)}) e)"
            else:
                sql = self._cursor(page, row) if name == "cursor" else f"'{name}'::text"
            found.append(f'{sql} AS "{key}"')
        return ", ".join(found)

    def _page_info(self, page: Page, name: str, parent: str | None) -> str:
        shape = page.shape
        more = f"((SELECT count(*) FROM p{page.number}) > {self._limit(page)})"
        match name:
            case "hasNextPage":
                return str(shape.has_before).lower() if shape.is_backward else more
            case "hasPreviousPage":
                return more if shape.is_backward else str(shape.has_after).lower()
            case "startCursor" | "endCursor":
                row = self.alias()
                window = f"SELECT {row}.* FROM {self._window(page, row, parent)}"
                order = self._order(page, "n", reverse=name == "endCursor")
                return f"(SELECT {self._cursor(page, 'n')} FROM ({window}) n ORDER BY {order} LIMIT 1)"
            case _:
                return f"'{name}'::text"

    def _cursor(self, page: Page, row: str) -> str:
        """The place of a record in its list, still bare: `server.reads.cursors` signs it."""
        texts = (f"({self.key(page, key.sql, row)})::text" for key in page.shape.keys)
        return f"json_build_array({', '.join(texts)})"

    def key(self, page: Page, sql: str, row: str) -> str:
        """The SQL of an order's key for one record."""
        sql = sql.replace("{row}", row)
        return sql.replace("{search}", self.bound(Words(page.number), "text[]")) if "{search}" in sql else sql

    def _columns(self, record: Record, row: str) -> str:
        found = [f'{self._part(part, record.table, row)} AS "{part.key}"' for part in record.parts]
        if record.needs_id:
            found.append(f'{row}.id AS "{ROW_ID}"')
        return ", ".join(found)

    def _part(self, part: Column | Sealed | ItemList | Asked | One | Page, table: Table | None, row: str) -> str:
        match part:
            case Column():
                return part.sql.replace("{row}", row)
            case Sealed():
                return f"{row}.{part.column}"
            case Asked():
                return "NULL::text"
            case ItemList():
                item = self.alias()
                source = part.place.source.replace("{row}", row).replace("{item}", item)
                rows = f"SELECT {self._columns(part.record, item)} FROM {source} ORDER BY {part.place.order.replace('{item}', item)}"
                return f"(SELECT coalesce(json_agg(n), '[]') FROM ({rows}) n)"
            case One():
                one = self.alias()
                assert part.record.table is not None
                of = f"{part.record.table.name} {one} WHERE {one}.tenant_id = $1 AND {one}.id = {row}.{part.link}"
                return f"(SELECT row_to_json(n) FROM (SELECT {self._columns(part.record, one)} FROM {of}) n)"
            case Page():
                walk = f"WITH p{part.number} AS MATERIALIZED ({self.found(part, row)}) " if part.is_walked_once else ""
                wanted = [f"'{member.key}', ({self.member(part, member, row)})" for member in part.members]
                return f"({walk}SELECT json_build_object({', '.join(wanted)}))"

    def _report(self, rows: Rows, row: str) -> str:
        place, shape = rows.place, rows.shape
        source = _grouped(place, shape.groups)
        before, _, rest = source.partition("{where:")
        alias, _, after = rest.partition("}")
        where = " AND ".join((f"{alias}.tenant_id = $1", *condition(self, shape.condition, rows.number, alias)))
        order = place.order.replace("{row}", row)
        listed = f"SELECT {self._columns(rows.record, row)} FROM ({before}{where}{after}) {row} ORDER BY {order} LIMIT {self._limit(rows)}"
        return f"SELECT coalesce(json_agg(n), '[]') FROM ({listed}) n"


def _grouped(place: Report, groups: Sequence[str]) -> str:
    """A report's query with its groups: `{groups}` computes them, `{keys}` names them, `{others}` are the ones not asked for."""
    groupings = place.groupings or {}
    computed = "".join(f", {groupings[name]} AS {name.lower()}" for name in groups)
    keys = "".join(f", {name.lower()}" for name in groups)
    others = "".join(f", NULL::text AS {name.lower()}" for name in groupings if name not in groups)
    return place.source.replace("{groups}", computed).replace("{keys}", keys).replace("{others}", others)
