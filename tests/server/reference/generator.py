"""Documents made from the schema by chance: any nesting, fragments, aliases, directives, variables and arguments, within the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
    parse,
    validate,
)

from server.limits.document import check
from server.reads.places import Computed, place_of
from tenants.settings import Settings
from tests.server.reference.listing import Place, order_of, said
from tests.server.reference.records import SEARCHES
from tests.server.reference.store import TABLES, Store
from tests.server.reference.writing import Filters, Written, is_leaf

#: Root fields that are not about the records of customers.
OUTSIDE = {"import", "imports", "apiKey", "apiKeys", "auditEvent", "auditEvents", "members", "roles", "teams"}
DEPTH_MOST = 9
RECORDS_MOST = 1_500
TOKENS_MOST = 900

Cursors = Mapping[str, Place]


@dataclass(frozen=True)
class Asked:
    """A document with its variables."""

    document: str
    variables: dict[str, Any]


@dataclass
class Generator:
    """Makes documents about the records of a store. `cursors` are those the answers so far have told."""

    schema: GraphQLSchema
    store: Store
    chance: Random
    cursors: Cursors
    _written: Written = field(init=False)
    _fragments: dict[str, str] = field(init=False)
    _arguments: dict[tuple[str, str], tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._filters = Filters(self.store, self.chance)
        self._ids = [row.global_id for type_ in TABLES for row in self.store.rows[type_]]

    def make(self) -> Asked:
        """A document that is valid and within the limits."""
        while True:
            self._written, self._fragments, self._arguments = Written(self.chance), {}, {}
            assert self.schema.query_type is not None
            body = self._selection(self.schema.query_type, 0, 1)
            document = "\n".join([f"query Q{self._written.declared} {body}", *self._fragments.values()])
            if document.count(" ") < TOKENS_MOST and not validate(self.schema, node := parse(document)):
                try:
                    check(node, Settings())
                except GraphQLError:  # too many aliases, say: another is made
                    continue
                self._forget_some()
                return Asked(document, self._written.variables)

    def offers(self, type_: str, name: str) -> bool:
        """Whether documents may have a field of a type, or a value of an enum by which its records are ordered or counted."""
        return True

    def filter(self, type_: Any) -> Any:
        """A filter of this type."""
        return self._filters.make(type_)

    def _forget_some(self) -> None:
        """A variable that may be null may be left out."""
        for name, type_ in self._written.types.items():
            if not type_.endswith("!") and self._written.variables[name] is None:
                del self._written.variables[name]

    def _selection(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int, around: int) -> str:
        fields = [name for name, each in type_.fields.items() if depth < DEPTH_MOST - 1 or is_leaf(each.type)]
        fields = [name for name in fields if not (type_.name == "Query" and (name in OUTSIDE or _is_computed(type_.fields[name])))]
        fields = [name for name in fields if self.offers(type_.name, name)]
        wanted = self.chance.sample(fields, min(len(fields), self.chance.randrange(1, 3 if depth == 0 else 5)))
        if type_.name.endswith(("Connection", "Edge")):  # a page without its records says little
            wanted = list({*wanted, *({"nodes", "edges"} & set(fields) if self.chance.random() < 0.5 else ()), *({"node"} & set(fields))})
        parts = [self._field(type_, name, depth, around) for name in sorted(wanted)]
        if self.chance.random() < 0.15 or not parts:
            parts.append("__typename")
        if isinstance(type_, GraphQLInterfaceType):
            parts += [f"... on {each} {self._selection(self._type(each), depth, around)}" for each in self.chance.sample([*TABLES], 2)]
        self.chance.shuffle(parts)
        return "{ " + " ".join(self._wrapped(type_, part) for part in parts) + " }"

    def _type(self, name: str) -> Any:
        return self.schema.type_map[name]

    def _wrapped(self, type_: GraphQLObjectType | GraphQLInterfaceType, part: str) -> str:
        """A part of a selection, perhaps inside a fragment of its type, or of an interface it has."""
        if self.chance.random() > 0.15:
            return part
        if self.chance.random() < 0.5:
            return f"...{self.chance.choice(['', f' on {type_.name}'])}{self._directive()} {{ {part} }}"
        name = f"F{len(self._fragments)}"
        self._fragments[name] = f"fragment {name} on {type_.name} {{ {part} }}"
        if type_.name in TABLES and self.chance.random() < 0.3:  # by way of the interface and back
            self._fragments[name] = f"fragment {name} on Node {{ id ... on {type_.name} {{ {part} }} }}"
        return f"...{name}{self._directive()}"

    def _directive(self) -> str:
        if self.chance.random() > 0.3:
            return ""
        name, is_so = self.chance.choice(["include", "skip"]), self.chance.random() < 0.6
        value = self._written.variable("Boolean!", is_so) if self.chance.random() < 0.7 else str(is_so).lower()
        return f" @{name}(if: {value})"

    def _field(self, type_: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int, around: int) -> str:
        definition: GraphQLField = type_.fields[name]
        key = name
        if self.chance.random() < 0.1:
            key = self.chance.choice(["a", "b", f"{name}_2", "_"])
        if (type_.name, key) not in self._arguments:  # a key that comes again means the same, so that it can be merged
            self._arguments[type_.name, key] = self._given(f"{type_.name}.{name}", definition, around)
        arguments, size = self._arguments[type_.name, key]
        alias = "" if key == name else f"{key}: "
        directive = self._directive() if self.chance.random() < 0.2 else ""
        below: Any = get_named_type(definition.type)
        selection = "" if is_leaf(below) else " " + self._selection(below, depth + 1, around * size)
        return f"{alias}{name}{arguments}{directive}{selection}"

    def _given(self, field_: str, definition: GraphQLField, around: int) -> tuple[str, int]:
        """The arguments of a field, and how many records it may have."""
        named = get_named_type(definition.type).name
        values: dict[str, Any] = {}
        is_page = "after" in definition.args
        if is_page:
            values = self._page(field_, named.removesuffix("Connection"), definition, around)
        for name, argument in definition.args.items():
            is_wanted = is_required_argument(argument) or name == "first" or self.chance.random() < 0.5
            if name == "purpose":  # said for the whole request
                continue
            if name not in values and is_wanted and not is_page:
                values[name] = self._value(name, argument.type, named)
        texts = [f"{name}: {self._written.text(definition.args[name].type, value)}" for name, value in values.items()]
        many = max(1, len(values.get("ids", ())))
        size = values.get("first") or values.get("last") or many
        return f"({', '.join(texts)})" if texts else "", size

    def _page(self, field_: str, type_: str, definition: GraphQLField, around: int) -> dict[str, Any]:
        size = self.chance.randrange(1, max(2, min(20, RECORDS_MOST // around)))
        values: dict[str, Any] = {self.chance.choice(["first", "first", "first", "last"]): size}
        if self.chance.random() < 0.4:
            values["filter"] = self._value("filter", definition.args["filter"].type, type_)
        if self.chance.random() < 0.4:
            values["orderBy"] = self._value("orderBy", definition.args["orderBy"].type, type_)
        if "search" in definition.args and self.offers(type_, "SEARCH") and self.chance.random() < 0.2:
            values["search"] = self.chance.choice(SEARCHES)
        for side in ("after", "before"):
            if self.chance.random() < 0.4:
                values[side] = self._cursor(field_, type_, values)
        return values

    def _cursor(self, field_: str, type_: str, values: dict[str, Any]) -> str | None:
        """A cursor of this list in this order, if an answer has told one."""
        order = said(order_of(type_, values), values.get("search"))
        known = [text for text, place in self.cursors.items() if (place.field, place.order) == (field_, order)]
        return self.chance.choice(known) if known else None

    def _value(self, name: str, type_: Any, named: str) -> Any:
        input_: Any = get_named_type(type_)
        match name:
            case "filter":
                return self.filter(input_)
            case "orderBy":
                known = [each for each in get_named_type(input_.fields["field"].type).values if self.offers(named, each)]
                fields = self.chance.sample(known, min(len(known), self.chance.choice([1, 1, 2])))
                return [{"field": each, "direction": self.chance.choice(["ASC", "DESC"])} for each in fields]
            case "first":
                return self.chance.randrange(1, 12)
            case "groupBy":
                known = [each for each in input_.values if self.offers(named, each)]
                return self.chance.sample(known, min(len(known), self.chance.randrange(4)))
            case "id":
                ids = [row.global_id for row in self.store.rows.get(named, [])]
                return self.chance.choice(ids) if ids else self._any_id()
            case "ids":
                return [self._any_id() for _ in range(self.chance.randrange(6))]
        raise AssertionError(f"nobody has said what an argument {name} is given")

    def _any_id(self) -> str:
        strange = ["cus_" + "0" * 32, "nonsense", ""]
        return self.chance.choice(strange) if self.chance.random() < 0.1 else self.chance.choice(self._ids)


def _is_computed(field_: GraphQLField) -> bool:
    return isinstance(place_of(field_.extensions["strawberry-definition"]), Computed)
