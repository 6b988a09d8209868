"""What a request takes of the server: the time of its processor, and the longest that nothing else could run meanwhile.

Both are counted in processor time of the one thread the event loop runs in: a busy machine makes them no longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp

_WATCHED_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer, and what it took: processor time in all, and at one stretch."""

    status: int
    body: dict[str, Any]
    seconds: float
    stretch_seconds: float

    @property
    def codes(self) -> list[str]:
        """The codes of a GraphQL answer's errors, or the one of a refusal before GraphQL."""
        if "code" in self.body:
            return [self.body["code"]]
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


async def burden(app: ASGIApp, secret: str, body: Iterable[bytes], **headers: str) -> Taken:
    """POST a body, piece by piece, to /graphql; a piece is only made when the server asks for it."""
    given = {"host": "kelu.test", "content-type": "application/json", "authorization": f"Bearer {secret}"} | headers
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }
    pieces: Iterator[bytes] = iter(body)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Any) -> None:
        sent.append(message)

    watching = asyncio.ensure_future(_watch())
    await asyncio.sleep(0)
    began = time.thread_time()
    await app(scope, receive, send)  # type: ignore[arg-type]  # its messages are dictionaries
    seconds = time.thread_time() - began
    await asyncio.sleep(2 * _WATCHED_SECONDS)
    watching.cancel()
    stretch = await watching
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Taken(sent[0]["status"], orjson.loads(content), seconds, stretch)


async def _watch() -> float:
    """The most processor time this thread took between two looks at it, until it is cancelled."""
    longest, last = 0.0, time.thread_time()
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(_WATCHED_SECONDS)
            now = time.thread_time()
            longest, last = max(longest, now - last), now
    return longest
