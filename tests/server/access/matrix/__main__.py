"""Prints the file of what is expected, from what is answered now: `python -m tests.server.access.matrix`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from server.asgi import create_app
from tenants.database import migrate
from tenants.installation import open_installation
from tenants.registry import add_tenant
from tenants.servers import servers
from tenants.session import Actor, ActorKind
from tenants.settings import Settings
from tests.server.access.matrix.asking import cells, foreign_of
from tests.server.access.matrix.told import written


async def _make_tenant() -> Actor:
    return Actor((await add_tenant("Teehaus", country="CN")).id, ActorKind.OPERATOR)


async def _main() -> None:
    with TemporaryDirectory() as folder, servers(Settings(home=Path(folder) / "home")) as found:
        assert found.owner
        await migrate(found.owner)
        chosen = Settings(home=Path(folder) / "home")
        async with open_installation(chosen):
            app = create_app(chosen, open_servers=False)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kelu.test") as http:
                foreign = await foreign_of(_make_tenant, http)
                sys.stdout.write(written(await cells(_make_tenant, http, app, foreign, {})))


if __name__ == "__main__":
    asyncio.run(_main())
