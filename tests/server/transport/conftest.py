"""The transport as bytes: requests that no HTTP client would send, answers that come piece by piece, and other settings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
import pytest
from starlette.types import ASGIApp

from server.asgi import create_app
from tenants.installation import Installation
from tenants.session import Actor
from tests.server.conftest import KeyOf

TYPENAME = {"query": "{ __typename }"}
SECONDS_MOST = 8.0

WithSettings = Callable[..., ASGIApp]
Send = Callable[..., Any]


@pytest.fixture
def with_settings(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> WithSettings:
    """Makes the application anew over the same installation with some settings changed, until the test is over."""

    def changed(**settings: Any) -> ASGIApp:
        chosen = opened.settings.model_copy(update=settings)
        monkeypatch.setattr("tenants.installation._open", replace(opened, settings=chosen))
        return create_app(chosen, open_servers=False)

    return changed


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kelu.test") as client:
        yield client


@pytest.fixture
def send(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor) -> Send:
    """`await send(method, body, **headers)`: a request of Acme's to /graphql; a dict goes as JSON, by GET in the query string."""

    async def request(method: str = "POST", body: Any = TYPENAME, *, to: httpx.AsyncClient | None = None, **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {await key_of(acme)}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "GET":
            parameters = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in body.items()}
            return await (to or http).get("/graphql", params=parameters, headers=given)
        given.setdefault("Content-Type", "application/json")
        content = orjson.dumps(body) if isinstance(body, dict | list) else body
        return await (to or http).request(method, "/graphql", content=content, headers=given)

    return request


@dataclass
class Stream:
    """An answer of server-sent events as it comes."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    is_over: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, pattern: str) -> str:
        """All that has come once a pattern is in it.

        Raises:
            AssertionError: the stream is over without it, or it takes too long.
        """
        async with asyncio.timeout(SECONDS_MOST):
            while not re.search(pattern, self.text, re.DOTALL):
                assert not self.is_over, self.text
                self.came.clear()
                await self.came.wait()
        return self.text

    async def over(self) -> str:
        """All that has come, once there will be no more."""
        async with asyncio.timeout(SECONDS_MOST):
            while not self.is_over:
                self.came.clear()
                await self.came.wait()
        return self.text


@asynccontextmanager
async def streaming(app: ASGIApp, secret: str, body: dict[str, Any], **headers: str) -> AsyncIterator[Stream]:
    """A POST that accepts events; the client is gone when the block ends."""
    stream, gone, requests = Stream(), asyncio.Event(), [{"type": "http.request", "body": orjson.dumps(body), "more_body": False}]
    given = {"host": "kelu.test", "accept": "text/event-stream", "content-type": "application/json"} | headers
    given["authorization"] = f"Bearer {secret}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            stream.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            stream.text += message.get("body", b"").decode()
            stream.is_over = not message.get("more_body", False)
        stream.came.set()

    task = asyncio.ensure_future(app(scope, receive, send))  # type: ignore[arg-type]  # a coroutine it is
    try:
        yield stream
    finally:
        gone.set()
        async with asyncio.timeout(SECONDS_MOST):
            await task
