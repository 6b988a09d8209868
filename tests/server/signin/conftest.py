"""People at a browser and programs, who sign in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.types import ASGIApp

from server.asgi import create_app
from tenants.installation import Installation
from tests.tenants.signin.members import PASSWORD, MakeMember, Somebody, member_of

MARK = {"X-Kelu-CSRF": "1"}
COUNTED = "{ customers(first: 1) { totalCount } }"

WithSettings = Callable[..., ASGIApp]


@pytest.fixture
def with_settings(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> WithSettings:
    """Makes the application anew over the same installation with some settings changed, until the test is over."""

    def changed(**settings: Any) -> ASGIApp:
        chosen = opened.settings.model_copy(update=settings)
        monkeypatch.setattr("tenants.installation._open", replace(opened, settings=chosen))
        return create_app(chosen, open_servers=False)

    return changed


@pytest.fixture
def make_member(opened: Installation) -> MakeMember:
    return member_of


@pytest_asyncio.fixture(loop_scope="session")
async def browser(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with a page of ours open: it keeps cookies, and marks what it asks."""
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://kelu.test", headers=MARK) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, member: Somebody, **more: Any) -> dict[str, Any]:
    """Signs in, by cookie unless `as_` says otherwise; the answer."""
    answer = await client.post("/auth/sign-in", json={"email": member.email, "password": PASSWORD, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def count(client: httpx.AsyncClient, **headers: str) -> int:
    """The status of a small GraphQL query."""
    answer = await client.post("/graphql", json={"query": COUNTED}, headers=headers)
    return answer.status_code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
