"""GraphiQL, from our own files."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send


async def ide(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError
