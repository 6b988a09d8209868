"""API keys over GraphQL: given out once, seen without secrets, changed, rotated and ended by those who may."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from httpx_ws import WebSocketDisconnect, aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from starlette.applications import Starlette

from tenants.access.built_in import ADMIN, AUDITOR, MANAGER, PARTNER, SERVICE
from tenants.api_keys import add_api_key, uses
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tests.server.conftest import Answer, Ask
from tests.workers.working import with_settings

ERRORS = "userErrors { code field message }"
ALL = "id name roleIds mayReveal networks pointsPerMinute expiresAt status madeBy madeByKey rotatedAt lastUsedAt lastAddress version"
CREATE = f"""mutation ($input: CreateApiKeyInput!, $key: String) {{
  done: createApiKey(input: $input, idempotencyKey: $key) {{ apiKey {{ {ALL} }} secret {ERRORS} }} }}"""
UPDATE = f"mutation ($input: UpdateApiKeyInput!) {{ done: updateApiKey(input: $input) {{ apiKey {{ {ALL} }} {ERRORS} }} }}"
ROTATE = f"""mutation ($input: RotateApiKeyInput!) {{
  done: rotateApiKey(input: $input) {{ apiKey {{ {ALL} formerSecrets {{ endsAt }} }} secret {ERRORS} }} }}"""
END = f"mutation ($id: ID!) {{ done: endFormerSecrets(id: $id) {{ apiKey {{ formerSecrets {{ endsAt }} }} {ERRORS} }} }}"
REVOKE = f"mutation ($id: ID!) {{ done: revokeApiKey(id: $id) {{ apiKey {{ status revokedAt }} {ERRORS} }} }}"
LIST = f"query ($filter: ApiKeyFilter) {{ apiKeys(filter: $filter) {{ nodes {{ {ALL} }} }} }}"
PARTNERS, SERVICES, ADMINS = (global_id("ROLE", role.id) for role in (PARTNER, SERVICE, ADMIN))
TYPENAME = {"query": "{ customers(first: 1) { totalCount } }"}


async def _made(graphql: Ask, actor: Actor, **more: Any) -> Any:
    payload = (await graphql(CREATE, as_=actor, input={"name": "网店", "roleIds": [PARTNERS], **more}))["done"]
    assert payload["userErrors"] == [], payload
    return payload


async def _status(http: httpx.AsyncClient, secret: str) -> int:
    return (await http.post("/graphql", json=TYPENAME, headers={"Authorization": f"Bearer {secret}"})).status_code


async def _as_key(http: httpx.AsyncClient, secret: str, document: str, **variables: Any) -> Answer:
    answer = await http.post("/graphql", json={"query": document, "variables": variables}, headers={"Authorization": f"Bearer {secret}"})
    return Answer(answer.status_code, answer.json(), {})


async def test_a_key_is_made_used_changed_rotated_and_ended(graphql: Ask, http: httpx.AsyncClient, acme: Actor) -> None:
    made = await _made(graphql, acme, pointsPerMinute=6000, expiresAt="2100-01-01T00:00:00Z")
    id = made["apiKey"]["id"]
    assert (made["apiKey"]["status"], made["apiKey"]["version"]) == ("ACTIVE", 1)
    assert await _status(http, made["secret"]) == 200

    changes = {"id": id, "name": "Onlineshop", "expiresAt": None, "pointsPerMinute": None, "roleIds": [SERVICES]}
    changed = (await graphql(UPDATE, as_=acme, input=changes))["done"]["apiKey"]
    assert {name: changed[name] for name in ("name", "expiresAt", "pointsPerMinute", "roleIds", "version")} == {
        "name": "Onlineshop",
        "expiresAt": None,
        "pointsPerMinute": None,
        "roleIds": [SERVICES],
        "version": 2,
    }

    rotated = (await graphql(ROTATE, as_=acme, input={"id": id}))["done"]
    assert len(rotated["apiKey"]["formerSecrets"]) == 1
    assert [await _status(http, each) for each in (made["secret"], rotated["secret"])] == [200, 200]
    assert (await graphql(END, as_=acme, id=id))["done"]["apiKey"] == {"formerSecrets": []}
    assert [await _status(http, each) for each in (made["secret"], rotated["secret"])] == [401, 200]

    ended = (await graphql(REVOKE, as_=acme, id=id))["done"]["apiKey"]
    assert (ended["status"], bool(ended["revokedAt"])) == ("REVOKED", True)
    assert await _status(http, rotated["secret"]) == 401
    assert [each["code"] for each in (await graphql(UPDATE, as_=acme, input={"id": id, "name": "x"}))["done"]["userErrors"]] == ["CONFLICT"]


async def test_a_secret_is_told_once_even_to_who_sends_the_same_mutation_again(graphql: Ask, http: httpx.AsyncClient, acme: Actor) -> None:
    given = {"input": {"name": "Shop", "roleIds": [PARTNERS]}, "key": "once"}

    first = (await graphql(CREATE, as_=acme, **given))["done"]
    again = (await graphql(CREATE, as_=acme, **given))["done"]

    assert again == first | {"secret": None}
    listed = (await graphql(LIST, as_=acme, filter={"name": {"eq": "Shop"}}))["apiKeys"]["nodes"]
    assert listed == [first["apiKey"]]
    assert first["secret"][5:48] not in str(listed)
    assert await _status(http, first["secret"]) == 200


async def test_a_key_is_seen_with_its_last_use(graphql: Ask, http: httpx.AsyncClient, acme: Actor, globex: Actor) -> None:
    made = await _made(graphql, acme, networks=["127.0.0.0/8", "2001:DB8::/32"])
    assert await _status(http, made["secret"]) == 200  # httpx' transport connects from 127.0.0.1
    await uses.settled()

    for_acme, for_globex = [
        (await graphql(LIST, as_=actor, filter={"name": {"eq": "网店"}}))["apiKeys"]["nodes"] for actor in (acme, globex)
    ]

    (key,) = for_acme
    assert (key["networks"], key["lastAddress"], bool(key["lastUsedAt"])) == (["127.0.0.0/8", "2001:db8::/32"], "127.0.0.1", True)
    assert key["version"] == 1
    assert for_globex == []


async def test_from_a_foreign_network_a_good_key_is_told_so_and_another_text_is_not(
    graphql: Ask, http: httpx.AsyncClient, acme: Actor
) -> None:
    secret = (await _made(graphql, acme, networks=["203.0.113.0/24"]))["secret"]

    refused, mistyped = [
        await http.post("/graphql", json=TYPENAME, headers={"Authorization": f"Bearer {each}"}) for each in (secret, secret[:-1])
    ]

    assert (refused.status_code, refused.json()["code"]) == (mistyped.status_code, mistyped.json()["code"]) == (401, "NOT_ALLOWED")
    assert "network address" in refused.json()["message"]
    assert mistyped.json()["message"] == "This API key is not valid."


async def _greeted(app: Starlette, headers: dict[str, str]) -> str:
    """What a websocket's server says first to whom."""
    async with (
        httpx.AsyncClient(transport=ASGIWebSocketTransport(app), base_url="http://kelu.test") as client,
        aconnect_ws("/graphql", client, subprotocols=["graphql-transport-ws"], headers=headers) as socket,  # type: ignore[var-annotated]  # as in test_progress
    ):
        await socket.send_json({"type": "connection_init", "payload": {}})
        try:
            return str(await socket.receive_json())
        except WebSocketDisconnect as closed:
            return str(closed)


async def test_a_socket_and_an_upload_are_bound_to_a_keys_networks_as_any_request(
    opened: Installation, app: Starlette, http: httpx.AsyncClient, graphql: Ask, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(opened, monkeypatch, trusted_proxies="127.0.0.0/8")
    secret = (await _made(graphql, acme, networks=["203.0.113.0/24"]))["secret"]

    for forwarded, status, greeting in (("203.0.113.7", 201, "connection_ack"), ("198.51.100.1", 401, "4403")):
        headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": forwarded}
        assert (await http.post("/uploads", content=b"Name\nAda\n", headers=headers)).status_code == status
        assert greeting in await _greeted(app, headers)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, ["name"]),
        ({"roleIds": []}, ["roleIds"]),
        ({"roleIds": ["rol_" + "9" * 32]}, ["roleIds"]),
        ({"roleIds": ["ADMIN"]}, ["roleIds"]),
        ({"networks": ["10.0.0.1/8"]}, ["networks"]),
        ({"networks": ["x"] * 51}, ["networks"]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"]),
        ({"pointsPerMinute": 2_000_000_000}, ["pointsPerMinute"]),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(graphql: Ask, acme: Actor, wrong: dict[str, Any], field: list[str]) -> None:
    id = (await _made(graphql, acme))["apiKey"]["id"]

    making = (await graphql(CREATE, as_=acme, input={"name": "Shop", "roleIds": [PARTNERS]} | wrong))["done"]
    changing = (await graphql(UPDATE, as_=acme, input={"id": id} | wrong))["done"]

    for payload in (making, changing):
        assert [(each["code"], each["field"]) for each in payload["userErrors"]] == [("INVALID", field)]
        assert payload["apiKey"] is None


@pytest.mark.parametrize("name", ["name", "roleIds", "mayReveal"])
async def test_what_a_key_must_have_is_not_cleared(graphql: Ask, acme: Actor, name: str) -> None:
    id = (await _made(graphql, acme))["apiKey"]["id"]

    payload = (await graphql(UPDATE, as_=acme, input={"id": id, name: None}))["done"]

    assert [(each["code"], each["field"]) for each in payload["userErrors"]] == [("INVALID", [name])]


@pytest.mark.parametrize("role", [PARTNER, SERVICE, MANAGER, AUDITOR])
async def test_a_key_manages_keys_only_where_its_roles_say_so(graphql: Ask, http: httpx.AsyncClient, acme: Actor, role: Any) -> None:
    id = (await _made(graphql, acme))["apiKey"]["id"]
    async with acting_as(acme):
        _, secret = await add_api_key("a partner's", role_ids=[role.id])

    acts = [
        await _as_key(http, secret, CREATE.replace(ALL, "__typename"), input={"name": "Mine", "roleIds": [global_id("ROLE", role.id)]}),
        await _as_key(http, secret, UPDATE.replace(ALL, "__typename"), input={"id": id, "name": "Mine"}),
        await _as_key(
            http, secret, "mutation ($i: RotateApiKeyInput!) { done: rotateApiKey(input: $i) { secret userErrors { code } } }", i={"id": id}
        ),
        await _as_key(http, secret, "mutation ($id: ID!) { done: revokeApiKey(id: $id) { userErrors { code } } }", id=id),
        await _as_key(http, secret, "mutation ($id: ID!) { done: endFormerSecrets(id: $id) { userErrors { code } } }", id=id),
    ]
    listed = await _as_key(http, secret, LIST)

    for answer in acts:
        told = [each["code"] for each in (answer.body.get("data") or {}).get("done", {}).get("userErrors", [])] or answer.codes
        assert told == ["NOT_ALLOWED"], answer
    assert listed.codes == ([] if role is AUDITOR else ["NOT_ALLOWED"])
    assert (await graphql(LIST, as_=acme, filter={"name": {"eq": "Mine"}}))["apiKeys"]["nodes"] == []


async def test_a_key_makes_none_that_is_wider_than_itself(graphql: Ask, http: httpx.AsyncClient, acme: Actor) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("an admin's", role_ids=[ADMIN.id])

    wider = await _as_key(http, secret, CREATE, input={"name": "Mine", "roleIds": [ADMINS], "mayReveal": True})
    child = await _as_key(http, secret, CREATE, input={"name": "Mine", "roleIds": [PARTNERS]})
    grandchild = await _as_key(http, child["done"]["secret"], CREATE.replace(ALL, "id"), input={"name": "Mine", "roleIds": [PARTNERS]})

    assert [each["code"] for each in wider["done"]["userErrors"]] == ["NOT_ALLOWED"]
    assert child["done"]["apiKey"]["madeByKey"]
    assert "NOT_ALLOWED" in str(grandchild.body)
