"""Authentication: from a bearer key to the actor it stands for; without one, nothing but a 401."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.addresses import client_of
from tenants.api_keys import authenticate
from tenants.networks import Address
from tenants.refusals import NotAllowed
from tenants.session import Actor

_SCHEME = "bearer "
_MISSING = "Send your API key: Authorization: Bearer kelu_…"


@dataclass(slots=True)
class Context:
    """Who asks, by which key and from where: an operation that lasts asks again whether the key is still good.

    `idempotency_key` is the request's, for its mutations; `purpose` what it says that revealed values are for; `address` whence it comes.
    """

    actor: Actor
    secret: str
    address: Address | None = None
    idempotency_key: str | None = None
    purpose: str | None = None

    async def still_allowed(self) -> Actor:
        """The actor, as the key stands for it a second ago at most.

        Raises:
            NotAllowed: the key is not good any more.
        """
        self.actor = await authenticate(self.secret, self.address)
        return self.actor


class Authenticated:
    """Puts the context of a request into its scope, or answers 401. A websocket says who it is later, in `connection_init`."""

    def __init__(self, app: ASGIApp, open_paths: frozenset[str]) -> None:
        self.app, self.open_paths = app, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self.open_paths and not scope.get("is_open"):
            try:
                context = await known(_header(scope), client_of(scope))
            except NotAllowed as refusal:
                body = {"code": refusal.code, "message": refusal.message}
                await JSONResponse(body, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
                return
            scope["context"], scope["actor"] = context, context.actor
        await self.app(scope, receive, send)


async def known(header: object, address: Address | None) -> Context:
    """Whom an Authorization header stands for, to a client at this address.

    Raises:
        NotAllowed: there is none, or its key is not good, or not from there.
    """
    if not isinstance(header, str) or not header.lower().startswith(_SCHEME):
        raise NotAllowed(_MISSING)
    secret = header[len(_SCHEME) :].strip()
    return Context(await authenticate(secret, address), secret, address)


def _header(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1"))
    return None
