"""The front door, read first: which paths there are, what every request passes through, and what opens and closes with the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from server.authentication import Authenticated
from server.downloads import rejected_rows
from server.guard import Guarded, http_error
from server.health import is_alive, is_ready
from server.limits.body import BoundedBody
from server.schema import schema
from server.transport.endpoint import GraphQLEndpoint
from server.transport.origins import Origins
from server.uploads import take_upload
from tenants.installation import open_installation
from tenants.settings import Settings, settings

#: Paths that ask for no key: what watches the process has none.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})


def create_app(chosen: Settings | None = None, *, open_servers: bool = True) -> Starlette:
    """The application.

    Args:
        open_servers: whether the application opens the installation when it starts and closes it when it ends; False where the
            process has one open already.
    """
    chosen = chosen or settings()
    graphql = GraphQLEndpoint(schema._schema)
    return Starlette(
        routes=[
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
            Route("/uploads", take_upload, methods=["POST"]),
            Route("/imports/{id}/rejected.csv", rejected_rows, methods=["GET"]),
            Route("/healthz", is_alive, methods=["GET"]),
            Route("/readyz", is_ready, methods=["GET"]),
        ],
        middleware=[
            Middleware(Guarded),
            Middleware(Origins, allowed=chosen.cors_origins),
            Middleware(Authenticated, open_paths=OPEN_PATHS),
            Middleware(BoundedBody, most={"/uploads": chosen.upload_bytes_most}, otherwise=chosen.body_bytes_most),
        ],
        exception_handlers={HTTPException: http_error},
        lifespan=_lifespan(chosen) if open_servers else None,
    )


def _lifespan(chosen: Settings):  # type: ignore[no-untyped-def]  # Starlette's own name for the type is private
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_installation(chosen):
            yield

    return lifespan
