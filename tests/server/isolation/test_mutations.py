"""Whatever another tenant's value stands in whatever leaf of a mutation's input: its records stay byte for byte as they were."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type
from starlette.applications import Starlette

from server.schema import schema
from tenants.access.built_in import SERVICE
from tenants.ids import global_id
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.server.conftest import Ask, KeyOf, Stored
from tests.server.isolation.cases import Case, arguments, asking, filter_tests
from tests.server.isolation.foreign import CANARY, KEY, Foreign, add_own_fields, dump, leaks, never, settle, without
from tests.server.isolation.inputs import Base, leaves, put, values
from tests.server.isolation.staff import settle_staff
from tests.server.reference.records import fill
from tests.server.reference.store import load
from tests.server.test_imports import send
from tests.server.test_progress import say, socket_of

ROOT = schema._schema.mutation_type
assert ROOT is not None
WRITTEN = [(name, argument) for type_, name, _, argument, _ in arguments(schema._schema) if type_ is ROOT]
HEARD = [(name, argument) for type_, name, _, argument, _ in arguments(schema._schema) if type_.name == "Subscription"]
#: Acts whose every leaf is an id, or whose `id` names nobody where another argument is what is tried.
ABOUT_ONE = ("delete", "remove", "cancel", "pause", "resume", "end", "revoke", "rotate", "suspend", "set")
#: Asks as much as there is of a payload.
_WITH_KEY = (
    "mutation ($input: CreateCustomerInput!, $key: String) { createCustomer(input: $input, idempotencyKey: $key) { customer { id name } } }"
)


_MAKE_KEY = "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }"


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
async def foreign(kept: dict[str, Any], make_tenant: MakeTenant, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf) -> Foreign:
    if "foreign" not in kept:
        kept["foreign"] = await settle(await make_tenant(), graphql, http, key_of)
        await graphql(_WITH_KEY, as_=kept["foreign"].actor, input={"name": f"{CANARY} by key"}, key=KEY)
    found: Foreign = kept["foreign"]
    return found


@pytest.fixture
async def ours(make_tenant: MakeTenant) -> Actor:
    """A tenant that writes, fresh for each mutation: what one deletes the next would miss."""
    actor = await make_tenant()
    await fill(actor, 4, seed=5)
    await add_own_fields(actor)
    return actor


def _cases(name: str, argument: str, base: Base, foreign: Foreign) -> list[Case]:
    assert ROOT is not None
    arguments_ = ROOT.fields[name].args
    given = {each: definition.type for each, definition in arguments_.items() if each in (argument, "input", "id")}
    document, made = asking(schema._schema, ROOT, name, {each: str(type_) for each, type_ in given.items()}), []
    for leaf in leaves(given[argument], (argument,)):
        for value in values(leaf, name, foreign):
            inputs = [_given(given, base, put(leaf, each)) for each in (value, never(value))]
            made.append(Case(f"{name}{leaf.path} {value}", document, *inputs, told_apart=leaf.is_named and value != never(value)))
    return made


def _given(types: dict[str, Any], base: Base, part: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a mutation: one leaf of one of them is said, the rest is what it takes."""
    nobodys: dict[str, Any] = {"id": f"imp_{'0' * 32}", "input": {}}
    return {name: base.completed(type_, part.get(name, nobodys.get(name))) for name, type_ in types.items()}


@pytest.mark.parametrize(("name", "argument"), WRITTEN)
async def test_a_mutation_changes_nothing_of_another_tenant(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, ours: Actor, foreign: Foreign, name: str, argument: str
) -> None:
    upload = (await send(http, await key_of(ours), b"Name\nAda\n")).json()["id"]
    given = {"name": "Ours", "roleIds": [global_id("ROLE", SERVICE.id)]}
    own_key = (await graphql(_MAKE_KEY, as_=ours, may_reveal=True, input=given))["createApiKey"]["apiKey"]["id"]
    base, before = Base(name, await load(ours, []), upload, own_key, await settle_staff(ours, "Ours")), await dump(foreign.actor)
    tried, written, done = _cases(name, argument, base, foreign), list[Any](), 0
    for case in tried:
        if not case.told_apart:
            written.append(case.foreign)  # it is now our own text too, and may come back
        if case.told_apart:
            nobody = await graphql(case.document, as_=ours, may_reveal=True, **case.never)
        answer = await graphql(case.document, as_=ours, may_reveal=True, **case.foreign)
        assert leaks(answer.body, [case.foreign, written], foreign) == [], case
        assert {"INTERNAL", "TOO_LARGE"}.isdisjoint(answer.codes), (case, answer.errors)
        assert answer.body.get("data"), (case, answer.errors)
        done += answer[name]["userErrors"] == []
        if case.told_apart:
            assert without(answer.body, case.foreign) == without(nobody.body, case.never), case

    assert tried
    assert done or argument == "id" or name.startswith(ABOUT_ONE), "no input is right but for the one value"
    assert await dump(foreign.actor) == before


async def test_another_tenants_idempotency_key_is_ones_own(graphql: Ask, ours: Actor, foreign: Foreign) -> None:
    answer = await graphql(_WITH_KEY, as_=ours, input={"name": "Ada"}, key=KEY)

    assert answer["createCustomer"]["customer"]["name"] == "Ada"


@pytest.mark.parametrize("match", list(schema._schema.type_map["MatchBy"].values))
async def test_no_key_of_another_tenant_is_matched(graphql: Ask, ours: Actor, foreign: Foreign, match: str) -> None:
    before, (row,) = await dump(foreign.actor), foreign.store.rows["Customer"][:1]
    document = "mutation ($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { results { status id } userErrors { code } } }"
    given = {name: foreign.value("Customer", name) for name in ("externalId", "phone", "email", "nationalId")}
    answer = await graphql(document, as_=ours, input={"rows": [{"name": "Ada", **given}], "matchBy": [match]})

    (result,) = answer["upsertCustomers"]["results"]
    assert (result["status"], result["id"] == row.global_id) == ("CREATED", False)
    assert await dump(foreign.actor) == before


@pytest.mark.parametrize(("name", "argument"), HEARD)
async def test_a_subscription_tells_nothing_of_another_tenant(
    app: Starlette, key_of: KeyOf, stored: Stored, ours: Actor, foreign: Foreign, name: str, argument: str
) -> None:
    root = schema._schema.subscription_type
    assert isinstance(root, GraphQLObjectType)
    definition: Any = root.fields[name].args[argument]
    document = asking(schema._schema, root, name, {argument: str(definition.type)})
    secret = await key_of(ours, may_reveal=True)
    if get_named_type(definition.type).name == "ID":
        for id in foreign.ids:
            first, other = [await _first(app, secret, document, {argument: each}) for each in (id, never(id))]
            assert leaks(first, id, foreign) == []
            assert without(first, id) == without(other, never(id))
        return
    assert argument == "filter", f"{name}({argument}) has no case"
    tests = [test for _, test in filter_tests(get_named_type(definition.type), foreign)]
    for start in range(0, len(tests), 45):
        some = {"or": [*tests[start : start + 45], {"name": {"startsWith": "Ours"}}]}
        async with socket_of(app, secret) as socket:
            await socket.receive_json(timeout=5)
            await say(socket, document, filter=some)
            await asyncio.sleep(0.3)  # until it listens; there is no message that says so
            await stored(foreign.actor, name=f"{CANARY} {start}")
            await stored(ours, name=f"Ours {start}")
            message = await socket.receive_json(timeout=5)
        assert message["payload"]["data"][name]["customer"]["name"] == f"Ours {start}", message
        assert leaks(message, some, foreign) == []


async def _first(app: Starlette, secret: str, document: str, variables: dict[str, Any]) -> Any:
    async with socket_of(app, secret) as socket:
        await socket.receive_json(timeout=5)
        await say(socket, document, **variables)
        return await socket.receive_json(timeout=5)
