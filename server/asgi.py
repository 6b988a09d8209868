"""The front door, read first: which paths there are, what every request passes through, and what opens and closes with the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from server.authentication import Authenticated
from server.downloads import rejected_rows, trail
from server.guard import Guarded, http_error
from server.health import is_alive, is_ready
from server.limits.body import BoundedBody
from server.schema import schema
from server.signin import routes as signin
from server.signin.asking import BODY_BYTES_MOST
from server.transport import ide
from server.transport.endpoint import PATH, GraphQLEndpoint
from server.transport.origins import CheckedOrigins, Origins
from server.transport.persisted import check_trusted_documents
from server.uploads import take_upload
from tenants.installation import open_installation
from tenants.life.forgetting import hearing
from tenants.settings import Settings, settings

#: Paths that ask for no key: what watches the process has none.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})


def create_app(chosen: Settings | None = None, *, open_servers: bool = True) -> FrontDoor:
    """The application.

    Args:
        open_servers: whether the application opens the installation when it starts and closes it when it ends; False where the
            process has one open already.
    """
    chosen = chosen or settings()
    origins = Origins(chosen.cors_origins)
    pages = [Route(path, ide.IdeFile(), methods=["GET"]) for path in ide.PATHS if chosen.ide]
    open_paths = OPEN_PATHS | signin.PATHS | (ide.OPEN_PATHS if chosen.ide else frozenset())
    most = {"/uploads": chosen.upload_bytes_most} | dict.fromkeys(signin.PATHS, BODY_BYTES_MOST)
    others = Starlette(
        routes=[
            *pages,
            Route("/uploads", take_upload, methods=["POST"]),
            Route("/imports/{id}/rejected.csv", rejected_rows, methods=["GET"]),
            Route("/trail.jsonl", trail, methods=["GET"]),
            *signin.ROUTES,
            Route("/healthz", is_alive, methods=["GET"]),
            Route("/readyz", is_ready, methods=["GET"]),
        ],
        middleware=[
            Middleware(Guarded),
            Middleware(CheckedOrigins, origins=origins),
            Middleware(Authenticated, open_paths=open_paths, open_prefix=signin.OPEN_PREFIX),
            Middleware(BoundedBody, most=most, otherwise=chosen.body_bytes_most),
        ],
        exception_handlers={HTTPException: http_error},
        lifespan=_lifespan(chosen) if open_servers else None,
    )
    return FrontDoor(GraphQLEndpoint(schema._schema, origins, chosen), others)


class FrontDoor:
    """GraphQL, which nearly every request is, by the shortest way; everything else through Starlette's layers."""

    def __init__(self, graphql: ASGIApp, others: ASGIApp) -> None:
        self._graphql, self._others = graphql, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._graphql if scope.get("path") == PATH else self._others
        await found(scope, receive, send)


def _lifespan(chosen: Settings):  # type: ignore[no-untyped-def]  # Starlette's own name for the type is private
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_installation(chosen), hearing():
            check_trusted_documents()
            yield

    return lifespan
