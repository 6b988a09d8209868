"""What a caller is told of a wrong document: why, where a field is sealed, and never what else there would have been."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server.explaining import MESSAGE_LONGEST
from tenants.session import Actor
from tests.server.conftest import Ask

FILTERED = "query ($given: CustomerFilter) { customers(filter: $given) { totalCount } }"
ORDERED = "query ($given: [CustomerOrder!]) { customers(orderBy: $given) { totalCount } }"


@pytest.mark.parametrize(
    ("document", "given"),
    [
        ('{ customers(filter: {phone: {contains: "138"}}) { totalCount } }', None),
        ('{ customers(filter: {email: {startsWith: "a"}}) { totalCount } }', None),
        ('{ customers(filter: {or: [{not: {phone: {gt: "1"}}}]}) { totalCount } }', None),
        (FILTERED, {"phone": {"contains": "138"}}),
        (FILTERED, {"and": [{"email": {"like": "%"}}]}),
    ],
)
async def test_a_sealed_field_cannot_be_compared_and_it_is_said_why(graphql: Ask, acme: Actor, document: str, given: Any) -> None:
    answer = await graphql(document, as_=acme, **({"given": given} if given else {}))

    assert answer.codes == ["SEALED_FIELD"]
    assert "The field is encrypted: the database can look up an exact value (eq, in)" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("document", "given"),
    [
        ("{ customers(orderBy: [{field: PHONE}]) { totalCount } }", None),
        ("{ customers(orderBy: [{field: EMAIL, direction: DESC}]) { totalCount } }", None),
        (ORDERED, [{"field": "PHONE"}]),
    ],
)
async def test_a_sealed_field_gives_no_order_and_it_is_said_why(graphql: Ask, acme: Actor, document: str, given: Any) -> None:
    answer = await graphql(document, as_=acme, **({"given": given} if given else {}))

    assert answer.codes == ["SEALED_FIELD"]
    assert "The field is encrypted: the database cannot put its values in order." in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("document", "given"),
    [
        ("{ customer }", None),
        ("{ customerz { totalCount } }", None),
        ("{ customers(frist: 1) { totalCount } }", None),
        ("{ customers { nodes { nam phon } } }", None),
        ("{ customers { nodes { ... on Custome { id } } } }", None),
        ("{ __typename @includ(if: true) }", None),
        ("{ customers { totalCount ...Nam } } fragment Name on CustomerConnection { totalCount }", None),
        ("{ customers(orderBy: [{field: NAM}]) { totalCount } }", None),
        ("{ customers(filter: {lifecycle: {eq: ACTIV}}) { totalCount } }", None),
        ("{ customers(filter: {nam: {eq: 1}}) { totalCount } }", None),
        ("query ($given: CustomerFilte) { customers(filter: $given) { totalCount } }", None),
        (FILTERED, {"nam": {"eq": "a"}}),
        (FILTERED, {"lifecycle": {"eq": "ACTIV"}}),
        (ORDERED, [{"field": "NAM"}]),
        ('mutation { createCustomer(input: {nam: "A"}) { customer { id } } }', None),
        ('{ __type(name: "Custome") { name } __typenam }', None),
    ],
)
async def test_nobody_is_told_what_they_may_have_meant(graphql: Ask, acme: Actor, document: str, given: Any) -> None:
    answer = await graphql(document, as_=acme, **({"given": given} if given else {}))

    assert answer.errors
    assert "did you mean" not in str(answer.body).lower()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "document", ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }', "{ __typename }", "{ nam }"]
)
async def test_nothing_of_the_schema_is_told_without_a_key(http: httpx.AsyncClient, method: str, document: str) -> None:
    content: dict[str, Any] = {"params": {"query": document}} if method == "GET" else {"json": {"query": document}}
    answer = await http.request(method, "/graphql", **content)

    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message"}
    assert "Query" not in answer.text


@pytest.mark.parametrize("given", [{"createdAt": {"gt": "1" * 200_000}}, {"name": {"in": ["x", ["y" * 200_000]]}}])
async def test_a_message_does_not_repeat_all_that_was_sent(graphql: Ask, acme: Actor, given: Any) -> None:
    answer = await graphql(FILTERED, as_=acme, given=given)

    (error,) = answer.errors
    assert "has invalid value at" in error["message"]
    assert len(error["message"]) <= MESSAGE_LONGEST + 1


async def test_a_list_of_wrong_values_is_told_by_its_first_ones(graphql: Ask, acme: Actor) -> None:
    answer = await graphql(FILTERED, as_=acme, given={"name": {"in": [1] * 1000}})

    assert len(answer.errors) == 11
    assert answer.errors[-1]["message"].startswith("Too many errors")
