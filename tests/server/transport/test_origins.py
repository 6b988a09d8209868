"""Web pages: which may call from another origin, and what any other page cannot make a browser do."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest
from httpx_ws import aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from pydantic import ValidationError

from tenants.settings import Settings
from tests.server.transport.conftest import TYPENAME, Send, WithSettings, client_of

ALLOWED, OTHER = "https://app.example.org", "https://evil.example"
BOTH = f"{ALLOWED}, http://localhost:5173"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.mark.parametrize("path", ["/graphql", "/uploads", "/imports/imp_1/rejected.csv"])
async def test_a_browser_is_told_which_pages_may_call_before_it_sends_a_key(with_settings: WithSettings, path: str) -> None:
    async with client_of(with_settings(cors_origins=BOTH)) as client:
        allowed, other = [await client.options(path, headers={"Origin": origin} | PREFLIGHT) for origin in (ALLOWED, OTHER)]

    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, ALLOWED)
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    assert allowed.headers["access-control-allow-credentials"] == "true"  # cookies, which are SameSite=Strict
    assert "X-Kelu-CSRF" in allowed.headers["access-control-allow-headers"]
    assert (other.status_code, other.json()["code"]) == (403, "NOT_ALLOWED")
    for answer in (allowed, other):
        assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-origin" not in other.headers


async def test_an_allowed_page_may_read_the_answer_and_another_gets_none(with_settings: WithSettings, send: Send) -> None:
    async with client_of(with_settings(cors_origins=BOTH)) as client:
        allowed, other, none = [await send(to=client, Origin=origin) for origin in (ALLOWED, OTHER, "null")]

    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ALLOWED)
    assert allowed.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "Retry-After" in allowed.headers["access-control-expose-headers"]
    for answer in (other, none):
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_ALLOWED")
        assert "access-control-allow-origin" not in answer.headers


async def test_without_the_setting_only_our_own_pages_call(send: Send) -> None:
    own, other = await send(Origin="http://kelu.test"), await send(Origin=ALLOWED)

    assert (own.status_code, other.status_code) == (200, 403)
    assert "access-control-allow-origin" not in own.headers
    assert own.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
async def test_a_get_that_another_sites_page_caused_is_refused(send: Send, site: str, mode: str, status: int) -> None:
    answer = await send("GET", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "origin", ["https://kelu.test.evil.example", "https://evil.example/kelu.test", "https://kelu.test@evil.example", "[", "https://[x", ""]
)
async def test_an_origin_that_looks_like_ours_is_not(send: Send, origin: str) -> None:
    assert (await send(Origin=origin)).status_code == 403


@pytest.mark.parametrize("path", ["/uploads", "/imports/imp_1/rejected.csv"])
async def test_other_paths_hold_it_the_same_way(with_settings: WithSettings, path: str) -> None:
    async with client_of(with_settings(cors_origins=BOTH)) as client:
        allowed, other = [await client.post(path, headers={"Origin": origin}) for origin in (ALLOWED, OTHER)]

    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (401, ALLOWED)
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (403, False)


@pytest.mark.parametrize(("origin", "is_open"), [("http://kelu.test", True), (ALLOWED, True), (OTHER, False), ("null", False)])
async def test_a_socket_is_opened_for_the_same_pages(with_settings: WithSettings, origin: str, is_open: bool) -> None:
    app, opened = with_settings(cors_origins=BOTH), False
    async with httpx.AsyncClient(transport=ASGIWebSocketTransport(app), base_url="http://kelu.test") as client:  # type: ignore[arg-type]  # an ASGI application
        with suppress(Exception):  # the client's own, which the server's refusal becomes
            async with aconnect_ws("/graphql", client, subprotocols=["graphql-transport-ws"], headers={"Origin": origin}):  # type: ignore[var-annotated]  # as in test_progress
                opened = True

    assert opened is is_open


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.org", "https://app.example.org/", "app.example.org", "null", f"{ALLOWED} {OTHER}"]
)
def test_a_setting_that_is_no_list_of_origins_stops_the_start(origins: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cors_origins=origins)


async def test_a_preflight_is_no_way_in(with_settings: WithSettings) -> None:
    async with client_of(with_settings(cors_origins=BOTH)) as client:
        asked = await client.request("OPTIONS", "/graphql", headers={"Origin": ALLOWED}, json=TYPENAME)
        posted = await client.post("/graphql", headers={"Origin": ALLOWED} | PREFLIGHT, json=TYPENAME)

    assert (asked.status_code, posted.status_code) == (401, 401)
