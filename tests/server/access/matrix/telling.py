"""What a role is told by root fields that are no lists: records by their ids, and what is computed of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import get_named_type, is_required_argument

from server.reads.places import ById, ByIds, Computed
from tests.server.access.matrix.reading import WHOLE, Expected, asked, roots, word
from tests.server.access.matrix.world import Words, World
from tests.server.isolation.cases import selection
from tests.server.reference.writing import is_leaf


def by_id() -> list[str]:
    """The root fields that give a record by its id."""
    return [name for name, place in roots() if isinstance(place, ById | ByIds)]


async def record(world: World, name: str) -> dict[str, Words]:
    """Whether a root field gives each of the records."""
    assert WHOLE.query_type is not None
    named = get_named_type(WHOLE.query_type.fields[name].type).name
    ids, words = world.ids["Customer" if named == "Node" else named], []
    for id in ids:
        given = f'ids: ["{id}"]' if name == "nodes" else f'id: "{id}"'
        answer = await world.ask(f"{{ {name}({given}) {{ id }} }}") if id else None
        words.append("-" if answer is None else _refused(answer) or word(answer, (name,)))
    return {name: tuple(words)}


#: Computed fields that are about records, with their arguments: `{id}` is each column's.
ABOUT: dict[str, tuple[str, str]] = {
    "explainAccess": ('memberId: "{me}", recordId: "{id}", field: "phone"', "Customer"),
    "memberSessions": ('member: "{id}"', "Member"),
    "previewRoleChange": ('input: {{role: {{id: "{id}", permissions: [{{permission: CUSTOMER_READ}}]}}}}', "Role"),
}
PLAIN = {"estimate": '(document: "{ __typename }")'}


def computed() -> list[str]:
    return [name for name, place in roots() if isinstance(place, Computed)]


async def computed_field(world: World, name: str, expected: Expected) -> dict[str, Words]:
    """Each part of a computed field, by itself for each record that it is asked about, or once."""
    assert WHOLE.query_type is not None
    field = WHOLE.query_type.fields[name]
    assert name in ABOUT or name in PLAIN or not any(map(is_required_argument, field.args.values())), f"what is {name} asked with?"
    below: Any = get_named_type(field.type)
    parts = {name: name} if is_leaf(below) else {f"{name}.{each}": each for each in below.fields}

    async def ask(names: Sequence[str]) -> dict[str, Words] | None:
        select = "" if is_leaf(below) else f"{{ {' '.join(_part(below, parts[each]) for each in names)} }}"
        given, columns = _given(world, name)
        found: dict[str, list[str]] = {each: [] for each in names}
        for id in columns:
            answer = await world.ask(f"{{ {name}{given.format(id=id, me=world.ids['Member'][0])} {select} }}") if id else None
            for each in names:
                path = (name,) if is_leaf(below) else (name, parts[each])
                found[each].append("-" if answer is None else _refused(answer) or word(answer, path))
        return {each: tuple(words) for each, words in found.items()}

    return await asked(list(parts), expected, ask)


def _part(type_: Any, name: str) -> str:
    below: Any = get_named_type(type_.fields[name].type)
    return name if is_leaf(below) else f"{name} {selection(below, 2)}"


def _given(world: World, name: str) -> tuple[str, tuple[str | None, ...]]:
    if name in ABOUT:
        arguments, of = ABOUT[name]
        return f"({arguments})", world.ids[of]
    return PLAIN.get(name, "").replace("{", "{{").replace("}", "}}"), ("once", None, None, None)


def _refused(answer: Mapping[str, Any]) -> str | None:
    if answer["data"] is not None:
        return None
    code = str(answer["errors"][0]["extensions"]["code"])
    return "REFUSED" if code == "NOT_ALLOWED" else code
