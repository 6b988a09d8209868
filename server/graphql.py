"""GraphQL over HTTP and websockets: Strawberry's view with our JSON, our context, and failures told as everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UnsetType

from server.authentication import Context
from tenants.refusals import Invalid, NotAllowed

OPERATIONS_MOST = 20
_INIT_WAIT = timedelta(seconds=10)


class TextFrames(ASGIWebSocketAdapter):
    """Messages as text frames, which graphql-transport-ws asks for; bytes of JSON would go out as binary ones."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except (WebSocketDisconnect, RuntimeError) as error:  # RuntimeError: closed by us in the meantime
            raise WebSocketDisconnected from error


class GraphQLEndpoint(GraphQL[Context, None]):
    """POST for queries and mutations, a websocket for all operations; no IDE, no batches, no multipart, no queries by GET."""

    websocket_adapter_class = TextFrames

    def __init__(self, schema: BaseSchema) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=_INIT_WAIT,
            max_subscriptions_per_connection=OPERATIONS_MOST,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive, send))
            return
        try:
            response = await self.run(Request(scope, receive))
        except HTTPException as error:
            raise Invalid(f"{error.reason.rstrip('.')}.") from None
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        return Context(known=request.scope.get("actor"))

    async def on_ws_connect(self, context: Context) -> UnsetType:
        try:
            await context.still_allowed()
        except NotAllowed:
            raise ConnectionRejectionError from None
        return UnsetType()  # the one there is: an acknowledgement without a payload

    def decode_json(self, data: str | bytes) -> object:
        decoded = orjson.loads(data)
        if not isinstance(decoded, dict | list):
            raise Invalid("The body is JSON, but not an object.")
        return decoded

    def encode_json(self, data: Any) -> bytes:
        return orjson.dumps(data)
