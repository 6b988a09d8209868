"""Listening to the feed: one connection a process, shared by all its listeners, each with a queue that cannot grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from tenants.changes.feed import LOST, Committed, channel_of, unpacked
from tenants.installation import installation

log = structlog.get_logger(__name__)

#: Messages a listener may be behind. All listeners of a tenant share the messages themselves.
BEHIND_MOST = 100

_PAUSE_SECONDS = 0.5
_OPEN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Lost:
    """Some messages did not come: the listener was too slow, or Redis was away. What is shown has to be read again."""


Message: TypeAlias = Committed | Lost


async def changes_of(tenant_id: UUID) -> AsyncIterator[Message]:
    """A tenant's changes from now on, without end."""
    async with listening(tenant_id) as messages:
        async for message in messages:
            yield message


@asynccontextmanager
async def listening(tenant_id: UUID) -> AsyncIterator[AsyncIterator[Message]]:
    """As `changes_of`; what is committed once this is entered will be told, so that what is read then misses nothing."""
    global _ear
    ear = _ear = _ear or _Ear()
    queue: asyncio.Queue[Message] = asyncio.Queue(BEHIND_MOST)
    try:
        await ear.add(channel_of(tenant_id), queue)
        yield _Messages(queue)
    finally:
        ear.drop(channel_of(tenant_id), queue)
        if ear.is_idle and _ear is ear:
            _ear = None  # whoever comes while this one closes opens another
        await ear.settle(channel_of(tenant_id))


class _Messages:
    """A queue as an iterator; a wait for the next one may be given up, and begun again."""

    def __init__(self, queue: asyncio.Queue[Message]) -> None:
        self._queue = queue

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        return await self._queue.get()


class _Ear:
    """The one connection. It lives as long as it has listeners."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Message]]] = {}
        self._heard: dict[str, asyncio.Event] = {}
        self._pubsub: Any = None
        self._task: asyncio.Task[None] | None = None

    async def add(self, channel: str, queue: asyncio.Queue[Message]) -> None:
        """Let a queue have a channel's messages; returns when Redis has promised them, or is away for seconds."""
        is_first = not self._queues.get(channel)
        self._queues.setdefault(channel, set()).add(queue)
        heard = self._heard.setdefault(channel, asyncio.Event())
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="changes.listening")
        elif is_first and self._pubsub is not None:
            with suppress(RedisError, OSError):  # the connection is opened anew, with every channel
                await self._pubsub.subscribe(channel)
        try:
            await asyncio.wait_for(heard.wait(), _OPEN_SECONDS)
        except TimeoutError:
            _offer(queue, Lost())

    @property
    def is_idle(self) -> bool:
        return not self._queues

    def drop(self, channel: str, queue: asyncio.Queue[Message]) -> None:
        """Take a queue away, and a channel with its last queue."""
        queues = self._queues.get(channel, set())
        queues.discard(queue)
        if not queues:
            self._queues.pop(channel, None)
            self._heard.pop(channel, None)

    async def settle(self, channel: str) -> None:
        """Let go of a channel nobody listens to any more, and of the connection when there is none left."""
        if self.is_idle and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        elif channel not in self._queues and self._pubsub is not None:
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as error:
                log.warning("changes.deaf", reason=type(error).__name__)
                self._tell_all(Lost())
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _hear(self) -> None:
        pubsub = installation().bell.pubsub()
        try:
            await self._open(pubsub)
            while True:
                message = await pubsub.get_message(timeout=None)
                if message is not None:
                    self._pass_on(message)
        finally:
            self._pubsub = None
            for heard in self._heard.values():
                heard.clear()
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it bare

    async def _open(self, pubsub: Any) -> None:
        """Subscribe to every channel. Nobody else may use the connection before: two at once would each open one, and one be never read."""
        asked: set[str] = set()
        while missing := self._queues.keys() - asked:
            await pubsub.subscribe(*missing)
            asked |= missing
        self._pubsub = pubsub

    def _pass_on(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        if message["type"] == "subscribe" and channel in self._heard:
            self._heard[channel].set()
        elif message["type"] == "message":
            told = Lost() if message["data"] == LOST else unpacked(message["data"])
            for queue in self._queues.get(channel, ()):
                _offer(queue, told)

    def _tell_all(self, message: Message) -> None:
        for queues in self._queues.values():
            for queue in queues:
                _offer(queue, message)


def _offer(queue: asyncio.Queue[Message], message: Message) -> None:
    """Give a listener a message; one that is too far behind loses what it has not read, and is told so."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(Lost())
    queue.put_nowait(message)


_ear: _Ear | None = None
