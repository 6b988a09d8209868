"""Seeing: which fields, arguments and values of the schema somebody with certain rights can use at all.

It asks what the road asks when such a document comes (`server.reads.guarding`), so that what is left out would be refused, and what is
left in would not be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, get_named_type

from server.reads.conditions import Compared, Custom, Declared, Sealed, Through
from server.reads.guarding import Guard
from server.reads.places import (
    PERMISSION,
    ById,
    ByIds,
    Event,
    Items,
    Parent,
    Protected,
    ReadBack,
    Related,
    Report,
    Stored,
    Table,
    place_of,
    table_of,
)
from server.schema.lists import LIST_TYPES
from tenants.access.built_in import REVEALS
from tenants.access.fields import CUSTOM, FIELDS
from tenants.access.permissions import NOUNS, Action, Level, on
from tenants.access.rights import OTHERS, Rights, custom_names
from tenants.refusals import NotAllowed
from tenants.words import RecordType

#: Types whose one field in clear is shown to nobody without some permission to reveal.
_REVEALED = {("ProtectedText", "value"), ("ProtectedCustomValue", "value")}

#: The noun of each input that is a draft of one, and what is done with it.
_WRITES = (Action.CREATE, Action.UPDATE)
DRAFTS: dict[str, tuple[RecordType, tuple[Action, ...]]] = {
    **{f"Create{noun.title()}Input": (noun, (Action.CREATE,)) for noun in NOUNS},
    **{f"Update{noun.title()}Input": (noun, (Action.UPDATE,)) for noun in NOUNS},
    **{f"Nested{noun.title()}Input": (noun, (Action.CREATE,)) for noun in (RecordType.CONTACT, RecordType.ORDER)},
    "CustomerRowInput": (RecordType.CUSTOMER, _WRITES),
}


class Seeing:
    """What of a schema can be used with certain rights."""

    def __init__(self, schema: GraphQLSchema, rights: Rights) -> None:
        self._types, self._rights, self._guard = schema.type_map, rights, Guard(rights)
        self._roots = {root.name for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root is not None}
        self.hidden_values = dict(self._hidden_values())

    def type(self, name: str) -> bool:
        """Whether records of a type may be read, or it has none."""
        table = self._table(self._types[name])
        return table is None or _passes(self._guard.table, table)

    def field(self, type_: str, name: str) -> bool:
        """Whether a field of an object type may be selected."""
        if (type_, name) in _REVEALED:
            return any(map(self._rights.may, REVEALS))
        owner = self._types[type_]
        if not isinstance(owner, GraphQLObjectType) or "strawberry-definition" not in owner.fields[name].extensions:
            return True
        declared = owner.fields[name].extensions["strawberry-definition"]
        if type_ in self._roots and not self._may(declared.metadata.get(PERMISSION)):
            return False
        return self._place(place_of(declared), self._table(owner), declared.python_name, get_named_type(owner.fields[name].type).name)

    def _place(self, place: object, table: Table | None, column: str, to: str) -> bool:
        match place:
            case Stored() | Protected():
                noun = table.noun if table is not None else ""
                return _passes(self._guard.limits, noun, column, Level.MASKED)
            case Items(needs=needs) | Report(needs=needs):
                return _passes(self._guard.needs, needs)
            case Related() | Parent() | ReadBack() | Event() | ById() | ByIds():
                return self._leads_to(to)
            case _:
                return True

    def _leads_to(self, type_: str) -> bool:
        """Whether there is something to be read where a field leads: of an interface, one of its types."""
        if self._types[type_].name == "Node":
            return any(self.type(name) for name, each in self._types.items() if self._table(each) is not None)
        return self.type(type_.removesuffix("Connection"))

    def _may(self, permission: Any) -> bool:
        wanted = permission if isinstance(permission, tuple) else () if permission is None else (permission,)
        return not wanted or any(map(self._rights.may, wanted))

    def _table(self, type_: object) -> Table | None:
        declared = getattr(type_, "extensions", {}).get("strawberry-definition")
        return table_of(declared.origin) if declared is not None and isinstance(type_, GraphQLObjectType) else None

    def argument(self, name: str) -> bool:
        """Whether an argument may be given: a search looks at names and companies."""
        if name != "search":
            return True
        return all(_passes(self._guard.limits, RecordType.CUSTOMER, each) for each in ("name", "company"))

    def input(self, type_: str, name: str) -> bool:
        """Whether a field of an input may be given."""
        found = LIST_TYPES.filters.get(type_, {}).get(name)
        if found is not None:
            return self._tested(found[0])
        if type_ not in DRAFTS:
            return True
        noun, actions = DRAFTS[type_]
        owner = self._types[type_]
        assert isinstance(owner, GraphQLInputObjectType)
        column = owner.fields[name].extensions["strawberry-definition"].python_name
        return column not in FIELDS[noun] or any(self._rights.rows(on(noun, action), column, Level.WRITE) for action in actions)

    def input_type(self, type_: str, name: str) -> str | None:
        """Another type that a field of a filter has for him: of a sealed value he sees as a mask he may test that there is one."""
        found = LIST_TYPES.filters.get(type_, {}).get(name)
        if found is None or not isinstance(found[0], Sealed):
            return None
        noun, column = found[0].of
        return None if _passes(self._guard.limits, noun, column) else "SealedFilter"

    def _tested(self, declared: Declared) -> bool:
        match declared:
            case Through(noun=noun):
                return not isinstance(noun, RecordType) or _passes(self._guard.noun, noun)
            case Sealed(of=(noun, column)):
                return _passes(self._guard.limits, noun, column, Level.MASKED)
            case Compared(of=(noun, "flags")):
                return _passes(self._guard.flags, noun)
            case Compared(of=(noun, column)):
                return _passes(self._guard.limits, noun, column)
            case Custom():
                return any(self._rights.readable(RecordType.CUSTOMER, name) for name in self._custom())
            case _:
                return True

    def _custom(self) -> set[str]:
        return {*custom_names(self._rights.grants), f"{CUSTOM}{OTHERS}"}

    def _hidden_values(self) -> Iterator[tuple[str, set[str]]]:
        """Values of enums that order or group by what may not be seen."""
        for order, keys in LIST_TYPES.orders.items():
            yield f"{order}Field", {name for name, key in keys.items() if key.of and not _passes(self._guard.limits, *key.of)}
        query = self._types["Query"]
        assert isinstance(query, GraphQLObjectType)
        for field in query.fields.values():
            place = place_of(field.extensions["strawberry-definition"])
            if isinstance(place, Report) and place.groupings:
                noun = RecordType[place.filtered.upper()]
                hidden = {name for name, each in place.groupings.items() if not _passes(self._guard.limits, noun, each.field)}
                yield get_named_type(field.args["groupBy"].type).name, hidden


def _passes(check: Callable[..., object], *values: object) -> bool:
    try:
        check(*values)
    except NotAllowed:
        return False
    return True
