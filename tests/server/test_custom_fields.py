"""Fields of a tenant's own over GraphQL: made, changed, and taken away with their values."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tenants.ids import new_id
from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, Stored
from tests.server.deciding import CREATE, CREATE_FIELD, DELETE_FIELD, UPDATE_FIELD, column, take
from tests.workers.working import until, working


async def test_a_field_of_ones_own_is_made_changed_and_used(graphql: Ask, acme: Actor, globex: Actor) -> None:
    size = {"name": "size", "label": "尺码", "type": "CHOICE", "choices": ["S", "M"]}
    made = (await graphql(CREATE_FIELD, as_=acme, input=size))["createCustomField"]
    taken = (await graphql(CREATE_FIELD, as_=acme, input=size))["createCustomField"]
    elsewhere = (await graphql(CREATE_FIELD, as_=globex, input=size))["createCustomField"]
    changed = (await graphql(UPDATE_FIELD, as_=acme, input={"name": "size", "choices": ["S", "L"], "isRequired": True}))[
        "updateCustomField"
    ]

    async def create(value: str | None) -> Any:
        custom = [{"name": "size", "value": value}] if value else []
        return (await graphql(CREATE, as_=acme, input={"name": "Ada", "custom": custom}))["createCustomer"]

    assert [(field["name"], field["label"], field["choices"]) for field in made["settings"]["customFields"]] == [
        ("size", "尺码", ["S", "M"])
    ]
    assert [(error["code"], error["field"]) for error in taken["userErrors"]] == [("DUPLICATE", ["name"])]
    assert elsewhere["userErrors"] == []
    assert changed["settings"]["version"] == made["settings"]["version"] + 1
    assert [error["code"] for error in (await create("M"))["userErrors"]] == ["CUSTOM_FIELD_RULE"]
    assert [error["code"] for error in (await create(None))["userErrors"]] == ["REQUIRED"]
    assert (await create("l"))["customer"]["custom"] == [{"name": "size", "value": "L"}]


async def test_a_field_is_not_changed_from_an_old_version_of_the_settings(graphql: Ask, acme: Actor) -> None:
    made = (await graphql(CREATE_FIELD, as_=acme, input={"name": "size", "type": "TEXT"}))["createCustomField"]
    stale, last = {"version": made["settings"]["version"] - 1}, {"version": made["settings"]["version"]}
    acts = {"create": {"name": "other", "type": "TEXT"}, "update": {"name": "size", "label": "Größe"}, "delete": {"name": "size"}}
    documents = {"create": CREATE_FIELD, "update": UPDATE_FIELD, "delete": DELETE_FIELD}

    refused = [(await graphql(documents[act], as_=acme, input=input | stale))[f"{act}CustomField"] for act, input in acts.items()]
    done = (await graphql(UPDATE_FIELD, as_=acme, input=acts["update"] | last))["updateCustomField"]

    assert [[(error["code"], error["field"]) for error in each["userErrors"]] for each in refused] == [
        [("VERSION_CONFLICT", ["version"])]
    ] * 3
    assert done["settings"]["version"] == last["version"] + 1


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"name": "Size", "type": "TEXT"}, ["name"]),
        ({"name": "s" * 41, "type": "TEXT"}, ["name"]),
        ({"name": "size", "type": "CHOICE"}, ["choices"]),
        ({"name": "size", "type": "TEXT", "choices": ["S"]}, ["choices"]),
        ({"name": "size", "type": "CHOICE", "choices": ["S", "s"]}, ["choices"]),
        ({"name": "size", "type": "TEXT", "least": "1"}, ["least"]),
        ({"name": "size", "type": "NUMBER", "least": "2", "most": "1"}, ["most"]),
        ({"name": "size", "type": "NUMBER", "most": "1e30"}, ["most"]),
        ({"name": "size", "type": "TEXT", "label": "x" * 101}, ["label"]),
    ],
)
async def test_a_field_that_cannot_be_is_refused(graphql: Ask, acme: Actor, input: dict[str, Any], field: list[str]) -> None:
    refused = (await graphql(CREATE_FIELD, as_=acme, input=input))["createCustomField"]

    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("INVALID", field)]
    assert await column(acme, "SELECT name FROM custom_field WHERE tenant_id = $1") == []


@pytest.mark.parametrize("is_sealed", [False, True])
async def test_whether_a_field_is_sealed_is_fixed_by_its_first_value(graphql: Ask, stored: Stored, acme: Actor, is_sealed: bool) -> None:
    await graphql(CREATE_FIELD, as_=acme, input={"name": "note", "type": "TEXT", "isSealed": is_sealed})
    other = {"name": "note", "isSealed": not is_sealed}
    back = {"name": "note", "isSealed": is_sealed}

    empty = [(await graphql(UPDATE_FIELD, as_=acme, input=each))["updateCustomField"]["userErrors"] for each in (other, back)]
    await stored(acme, name="Ada", **{"custom.note": "x"})
    refused = (await graphql(UPDATE_FIELD, as_=acme, input=other))["updateCustomField"]

    assert empty == [[], []]
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("CONFLICT", ["isSealed"])]


@pytest.mark.parametrize("is_sealed", [False, True])
async def test_a_field_taken_away_is_cleared_in_the_background_and_then_its_name_is_free(
    graphql: Ask, acme: Actor, globex: Actor, is_sealed: bool
) -> None:
    field = {"name": "note", "type": "TEXT", "isSealed": is_sealed}
    for actor in (acme, globex):
        await graphql(CREATE_FIELD, as_=actor, input=field)
        await graphql(CREATE_FIELD, as_=actor, input={"name": "other", "type": "TEXT", "isSealed": True})
        await take(actor, [{"name": f"Ada {n}", "custom.note": "x", "custom.other": "y"} for n in range(1200)])
    elsewhere = await column(globex, "SELECT c::text FROM customer c WHERE tenant_id = $1 ORDER BY id")

    taken = (await graphql(DELETE_FIELD, as_=acme, input={"name": "note"}))["deleteCustomField"]
    write = await graphql(CREATE, as_=acme, input={"name": "Eve", "custom": [{"name": "note", "value": "x"}]})
    again = (await graphql(CREATE_FIELD, as_=acme, input=field))["createCustomField"]
    async with working():
        await until(lambda: _is_gone(acme))

    assert [each["name"] for each in taken["settings"]["customFields"] if each["isRetired"]] == ["note"]
    assert [error["code"] for error in write["createCustomer"]["userErrors"]] == ["INVALID"]
    assert [error["code"] for error in again["userErrors"]] == ["DUPLICATE"]
    assert await column(acme, "SELECT count(*) FROM customer WHERE tenant_id = $1 AND custom ? 'note'") == [0]
    assert await _held(acme) == {frozenset({"other"})}
    assert await column(globex, "SELECT c::text FROM customer c WHERE tenant_id = $1 ORDER BY id") == elsewhere
    assert (await graphql(CREATE_FIELD, as_=acme, input=field))["createCustomField"]["userErrors"] == []


async def _is_gone(actor: Actor) -> bool:
    return await column(actor, "SELECT name FROM custom_field WHERE tenant_id = $1") == ["other"]


async def _held(actor: Actor) -> set[frozenset[str]]:
    """The names of the fields whose sealed values customers have."""
    async with acting_as(actor, read_only=True) as unit:
        column = (await unit.keyring()).column("customer", "custom_sealed")
        rows = await unit.connection.fetch("SELECT id, custom_sealed FROM customer WHERE tenant_id = $1", actor.tenant_id)
    return {frozenset(orjson.loads(column.open(row["id"], row["custom_sealed"]))) for row in rows}


async def test_a_field_that_a_role_turns_on_is_neither_sealed_nor_taken_away(graphql: Ask, acme: Actor) -> None:
    await graphql(CREATE_FIELD, as_=acme, input={"name": "size", "type": "TEXT"})
    grants = {"permissions": {"CUSTOMER_READ": "ALL"}, "conditions": {"CUSTOMER": [{"field": "custom.size", "notIn": ["XL"]}]}}
    async with acting_as(acme) as unit:
        statement = "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, '裁缝', $3)"
        await unit.connection.execute(statement, acme.tenant_id, new_id(), orjson.dumps(grants).decode())

    sealed = (await graphql(UPDATE_FIELD, as_=acme, input={"name": "size", "isSealed": True}))["updateCustomField"]
    gone = (await graphql(DELETE_FIELD, as_=acme, input={"name": "size"}))["deleteCustomField"]
    named = (await graphql(UPDATE_FIELD, as_=acme, input={"name": "size", "label": "尺码"}))["updateCustomField"]

    assert [[each["code"] for each in told["userErrors"]] for told in (sealed, gone, named)] == [["CONFLICT"], ["CONFLICT"], []]
