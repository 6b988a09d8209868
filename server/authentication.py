"""Authentication: from an API key, an access token or a browser's cookie to the actor it stands for; without one, nothing but a 401.

A program says who it is in the Authorization header: `Bearer kelu_…` is an API key, any other bearer is an access token. A browser's page
says nothing, its access token comes in a cookie; and because a browser sends that whichever page asks, the request has to show that
it comes from a page that may: by the header X-Kelu-CSRF, which no page of another origin can send without having been allowed
to (`transport.origins`). A websocket cannot carry that header, so there the Origin has to be one that may call, and not missing.
Who says both, by header and by cookie, is refused: nobody could say as whom he acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.addresses import client_of
from server.signin import cookies
from tenants.api_keys import authenticate
from tenants.installation import installation
from tenants.networks import Address
from tenants.refusals import NotAllowed
from tenants.session import Actor
from tenants.signin import standing
from tenants.signin.tokens import AccessToken

CSRF_HEADER = b"x-kelu-csrf"
CSRF = "CSRF"

_SCHEME = "bearer "
_KEY = "kelu_"
_MISSING = "Sign in, or send your API key: Authorization: Bearer kelu_…"
_BOTH = "Send either an Authorization header or the cookie of a sign-in, not both: have the browser leave cookies out, or sign out."
_UNMARKED = "With the cookie of a sign-in, send the header X-Kelu-CSRF: 1, from a page of this site."


@dataclass(slots=True)
class Context:
    """Who asks, by which key or token and from where: an operation that lasts asks again whether that is still good.

    `token` is what an access token says; None of an API key.
    `idempotency_key` is the request's, for its mutations; `purpose` what it says that revealed values are for; `address` whence it comes.
    """

    actor: Actor
    secret: str
    token: AccessToken | None = None
    address: Address | None = None
    idempotency_key: str | None = None
    purpose: str | None = None

    @property
    def caller(self) -> str:
        """What is counted as one caller: a key, or a session whichever of its tokens is sent."""
        return self.token.session_id.hex if self.token else self.secret

    async def still_allowed(self) -> Actor:
        """The actor, as the key or the session stands for it a second ago at most.

        Raises:
            NotAllowed: the key or the token is not good any more.
        """
        self.actor = (await by_secret(self.secret, self.address)).actor
        return self.actor


class Authenticated:
    """Puts the context of a request into its scope, or answers 401. A websocket says who it is later, in `connection_init`."""

    def __init__(self, app: ASGIApp, open_paths: frozenset[str], open_prefix: str) -> None:
        self.app, self.open_paths, self.open_prefix = app, open_paths, open_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else None
        if path is not None and path not in self.open_paths and not path.startswith(self.open_prefix) and not scope.get("is_open"):
            try:
                context = await known(dict(scope["headers"]), client_of(scope))
            except NotAllowed as refusal:
                body = {"code": refusal.code, "message": refusal.message}
                await JSONResponse(body, status_of(refusal), {"WWW-Authenticate": "Bearer"})(scope, receive, send)
                return
            scope["context"], scope["actor"] = context, context.actor
        await self.app(scope, receive, send)


async def known(
    headers: Mapping[bytes, bytes], address: Address | None, authorization: object = None, *, is_socket: bool = False
) -> Context:
    """Whom a request stands for, by its headers, to a client at this address.

    Args:
        authorization: what stands for an Authorization header: of a websocket, which says it in its first message.

    Raises:
        NotAllowed: it does not say, what it says is not good, or not from there; with the code CSRF, it is not shown to come from a
            page that may ask.
    """
    header = headers.get(b"authorization", b"").decode("latin-1") if authorization is None else authorization
    cookie = cookies.read(headers, cookies.ACCESS, installation().settings) if b"cookie" in headers else None
    if header and cookie:
        raise NotAllowed(_BOTH)
    if cookie:
        if b"origin" not in headers if is_socket else not is_marked(headers):
            raise NotAllowed(_UNMARKED, code=CSRF)
        return await _by_token(cookie, address)
    if not isinstance(header, str) or not header.lower().startswith(_SCHEME):
        raise NotAllowed(_MISSING)
    return await by_secret(header[len(_SCHEME) :].strip(), address)


async def by_secret(secret: str, address: Address | None) -> Context:
    """Whom an API key or an access token stands for, to a client at this address.

    Raises:
        NotAllowed: it is not good.
    """
    if secret.startswith(_KEY):
        return Context(await authenticate(secret, address), secret, address=address)
    return await _by_token(secret, address)


def is_marked(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request shows that it comes from a page that may ask. Which Origin may is decided before (`transport.origins`)."""
    return bool(headers.get(CSRF_HEADER)) and not (headers.get(b"sec-fetch-site") == b"cross-site" and b"origin" not in headers)


def status_of(refusal: NotAllowed) -> int:
    return 403 if refusal.code == CSRF else 401


async def _by_token(text: str, address: Address | None) -> Context:
    found = await standing.authenticate(text)
    return Context(found.actor, text, found.token, address)
