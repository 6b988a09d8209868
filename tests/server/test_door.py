"""The front door: who may come in, how much they may bring, and what they are told when something fails."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from server.guard import HEADERS
from server.limits.document import KEY_LONGEST
from server.reads.execute import Road
from server.schema import printed_schema, schema
from tenants.api_keys import add_api_key, revoke
from tenants.session import Actor, acting_as
from tenants.settings import Settings
from tests.server.conftest import Ask, KeyOf

TYPENAME = {"query": "{ __typename }"}
LIMITS = Settings()
UNKNOWN = "kelu_" + "0" * 43 + "_0MmvYo"


async def _post(http: httpx.AsyncClient, secret: str | None, body: Any = TYPENAME) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    if isinstance(body, dict):
        return await http.post("/graphql", json=body, headers=headers)
    return await http.post("/graphql", content=body, headers={**headers, "Content-Type": "application/json"})


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", f"Bearer {UNKNOWN}", "Basic YTpi", "Bearer \xe9", f"Token {UNKNOWN}"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/graphql"), ("GET", "/graphql"), ("POST", "/uploads"), ("GET", "/imports/imp_1/rejected.csv"), ("GET", "/nowhere")],
)
async def test_without_a_good_key_there_is_nothing_but_401(http: httpx.AsyncClient, method: str, path: str, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    answer = await http.request(method, path, headers=headers, json=TYPENAME)

    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_ALLOWED")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_ends_at_once(http: httpx.AsyncClient, acme: Actor) -> None:
    async with acting_as(acme):
        key, secret = await add_api_key("test")
    before = await _post(http, secret)

    async with acting_as(acme):
        await revoke(key.id)
    after, mistyped = await _post(http, secret), await _post(http, secret[:-1] + "_")

    assert before.status_code == 200
    assert after.status_code == 401
    assert after.json() == mistyped.json()


async def test_a_key_of_one_tenant_opens_that_tenant_only(graphql: Ask, acme: Actor, globex: Actor) -> None:
    create = 'mutation { createCustomer(input: {name: "Ada"}) { customer { id } } }'
    await graphql(create, as_=acme)

    assert (await graphql("{ customers { totalCount } }", as_=acme))["customers"]["totalCount"] == 1
    assert (await graphql("{ customers { totalCount } }", as_=globex))["customers"]["totalCount"] == 0


async def test_every_answer_carries_security_headers(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor) -> None:
    answers = [await _post(http, await key_of(acme)), await _post(http, None), await http.get("/healthz"), await http.get("/nowhere")]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "INVALID"),
        (b"{", 400, "INVALID"),
        (b"[]", 400, "INVALID"),
        (b"3", 400, "INVALID"),
        (b'{"query": 3}', 400, "INVALID"),
        (b"{}", 400, "INVALID"),
        (b'{"query": "{ __typename }", "variables": []}', 400, "INVALID"),
        (b'{"query": "{ __typename }", "operationName": "B"}', 200, "INVALID"),
        (b'{"query": "{ __typename }", "extensions": {"persistedQuery": 3}}', 400, "INVALID"),
        (b'{"variables": {}}', 400, "INVALID"),
        (b"\xff\xfe", 400, "INVALID"),
    ],
)
async def test_a_request_that_is_no_graphql_is_refused(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, body: bytes, status: int, code: str
) -> None:
    answer = await _post(http, await key_of(acme), body)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code), answer.text


@pytest.mark.parametrize(("method", "path", "status"), [("PUT", "/uploads", 405), ("GET", "/nowhere", 404)])
async def test_what_the_server_does_not_have_is_told_as_json(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path, headers={"Authorization": f"Bearer {await key_of(acme)}"})

    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("over", [0, 1])
async def test_a_body_is_bounded(http: httpx.AsyncClient, app: Starlette, key_of: KeyOf, acme: Actor, over: int, is_declared: bool) -> None:
    most = 1 << 20
    start, end = b'{"query": "{ __typename }"', b"}"
    body = start + b" " * (most + over - len(start) - len(end)) + end

    async def blocks() -> Any:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    content = body if is_declared else blocks()
    answer = await _post(http, await key_of(acme), content)

    assert answer.status_code == (413 if over else 200), answer.text


def _deep(levels: int) -> str:
    inner = "id"
    for name in ["node", "edges", "lines", "node", "edges", "orders", "node", "edges", "customers"][: levels - 1]:
        inner = f"{name} {{ {inner} }}"
    return f"{{ {inner} }}"


def _recursive(levels: int) -> str:
    return "{ " + "... { " * levels + "__typename" + " }" * levels + " }"


def _spread(levels: int) -> str:
    """A document whose fragments, opened at each spread, would be 2**levels fields."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {spreads} fragment F{levels} on Query {{ __typename }}"


@pytest.mark.parametrize(
    ("document", "is_fine"),
    [
        (_deep(10), True),
        (_spread(60), True),
        ("{ customers { nodes { orders { nodes { lines { edges { node { ... on Node { id } } } } } } } } }", True),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(LIMITS.aliases_most)) + " }", True),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(LIMITS.aliases_most + 1)) + " }", False),
        ("{ " + " ".join(["...A"] * 8) + " } fragment A on Query { a: __typename b: __typename }", False),
        ("{ " + "__typename " * LIMITS.root_fields_most + "}", True),
        ("{ " + "__typename " * (LIMITS.root_fields_most + 1) + "}", False),
        ("{ " + "a" * KEY_LONGEST + ": __typename }", True),
        ("{ " + "a" * (KEY_LONGEST + 1) + ": __typename }", False),
        ("{ __typename " + "#" * (LIMITS.document_characters_most - 15) + "\n}", True),
        ("{ __typename " + "#" * (LIMITS.document_characters_most - 14) + "\n}", False),
        ("{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }", True),
        ("{ __schema { queryType { name } } customers { totalCount } }", False),
    ],
)
async def test_a_document_is_bounded(graphql: Ask, acme: Actor, document: str, is_fine: bool) -> None:
    answer = await graphql(document, as_=acme)

    assert answer.codes == ([] if is_fine else ["TOO_LARGE"]), answer.errors


@pytest.mark.parametrize(
    "document",
    [
        "{ a } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A } fragment A on Query { ...A }",
        "{ customers(first: 1) { nodes { ...A } } } fragment A on Customer { orders { nodes { ...A } } }",
        _recursive(900),
        "{ " * 400 + "} " * 400,
        "{" * 1500,
        "query ($a: Int!, $a: Int!) { __typename }",
        "{ customers(first: $x) { totalCount } }",
        "{ customers(first: 99999999999) { totalCount } }",
        '{ customer(id: {a: "b"}) { id } }',
        "{ __typename __typename: id }",
        "",
    ],
)
async def test_a_wrong_document_is_refused_in_words_of_its_own(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, document: str) -> None:
    answer = await _post(http, await key_of(acme), {"query": document})

    assert answer.status_code in (200, 400)
    assert "data" not in answer.json() or answer.json()["data"] is None
    for leak in ("Traceback", "site-packages", "RecursionError", "recursion depth", ".py", "asyncpg", "SELECT"):
        assert leak not in answer.text


async def test_introspection_answers_with_the_schema(graphql: Ask, acme: Actor) -> None:
    answer = await graphql('{ __schema { queryType { name } } __type(name: "Customer") { fields { name } } }', as_=acme)

    assert answer["__schema"] == {"queryType": {"name": "Query"}}
    assert {"name": "phone"} in answer["__type"]["fields"]
    assert answer.extensions["cost"]["requested"] == 500


@pytest.mark.parametrize(
    "document", ["{ customers { totalCount } }", 'mutation { createCustomer(input: {name: "A"}) { customer { id } } }']
)
async def test_a_bug_is_told_as_an_id_that_the_log_has_and_nothing_else(
    graphql: Ask, acme: Actor, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("SELECT secret FROM customer WHERE phone = '13812345678'")

    monkeypatch.setattr(Road, "_read", broken)
    with capture_logs() as logs:
        answer = await graphql(document, as_=acme)

    (error,) = answer.errors
    (logged,) = [event for event in logs if event["event"] == "server.bug"]
    assert error["message"] == "internal error"
    assert error["extensions"] == {"code": "INTERNAL", "id": logged["id"]}
    assert logged["errors"] == ["builtins.KeyError"]
    assert "13812345678" not in str(answer.body) + str(logs)
    assert "KeyError" not in str(answer.body)


async def test_a_bug_outside_of_graphql_is_told_in_the_same_way(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await key_of(acme)

    async def broken(*_: object) -> None:
        raise RuntimeError("/srv/kelu/secret")

    monkeypatch.setattr("tenants.uploads.receive", broken)
    with capture_logs() as logs:
        answer = await http.post("/uploads", content=b"x", headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 500
    assert answer.json() == {"code": "INTERNAL", "message": "internal error", "id": logs[-1]["id"]}


async def test_a_process_lives_and_is_ready(http: httpx.AsyncClient) -> None:
    alive, ready = await http.get("/healthz"), await http.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "redis": "ok", "postgresql": "ok", "migrations": "ok"},
    )


async def test_a_process_that_lacks_a_migration_is_alive_but_not_ready(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.database.migration_names", lambda: ["0001_tenancy", "9999_not_yet"])

    alive, ready = await http.get("/healthz"), await http.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()["migrations"], ready.json()["postgresql"]) == (503, "failed", "ok")


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    with open("schema.graphql", encoding="utf-8") as file:
        assert file.read() == printed_schema(), "run `make schema`"


def test_every_field_argument_and_input_is_described() -> None:
    described = schema._schema.type_map
    bare = [
        f"{type_.name}.{name}"
        for type_ in described.values()
        if not type_.name.startswith("__")
        for name, field in getattr(type_, "fields", {}).items()
        if not field.description or not all(argument.description for argument in getattr(field, "args", {}).values())
    ]

    assert bare == []


@pytest.mark.parametrize(("levels", "is_fine"), [(LIMITS.depth_most, True), (LIMITS.depth_most + 1, False)])
async def test_depth_is_bounded_whatever_the_fields(graphql: Ask, acme: Actor, levels: int, is_fine: bool) -> None:
    answer = await graphql("{ a " * levels + "}" * levels, as_=acme)

    assert ("TOO_LARGE" not in answer.codes) is is_fine


@pytest.mark.parametrize("over", [0, 1])
async def test_tokens_are_bounded(graphql: Ask, acme: Actor, over: int) -> None:
    frame = 'mutation { createCustomer ( input : { name : "Ada" tags : [ %s ] } ) { __typename } }'
    tags = '"a" ' * (LIMITS.document_tokens_most - frame.count(" ") + over)
    answer = await graphql(frame % tags, as_=acme)

    assert bool(answer.errors) is bool(over), answer.errors
