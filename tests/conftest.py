"""Real parts for every test: one PostgreSQL and one Valkey for the run, spoken to as the app's own role, and fresh tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.database import migrate
from tenants.installation import Installation, open_installation
from tenants.registry import add_tenant
from tenants.servers import Servers, servers
from tenants.session import Actor, ActorKind
from tenants.settings import Settings, settings

MakeTenant = Callable[..., Awaitable[Actor]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a migrated installation: embedded in a temporary home, or on the servers KELU_…_URL name."""
    chosen = settings()
    if chosen.is_embedded:
        chosen = Settings(home=Path(tmp_path_factory.mktemp("kelu")) / "home")
    with servers(chosen):
        yield chosen


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(installed: Settings) -> Servers:
    with servers(installed) as found:
        assert found.owner, "the tests migrate, so KELU_DATABASE_OWNER_URL has to be set too"
        await migrate(found.owner)
        return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def opened(installed: Settings, migrated: Servers) -> AsyncIterator[Installation]:
    async with open_installation(installed) as installation:
        yield installation


@pytest.fixture
def make_tenant(opened: Installation) -> MakeTenant:
    """Makes a fresh tenant and gives an actor in it: our own isolation isolates the tests."""

    async def make(country: str = "CN", **more: object) -> Actor:
        tenant = await add_tenant("A tenant of a test", country=country, **more)  # type: ignore[arg-type]  # passed through
        return Actor(tenant.id, ActorKind.OPERATOR)

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def acme(make_tenant: MakeTenant) -> Actor:
    return await make_tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def globex(make_tenant: MakeTenant) -> Actor:
    return await make_tenant()
