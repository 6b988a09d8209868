"""Origins: which web pages may call, told to browsers (CORS) and held against every request that names one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenants.refusals import NotAllowed

Marks = tuple[tuple[bytes, bytes], ...]

_METHODS = "GET, POST"
_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, X-File-Name, X-Kelu-CSRF, X-Kelu-Purpose"
_TOLD = b"Retry-After"
_KEPT_SECONDS = "600"
_POLICY = b"cross-origin-resource-policy"

#: What an answer to a page of this server, or to what is no page, says of who may read it.
OWN: Marks = ((_POLICY, b"same-origin"),)

REFUSAL = NotAllowed("Pages of this origin may not call. The operator allows origins by KELU_CORS_ORIGINS.")


class Origins:
    """The origins that may call: this server's own, and those of KELU_CORS_ORIGINS, separated by commas."""

    def __init__(self, allowed: str) -> None:
        self._marks = {origin.encode(): _marks_of(origin) for origin in filter(None, map(str.strip, allowed.split(",")))}

    def marks(self, headers: Mapping[bytes, bytes]) -> Marks | None:
        """The headers by which an answer says that the page that asks may read it; None where it may not ask.

        A browser names no Origin when a page of another site has it load something by GET, but says so in Sec-Fetch-Site.
        Whoever goes to an address (navigates) reads the answer himself, not the page he came from.
        """
        origin = headers.get(b"origin")
        if origin is None:
            is_loaded_by_another = headers.get(b"sec-fetch-site") == b"cross-site" and headers.get(b"sec-fetch-mode") != b"navigate"
            return None if is_loaded_by_another else OWN
        return self._marks.get(origin) or (OWN if _is_own(origin, headers.get(b"host")) else None)


class CheckedOrigins:
    """Answers preflights, marks answers for allowed origins, and refuses requests of any other origin."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        marks = self.origins.marks(headers)
        if marks is None:
            await JSONResponse({"code": REFUSAL.code, "message": REFUSAL.message}, 403, {"Vary": "Origin"})(scope, receive, send)
        elif is_preflight(scope, headers):
            await preflight(marks)(scope, receive, send)
        else:
            await self.app(scope, receive, _marked(send, marks))


def is_preflight(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks before it sends the request itself, and so without a key."""
    return scope["method"] == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def preflight(marks: Marks) -> Response:
    told = {name.decode(): value.decode() for name, value in marks}
    allowed = {"Access-Control-Allow-Methods": _METHODS, "Access-Control-Allow-Headers": _HEADERS, "Access-Control-Max-Age": _KEPT_SECONDS}
    return Response(status_code=204, headers=told | allowed | {"Vary": "Origin"})


def _marks_of(origin: str) -> Marks:
    return (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _TOLD),
        (_POLICY, b"cross-origin"),
    )


def _marked(send: Send, marks: Marks) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in marks:
                headers[name.decode()] = value.decode()
            headers.add_vary_header("Origin")
        await send(message)

    return marked


def _is_own(origin: bytes, host: bytes | None) -> bool:
    """Whether a page of this very host asks; whether by TLS, only the proxy in front knows."""
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == (host or b"").lower()
    except ValueError:
        return False
