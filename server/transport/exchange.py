"""An exchange: one HTTP request and the one answer to it, with the headers each answer has, made once for all of them."""

from __future__ import annotations

import orjson
from graphql import ExecutionResult
from starlette.types import Receive, Scope, Send

from server.documents import Wrong
from server.errors import graphql_error, refusal_in, told
from server.guard import HEADERS, STATUSES, BrokenOff
from server.limits.body import too_large
from server.transport.answers import packed, retry_after, status_of
from server.transport.compression import SMALLEST, compressed_aside
from server.transport.negotiation import GRAPHQL, JSON, encoding
from server.transport.origins import OWN, Marks
from tenants.refusals import Invalid

Headers = list[tuple[bytes, bytes]]

VARY = (b"vary", b"accept, accept-encoding, authorization, cookie, origin")

#: Besides the one that tells who may read an answer, which the request's origin decides.
_FIXED = (*((name.lower().encode(), value.encode()) for name, value in HEADERS.items() if name != "Cross-Origin-Resource-Policy"), VARY)
_CONTENT_TYPES = {type_: (b"content-type", f"{type_}; charset=utf-8".encode()) for type_ in (GRAPHQL, JSON)}
_CODINGS = {coding: (b"content-encoding", coding.encode()) for coding in ("zstd", "gzip")}

#: What is read of a header by which a client says what it likes; the longest there are have some hundred bytes.
_LIKING_LONGEST = 1_000


class Unfit(Exception):
    """A request that HTTP itself has a status for, with the headers that go with it."""

    def __init__(self, status: int, message: str, headers: Headers | None = None) -> None:
        super().__init__()
        self.status, self.message, self.headers = status, message, headers or []


class Exchange:
    """A request, and its answer in `media_type` once that is known."""

    __slots__ = ("_has_begun", "_send", "headers", "marks", "media_type", "method", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        self.scope, self.receive, self._send, self.headers = scope, receive, send, headers
        self.method: str = scope["method"]
        self.marks: Marks = OWN
        self.media_type = JSON
        self._has_begun = False

    def liking(self, name: bytes) -> bytes | None:
        """A header such as Accept, as far as it is read."""
        found = self.headers.get(name)
        return found if found is None else found[:_LIKING_LONGEST]

    async def body(self, most: int) -> bytes:
        """The body of the request.

        Raises:
            TooLarge: it is over `most` bytes, by its own word or by what has come.
            Invalid: the client left before its end.
        """
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            raise too_large(most)
        message = await self.receive()
        body: bytes = message.get("body", b"")
        pieces, size = [body], len(body)
        while message.get("more_body"):
            message = await self.receive()
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > most:
                raise too_large(most)
        if message["type"] != "http.request":
            raise Invalid("The body broke off.")
        if size > most:
            raise too_large(most)
        return body if len(pieces) == 1 else b"".join(pieces)

    async def answer(self, result: ExecutionResult, status: int | None = None, more: Headers | None = None) -> None:
        """Send a result, with the status its media type gives it unless another is said."""
        headers = more or []
        if result.errors and (seconds := retry_after(result)) is not None:
            headers.append((b"retry-after", str(seconds).encode()))
        await self.send(status or status_of(result, self.media_type), packed(result), self.media_type, headers)

    async def send(self, status: int, body: bytes, media_type: str, more: Headers) -> None:
        """Send JSON, compressed where the client likes that."""
        headers = [_CONTENT_TYPES[media_type], *_FIXED, *self.marks, *more]
        if len(body) >= SMALLEST and (coding := encoding(self.liking(b"accept-encoding"))):
            body = await compressed_aside(body, coding)
            headers.append(_CODINGS[coding])
        headers.append((b"content-length", b"%d" % len(body)))
        await self.begin(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, headers: Headers) -> None:
        self._has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def begin_events(self) -> None:
        """Begin an answer of server-sent events, which no proxy may hold back."""
        await self.begin(200, [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"), *_FIXED, *self.marks])

    async def add(self, block: bytes, *, is_last: bool = False) -> None:
        """Send a piece of an answer that has begun."""
        await self._send({"type": "http.response.body", "body": block, "more_body": not is_last})

    async def refuse(self, status: int, code: str, message: str, more: Headers | None = None) -> None:
        """Say {"code", "message"}: of a request that is refused before anybody asks whether it is GraphQL."""
        await self.send(status, orjson.dumps({"code": code, "message": message}), JSON, more or [])

    async def fail(self, error: Exception) -> None:
        """Tell what went wrong as a GraphQL error: a refusal in its words, a bug by its id.

        Raises:
            BrokenOff: the answer had begun.
        """
        if self._has_begun:
            told(error)
            raise BrokenOff from None
        if isinstance(error, Wrong):
            await self.answer(ExecutionResult(None, error.errors))
        elif isinstance(error, Unfit):
            await self.answer(ExecutionResult(None, [graphql_error(Invalid(error.message))]), error.status, error.headers)
        else:
            refusal, wrong = refusal_in(error), graphql_error(error)
            code = refusal.code if refusal else "INTERNAL"
            await self.answer(ExecutionResult(None, [wrong]), _STATUSES.get(code, 400))


#: Of what is refused before it runs, whatever media type is accepted. That a document is not known yet is no failure.
_STATUSES = STATUSES | {"DOCUMENT_NOT_TRUSTED": 403, "PERSISTED_QUERY_NOT_FOUND": 200, "TOO_MANY": 429}
