"""The guard around everything: security headers on each answer, and no exception leaves as anything but a code and a message."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import told

#: An API has nothing for a browser to show, frame, sniff or cache.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

STATUSES = {"NOT_FOUND": 404, "NOT_ALLOWED": 403, "CONFLICT": 409, "TOO_LARGE": 413, "TOO_SLOW": 503, "INTERNAL": 500}


class Guarded:
    """Tells a refusal or a bug as {"code", "message"}. Once an answer has begun, all it can do is break it off."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False
        completed = with_headers(send)

        async def guarded(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await completed(message)

        try:
            await self.app(scope, receive, guarded)
        except Exception as error:  # the outermost edge: a bug is logged with an id, and only the id is told
            answer = told(error)
            if has_begun:
                raise BrokenOff from None
            await JSONResponse(answer, STATUSES.get(answer["code"], 400))(scope, receive, guarded)


def with_headers(send: Send) -> Send:
    """A `send` that gives each answer those of HEADERS it does not have."""

    async def completed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return completed


class BrokenOff(Exception):
    """An answer that had begun could not be ended; the reason was logged. The server closes the connection."""


async def http_error(_: Request, error: Exception) -> JSONResponse:
    """What Starlette itself refuses: an unknown path, a wrong method."""
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "INVALID"}.get(error.status_code, "INVALID")
    return JSONResponse({"code": code, "message": f"{error.detail}."}, error.status_code, error.headers)
