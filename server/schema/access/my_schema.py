"""The schema as somebody sees it: what he may not use is not in it, nor what only that leads to. `mySchema` prints it.

It is made of the whole schema's document: fields, arguments and values are left out (`seeing`), then what has nothing left, or needs what
has gone, until nothing changes, and last what no root leads to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import strawberry
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    parse,
    print_ast,
    print_schema,
)

from server.reads.declaring import computed
from server.schema.access.seeing import Seeing
from tenants.access.rights import Rights
from tenants.session import Actor

if TYPE_CHECKING:
    from server.reads.execute import Road

#: What a printed schema costs: as much as asking about the whole schema by introspection.
POINTS = 500
#: Of how many different rights a process remembers their schema, some 150 KB each.
_KEPT = 100

_ROOTS = ("Query", "Mutation", "Subscription")

N = TypeVar("N", bound=Node)

Definitions = dict[str, TypeDefinitionNode]


@lru_cache(maxsize=_KEPT)
def sdl_for(schema: GraphQLSchema, rights: Rights) -> str:
    """The schema in GraphQL's schema definition language, as somebody with these rights sees it."""
    seeing = Seeing(schema, rights)
    whole = _definitions(schema)
    shown = {
        name: _shown(node, seeing) for name, node in whole.items() if not isinstance(node, ObjectTypeDefinitionNode) or seeing.type(name)
    }
    kept = _reached(_settled(shown, set(_BUILT_IN)))
    return print_ast(DocumentNode(definitions=tuple(kept[name] for name in whole if name in kept))) + "\n"


_BUILT_IN = ("String", "Int", "Float", "Boolean", "ID")


@lru_cache(maxsize=2)
def _definitions(schema: GraphQLSchema) -> Mapping[str, TypeDefinitionNode]:
    found = parse(print_schema(schema)).definitions
    return {node.name.value: node for node in found if isinstance(node, TypeDefinitionNode)}


def _shown(node: TypeDefinitionNode, seeing: Seeing) -> TypeDefinitionNode:
    """A type without the fields, arguments and values that may not be used."""
    name = node.name.value
    match node:
        case ObjectTypeDefinitionNode():
            fields = (each for each in node.fields or () if seeing.field(name, each.name.value))
            return _with(node, fields=tuple(_with(each, arguments=_arguments(each, seeing)) for each in fields))
        case InputObjectTypeDefinitionNode():
            given = [each for each in node.fields or () if seeing.input(name, each.name.value)]
            if any(_is_required(each) and each not in given for each in node.fields or ()):
                given = []  # nobody can give the whole of it
            return _with(node, fields=tuple(_retyped(each, seeing.input_type(name, each.name.value)) for each in given))
        case EnumTypeDefinitionNode():
            hidden = seeing.hidden_values.get(name, set())
            return _with(node, values=tuple(each for each in node.values or () if each.name.value not in hidden))
        case _:
            return node


def _arguments(field: FieldDefinitionNode, seeing: Seeing) -> tuple[InputValueDefinitionNode, ...]:
    return tuple(each for each in field.arguments or () if seeing.argument(each.name.value))


def _retyped(field: InputValueDefinitionNode, type_: str | None) -> InputValueDefinitionNode:
    if type_ is None:
        return field
    assert isinstance(field.type, NamedTypeNode)
    return _with(field, type=_with(field.type, name=_with(field.type.name, value=type_)))


def _settled(found: Definitions, known: set[str]) -> Definitions:
    """What is left once nothing refers to what is gone: a type of nothing goes, a field of such a type, and whoever has to be given one."""
    while True:
        names = known | found.keys()
        next_ = {name: _pruned(node, names) for name, node in found.items()}
        next_ = {name: node for name, node in next_.items() if _has_parts(node)}
        broken = {name for name, node in next_.items() if isinstance(node, InputObjectTypeDefinitionNode) and _lacks(found[name], names)}
        next_ = {name: node for name, node in next_.items() if name not in broken}
        if next_ == found:
            return found
        found = next_


def _pruned(node: TypeDefinitionNode, names: Iterable[str]) -> TypeDefinitionNode:
    match node:
        case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
            fields = (each for each in node.fields or () if _named(each.type) in names and not _lacks(each, names))
            return _with(node, fields=tuple(_with(each, arguments=_known(each.arguments, names)) for each in fields))
        case InputObjectTypeDefinitionNode():
            return _with(node, fields=_known(node.fields, names))
        case _:
            return node


def _known(values: Iterable[InputValueDefinitionNode] | None, names: Iterable[str]) -> tuple[InputValueDefinitionNode, ...]:
    return tuple(each for each in values or () if _named(each.type) in names)


def _lacks(node: Any, names: Iterable[str]) -> bool:
    """Whether something has to be given whose type is gone: to a field as an argument, or to an input."""
    values = node.arguments if isinstance(node, FieldDefinitionNode) else node.fields
    return any(_is_required(each) and _named(each.type) not in names for each in values or ())


def _is_required(value: InputValueDefinitionNode) -> bool:
    return isinstance(value.type, NonNullTypeNode) and value.default_value is None


def _has_parts(node: TypeDefinitionNode) -> bool:
    parts = getattr(node, "values", None) if isinstance(node, EnumTypeDefinitionNode) else getattr(node, "fields", None)
    return parts is None or len(parts) > 0


def _reached(found: Definitions) -> Definitions:
    """The types that a root leads to; of an interface all that implement it."""
    waiting, seen = [name for name in _ROOTS if name in found], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in found:
            continue
        seen.add(name)
        waiting += _referred(found[name])
        if isinstance(found[name], InterfaceTypeDefinitionNode):
            waiting += (each for each, node in found.items() if name in _interfaces(node))
    return {name: node for name, node in found.items() if name in seen}


def _referred(node: TypeDefinitionNode) -> Iterator[str]:
    for field in getattr(node, "fields", None) or ():
        yield _named(field.type)
        yield from (_named(each.type) for each in getattr(field, "arguments", None) or ())
    yield from _interfaces(node)


def _interfaces(node: TypeDefinitionNode) -> list[str]:
    return [each.name.value for each in getattr(node, "interfaces", None) or ()]


def _named(type_: TypeNode) -> str:
    while not isinstance(type_, NamedTypeNode):
        type_ = type_.type  # type: ignore[attr-defined]  # a list's, or that of what is never null
    return type_.name.value


def _with(node: N, **changes: Any) -> N:
    """A copy of a node with other parts."""
    return type(node)(**{key: getattr(node, key) for key in node.keys} | changes)


async def _my_schema(road: Road, actor: Actor) -> str:
    return await asyncio.to_thread(sdl_for, road.schema, actor.rights)  # some tens of milliseconds, and then it is known


@strawberry.type
class MySchemaQueries:
    my_schema: str = computed(
        _my_schema,
        "This schema as you see it, in GraphQL's schema definition language: without the fields, arguments, values, mutations and types "
        "that you may not use. To make a frontend's types of.",
        permission=None,
        points=POINTS,
    )
