"""Origins: which web pages may call, told to browsers (CORS) and held against every request that names one."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = "GET, POST"
_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, X-File-Name"
_TOLD = "Retry-After"
_KEPT_SECONDS = "600"


class Origins:
    """Answers preflights, marks answers for allowed origins, and refuses requests and websockets of any other origin."""

    def __init__(self, app: ASGIApp, allowed: str) -> None:
        self.app = app
        self.allowed = frozenset(filter(None, map(str.strip, allowed.split(","))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = _header(scope, b"origin") if scope["type"] in ("http", "websocket") else None
        if origin is None and _header_is_cross_site(scope):
            await self._refuse(scope, receive, send)
        elif origin is None or _is_own(origin, scope):
            await self.app(scope, receive, send)
        elif origin not in self.allowed:
            await self._refuse(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            await Response(status_code=204, headers=_preflight(origin))(scope, receive, send)
        else:
            await self.app(scope, receive, _marked(send, origin))

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
            return
        body = {"code": "NOT_ALLOWED", "message": "Pages of this origin may not call. The operator allows origins by KELU_CORS_ORIGINS."}
        await JSONResponse(body, 403, {"Vary": "Origin"})(scope, receive, send)


def _preflight(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": _KEPT_SECONDS,
        "Vary": "Origin",
    }


def _marked(send: Send, origin: str) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _TOLD
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            headers.add_vary_header("Origin")
        await send(message)

    return marked


def _is_own(origin: str, scope: Scope) -> bool:
    """Whether a page of this very host asks."""
    return bool(host := _header(scope, b"host")) and urlsplit(origin).netloc == host


def _header_is_cross_site(scope: Scope) -> bool:
    """A browser's own word, on requests it sends without an Origin: that another site's page has caused it to load something."""
    return scope["type"] == "http" and _header(scope, b"sec-fetch-site") == "cross-site" and _header(scope, b"sec-fetch-mode") != "navigate"


def _header(scope: Scope, name: bytes) -> str | None:
    for each, value in scope.get("headers", ()):
        if each == name:
            return str(value.decode("latin-1"))
    return None
