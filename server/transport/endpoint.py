"""The endpoint /graphql: one HTTP request from its bytes to the bytes of its answer, with nothing between it and the server.

It does by itself what the guard, the key and the bound of the body do for other paths: as layers around it they would cost a small
query a third of its time.
"""

from __future__ import annotations

from urllib.parse import unquote

from graphql import GraphQLSchema, OperationType
from starlette.types import Receive, Scope, Send

from server.addresses import client_of
from server.authentication import Context, known, status_of
from server.guard import with_headers
from server.reads.execute import Road
from server.transport.events import stream
from server.transport.exchange import Exchange, Unfit
from server.transport.ide import send_page
from server.transport.negotiation import EVENTS, GRAPHQL, HTML, JSON, accepted, is_json
from server.transport.origins import REFUSAL, Origins, is_preflight, preflight
from server.transport.persisted import text_of
from server.transport.request import GraphQLRequest, from_body, from_query_string
from server.transport.sockets import Socket
from tenants.refusals import NotAllowed
from tenants.settings import Settings

PATH = "/graphql"

_ANSWERS = (GRAPHQL, JSON, EVENTS)
_PAGE_AND_ANSWERS = (*_ANSWERS, HTML)


class GraphQLEndpoint:
    """The application behind /graphql: HTTP here, websockets in `sockets`."""

    def __init__(self, schema: GraphQLSchema, origins: Origins, chosen: Settings) -> None:
        self.road = Road(schema)
        self._origins, self._body_bytes_most = origins, chosen.body_bytes_most
        self._has_ide = chosen.ide

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        marks = self._origins.marks(headers)
        if scope["type"] == "websocket":
            if marks is None:
                await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
            else:
                await Socket(self.road, scope, receive, send).serve()
            return
        exchange = Exchange(scope, receive, send, headers)
        try:
            if marks is None:
                await exchange.refuse(403, REFUSAL.code, REFUSAL.message)
                return
            exchange.marks = marks
            if is_preflight(scope, headers):
                await preflight(marks)(scope, receive, with_headers(send))
                return
            await self._met(exchange, send)
        except Exception as error:  # the outermost edge, as in `server.guard`
            await exchange.fail(error)

    async def _met(self, exchange: Exchange, send: Send) -> None:
        has_page = self._has_ide and exchange.method == "GET"
        accept = accepted(exchange.liking(b"accept"), _PAGE_AND_ANSWERS if has_page else _ANSWERS)
        if accept == HTML:
            await send_page(exchange.headers, with_headers(send))
            return
        try:
            context = await known(exchange.headers, client_of(exchange.scope))
        except NotAllowed as refusal:
            await exchange.refuse(status_of(refusal), refusal.code, refusal.message, [(b"www-authenticate", b"Bearer")])
            return
        if accept is None:
            raise Unfit(406, "Accept application/graphql-response+json, application/json, or for subscriptions text/event-stream.")
        exchange.media_type = JSON if accept == JSON else GRAPHQL  # in which a refused event stream is told too
        await self._answered(exchange, context, accept)

    async def _answered(self, exchange: Exchange, context: Context, accept: str) -> None:
        request = await self._request(exchange)
        purpose = exchange.headers.get(b"x-kelu-purpose")  # percent-encoded UTF-8: a browser sends nothing else in a header
        context.purpose = unquote(purpose.decode("latin-1")) if purpose else None
        text = await text_of(request, context.actor.tenant_id, self.road.documents)
        asked = self.road.asked(self.road.documents.checked(text), request.operation_name, request.variables)
        if asked.kind is OperationType.MUTATION:
            if exchange.method == "GET":
                raise Unfit(405, "Mutations are sent by POST.", [(b"allow", b"POST")])
            if key := exchange.headers.get(b"idempotency-key"):
                context.idempotency_key = key.decode("latin-1")
        if accept == EVENTS:
            await stream(self.road, asked, context, exchange)
            return
        if asked.kind is OperationType.SUBSCRIPTION:
            raise Unfit(406, "Subscriptions go over a websocket (graphql-transport-ws), or as text/event-stream.")
        await exchange.answer(await self.road.answered(asked, context))

    async def _request(self, exchange: Exchange) -> GraphQLRequest:
        if exchange.method == "POST":
            if not is_json(exchange.liking(b"content-type")):
                raise Unfit(415, "Send the request as application/json, in UTF-8.", [(b"accept-post", b"application/json")])
            return from_body(await exchange.body(self._body_bytes_most))
        if exchange.method == "GET":
            return from_query_string(exchange.scope["query_string"])
        raise Unfit(405, "Send a POST, or a query by GET.", [(b"allow", b"GET, POST")])
