"""What a role reads: every field of every type of records, every test and order of a list, every leaf of a report, every computed field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type
from strawberry.utils.str_converters import to_camel_case

from server.reads.places import Report, place_of, table_of
from server.schema import schema
from tenants.words import RecordType
from tests.server.access.matrix.world import COLUMNS, CUSTOMER, FLAGGED, OTHERS, TABLES, TYPES, Words, World
from tests.server.reference.filtering import snake
from tests.server.reference.writing import is_leaf

WHOLE = schema._schema
REFUSED: Words = ("REFUSED",) * len(COLUMNS)
#: Root lists of records, by the type of what is listed.
LISTS = {"Customer": "customers", "Contact": "contacts", "Order": "orders", "Interaction": "interactions", "Need": "needs"}
LISTS |= {"Preference": "preferences", "Import": "imports", "Member": "members", "Role": "roles", "Team": "teams"}
LISTS |= {"ApiKey": "apiKeys", "AuditEvent": "auditEvents"}
#: Few enough for a document: aliases and tokens have a limit.
_TOGETHER = 12
_MASK_LONGEST = 30

Expected = Mapping[str, Words]
#: Asks for these together: each one's words, or None where the document is refused as a whole.
Asking = Callable[[Sequence[str]], Awaitable[dict[str, Words] | None]]


def type_of(name: str) -> Any:
    return WHOLE.type_map[name]


def stored_types() -> Iterator[str]:
    """The types that have a table."""
    for name, type_ in WHOLE.type_map.items():
        declared = type_.extensions.get("strawberry-definition")
        if isinstance(type_, GraphQLObjectType) and declared is not None and table_of(declared.origin) is not None:
            yield name


def leaves(type_: Any) -> Iterator[tuple[str, str]]:
    """What of a type can be read by itself: `name`, `phone.masked`, `orders`, with its selection. Of another record the id is enough."""
    for name, field in type_.fields.items():
        below: Any = get_named_type(field.type)
        if is_leaf(below):
            yield name, name
        elif below.name.endswith("Connection"):
            yield name, f"{name}(first: 1) {{ nodes {{ id }} }}"
        elif "id" in below.fields:
            yield name, f"{name} {{ id }}"
        else:
            yield from ((f"{name}.{inner}", f"{name} {{ {select} }}") for inner, select in leaves(below))


async def asked(names: Sequence[str], expected: Expected, ask: Asking) -> dict[str, Words]:
    """The words of each: those that are expected to be told are asked for together, and each by itself where that is refused."""
    told = [name for name in names if name in expected and "REFUSED" not in expected[name]]
    found: dict[str, Words] = {}
    for start in range(0, len(told), _TOGETHER):
        found |= await ask(told[start : start + _TOGETHER]) or {}
    for name in names:
        if name not in found:
            found |= await ask([name]) or {name: REFUSED}
    return {name: found[name] for name in names}


def word(answer: Mapping[str, Any], path: Sequence[str]) -> str:
    """What stands at a path of response keys; of a list its first item is looked at."""
    value: Any = answer["data"]
    if value[path[0]] is None and len(path) > 1 and not answer.get("errors"):
        return "ABSENT"
    for place, key in enumerate(path):
        value = value[0] if isinstance(value, list) and value else value
        if not value:
            return _missing(answer, path[:place], value)
        value = value[key]
    if value in (None, [], [None]):
        return _missing(answer, path, value)
    return "MASKED" if isinstance(value, str) and "**" in value[:_MASK_LONGEST] else "VALUE"


def _missing(answer: Mapping[str, Any], path: Sequence[str], value: Any) -> str:
    """Why there is nothing: the code of its error, which is told once a field however many records were asked."""
    for error in answer.get("errors", ()):
        at = [step for step in error.get("path", ()) if isinstance(step, str)]
        if at == list(path) or (len(path) > 1 and at[1:] == list(path[1:])):
            return str(error["extensions"]["code"])
    return "ABSENT" if value == [None] or len(path) == 1 else "EMPTY" if value == [] else "NULL"


async def fields(world: World, type_: str, expected: Expected) -> dict[str, Words]:
    """Each field of a type, of each of its records, by its id."""
    selections, ids = dict(leaves(type_of(type_))), world.ids[type_]
    columns = [(column, id) for column, id in zip(COLUMNS, ids, strict=True) if id is not None]

    async def ask(names: Sequence[str]) -> dict[str, Words] | None:
        select = " ".join(dict.fromkeys(selections[name] for name in names))
        parts = " ".join(f'{column}: node(id: "{id}") {{ ... on {type_} {{ {select} }} }}' for column, id in columns)
        answer = await world.ask(f"{{ {parts} }}")
        if answer["data"] is None:
            return None
        present = [column for column, _ in columns]
        return {name: tuple(word(answer, (column, *name.split("."))) if column in present else "-" for column in COLUMNS) for name in names}

    return await asked(list(selections), expected, ask)


def tests_of(type_: GraphQLInputObjectType, noun: RecordType | None, world: World) -> Iterator[tuple[str, Any]]:
    """A test of each field of a filter that holds of all four records; of a sealed one also that there is a value."""
    for name in type_.fields:
        below: Any = get_named_type(type_.fields[name].type)
        if noun is None:
            continue
        if name in ("and", "or"):
            yield name, {name: [{"id": {"in": _known(world, noun)}}]}
        elif name == "not":
            yield name, {"not": {"not": {"id": {"in": _known(world, noun)}}}}
        elif "some" in below.fields or "and" in below.fields:
            yield name, {name: {"some": {}} if "some" in below.fields else {}}
        else:
            operators = below.fields
            yield name, {name: _test(operators, name, noun, world)}
            if below.name.startswith("Sealed") and "eq" in operators:
                yield f"{name}.isNull", {name: {"isNull": False}}


def _known(world: World, noun: RecordType) -> list[str]:
    return [id for id in world.ids[TYPES[noun]] if id]


def _test(operators: Mapping[str, Any], name: str, noun: RecordType, world: World) -> Any:
    texts = CUSTOMER if noun is RecordType.CUSTOMER else OTHERS[noun]
    if name == "custom":
        return [{"name": "note", "text": {"eq": CUSTOMER["custom.note"]}}]
    if name == "flags":
        return {"field": to_camel_case(FLAGGED[TABLES[noun]])}
    if name == "id":
        return {"in": _known(world, noun)}
    if "has" in operators:
        return {"has": texts[name]}
    if "gte" in operators:
        named = get_named_type(operators["gte"].type).name
        return {"gte": {"Int": 0, "Decimal": "0", "Date": "2000-01-01"}.get(named, "2000-01-01T00:00:00Z")}
    if "in" in operators:
        return {"in": ["K0", "K1", "K2", "F0"] if name in ("externalId", "number") else [texts[snake(name)]]}
    return {"eq": True} if "eq" in operators else {"isNull": False}


def nested_tests(type_: str, world: World) -> Iterator[tuple[str, Any]]:
    """Tests of what belongs to a record, and of what it belongs to."""
    whole: Any = type_of(f"{type_}Filter")
    for name, field in whole.fields.items():
        below: Any = get_named_type(field.type)
        inner = below.fields["some"].type if "some" in below.fields else below if name == "customer" else None
        if inner is None or name in ("and", "or", "not") or inner.name == "OrderLineFilter":
            continue
        noun = RecordType[inner.name.removesuffix("Filter").upper()]
        for of, test in tests_of(inner, noun, world):
            if not {"and", "or", "not"} & test.keys():
                yield f"{name}.{of}", {name: {"some": test} if "some" in below.fields else test}


async def lists(world: World, type_: str, tests: Sequence[tuple[str, Any]], expected: Expected) -> dict[str, Words]:
    """Whether each of the records is found in a list by tests of its filter."""
    ids, known = world.ids[type_], dict(tests)

    async def ask(names: Sequence[str]) -> dict[str, Words] | None:
        declared = ", ".join(f"$v{place}: {type_}Filter" for place in range(len(names)))
        parts = " ".join(f"a{place}: {LISTS[type_]}(first: 9, filter: $v{place}) {{ nodes {{ id }} }}" for place in range(len(names)))
        own = {"id": {"in": [id for id in ids if id]}}
        variables = {f"v{place}": {"and": [own, known[name]]} for place, name in enumerate(names)}
        answer = await world.ask(f"query ({declared}) {{ {parts} }}", **variables)
        return None if answer["data"] is None else {name: _found(answer["data"][f"a{place}"], ids) for place, name in enumerate(names)}

    return await asked(list(known), expected, ask)


def _found(page: Mapping[str, Any], ids: Sequence[str | None]) -> Words:
    seen = {node["id"] for node in page["nodes"]}
    return tuple("-" if id is None else "FOUND" if id in seen else "ABSENT" for id in ids)


async def orders(world: World, type_: str, expected: Expected) -> dict[str, Words]:
    """Whether each record is in a list that is in the order of a key; `search` finds it by its name."""
    values: Any = type_of(f"{type_}OrderField").values
    given = {name: f"orderBy: [{{field: {name}}}]" for name in values} | ({"search": 'search: "王芳芳"'} if type_ == "Customer" else {})

    async def ask(names: Sequence[str]) -> dict[str, Words] | None:
        parts = " ".join(f"a{place}: {LISTS[type_]}(first: 90, {given[name]}) {{ nodes {{ id }} }}" for place, name in enumerate(names))
        answer = await world.ask(f"{{ {parts} }}")
        found = answer["data"]
        return None if found is None else {name: _found(found[f"a{place}"], world.ids[type_]) for place, name in enumerate(names)}

    return await asked(list(given), expected, ask)


def reports() -> Iterator[tuple[str, str]]:
    """The reports, and the type of record each is about."""
    for name, place in roots():
        if isinstance(place, Report):
            yield name, place.filtered


def roots() -> Iterator[tuple[str, object]]:
    assert WHOLE.query_type is not None
    for name, field in WHOLE.query_type.fields.items():
        yield name, place_of(field.extensions["strawberry-definition"])


async def report(world: World, name: str, of: str, expected: Expected) -> dict[str, Words]:
    """Each leaf of a report about each record alone; where it has groups, by each of them."""
    assert WHOLE.query_type is not None
    field = WHOLE.query_type.fields[name]
    selections = {leaf: ("", select) for leaf, select in leaves(get_named_type(field.type))}
    if "groupBy" in field.args:
        groups: Any = get_named_type(field.args["groupBy"].type)
        by = {to_camel_case(group.lower()): group for group in groups.values}
        selections = {leaf: (by.get(leaf, ""), select) for leaf, (_, select) in selections.items()}

    async def ask(names: Sequence[str]) -> dict[str, Words] | None:
        group = next((f", groupBy: [{selections[leaf][0]}]" for leaf in names if selections[leaf][0]), "")
        group = group or (", groupBy: []" if "groupBy" in field.args else "")
        select = " ".join(dict.fromkeys(selections[leaf][1] for leaf in names))
        parts = [
            f'{column}: {name}(filter: {{id: {{eq: "{id}"}}}}{group}) {{ {select} }}'
            for column, id in zip(COLUMNS, world.ids[of], strict=True)
        ]
        answer = await world.ask(f"{{ {' '.join(parts)} }}")
        if answer["data"] is None:
            return None
        return {leaf: tuple(word(answer, (column, *leaf.split("."))) for column in COLUMNS) for leaf in names}

    plain = [leaf for leaf, (group, _) in selections.items() if not group]
    found = await asked(plain, expected, ask)
    for leaf in selections.keys() - set(plain):
        found |= await asked([leaf], expected, ask)
    return {leaf: found[leaf] for leaf in selections}
