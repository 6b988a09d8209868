"""Types: what the schema declares, as the planner looks it up: the place of each field, and the table of each type."""

from __future__ import annotations

from graphql import GraphQLObjectType, GraphQLSchema

from server.reads.lists import ListTypes
from server.reads.places import PERMISSION, Place, Table, place_of, table_of
from server.reads.selection import Selected
from tenants.access.permissions import Permission
from tenants.ids import PREFIXES


class Types:
    """The types of one schema; `lists` are its filter and order inputs."""

    def __init__(self, schema: GraphQLSchema, lists: ListTypes) -> None:
        self.lists = lists
        self._places: dict[tuple[str, str], tuple[Place | None, str]] = {}
        self._tables: dict[str, Table] = {}
        self._permissions: dict[tuple[str, str], Permission | tuple[Permission, ...]] = {}
        for type_ in schema.type_map.values():
            if isinstance(type_, GraphQLObjectType) and "strawberry-definition" in type_.extensions:
                self._add(type_)
        self._by_prefix = {PREFIXES[table.noun]: name for name, table in self._tables.items()}

    def _add(self, type_: GraphQLObjectType) -> None:
        table = table_of(type_.extensions["strawberry-definition"].origin)
        if table is not None:
            self._tables[type_.name] = table
        for name, definition in type_.fields.items():
            declared = definition.extensions["strawberry-definition"]
            self._places[type_.name, name] = (place_of(declared), declared.python_name)
            if declared.metadata.get(PERMISSION) is not None:
                self._permissions[type_.name, name] = declared.metadata[PERMISSION]

    def place(self, selected: Selected) -> Place | None:
        """Where a selected field lives; None for `__typename` and for fields of plain objects."""
        found = self._places.get((selected.parent, selected.name))
        return found[0] if found else None

    def permission(self, selected: Selected) -> Permission | tuple[Permission, ...] | None:
        """The permission that a root field is declared with, or one of several; None for nothing of its own."""
        return self._permissions.get((selected.parent, selected.name))

    def python_name(self, selected: Selected) -> str:
        return self._places[selected.parent, selected.name][1]

    def table(self, name: str) -> Table:
        assert name in self._tables, f"{name} has records, but stored_in does not say where"
        return self._tables[name]

    def type_of_id(self, id: str) -> str | None:
        """The name of the type a global id is of, by its prefix."""
        return self._by_prefix.get(id.partition("_")[0])
