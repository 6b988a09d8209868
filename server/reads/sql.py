"""From a plan to one SQL statement for the whole tree, which gives its answer as JSON text; every relation is bound to the tenant.

Each record is put together as text, `'{"name":' || to_json(name) || '}'`, and a list by `string_agg`. PostgreSQL's own makers of JSON
objects look up how to write each column for each record: `json_agg` over rows costs the database a fifth more for a page,
`json_build_object` twice as much. Every piece here is text that is never NULL; values pass `to_json`, and all else is made of what the
schema declares and of response keys, which GraphQL's grammar keeps to letters, digits and underscores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from server.reads.guarding import Guard
from server.reads.parameters import Allowed, Limit, Parameter, RecordId, RecordIds, Words
from server.reads.places import Key
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
    Sealed,
    Single,
)
from server.reads.reports import counted
from server.reads.showing import SHOWN, clear, named, shown
from server.reads.where import behind, condition, ordered
from tenants.access.reach import TABLES, Who, visible, within
from tenants.access.rights import Rights
from tenants.session import ACTING
from tenants.words import RecordType

#: The uuid of a record, beside its fields; no response key contains an @.
ROW_ID = "@id"


@dataclass(frozen=True, slots=True)
class Answers:
    """One column of the statement's row: of a root, or of one member of a root page."""

    root: int
    member: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """$1 is the tenant; `parameters` are the rest. Each column of its one row is JSON in UTF-8, described by `answers`.

    `is_planned_once`: one plan is good for all values, as no condition depends on them.
    """

    text: str
    parameters: tuple[Parameter, ...]
    answers: tuple[Answers, ...]
    is_planned_once: bool


def statement_of(plan: Plan, rights: Rights) -> Statement:
    """The statement that reads everything a plan wants, as far as the rights go."""
    writer = Writer(rights)
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
    text = f"{walks}SELECT " + ",\n".join(f"convert_to({column}, 'UTF8')" for column in columns) + f"\nFROM {ACTING}"
    # One plan for every team would suit those who own a part of everything, and read a whole tenant for a team that owns nothing yet.
    is_planned_once = all(each.shape.is_plain for each in plan.lists) and Allowed(Who.TEAM) not in writer.parameters
    return Statement(text, tuple(writer.parameters), tuple(answers), is_planned_once)


class Writer:
    """Writes SQL and numbers its parameters and aliases as it goes. `walks` are the root pages whose rows several columns look at."""

    def __init__(self, rights: Rights) -> None:
        self.rights = rights
        self.parameters: list[Parameter] = []
        self.walks: list[str] = []
        self._aliases: Iterator[int] = count()

    def alias(self) -> str:
        return f"t{next(self._aliases)}"

    def bound(self, parameter: Parameter, type_: str) -> str:
        if parameter not in self.parameters:
            self.parameters.append(parameter)
        return f"${self.parameters.index(parameter) + 2}::{type_}"

    def allowed(self, value: Who | str | tuple[str, ...], type_: str) -> str:
        """A parameter that rights depend on, as `tenants.access.reach` binds it."""
        return self.bound(Allowed(value), type_)

    def visible(self, noun: RecordType | str, row: str, customer: str | None = None) -> list[str]:
        """Whether a record may be read at all, as conditions; none where all may."""
        if noun not in TABLES:
            return []
        assert isinstance(noun, RecordType)
        seen = visible(self.rights, noun, row, self.allowed, customer)
        return [] if seen == "true" else [seen]

    def root(self, root: Single | Many | ReportRows, number: int) -> str:
        row = self.alias()
        if isinstance(root, ReportRows):
            of = f"({counted(self, root)}) {row} ORDER BY {root.place.order.replace('{row}', row)} LIMIT {self._limit(root)}"
            return _listed(f"SELECT {self._object(root.record, row)} AS r FROM {of}")
        table = root.record.table
        assert table is not None
        tests = " AND ".join((f"{row}.tenant_id = $1", *self.visible(table.noun, row)))
        of = f"FROM {table.name} {row} WHERE {tests} AND {row}.id"
        record = self._object(root.record, row)
        if isinstance(root, Single):
            return f"(SELECT {record} {of} = {self.bound(RecordId(number), 'uuid')})"
        return _listed(f"SELECT {record} AS r {of} = any({self.bound(RecordIds(number), 'uuid[]')})")

    def member(self, page: Page, member: Member, parent: str | None) -> str:
        match member.name:
            case "nodes":
                assert member.record is not None
                record: Record = member.record
                return self._list(page, parent, lambda row: self._object(record, row))
            case "edges":
                return self._list(page, parent, lambda row: self._edge(page, member, row))
            case "pageInfo":
                return _object((key, self._page_info(page, name, parent)) for key, name in member.page_info)
            case "totalCount":
                row = self.alias()
                return f"(SELECT count(*)::text FROM {page.table.name} {row} WHERE {self._belongs(page, row, parent)})"
            case _:
                return _constant(member.type)

    def found(self, page: Page, parent: str | None) -> str:
        """The page's records and one more, in the order in which they are found."""
        row, of = self._source(page, parent)
        return f"SELECT {row}.* FROM {of} ORDER BY {self._order(page, row, reverse=page.shape.is_backward)} LIMIT {self._limit(page)} + 1"

    def _list(self, page: Page, parent: str | None, record: Callable[[str], str]) -> str:
        row = self.alias()
        return _listed(f"SELECT {record(row)} AS r FROM {self._window(page, row, parent)}")

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
        tests += self._seen_inside(page, row, parent)
        if page.shape.is_searched:
            tests.append(f"{row}.id IN (SELECT door_search({self.bound(Words(page.number), 'text[]')}))")
        tests += condition(self, page.shape.condition, page.number, row)
        return " AND ".join(tests)

    def _seen_inside(self, page: Page, row: str, parent: str | None) -> list[str]:
        """Whether a record of a list may be read; of what the list is inside of that is known."""
        if page.table.noun is RecordType.ORDER_LINE and parent:
            lines = within(self.rights.readable(RecordType.ORDER, "lines"), RecordType.ORDER, parent, self.allowed)
            return [] if lines == "true" else [lines]
        return self.visible(page.table.noun, row, parent if page.place.link == "customer_id" else None)

    def _limit(self, page: Page | ReportRows) -> str:
        return self.bound(Limit(page.number), "int")

    def _order(self, page: Page, row: str, *, reverse: bool = False) -> str:
        return ordered(self, page, row, reverse=reverse)

    def _edge(self, page: Page, member: Member, row: str) -> str:
        return _object(
            (key, self._object(record, row) if record else self._cursor(page, row) if name == "cursor" else _constant(name))
            for key, name, record in member.edge
        )

    def _page_info(self, page: Page, name: str, parent: str | None) -> str:
        shape = page.shape
        match name:
            case "hasNextPage":
                return f"'{str(shape.has_before).lower()}'" if shape.is_backward else self._has_more(page)
            case "hasPreviousPage":
                return self._has_more(page) if shape.is_backward else f"'{str(shape.has_after).lower()}'"
            case "startCursor" | "endCursor":
                row = self.alias()
                window = f"SELECT {row}.* FROM {self._window(page, row, parent)}"
                order = self._order(page, "n", reverse=name == "endCursor")
                return f"coalesce((SELECT {self._cursor(page, 'n')} FROM ({window}) n ORDER BY {order} LIMIT 1), 'null')"
            case _:
                return _constant(name)

    def _has_more(self, page: Page) -> str:
        return f"((SELECT count(*) FROM p{page.number}) > {self._limit(page)})::text"

    def _cursor(self, page: Page, row: str) -> str:
        """The place of a record in its list, still bare: `server.reads.cursors` signs it."""
        texts = (f"({self.key(page, key, row)})::text" for key in page.shape.keys)
        return f"json_build_array({', '.join(texts)})::text"

    def key(self, page: Page, key: Key, row: str) -> str:
        """The SQL of an order's key for one record; nothing where it may not be seen."""
        sql = key.sql.replace("{row}", row)
        if key.rows is not None and isinstance(page.table.noun, RecordType):
            sql = f"(CASE WHEN {within(key.rows, page.table.noun, row, self.allowed)} THEN {sql} END)"
        return sql.replace("{search}", self.bound(Words(page.number), "text[]")) if "{search}" in sql else sql

    def _object(self, record: Record, row: str) -> str:
        parts = [(part.key, self._part(part, row)) for part in record.parts]
        if record.needs_id:
            parts.append((ROW_ID, f"'\"' || {row}.id::text || '\"'"))
        parts += [(SHOWN + part.key, said) for part in record.sealed if (said := clear(self, part, row))]
        return _object(parts)

    def _part(self, part: Part, row: str) -> str:
        match part:
            case Column():
                return f"coalesce(to_json({shown(self, part.sql.replace('{row}', row), part.shown, row)})::text, 'null')"
            case GlobalId():
                return f"'\"{part.prefix}_' || encode(uuid_send({row}.id), 'hex') || '\"'"
            case Sealed():
                return f"coalesce('\"' || encode({shown(self, f'{row}.{part.column}', part.shown, row)}, 'hex') || '\"', 'null')"
            case Asked():
                return "'null'"
            case ItemList():
                item = self.alias()
                source = Guard(self.rights).seen(part.place.source.replace("{row}", row).replace("{item}", item), self.allowed)
                order, where = part.place.order.replace("{item}", item), named(self, part, row, item)
                return _listed(f"SELECT {self._object(part.record, item)} AS r FROM {source}{where} ORDER BY {order}")
            case One():
                one = self.alias()
                assert part.record.table is not None
                of = f"{part.record.table.name} {one} WHERE {one}.tenant_id = $1 AND {one}.id = {row}.{part.link}"
                return f"coalesce((SELECT {self._object(part.record, one)} FROM {of}), 'null')"
            case Page():
                members = _object((member.key, self.member(part, member, row)) for member in part.members)
                return (
                    f"(WITH p{part.number} AS MATERIALIZED ({self.found(part, row)}) SELECT {members})" if part.is_walked_once else members
                )


def _object(parts: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> str:
    """An object of response keys and JSON texts, as the text it is."""
    pieces = [f"'{',' if place else ''}\"{key}\":' || {text}" for place, (key, text) in enumerate(parts)]
    return " || ".join(("'{'", *pieces, "'}'"))


def _listed(rows: str) -> str:
    """A list of the texts `r` of some rows, in their order."""
    return f"('[' || coalesce((SELECT string_agg(n.r, ',') FROM ({rows}) n), '') || ']')"


def _constant(text: str) -> str:
    """The name of a type."""
    return f"'\"{text}\"'"
