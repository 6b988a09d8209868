"""Cases made from the schema: every argument of every field, given what is another tenant's, and the same what is nobody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
)

from tests.server.isolation.foreign import CANARY, Foreign, never
from tests.server.reference.writing import is_leaf

#: Arguments that name no record and hold no value of one. A new argument is a case, or it is written down here.
NO_REFERENCE = {"first": "Int", "last": "Int", "groupBy": "CustomerGrouping", "operationName": "String", "purpose": "String"}
#: What a leaf of an input is given where the other tenant's record has no such field.
ELSE = {
    **{"String": f"{CANARY} text", "ID": "cus_" + "7" * 32, "PhoneNumber": "+8613800138001", "EmailAddress": f"{CANARY}@vogel.example.org"},
    **{"Int": 7, "Decimal": "7171.7171", "Boolean": True, "DateTime": "2021-07-17T07:17:17Z", "Date": "2037-07-17"},
}
#: Types whose values are the other tenant's alone.
OWN = {"ID", "String", "PhoneNumber", "EmailAddress"}
_EXACT = {"eq", "in", "contains", "startsWith", "has", "hasAny", "hasAll", "field", "code"}
_CHUNK = 40

Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """One argument of one field. `told_apart`: an answer to the foreign value has to be that to a value that nobody has."""

    name: str
    document: str
    foreign: dict[str, Any]
    never: dict[str, Any]
    told_apart: bool = True


def arguments(schema: GraphQLSchema) -> Iterator[tuple[GraphQLObjectType, str, GraphQLField, str, GraphQLArgument]]:
    """Every argument of every field of the schema."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                for argument, definition in field.args.items():
                    yield type_, name, field, argument, definition


def selection(type_: Any, depth: int) -> str:
    """All that can be read of a type without naming anything, so many levels deep."""
    parts = ["__typename"]
    for name, field in getattr(type_, "fields", {}).items():
        below = get_named_type(field.type)
        if any(is_required_argument(each) for each in field.args.values()):
            continue
        if is_leaf(below):
            parts.append(name)
        elif depth and not below.name.endswith("Edge"):
            # The levels of a page are one with its records.
            parts.append(f"{name}{_few(field)} {selection(below, depth if type_.name.endswith('Connection') else depth - 1)}")
    if type_.name == "Node":
        parts += [
            "... on Customer { name phone { value } }",
            "... on Order { number }",
            "... on Import { fileName }",
            "... on ApiKey { name }",
            "... on AuditEvent { event }",
        ]
    return "{ " + " ".join(parts) + " }"


def _few(field: GraphQLField) -> str:
    """Some records say as much as many, and are within the limits."""
    return "(first: 3)" if "first" in field.args else ""


def ways(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Type → the fields that lead to it from the root without an argument that has to be given."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[Any, list[str]]] = [(schema.query_type, [])]
    while waiting:
        type_, way = waiting.pop(0)
        if type_.name in found:
            continue
        found[type_.name] = way
        for name, field in getattr(type_, "fields", {}).items():
            if not any(is_required_argument(each) for each in field.args.values()) and not is_leaf(field.type):
                waiting.append((get_named_type(field.type), [*way, f"{name}{_few(field)}"]))
    return found


def asking(schema: GraphQLSchema, type_: GraphQLObjectType, field: str, given: dict[str, str], select: str | None = None) -> str:
    """A document that asks for a field of a type with arguments that are variables of these types."""
    declared = ", ".join(f"${name}: {of}" for name, of in given.items())
    passed = ", ".join(f"{name}: ${name}" for name in given)
    definition = type_.fields[field]
    below = "" if is_leaf(definition.type) else select or selection(get_named_type(definition.type), 2)
    asked = f"{field}({passed}) {below}"
    roots = {schema.mutation_type: "mutation", schema.subscription_type: "subscription"}
    for step in reversed(ways(schema).get(type_.name, []) if type_ not in roots else []):
        asked = f"{step} {{ {asked} }}"
    return f"{roots.get(type_, 'query')} ({declared}) {{ {asked} }}"


def cases(schema: GraphQLSchema, type_: GraphQLObjectType, name: str, argument: str, foreign: Foreign) -> Iterator[Case]:
    """The cases of one argument of a query or a nested field; a filter has several. Cursors have one of their own.

    Raises:
        AssertionError: nobody has said what another tenant's value of this argument would be.
    """
    definition = type_.fields[name].args[argument]
    of, label = get_named_type(definition.type), f"{type_.name}.{name}({argument})"
    document = asking(schema, type_, name, {argument: str(definition.type)})
    if (name, argument) in _ABOUT_ACCESS:
        yield from _about_access(schema, type_, name, argument, foreign)
        return
    if NO_REFERENCE.get(argument) == of.name:
        return
    if of.name == "ID":
        for values in [[foreign.ids]] if isinstance(_bare(definition.type), GraphQLList) else [foreign.ids]:
            for value in values:
                nobody = [never(each) for each in value] if isinstance(value, list) else never(value)
                yield Case(f"{label} {value}", document, {argument: value}, {argument: nobody})
    elif argument == "filter" and isinstance(of, GraphQLInputObjectType):
        yield from _filters(label, document, of, foreign)
    elif argument == "orderBy":
        for field in get_named_type(get_named_type(definition.type).fields["field"].type).values:
            order = {argument: [{"field": field, "direction": "DESC"}]}
            yield Case(f"{label} {field}", document, order, order)
    elif argument == "search":
        yield Case(label, document, {argument: CANARY}, {argument: "Zaunkönig"})
    elif (name, argument) in _ESTIMATED:
        yield from _estimates(schema, type_, name, label, foreign)
    else:
        raise AssertionError(f"{label} has no case: what would another tenant's value be, or does it hold none (NO_REFERENCE)?")


#: What explains and previews access is asked with all its arguments: an id of another's in one of them, and a right one in none.
_ABOUT_ACCESS = {("explainAccess", "memberId"), ("explainAccess", "recordId"), ("explainAccess", "field"), ("previewRoleChange", "input")}


def _about_access(schema: GraphQLSchema, type_: GraphQLObjectType, name: str, argument: str, foreign: Foreign) -> Iterator[Case]:
    document = asking(schema, type_, name, {each: str(definition.type) for each, definition in type_.fields[name].args.items()})
    for id in foreign.ids:
        nobody: Any = never(id)
        if name == "explainAccess":
            given = {"memberId": foreign.value("Member", "id"), "recordId": foreign.value("Customer", "id"), "field": "phone"}
            given |= {argument: id} if argument != "field" else {}
            values = [given, {each: never(value) for each, value in given.items()}]
        else:
            values = [{"input": {"role": {"id": each, "permissions": []}}} for each in (id, nobody)]
            of_member = [{"input": {"member": {"id": each, "roleIds": [each]}}} for each in (id, nobody)]
            yield Case(f"{name}({argument}) of a member {id}", document, *of_member)
        yield Case(f"{name}({argument}) {id}", document, *values)


_ESTIMATED = {("estimate", "document"), ("estimate", "variables")}


def _estimates(schema: GraphQLSchema, type_: GraphQLObjectType, name: str, label: str, foreign: Foreign) -> Iterator[Case]:
    document = asking(schema, type_, name, {"document": "String!", "variables": "JSON"})
    inner = 'query ($id: ID!) { customer(id: $id) { name phone { value } } node(id: "%s") { id } }'
    for id in foreign.ids:
        values = [{"document": inner % each, "variables": {"id": each}} for each in (id, never(id))]
        yield Case(f"{label} {id}", document, *values)


def _bare(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _filters(label: str, document: str, type_: GraphQLInputObjectType, foreign: Foreign) -> Iterator[Case]:
    tests = list(filter_tests(type_, foreign))
    for told_apart in (True, False):
        chosen = [test for exact, test in tests if exact is told_apart]
        for start in range(0, len(chosen), _CHUNK):
            some = [{"or": chosen[start : start + _CHUNK]}]
            values = [{"filter": {"and": some}}, {"filter": {"and": nobodys(some)}}]
            yield Case(f"{label} {'exact' if told_apart else 'any'} {start}", document, *values, told_apart=told_apart)


def nobodys(value: Any) -> Any:
    """An input with what nobody has in place of what is the other tenant's."""
    if isinstance(value, dict):
        return {name: nobodys(each) for name, each in value.items()}
    return [nobodys(each) for each in value] if isinstance(value, list) else never(value)


def filter_tests(root: GraphQLInputObjectType, foreign: Foreign) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Every operator of every field of every filter that can be reached: whether it finds only who has the value, and the test."""
    seen: set[str] = set()
    waiting: list[tuple[GraphQLInputObjectType, Wrap]] = [(root, lambda test: test)]
    while waiting:
        type_, wrap = waiting.pop(0)
        noun = type_.name.removesuffix("Filter")
        if type_.name in seen:
            continue
        seen.add(type_.name)
        exactly = {"id": {"eq": foreign.value(noun, "id") or foreign.imports[0]}}
        for name, field in type_.fields.items():
            below: Any = get_named_type(field.type)
            if name in ("and", "or"):
                yield True, wrap({name: [exactly]})
            elif name == "not":
                yield True, wrap({"not": {"not": exactly}})
            elif "id" in below.fields:
                waiting.append((below, lambda test, wrap=wrap, name=name: wrap({name: test})))  # type: ignore[misc]  # bound now
            elif "some" in below.fields:
                of: Any = below.fields["some"].type
                for quantifier in below.fields:
                    id = {"id": {"eq": foreign.value(of.name.removesuffix("Filter"), "id")}}
                    yield quantifier == "some", wrap({name: {quantifier: id}})
                waiting.append((of, lambda test, wrap=wrap, name=name: wrap({name: {"some": test}})))  # type: ignore[misc]  # as above
            elif below.name == "CustomFilter":
                for kind in below.fields.keys() - {"name"}:
                    for is_exact, test in _operators(below.fields[kind].type, lambda _: None):
                        yield is_exact, wrap({name: [{"name": "note", kind: test}]})
            else:
                for is_exact, test in _operators(below, lambda _, noun=noun, name=name: foreign.value(noun, name)):  # type: ignore[misc]  # as above
                    yield is_exact, wrap({name: test})


def _operators(type_: GraphQLInputObjectType, value_of: Callable[[str], Any]) -> Iterator[tuple[bool, dict[str, Any]]]:
    for operator, field in type_.fields.items():
        named: Any = get_named_type(field.type)
        if operator == "between":
            one = ELSE[get_named_type(named.fields["from"].type).name]
            yield False, {operator: {"from": one, "to": one}}
            continue
        value = leaf(named, None if named.name in ("Boolean",) else value_of(operator))
        is_own = named.name in OWN and operator in _EXACT
        yield is_own, {operator: [value] if isinstance(field.type, GraphQLList) else value}


def leaf(named: Any, value: Any) -> Any:
    """A value of a leaf's type: the one given, or another."""
    if hasattr(named, "values"):
        return value if value in named.values else next(iter(named.values))
    assert named.name in ELSE, f"nobody has said what another tenant's {named.name} would be"
    if isinstance(value, list):
        value = value[0] if value else None
    return ELSE[named.name] if value is None or not isinstance(value, type(ELSE[named.name])) else value
