"""The endpoint /graphql over HTTP: one request, from its bytes to the bytes of its answer."""

from __future__ import annotations

from graphql import ExecutionResult, GraphQLSchema, OperationType
from starlette.types import Receive, Scope, Send

from server.authentication import Context
from server.documents import Wrong
from server.errors import graphql_error, refusal_in
from server.reads.execute import Asked, Road
from server.transport.answers import packed, retry_after, status_of
from server.transport.compression import SMALLEST, compressed
from server.transport.events import stream
from server.transport.ide import ide
from server.transport.negotiation import EVENTS, HTML, accepted, encoding, is_json
from server.transport.persisted import text_of
from server.transport.request import GraphQLRequest, from_body, from_query_string
from server.transport.sockets import Socket
from tenants.refusals import Invalid

_VARY = b"accept, accept-encoding, authorization, origin"


class Unfit(Exception):
    """A request that HTTP itself has a status for, with the headers that go with it."""

    def __init__(self, status: int, message: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__()
        self.status, self.message, self.headers = status, message, headers or []


class GraphQLEndpoint:
    """The application behind /graphql: HTTP here, websockets in `sockets`."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.road = Road(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await Socket(self.road, scope, receive, send).serve()
            return
        headers = dict(scope["headers"])
        accept = accepted(_text(headers.get(b"accept")))
        try:
            await self._served(scope, receive, send, headers, accept)
        except Unfit as unfit:
            result = ExecutionResult(None, [graphql_error(Invalid(unfit.message))])
            await _send(send, headers, accept or "", unfit.status, result, unfit.headers)
        except Wrong as wrong:
            result = ExecutionResult(None, wrong.errors)
            await _send(send, headers, accept or "", status_of(result, accept or ""), result)
        except Exception as error:
            if refusal_in(error) is None:
                raise  # a bug: the guard tells it
            result = ExecutionResult(None, [graphql_error(error)])
            await _send(send, headers, accept or "", _status_of_refusal(result), result)

    async def _served(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes], accept: str | None) -> None:
        if accept is None:
            raise Unfit(406, "Accept application/graphql-response+json, application/json, or for subscriptions text/event-stream.")
        if scope["method"] == "GET" and accept == HTML:
            await ide(scope, receive, send)
            return
        request = await _request(scope, receive, headers)
        context: Context = scope["context"]
        text = await text_of(request, context.actor.tenant_id, self.road.documents)
        asked = self.road.asked(self.road.documents.checked(text), request.operation_name, request.variables)
        if scope["method"] == "GET" and asked.kind is OperationType.MUTATION:
            raise Unfit(405, "Mutations are sent by POST.", [(b"allow", b"POST")])
        if accept == EVENTS:
            await stream(self.road, asked, context, receive, send)
            return
        if asked.kind is OperationType.SUBSCRIPTION:
            raise Unfit(406, "Subscriptions go over a websocket (graphql-transport-ws), or as text/event-stream.")
        context.idempotency_key = _text(headers.get(b"idempotency-key"))
        result = await self._result(asked, context)
        await _send(send, headers, accept, status_of(result, accept), result)

    async def _result(self, asked: Asked, context: Context) -> ExecutionResult:
        return await self.road.answered(asked, context)


async def _request(scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> GraphQLRequest:
    if scope["method"] == "GET":
        return from_query_string(scope["query_string"])
    if scope["method"] != "POST":
        raise Unfit(405, "Send a POST, or a query by GET.", [(b"allow", b"GET, POST")])
    if not is_json(_text(headers.get(b"content-type"))):
        raise Unfit(415, "Send the request as application/json, in UTF-8.")
    return from_body(await _body(receive))


async def _body(receive: Receive) -> bytes:
    message = await receive()
    first: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return first
    pieces = [first]
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The body broke off.")
        pieces.append(message.get("body", b""))
    return b"".join(pieces)


async def _send(
    send: Send,
    asked: dict[bytes, bytes],
    media_type: str,
    status: int,
    result: ExecutionResult,
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:
    body = packed(result)
    type_ = media_type if media_type.endswith("json") else "application/json"
    headers = [(b"content-type", f"{type_}; charset=utf-8".encode()), (b"vary", _VARY), *(more or ())]
    coding = encoding(_text(asked.get(b"accept-encoding"))) if len(body) >= SMALLEST else None
    if coding is not None:
        body = compressed(body, coding)
        headers.append((b"content-encoding", coding.encode()))
    seconds = retry_after(result)
    if seconds is not None:
        headers.append((b"retry-after", str(seconds).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _status_of_refusal(result: ExecutionResult) -> int:
    """Of a request that is no GraphQL request yet, whatever media type it accepts."""
    code = ((result.errors or [])[0].extensions or {}).get("code")
    return {"TOO_LARGE": 413, "NOT_ALLOWED": 403, "DOCUMENT_NOT_TRUSTED": 403, "PERSISTED_QUERY_NOT_FOUND": 200}.get(str(code), 400)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
