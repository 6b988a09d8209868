"""Websockets that speak graphql-transport-ws (the protocol of the npm package graphql-ws)."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from server.addresses import client_of
from server.authentication import Context, known
from server.documents import Wrong
from server.errors import graphql_error, logged
from server.limits import values
from server.reads.execute import Road
from server.transport.answers import body_of, formatted
from server.transport.events import BEAT_SECONDS, results
from server.transport.lasting import Lasting
from server.transport.persisted import text_of
from server.transport.request import from_object
from tenants.installation import installation
from tenants.refusals import NotAllowed, TooLarge

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0


class Closed(Exception):
    """The socket has to be closed, with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__()
        self.code, self.reason = code, reason


class Socket:
    """One client: who it is, and its operations under way by their ids."""

    def __init__(self, road: Road, scope: Scope, receive: Receive, send: Send) -> None:
        self._road, self._scope, self._receive, self._send = road, scope, receive, send
        self._context: Context | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._ended: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Speak with the client until one of the two ends it."""
        await self._receive()  # websocket.connect
        if PROTOCOL not in self._scope.get("subprotocols", ()):
            await self._close(Closed(4406, "Subprotocol not acceptable"))
            return
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        speaking = asyncio.ensure_future(self._speak())
        try:
            await asyncio.wait((speaking, self._ended), return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                await self._close(self._ended.result())
            else:
                await speaking
        except Closed as closed:
            await self._close(closed)
        except Exception as error:  # the outermost edge, as in `server.guard`: a bug is logged, and nothing of it told
            logged(error)
            await self._close(Closed(1011, "Internal error"))
        finally:
            for task in (speaking, *self._operations.values()):
                task.cancel()
            await asyncio.gather(speaking, *self._operations.values(), return_exceptions=True)

    async def _speak(self) -> None:
        context = await self._introduced()
        if context is None:
            return
        try:
            with Lasting(context):
                watching = asyncio.ensure_future(self._watch(context))
                try:
                    while (message := await self._message()) is not None:
                        await self._heard(message, context)
                finally:
                    watching.cancel()
        except NotAllowed:
            raise Closed(4429, "Too many sockets of this key or session") from None

    async def _introduced(self) -> Context | None:
        """Who it is, once it has said so; None if it leaves before."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while (message := await self._message()) is not None:
                    if message["type"] == "connection_init":
                        break
                    if message["type"] not in ("ping", "pong"):
                        raise Closed(4401, "Unauthorized")
                    await self._answer_ping(message)
                else:
                    return None
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        payload = message.get("payload")
        try:
            self._context = await known(dict(self._scope["headers"]), client_of(self._scope), self._said(payload), is_socket=True)
        except NotAllowed:
            raise Closed(4403, "Forbidden") from None
        await self._say({"type": "connection_ack"})
        return self._context

    def _said(self, payload: object) -> object:
        """The key or token as `connection_init` brings it; None where it does not, and the handshake's headers may have."""
        return (payload.get("authorization") or payload.get("Authorization")) if isinstance(payload, dict) else None

    async def _watch(self, context: Context) -> None:
        """Close the socket soon after its key is not good any more, whether or not anything happens on it."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await context.still_allowed()
            except NotAllowed:
                self._end(Closed(4403, "Forbidden"))
                return
            except Exception as error:  # nobody knows whether the key is still good, so it is not believed
                logged(error)
                self._end(Closed(1011, "Internal error"))
                return

    async def _heard(self, message: dict[str, Any], context: Context) -> None:
        match message["type"]:
            case "subscribe":
                self._begin(message, context)
            case "complete":
                task = self._operations.pop(str(message.get("id")), None)
                if task is not None:
                    task.cancel()
            case "ping" | "pong":
                await self._answer_ping(message)
            case "connection_init":
                raise Closed(4429, "Too many initialisation requests")
            case _:
                raise Closed(4400, "Unknown message type")

    def _begin(self, message: dict[str, Any], context: Context) -> None:
        id, payload = message.get("id"), message.get("payload")
        if not isinstance(id, str) or not id or len(id) > 100 or not isinstance(payload, dict):
            raise Closed(4400, "A subscribe message needs an id and a payload")
        if id in self._operations:
            raise Closed(4409, f"Subscriber for {id} already exists")
        self._operations[id] = asyncio.ensure_future(self._operate(id, payload, context))

    async def _operate(self, id: str, payload: dict[str, Any], context: Context) -> None:
        """Run one operation to its end; its errors are its own."""
        try:
            if len(self._operations) > installation().settings.operations_most:
                raise TooLarge(f"A websocket may have {installation().settings.operations_most} operations under way.")
            request = from_object(payload, len(orjson.dumps(payload)))
            await context.still_allowed()
            text = await text_of(request, context.actor.tenant_id, self._road.documents)
            asked = self._road.asked(self._road.documents.checked(text), request.operation_name, request.variables)
            async with aclosing(results(self._road, asked, context)) as found:
                async for result in found:
                    if result.data is None and result.errors:
                        await self._fail(id, [formatted(error) for error in result.errors])
                        return
                    await self._say({"id": id, "type": "next", "payload": body_of(result)})
            if self._operations.pop(id, None):
                await self._say({"id": id, "type": "complete"})
        except Wrong as wrong:
            await self._fail(id, [formatted(error) for error in wrong.errors])
        except NotAllowed as refusal:
            if refusal.code == NotAllowed.code:  # the key is not good any more
                self._end(Closed(4403, "Forbidden"))
            await self._fail(id, [formatted(graphql_error(refusal))])
        except Exception as error:  # one operation fails, not the socket; a bug is logged on the way
            await self._fail(id, [formatted(graphql_error(error))])

    async def _fail(self, id: str, errors: list[dict[str, Any]]) -> None:
        self._operations.pop(id, None)
        await self._say({"id": id, "type": "error", "payload": errors})

    async def _answer_ping(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            await self._say({"type": "pong"})

    async def _message(self) -> dict[str, Any] | None:
        """The next message; None if the client has gone."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            return None
        text = (received.get("text") or "").encode()
        try:
            values.check_text(text, installation().settings.variables_values_most)
            message = orjson.loads(text)
        except TooLarge:
            raise Closed(1009, "Message too big") from None
        except orjson.JSONDecodeError:
            raise Closed(4400, "Invalid message received") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "Invalid message received")
        return message

    async def _say(self, message: dict[str, Any]) -> None:
        with suppress(RuntimeError, OSError):  # it has been closed in the meantime
            await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    def _end(self, closed: Closed) -> None:
        if not self._ended.done():
            self._ended.set_result(closed)

    async def _close(self, closed: Closed) -> None:
        with suppress(RuntimeError, OSError):
            await self._send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})
