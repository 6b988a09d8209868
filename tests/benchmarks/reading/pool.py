"""What the Python peers have in common: ten connections as the app's role, and uvicorn at its fastest."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvicorn

from tenants.database import credentials

CONNECTIONS = 10

#: The environment variable with the URL of the database as the app's role.
DATABASE = "KELU_BENCH_DATABASE"


@asynccontextmanager
async def open_pool() -> AsyncIterator[Any]:
    """A pool that resets nothing: whatever is set is set for one transaction."""

    async def as_it_is(_: object) -> None:
        return None

    settings = {"timezone": "UTC"}
    given = credentials(os.environ[DATABASE])
    async with asyncpg.create_pool(**given, min_size=1, max_size=CONNECTIONS, reset=as_it_is, server_settings=settings) as pool:
        yield pool


def serve(app: Any) -> None:
    """On the port of the command line, until the end."""
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
