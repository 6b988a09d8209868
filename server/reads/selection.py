"""Selection: from a GraphQL document to a neutral tree of what is asked for; fragments, aliases, @skip and @include are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_directive_values,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values


class Arguments:
    """The arguments of one selected field: known once if they are literals, else read from a request's variables."""

    __slots__ = ("_constant", "_definition", "_node")

    def __init__(self, definition: Any, node: FieldNode) -> None:
        self._definition, self._node = definition, node
        self._constant = None if _has_variable(node.arguments) else get_argument_values(definition, node)

    @property
    def is_constant(self) -> bool:
        return self._constant is not None

    def given(self, variables: VariableValues) -> Mapping[str, Any]:
        """Argument name → value, defaults filled in."""
        return self._constant if self._constant is not None else get_argument_values(self._definition, self._node, variables)


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of a response. `parent` and `type` are names of GraphQL types: what it is selected on and what it leads to.

    `below` is what is selected of an object, `of_types` what of each type of an interface.
    """

    key: str
    name: str
    parent: str
    type: str
    arguments: Arguments | None = None
    below: tuple[Selected, ...] = ()
    of_types: Mapping[str, tuple[Selected, ...]] = field(default_factory=dict, compare=False, repr=False)
    nodes: tuple[FieldNode, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a document. `conditions` are the variables that @skip and @include read: they alone change its shape."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: tuple[str, ...]

    @classmethod
    def find(cls, schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Operation:
        """The operation of this name, or the only one; the document is valid."""
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        named = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
        sets = [named[0].selection_set, *(fragment.selection_set for fragment in fragments.values())]
        return cls(schema, named[0], fragments, tuple(sorted({name for each in sets for name in _conditions(each)})))

    @property
    def root(self) -> GraphQLObjectType:
        found = self.schema.get_root_type(self.node.operation)
        assert found is not None  # the document is valid
        return found

    def selection(self, variables: VariableValues) -> tuple[Selected, ...]:
        """What this operation asks for, given the variables in `conditions`."""
        return self._selected(self.root, [self.node.selection_set], variables)

    def _selected(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode], variables: VariableValues) -> tuple[Selected, ...]:
        grouped: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for node in (node for each in sets for node in self._fields(parent, each, variables, seen)):
            grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return tuple(self._one(parent, key, nodes, variables) for key, nodes in grouped.items())

    def _one(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode], variables: VariableValues) -> Selected:
        name = nodes[0].name.value
        definition = self.schema.get_field(parent, name)
        assert definition is not None  # the document is valid
        type_ = get_named_type(definition.type)
        sets = [node.selection_set for node in nodes if node.selection_set]
        below = self._selected(type_, sets, variables) if isinstance(type_, GraphQLObjectType) else ()
        of_types: Mapping[str, tuple[Selected, ...]] = {}
        if is_abstract_type(type_):
            of_types = {each.name: self._selected(each, sets, variables) for each in self.schema.get_possible_types(type_)}
        arguments = Arguments(definition, nodes[0]) if definition.args else None
        return Selected(key, name, parent.name, type_.name, arguments, below, of_types, tuple(nodes))

    def _fields(
        self, parent: GraphQLObjectType, selections: SelectionSetNode, variables: VariableValues, seen: set[str]
    ) -> Iterator[FieldNode]:
        """The fields selected on a type, fragments opened; each named fragment once."""
        for node in selections.selections:
            if not _is_included(node, variables):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if self._applies(node.type_condition.name.value if node.type_condition else parent.name, parent):
                    yield from self._fields(parent, node.selection_set, variables, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, parent):
                    yield from self._fields(parent, fragment.selection_set, variables, seen)

    def _applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        return condition == parent.name or any(interface.name == condition for interface in parent.interfaces)


def _is_included(node: SelectionNode, variables: VariableValues) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _conditions(selections: SelectionSetNode) -> Iterator[str]:
    """Names of the variables that @skip and @include read in a selection set."""
    for node in selections.selections:
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
        below = getattr(node, "selection_set", None)
        if below is not None:
            yield from _conditions(below)


def _has_variable(nodes: Iterable[Any] | None) -> bool:
    """Whether a variable stands anywhere in these argument or value nodes."""
    for node in nodes or ():
        if isinstance(node, VariableNode):
            return True
        inner = [getattr(node, "value", None), *(getattr(node, "values", None) or ()), *(getattr(node, "fields", None) or ())]
        if _has_variable(each for each in inner if hasattr(each, "kind")):
            return True
    return False
