"""GraphQL over HTTP: which request gets which status in which media type, and what each answer says of itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.guard import HEADERS
from tenants.networks import Address
from tenants.session import Actor
from tests.server.conftest import KeyOf
from tests.server.transport.conftest import TYPENAME, Send, WithSettings, client_of

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
CREATE = {"query": 'mutation { createCustomer(input: {name: "Zoë"}) { customer { name } } }'}
WATCH = {"query": 'subscription { importProgress(id: "imp_1") { id } }'}
VARIABLE = {"query": "query A($first: Int!) { customers(first: $first) { totalCount } }"}


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL};charset=utf-8, {JSON};q=0.9", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON.upper()}", JSON),
    ],
)
async def test_the_answer_comes_in_the_media_type_that_is_liked_best(send: Send, accept: str | None, type_: str) -> None:
    answer = await send(**({"Accept": accept} if accept else {"Accept": ""}))

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"{type_}; charset=utf-8"
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", ["text/plain", "text/html", "image/*", f"{JSON};q=0", "nonsense"])
async def test_what_cannot_be_had_is_406(send: Send, accept: str) -> None:
    answer = await send(Accept=accept)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "INVALID")


@pytest.mark.parametrize(
    ("body", "of_graphql", "of_json", "has_data"),
    [
        ({"query": "{"}, 400, 200, False),
        ({"query": "{ nothing }"}, 400, 200, False),
        ({"query": ""}, 400, 200, False),
        ({"query": "{ customers(first: 1000) { totalCount } }"}, 400, 200, False),
        (VARIABLE | {"variables": {"first": "a"}}, 400, 200, False),
        (VARIABLE, 400, 200, False),
        (VARIABLE | {"operationName": "B", "variables": {"first": 1}}, 400, 200, False),
        ({"query": "query A { __typename } query B { __typename }"}, 400, 200, False),
        (VARIABLE | {"variables": {"first": 1}}, 200, 200, True),
        ({"query": '{ import(id: "imp_1") { id } __typename }'}, 200, 200, True),
        (CREATE, 200, 200, True),
        (CREATE | {"query": 'mutation { createCustomer(input: {name: ""}) { customer { name } userErrors { code } } }'}, 200, 200, True),
    ],
)
async def test_a_status_says_whether_it_ran(send: Send, body: dict[str, Any], of_graphql: int, of_json: int, has_data: bool) -> None:
    graphql, json = await send(body=body, Accept=GRAPHQL), await send(body=body, Accept=JSON)

    assert (graphql.status_code, json.status_code) == (of_graphql, of_json), graphql.text
    for answer in (graphql, json):
        assert ("data" in answer.json()) is has_data
        assert all(error["message"] and error["extensions"]["code"] for error in answer.json().get("errors", [])), answer.text


@pytest.mark.parametrize(
    "type_", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql"]
)
@pytest.mark.parametrize("suffix", ["", "; charset=utf-8"])
async def test_a_form_that_any_page_could_send_is_415(send: Send, type_: str, suffix: str) -> None:
    answer = await send(Content_Type=type_ + suffix)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (415, "INVALID")
    assert answer.headers["accept-post"] == JSON


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        (f"{JSON}; charset=utf-8", 200),
        (f'{JSON};charset="UTF-8"', 200),
        (f"{JSON}; charset=gb18030", 415),
        (f"{JSON}; charset=utf-16", 415),
    ],
)
async def test_bodies_are_utf_8(send: Send, type_: str, status: int) -> None:
    answer = await send(body={"query": '{ __type(name: "张Ω🏃") { name } }'}, Content_Type=type_)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_405(send: Send, method: str) -> None:
    answer = await send(method)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_batch_is_refused_in_clear_words(send: Send) -> None:
    answer = await send(body=[TYPENAME, TYPENAME])

    assert answer.status_code == 400
    assert "one request at a time" in answer.json()["errors"][0]["message"]


async def test_a_query_by_get_is_the_one_by_post(send: Send) -> None:
    body = VARIABLE | {"variables": {"first": 1}, "operationName": "A", "extensions": {"some": "值"}}
    by_get, by_post = await send("GET", body), await send("POST", body)

    assert by_get.status_code == 200
    assert by_get.json()["data"] == by_post.json()["data"] == {"customers": {"totalCount": 0}}


async def test_a_mutation_by_get_is_405_and_does_nothing(send: Send) -> None:
    answer = await send("GET", CREATE)
    count = await send(body={"query": "{ customers { totalCount } }"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert count.json()["data"]["customers"]["totalCount"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "extensions": "3"},
    ],
)
async def test_a_get_that_is_no_graphql_is_400(send: Send, body: dict[str, Any]) -> None:
    answer = await send("GET", body)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "INVALID")


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_a_subscription_needs_something_that_lasts(send: Send, accept: str) -> None:
    answer = await send(body=WATCH, Accept=accept)

    assert answer.status_code == 406
    assert "text/event-stream" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(("depth", "status"), [(19, 200), (20, 413), (1_000, 413), (20_000, 413)])
async def test_json_is_bounded_in_depth(send: Send, depth: int, status: int) -> None:
    body = b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * depth + b"]" * depth + b"}}"

    answer = await send(body=body)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
async def test_variables_are_bounded(send: Send, over: int, status: int) -> None:
    most = 256 << 10
    answer = await send(body=TYPENAME | {"variables": {"a": "x" * (most - len('{"a":""}') + over)}})

    assert answer.status_code == status, answer.text


VARY = {"accept", "accept-encoding", "authorization", "cookie", "origin"}


async def test_no_cache_keeps_an_answer_and_every_one_says_what_it_depends_on(http: httpx.AsyncClient, send: Send) -> None:
    answers = [
        await send(),
        await send("GET"),
        await send(body={"query": "{"}),
        await send("PUT"),
        await http.post("/graphql", json=TYPENAME),
    ]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert {each.strip() for each in answer.headers["vary"].split(",")} == VARY
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert len(answer.headers.get_list("content-type")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ custmers { totalCount } }"},
        {"query": "{ customers(frist: 1) { totalCount } }"},
        {"query": "{ customers { nodes { nam } } }"},
        {"query": "query ($a: CustomerFiltr) { __typename }"},
        {"query": "query ($a: CustomerFilter) { customers(filter: $a) { totalCount } }", "variables": {"a": {"nme": {"eq": "A"}}}},
        {"query": "{ customers(filter: {lifecycle: {eq: ACTIV}}) { totalCount } }"},
        {"query": "{ ...A } fragment A on Qery { __typename }"},
    ],
)
async def test_nobody_is_told_what_he_may_have_meant(send: Send, body: dict[str, Any]) -> None:
    answer = await send(body=body)

    assert answer.json()["errors"]
    assert "did you mean" not in answer.text.lower()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_who_has_spent_its_budget_is_told_when_to_come_back(with_settings: WithSettings, send: Send, accept: str) -> None:
    page = {"query": "{ customers(first: 20) { nodes { id } } }"}
    async with client_of(with_settings(budget_key_points=30, budget_key_per_second=0.5)) as client:
        fine, refused = [await send(body=page, to=client, Accept=accept, Accept_Encoding="identity") for _ in range(2)]

    cost = fine.json()["extensions"]["cost"]
    assert (cost["requested"], cost["limit"], cost["remaining"]) == (21, 30, 9)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] in ("23", "24")
    assert "data" not in refused.json()


async def test_a_key_is_looked_at_once_a_request(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    from server import authentication

    asked, really = [], authentication.authenticate

    async def counting(secret: str, address: Address | None) -> Actor:
        asked.append(secret)
        return await really(secret, address)

    monkeypatch.setattr(authentication, "authenticate", counting)
    for body in (TYPENAME, CREATE, {"query": "{ customers { totalCount } }"}, {"query": "{ __schema { queryType { name } } }"}):
        await send(body=body)

    assert len(asked) == 4


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda each: (
                st.lists(each)
                | st.dictionaries(
                    st.sampled_from(
                        ["query", "variables", "operationName", "extensions", "documentId", "persistedQuery", "sha256Hash", "version"]
                    ),
                    each,
                )
            ),
            max_leaves=8,
        ),
    )
)
async def test_whatever_is_sent_gets_an_answer_and_no_bug(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, body: Any) -> None:
    headers = {"Authorization": f"Bearer {await key_of(acme)}", "Content-Type": "application/json", "Accept": GRAPHQL}
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    try:
        answer = await http.post("/graphql", headers=headers, **content)
    except ValueError:  # the client cannot write it as JSON: nan, a lone surrogate
        return

    assert answer.status_code < 500, answer.text
    assert all(error["extensions"]["code"] != "INTERNAL" for error in answer.json().get("errors", []))
