"""The body of a request, bounded while it comes."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenants.refusals import TooLarge


class BoundedBody:
    """Refuses a request body over the limit of its path, by its Content-Length or as soon as it has come that far."""

    def __init__(self, app: ASGIApp, most: Mapping[str, int], otherwise: int) -> None:
        self.app, self.most, self.otherwise = app, most, otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.most.get(scope["path"], self.otherwise)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            raise too_large(most)
        await self.app(scope, _bounded(receive, most), send)


def _bounded(receive: Receive, most: int) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise too_large(most)
        return message

    return bounded


def too_large(most: int) -> TooLarge:
    """The refusal of a body over `most` bytes, whoever counted them."""
    return TooLarge(f"This is larger than {most:,} bytes, which is the limit.")
