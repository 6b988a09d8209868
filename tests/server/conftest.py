"""The server as a client sees it: over HTTP, in process, with real keys of real tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from server.asgi import create_app
from tenants.access.built_in import ADMIN
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer. `data` and `errors` as they came; a field of `data` is an item of this. `extensions` tell of its cost."""

    status: int
    body: dict[str, Any]
    extensions: dict[str, Any]

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body.get("errors", [])
        return found

    @property
    def codes(self) -> list[str]:
        return [error.get("extensions", {}).get("code", "") for error in self.errors]

    def __getitem__(self, name: str) -> Any:
        assert not self.errors, self.errors
        return self.body["data"][name]


Ask = Callable[..., Awaitable[Answer]]
KeyOf = Callable[..., Awaitable[str]]
Stored = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def app(opened: Installation) -> Starlette:
    return create_app(opened.settings, open_servers=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kelu.test") as client:
        yield client


@pytest.fixture
def key_of() -> KeyOf:
    """Makes an API key of an actor's tenant and gives its secret; one per test and kind is enough."""
    known: dict[tuple[Actor, bool], str] = {}

    async def key(actor: Actor, *, may_reveal: bool = False) -> str:
        if (actor, may_reveal) not in known:
            async with acting_as(actor):
                _, known[actor, may_reveal] = await add_api_key("test", role_ids=[ADMIN.id], may_reveal=may_reveal)
        return known[actor, may_reveal]

    return key


@pytest.fixture
def graphql(http: httpx.AsyncClient, key_of: KeyOf) -> Ask:
    """Asks as the holder of a key of an actor's tenant."""

    async def ask(document: str, /, *, as_: Actor, may_reveal: bool = False, operation: str | None = None, **variables: Any) -> Answer:
        headers = {"Authorization": f"Bearer {await key_of(as_, may_reveal=may_reveal)}"}
        if may_reveal:
            headers["X-Kelu-Purpose"] = "test"
        body = {"query": document, "variables": variables} | ({"operationName": operation} if operation else {})
        answer = await http.post("/graphql", json=body, headers=headers)
        told: dict[str, Any] = answer.json()
        extensions = told.pop("extensions", {})
        return Answer(answer.status_code, told, extensions)

    return ask


async def reveals(actor: Actor) -> list[tuple[list[str], str]]:
    """What the trail says was revealed: fields and purpose of each entry."""
    async with acting_as(actor, read_only=True) as unit:
        found = await unit.connection.fetch(
            "SELECT fields, purpose FROM trail_entry WHERE tenant_id = $1 AND event = 'REVEAL' ORDER BY id", actor.tenant_id
        )
    return [(row["fields"], row["purpose"]) for row in found]


@pytest.fixture
def stored() -> Stored:
    """Brings one record in and gives its global id."""

    async def store(actor: Actor, record_type: RecordType = RecordType.CUSTOMER, **values: str) -> str:
        async with acting_as(actor):
            outcome = await take_in(Batch.of_one(record_type, dict(values)), IntakeRules())
        assert outcome.record_ids[0] is not None, outcome.problems
        return global_id(record_type, outcome.record_ids[0])

    return store
