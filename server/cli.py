"""`kelu serve` and `kelu schema`: the server's own commands."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from typing import Annotated

import typer
import uvicorn

from server.asgi import create_app
from server.limits.head import BoundedHead
from server.schema import printed_schema
from server.transport.persisted import check_trusted_documents
from tenants.api_keys import uses
from tenants.installation import open_installation
from tenants.logs import log_as_json
from tenants.settings import Settings, settings

app = typer.Typer(no_args_is_help=True)

_GRACE_SECONDS = 15


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; KELU_HOST unless given.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, 0 for any free one; KELU_PORT unless given.", min=0, max=65535)
    ] = None,
) -> None:
    """Serve the GraphQL API at /graphql (GraphiQL in a browser, websockets, event streams), POST /uploads, /healthz and /readyz.

    Starts its own PostgreSQL and Valkey in KELU_HOME unless KELU_DATABASE_URL and KELU_REDIS_URL name others. Ctrl-C or SIGTERM ends
    it when the requests under way are done, after 15 s at the latest.

    Example: kelu serve --port 9000
    """
    chosen = settings()
    log_as_json(chosen.log_level)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")  # uvicorn's warnings, as they are
    config = uvicorn.Config(
        create_app(chosen, open_servers=False),
        host=host or chosen.host,
        port=chosen.port if port is None else port,
        http=BoundedHead,
        ws_max_size=chosen.body_bytes_most,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        proxy_headers=False,  # `server.addresses` reads them, where they may be believed
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # uvloop where it is installed, which on Windows it is not
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(config, chosen))


@app.command()
def schema() -> None:
    """Print the GraphQL schema, as schema.graphql holds it.

    Example: kelu schema > schema.graphql
    """
    sys.stdout.write(printed_schema())


async def _serve(config: uvicorn.Config, chosen: Settings) -> None:
    """Open what the server works with first: a refusal then ends the command with its own words, not with uvicorn's."""
    async with open_installation(chosen):
        check_trusted_documents()
        # Uvicorn takes these while it serves, and raises them again when it has ended: there is nothing left to do then.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: None)
        await Announcing(config).serve()
        await uses.settled()


class Announcing(uvicorn.Server):
    """Says where it listens once it does; with port 0 nobody could know."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # narrower than uvicorn's own
        await super().startup(sockets)  # type: ignore[arg-type]  # passed through
        gc.collect()
        gc.freeze()  # the schema and all modules stay: looking through them again and again is what made a page in a hundred slow
        for server in getattr(self, "servers", ()):
            for socket in server.sockets:
                host, port = socket.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                typer.echo(f"Kelu serves http://{shown}:{port}/graphql")
