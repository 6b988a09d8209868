"""What a role writes: every field of every input of records, each by itself, on each of the records; and deletions at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from graphql import get_named_type, is_required_input_field

from tenants.words import RecordType
from tests.server.access.matrix.reading import type_of
from tests.server.access.matrix.world import COLUMNS, TYPES, Words, World

_NUMBERS = count(1)
_TOGETHER = 12
#: What goes along with a field, and is none.
_BESIDE = {"id", "version"}

_LINE = {"product": "Oolong", "quantity": "1", "unitPrice": "7"}
_ORDERED = {
    "orderedAt": "2024-06-01T10:00:00Z",
    "status": "OPEN",
    "currency": "EUR",
    "amount": "7",
    "paymentMethod": "CARD",
    "lines": [_LINE],
}
#: What each field is changed to.
VALUES: dict[str, dict[str, Any]] = {
    "Customer": {
        **{"kind": "COMPANY", "name": "Łukasz Żółw", "company": "Teehaus Nord", "gender": "MALE", "birthDate": "1991-04-06"},
        **{"occupation": "诗人", "phone": "13812345679", "email": "neu@vogel.example.org", "address": "Am See 2", "postalCode": "310001"},
        **{"nationalId": "110101197107177172", "country": "CN", "region": "浙江", "city": "Berlin", "lifecycle": "LAPSED"},
        **{"source": "网站", "owner": "Wang", "tags": ["neu"], "custom": [{"name": "note", "value": "Oolong"}]},
    },
    "Contact": {"name": "李雷", "jobTitle": "经理", "phone": "13912345670", "email": "lei@vogel.example.org", "isPrimary": False},
    "Order": _ORDERED | {"lines": [_LINE]},
    "Interaction": {
        **{"channel": "CHAT", "direction": "OUTBOUND", "occurredAt": "2024-06-01T10:00:00Z", "subject": "茶", "content": "要茶"},
        "followUp": "CLOSED",
    },
    "Need": {"what": "Assam", "productInterest": "红茶", "expectedAt": "2038-01-01", "status": "MATCHED"},
    "Preference": {"kind": "colour"},
}


def value(noun: str, name: str, place: int, world: World) -> Any:
    """What a field of an input is given for the record of a column."""
    if name in ("externalId", "number") or (noun, name) == ("Preference", "value"):
        return f"N{next(_NUMBERS)}"
    if name == "customerId":
        return world.ids["Customer"][place]
    if name == "customer":
        return {"externalId": ("K0", "K1", "K2", "F0")[place]}
    return VALUES[noun][name]


def inputs(noun: str, act: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields of an input by their paths; of the records that are made along with a customer theirs."""
    for name, field in type_of(f"{act}{noun}Input").fields.items():
        below: Any = get_named_type(field.type)
        if below.name.startswith("Nested"):
            yield from ((f"{name}.{inner}", (name, inner)) for inner in below.fields)
        elif name not in _BESIDE:
            yield name, (name,)


def created(noun: str, path: Sequence[str], place: int, world: World) -> dict[str, Any]:
    """The input that makes a record with one field besides those it needs."""
    found = _needed(noun, f"Create{noun}Input", place, world)
    if noun != "Customer" and path[0] not in ("customer", "customerId"):
        found["customerId"] = world.ids["Customer"][place]
    if len(path) == 2:
        inner = path[0].removesuffix("s").title()
        made = _needed(inner, f"Nested{inner}Input", place, world)
        return found | {path[0]: [made | {path[1]: value(inner, path[1], place, world)}]}
    return found | {path[0]: value(noun, path[0], place, world)}


def _needed(noun: str, input: str, place: int, world: World) -> dict[str, Any]:
    fields = type_of(input).fields.items()
    return {name: value(noun, name, place, world) for name, field in fields if is_required_input_field(field)}


async def done(world: World, mutation: str, given: Sequence[Any], *, argument: str = "input") -> list[str]:
    """The words of a mutation with these values of its argument, one act after the other; "-" where a value is None."""
    types = {"input": f"{_input_of(mutation)}!", "id": "ID!"}
    found = []
    for start in range(0, len(given), _TOGETHER):
        some = given[start : start + _TOGETHER]
        variables = {f"v{place}": each for place, each in enumerate(some) if each is not None}
        told = (
            "results { status problems { code severity } } userErrors { code }" if mutation == "upsertCustomers" else "userErrors { code }"
        )
        parts = " ".join(f"a{name[1:]}: {mutation}({argument}: ${name}) {{ {told} }}" for name in variables)
        declared = ", ".join(f"${name}: {types[argument]}" for name in variables)
        answer = await world.ask(f"mutation ({declared}) {{ {parts} }}", **variables) if variables else {}
        found += ["-" if each is None else _word(answer, f"a{place}") for place, each in enumerate(some)]
    return found


def _input_of(mutation: str) -> str:
    root: Any = type_of("Mutation")
    argument = root.fields[mutation].args.get("input")
    return get_named_type(argument.type).name if argument is not None else ""


def _word(answer: Mapping[str, Any], key: str) -> str:
    assert "errors" in answer or answer["data"], answer
    if not answer.get("data") or answer["data"][key] is None:
        return str(answer["errors"][0]["extensions"]["code"])
    payload = answer["data"][key]
    wrong = list(payload["userErrors"])
    for row in payload.get("results", ()):
        wrong += [each for each in row["problems"] if each["severity"] == "ERROR"]
    return wrong[0]["code"] if wrong else "DONE"


async def written(world: World) -> AsyncIterator[tuple[str, dict[str, Words]]]:
    """What becomes of every field; customers are the last, since the others are linked to them."""
    for noun in reversed(TYPES.values()):
        yield f"{noun} create", await _create(world, noun)
        yield f"{noun} update", await _update(world, noun, f"update{noun}", dict(inputs(noun, "Update")))
    rows = {name: (name,) for name in type_of("CustomerRowInput").fields if name not in _BESIDE}
    yield "Customer upsert", await _update(world, "Customer", "upsertCustomers", rows)


async def _create(world: World, noun: str) -> dict[str, Words]:
    places = range(1) if noun == "Customer" else range(len(COLUMNS))
    paths = dict(inputs(noun, "Create"))
    given = [created(noun, path, place, world) for path in paths.values() for place in places]
    words = await done(world, f"create{noun}", given)
    rest = ("-",) * (len(COLUMNS) - len(places))
    return {name: (*words[len(places) * at : len(places) * (at + 1)], *rest) for at, name in enumerate(paths)}


async def _update(world: World, noun: str, mutation: str, paths: Mapping[str, Sequence[str]]) -> dict[str, Words]:
    ids = world.ids[noun]
    rows = [{"id": id, path[0]: value(noun, path[0], place, world)} for path in paths.values() for place, id in enumerate(ids)]
    given = [{"rows": [row]} for row in rows] if mutation == "upsertCustomers" else rows
    words = await done(world, mutation, given)
    return {name: tuple(words[len(ids) * at : len(ids) * (at + 1)]) for at, name in enumerate(paths)}


async def deleted(world: World) -> AsyncIterator[tuple[str, dict[str, Words]]]:
    """What becomes of deletions."""
    for noun in reversed(TYPES.values()):
        words = await done(world, f"delete{noun}", [{"id": id} for id in world.ids[noun]])
        yield f"{noun} delete", {f"delete{noun}": tuple(words)}


#: The mutations that are about records.
MUTATIONS = {f"{act}{noun}" for noun in map(RecordType.title, TYPES) for act in ("create", "update", "delete")} | {"upsertCustomers"}
