"""Server-sent events: one operation a request, after the protocol GraphQL over Server-Sent Events, "distinct connections mode"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
from graphql import ExecutionResult, OperationType
from starlette.types import Receive

from server.authentication import Context
from server.reads.asked import Asked
from server.reads.execute import Road
from server.transport.answers import packed
from server.transport.exchange import Exchange
from server.transport.lasting import Lasting, watched
from tenants.refusals import NotAllowed

#: How often a stream that has nothing to say shows that it lives, and whether its key is still good.
BEAT_SECONDS = 2.0

_BEAT = b":\n\n"


async def stream(road: Road, asked: Asked, context: Context, exchange: Exchange) -> None:
    """Send the events of an operation until it is over, the client is gone, or its key is not good any more.

    Raises:
        NotAllowed: the key has too many streams and sockets open.
    """
    with Lasting(context):
        await exchange.begin_events()
        gone = asyncio.ensure_future(_gone(exchange.receive))
        try:
            async for block in watched(_blocks(road, asked, context), gone, BEAT_SECONDS, context.still_allowed):
                await exchange.add(block or _BEAT)
        except NotAllowed as refusal:
            body = orjson.dumps({"errors": [{"message": refusal.message, "extensions": {"code": refusal.code}}]})
            await exchange.add(_event("next", body) + _event("complete"))
        finally:
            gone.cancel()
        await exchange.add(b"", is_last=True)


async def _blocks(road: Road, asked: Asked, context: Context) -> AsyncGenerator[bytes, None]:
    async with aclosing(results(road, asked, context)) as found:
        async for result in found:
            yield _event("next", packed(result))
    yield _event("complete")


async def results(road: Road, asked: Asked, context: Context) -> AsyncGenerator[ExecutionResult, None]:
    """The results of any operation: one of a query or a mutation, one an event of a subscription."""
    if asked.kind is OperationType.SUBSCRIPTION:
        async with aclosing(road.events(asked, context)) as events:
            async for event in events:
                yield event
    else:
        yield await road.answered(asked, context)


def _event(name: str, body: bytes = b"") -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
