"""GraphQL over HTTP as its public audits see it: each one of the npm package graphql-http, be it a MUST, a SHOULD or a MAY."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tenants.api_keys import add_api_key
from tenants.installation import Installation
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tests.clients import node

#: Each audit's name by its id, as `audits.mjs` tells them; in a file because the tests have to be known before npm is asked.
AUDITS = dict(line.split(" ", 1) for line in (node.FOLDER / "audits.txt").read_text(encoding="utf-8").splitlines())

Results = dict[str, dict[str, str | None]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def results(served: str, opened: Installation) -> Results:
    """What became of each audit, by its id."""
    tenant = await add_tenant("A tenant of the audits")
    async with acting_as(Actor(tenant.id, ActorKind.OPERATOR)):
        _, key = await add_api_key("The audits")
    return {result["id"]: result for result in node.run("audits", url=served, key=key)}


def test_the_audits_listed_are_those_the_package_has(results: Results) -> None:
    assert {id: result["name"] for id, result in results.items()} == AUDITS


@pytest.mark.parametrize("id", AUDITS, ids=[f"{id} {name}" for id, name in AUDITS.items()])
def test_an_audit_is_ok(results: Results, id: str) -> None:
    assert results[id]["status"] == "ok", results[id]["reason"]


def test_what_is_no_graphql_server_fails_them(served: str) -> None:
    told = node.run("audits", url=served.replace("/graphql", "/healthz"), key="")

    assert [result["name"] for result in told if result["name"].startswith("MUST") and result["status"] == "ok"] == []
