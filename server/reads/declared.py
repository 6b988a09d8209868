"""Declared: the check that everything in the schema says who may ask for it. Something that does not stops the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from server.reads.places import PERMISSION, ById, ByIds, Items, Parent, ProtectedMap, Related, Report, place_of, table_of
from tenants.access.fields import FIELDS, SYSTEM
from tenants.words import RecordType

_ROOTS = ("Query", "Mutation", "Subscription")


class Undeclared(Exception):
    """Fields of the schema without a permission; the server does not start with one."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"No permission is declared for {', '.join(fields)}.")
        self.fields = fields


def check_declared(schema: GraphQLSchema) -> None:
    """
    Raises:
        Undeclared: a field of a record that roles cannot speak of, or a root field or a table that says nothing of permissions.
    """
    found = [field for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType) for field in _undeclared(type_)]
    if found:
        raise Undeclared(sorted(found))


def _undeclared(type_: GraphQLObjectType) -> Iterator[str]:
    if "strawberry-definition" not in type_.extensions:
        return
    table = table_of(type_.extensions["strawberry-definition"].origin)
    fields = {name: definition.extensions["strawberry-definition"] for name, definition in type_.fields.items()}
    if type_.name in _ROOTS:
        yield from (f"{type_.name}.{name}" for name, field in fields.items() if not _is_root_declared(field))
    elif table is not None and isinstance(table.noun, RecordType):
        noun = table.noun
        yield from (f"{type_.name}.{name}" for name, field in fields.items() if not _is_field_declared(noun, field))
    elif table is not None and table.permission is None:
        yield type_.name


def _is_root_declared(field: Any) -> bool:
    """A list or a record is its table's; a report says what it is made of; all else says its permission, if it is None."""
    match place_of(field):
        case Related() | ById() | ByIds():
            return True
        case Report(needs=needs):
            return bool(needs)
        case _:
            return PERMISSION in field.metadata


def _is_field_declared(noun: RecordType, field: Any) -> bool:
    """A field that roles name, or that every record has; what leads to other records is theirs. A line is a field of its order."""
    if noun is RecordType.ORDER_LINE or field.python_name in SYSTEM or field.python_name in FIELDS[noun]:
        return True
    match place_of(field):
        case Related() | Parent() | ProtectedMap():
            return True
        case Items(names=names, needs=needs):
            return names is not None or bool(needs)
        case _:
            return False
