"""Whatever another tenant's value is given to an argument of a query: nothing of its records comes back, nor a word that it exists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type

from server.reads import reading
from server.reads.plan import Plan
from server.reads.sql import Statement, statement_of
from server.schema import printed_schema, schema
from tenants.access.rights import Rights
from tenants.database import connected
from tenants.servers import Servers
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.server.conftest import Answer, Ask, KeyOf
from tests.server.isolation.cases import NO_REFERENCE, arguments, asking, cases
from tests.server.isolation.foreign import CANARY, Foreign, add_own_fields, dump, leaks, settle, without
from tests.server.reference.records import fill

CURSORS = ("after", "before")
READ = [
    (type_.name, name, argument)
    for type_, name, _, argument, _ in arguments(schema._schema)
    if type_.name not in ("Mutation", "Subscription") and argument not in (*NO_REFERENCE, *CURSORS)
]
PAGED = [(type_.name, name, argument) for type_, name, _, argument, _ in arguments(schema._schema) if argument in CURSORS]


def _type(name: str) -> GraphQLObjectType:
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
async def ours(kept: dict[str, Any], make_tenant: MakeTenant) -> Actor:
    """A tenant that asks: it has records of its own, and the same fields of its own."""
    if "ours" not in kept:
        kept["ours"] = await make_tenant()
        await fill(kept["ours"], 6, seed=3)
        await add_own_fields(kept["ours"])
    found: Actor = kept["ours"]
    return found


@pytest.fixture
async def foreign(
    kept: dict[str, Any], ours: Actor, make_tenant: MakeTenant, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf
) -> Foreign:
    if "foreign" not in kept:
        kept["foreign"] = await settle(await make_tenant(), graphql, http, key_of)
    found: Foreign = kept["foreign"]
    return found


@pytest.mark.parametrize(("type_", "name", "argument"), READ)
async def test_an_argument_finds_nothing_of_another_tenant(
    graphql: Ask, ours: Actor, foreign: Foreign, type_: str, name: str, argument: str
) -> None:
    before, tried = await dump(foreign.actor), 0
    for case in cases(schema._schema, _type(type_), name, argument, foreign):
        answer = await graphql(case.document, as_=ours, may_reveal=True, **case.foreign)
        assert leaks(answer.body, case.foreign, foreign) == [], case
        assert {"INTERNAL", "TOO_LARGE"}.isdisjoint(answer.codes), case
        assert answer.errors == [] or argument not in ("filter", "orderBy", "search"), (case, answer.errors)
        if case.told_apart:
            told = without(answer.body, case.foreign)
            assert told == without((await _again(graphql, ours, case.document, case.never)).body, case.never) or (
                # The trail grows by what is asked, once a minute by the use of a key: two answers may differ by that, and then not again.
                without((await _again(graphql, ours, case.document, case.foreign)).body, case.foreign)
                == without((await _again(graphql, ours, case.document, case.never)).body, case.never)
            ), case
        tried += 1

    assert tried
    assert await dump(foreign.actor) == before


async def _again(graphql: Ask, actor: Actor, document: str, variables: dict[str, Any]) -> Answer:
    return await graphql(document, as_=actor, may_reveal=True, **variables)


@pytest.mark.parametrize(("type_", "name", "argument"), PAGED)
async def test_a_cursor_of_another_tenant_is_none(
    graphql: Ask, ours: Actor, foreign: Foreign, type_: str, name: str, argument: str
) -> None:
    select = "{ pageInfo { endCursor } }"
    told = await graphql(asking(schema._schema, _type(type_), name, {"first": "Int"}, select), as_=foreign.actor, first=1)
    cursor = re.search(r'"endCursor": ?"([^"]+)"', str(told.body).replace("'", '"'))
    assert cursor, told.body

    document = asking(schema._schema, _type(type_), name, {argument: "String"})
    answers = [await graphql(document, as_=ours, may_reveal=True, **{argument: each}) for each in (cursor[1], "AAAA")]

    assert [answer.codes for answer in answers] == [["INVALID"]] * 2
    assert answers[0].body == answers[1].body


def test_arguments_without_a_reference_are_those_there_are() -> None:
    found = {
        argument: get_named_type(definition.type).name
        for _, _, _, argument, definition in arguments(schema._schema)
        if argument in NO_REFERENCE
    }

    assert found == NO_REFERENCE


@pytest.mark.parametrize("new", ["secret: String", "filter: String", "first: ID", "owners: [ID!]", "like: CustomerRowInput"])
def test_a_new_argument_without_a_case_fails(foreign: Foreign, new: str) -> None:
    grown = build_schema(printed_schema().replace("type Query {", f"type Query {{\n  grown({new}): String", 1))
    (found,) = [(type_, name, argument) for type_, name, _, argument, _ in arguments(grown) if name == "grown"]

    if "ID" in new:  # an id has a case by itself
        assert list(cases(grown, *found, foreign))
    else:
        with pytest.raises(AssertionError, match="grown"):
            list(cases(grown, *found, foreign))


BOUND = re.compile(r"\b(?:\w+)\.tenant_id = \$1 AND")


@pytest.mark.parametrize(("is_unbound", "is_open"), [(True, False), (False, True), (True, True)])
async def test_a_planted_weakness_is_caught_where_both_walls_are_down(
    graphql: Ask, ours: Actor, foreign: Foreign, migrated: Servers, monkeypatch: pytest.MonkeyPatch, is_unbound: bool, is_open: bool
) -> None:
    def unbound(plan: Plan, rights: Rights) -> Statement:
        found = statement_of(plan, rights)
        return replace(found, text=BOUND.sub("$1::uuid IS NOT NULL AND", found.text))

    if is_unbound:
        monkeypatch.setattr(reading, "statement_of", unbound)
    asked = "node(id: $id) { ... on Contact { name } } contacts { totalCount nodes { name } }"
    document = f"query Planted{is_unbound}{is_open} ($id: ID!) {{ {asked} }}"  # its plan is made anew
    async with connected(str(migrated.owner)) as owner:
        if is_open:
            await owner.execute("CREATE POLICY planted ON contact USING (true)")
        try:
            answer = await graphql(document, as_=ours, id=foreign.value("Contact", "id"))
        finally:
            await owner.execute("DROP POLICY IF EXISTS planted ON contact")

    assert "INTERNAL" not in answer.codes
    assert leaks(answer.body, {}, foreign) == ([CANARY] if is_unbound and is_open else [])
