"""Nobody says whose he is, what he may do or whose a record is: where he tries, it is refused or not looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_ws import AsyncWebSocketSession, aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from starlette.applications import Starlette

from tenants.access.built_in import ADMIN
from tenants.ids import global_id, new_id
from tests.conftest import MakeTenant
from tests.server.access.conftest import MakeMember, Person, rows
from tests.server.access.escalation.assigning import ASSIGNMENTS, HEADERS, MEMBERS, NAMES, PARAMETERS, Assignment, filled
from tests.server.conftest import Stored
from tests.server.test_progress import say
from tests.tenants.signin.members import PASSWORD, member_of

WHO = "{ me { kind id memberId roles { id } permissions { permission scope } fields { noun field level } } customers { nodes { id } } }"
_TABLES = ("customer", "member", "role", "api_key", "team", "identity_provider", "custom_field", "customer_order")


class Someone:
    """An admin and a seller of one tenant, and who of another they would like to be."""

    def __init__(self, admin: Person, seller: Person, other: Person) -> None:
        self.admin, self.seller, self.other = admin, seller, other
        ids = {"tenant": global_id("TENANT", other.tenant.tenant_id), "member": other.global_id, "role": global_id("ROLE", ADMIN.id)}
        self.ids = ids | {"id": global_id("CUSTOMER", new_id())}

    async def dump(self) -> list[Any]:
        tenants = (self.admin.tenant, self.other.tenant)
        return [await rows(each, f"SELECT * FROM {table} t WHERE tenant_id = $1 ORDER BY t::text") for each in tenants for table in _TABLES]


@pytest.fixture(scope="module")
def kept() -> dict[str, Someone]:
    return {}


@pytest.fixture
async def someone(kept: dict[str, Someone], make_tenant: MakeTenant, make_member: MakeMember, stored: Stored) -> Someone:
    if not kept:
        ours, theirs = await make_tenant(), await make_tenant()
        for tenant in (ours, theirs):
            await stored(tenant, name="张伟")
        kept["someone"] = Someone(await make_member(ours, "ADMIN"), await make_member(ours, "SALES"), await make_member(theirs, "ADMIN"))
    return kept["someone"]


@pytest.mark.parametrize("attempt", ASSIGNMENTS, ids=lambda each: f"{each.mutation} {each.path} {each.name}")
async def test_what_is_not_the_callers_to_say_is_refused_even_to_an_admin(someone: Someone, attempt: Assignment) -> None:
    answer = await someone.admin.ask(attempt.document, **filled(attempt.variables, someone.ids))

    assert "data" not in answer.body or answer.body["data"] is None
    assert any(attempt.name in error["message"] for error in answer.errors), answer.errors
    assert set(answer.codes) == {"INVALID"}


async def test_nothing_of_it_was_done(someone: Someone) -> None:
    """The control too: what is dumped does change where something is done."""
    before = await someone.dump()
    for attempt in ASSIGNMENTS[::10]:
        await someone.admin.ask(attempt.document, **filled(attempt.variables, someone.ids))
    assert await someone.dump() == before

    await someone.admin.ask('mutation { createCustomer(input: {name: "Ada"}) { userErrors { code } } }')
    assert await someone.dump() != before


async def _asked(someone: Someone, *, headers: dict[str, str] | None = None, url: str = "/graphql", **body: Any) -> Any:
    assert someone.seller.http
    all_headers = {"Authorization": f"Bearer {someone.seller.secret}"} | (headers or {})
    answer = await someone.seller.http.post(url, json={"query": WHO} | body, headers=all_headers)
    return answer.json().get("data")


@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_makes_nobody_somebody_else(someone: Someone, name: str) -> None:
    plain = await _asked(someone)

    assert plain["me"]["memberId"] == someone.seller.global_id
    assert await _asked(someone, headers={name: filled(HEADERS[name], someone.ids)}) == plain


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("inside", ["body", "extensions", "variables"])
async def test_a_member_of_the_body_makes_nobody_somebody_else(someone: Someone, name: str, inside: str) -> None:
    value = {name: filled(MEMBERS[name], someone.ids)}

    assert await _asked(someone, **(value if inside == "body" else {inside: value})) in (await _asked(someone), None)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_a_parameter_of_the_address_makes_nobody_somebody_else(someone: Someone, name: str) -> None:
    found = await _asked(someone, url=f"/graphql?{name}={filled(PARAMETERS[name], someone.ids)}")

    assert found in (await _asked(someone), None)


@pytest.mark.parametrize("name", MEMBERS)
async def test_a_sockets_first_message_makes_nobody_somebody_else(app: Starlette, someone: Someone, name: str) -> None:
    plain = await _asked(someone)
    payload = {"authorization": f"Bearer {someone.seller.secret}", name: filled(MEMBERS[name], someone.ids)}
    async with _socket(app) as socket:
        await socket.send_json({"type": "connection_init", "payload": payload})
        assert await socket.receive_json(timeout=5) == {"type": "connection_ack"}
        await say(socket, WHO)
        assert (await socket.receive_json(timeout=5))["payload"]["data"] == plain


@asynccontextmanager
async def _socket(app: Starlette) -> AsyncIterator[AsyncWebSocketSession]:
    """A websocket that has not said anything yet."""
    async with (
        httpx.AsyncClient(transport=ASGIWebSocketTransport(app), base_url="http://kelu.test") as client,
        aconnect_ws("/graphql", client, subprotocols=["graphql-transport-ws"]) as socket,  # type: ignore[var-annotated]  # as in test_progress
    ):
        yield socket


@pytest.mark.parametrize("name", [each for each in (MEMBERS | NAMES) if each != "tenant"])
async def test_a_member_of_a_sign_in_makes_nobody_somebody_else(http: httpx.AsyncClient, someone: Someone, name: str) -> None:
    somebody = await member_of(someone.seller.tenant, None, new_id())
    extra = {name: filled((MEMBERS | NAMES)[name], someone.ids)}
    body = {"email": somebody.email, "password": PASSWORD, "as": "bearer"} | extra

    entered = (await http.post("/auth/sign-in", json=body)).json()
    again = (await http.post("/auth/refresh", json={"refreshToken": entered["refreshToken"]} | extra)).json()

    for tokens in (entered, again):
        headers = {"Authorization": f"Bearer {tokens['accessToken']}"}
        me = (
            await http.post("/graphql", json={"query": "{ me { kind memberId roles { id } permissions { permission } } }"}, headers=headers)
        ).json()
        assert me["data"]["me"] == {"kind": "MEMBER", "memberId": global_id("MEMBER", somebody.id), "roles": [], "permissions": []}
        assert tokens["tenant"] == global_id("TENANT", somebody.tenant_id)


def test_no_two_are_alike() -> None:
    assert len({(each.document, str(each.variables)) for each in ASSIGNMENTS}) == len(ASSIGNMENTS) > 500
