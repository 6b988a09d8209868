"""Authentication: from a bearer key to the actor it stands for; without one, nothing but a 401."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tenants.api_keys import authenticate
from tenants.refusals import NotAllowed
from tenants.session import Actor

_SCHEME = "bearer "
_MISSING = "Send your API key: Authorization: Bearer kelu_…"


class Authenticated:
    """Puts the actor of a request into its scope, or answers 401. A websocket says who it is later, in `connection_init`."""

    def __init__(self, app: ASGIApp, open_paths: frozenset[str]) -> None:
        self.app, self.open_paths = app, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self.open_paths:
            try:
                scope["actor"] = await authenticate(_secret(Headers(scope=scope).get("authorization")))
            except NotAllowed as refusal:
                body = {"code": refusal.code, "message": refusal.message}
                await JSONResponse(body, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass(slots=True)
class Context:
    """Who asks. Over a websocket the key is checked again for every operation and event, so a revoked one ends an open socket too."""

    known: Actor | None = None
    connection_params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """The actor as last checked.

        Raises:
            NotAllowed: nobody has said who they are.
        """
        if self.known is None:
            raise NotAllowed(_MISSING)
        return self.known

    @property
    def is_websocket(self) -> bool:
        return bool(self.connection_params)

    async def still_allowed(self) -> Actor:
        """The actor, checked anew over a websocket.

        Raises:
            NotAllowed: the key is missing, wrong, or revoked by now.
        """
        if self.is_websocket:
            self.known = None
            self.known = await authenticate(_secret(self.connection_params.get("authorization")))
        return self.actor


def _secret(header: object) -> str:
    if not isinstance(header, str) or not header.lower().startswith(_SCHEME):
        raise NotAllowed(_MISSING)
    return header[len(_SCHEME) :].strip()
