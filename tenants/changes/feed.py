"""The feed: what a committed change-set changed, told over Redis to whoever listens in any process. It carries no values.

A message may be lost, and a listener is told that some were: what counts is in the tables. Publishing therefore never fails and never
waits long; while Redis is away nothing is told, and once it is back those who listen to a tenant that missed something are told that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
import structlog
from redis.exceptions import RedisError

from tenants.changes.change import Change
from tenants.installation import installation

log = structlog.get_logger(__name__)

#: A message tells at most so many changes, about 200 bytes each; those of a larger change-set come in several.
CHANGES_MOST = 1_000

#: Up to so many changes are told without asking whether anybody listens: asking costs as much.
_SAID_UNASKED = 20

_PATIENCE_SECONDS = 1.0
_SILENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Changed:
    """One record that was changed: whose it is, the version it has now, and the names (not the values) of an UPDATE's fields."""

    record_type: str
    record_id: UUID
    action: str
    customer_id: UUID
    version: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """A change-set that is committed, or the next thousand changes of a large one."""

    change_set_id: UUID
    at: datetime
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of changes, as columns: it waits for the commit, and for an import that is thousands of rows."""

    record_types: list[str]
    record_ids: list[UUID]
    actions: list[str]
    customer_ids: list[UUID]
    versions: list[int]
    fields: list[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.record_ids)


def told_of(changes: Sequence[Change]) -> Told:
    """What may be told of changes: no value of theirs."""
    return Told(
        [change.record_type for change in changes],
        [change.record_id for change in changes],
        [change.action for change in changes],
        [change.customer_id for change in changes],
        [change.version for change in changes],
        [tuple(change.after) if change.action == "UPDATE" else () for change in changes],
    )


def channel_of(tenant_id: UUID) -> str:
    return f"kelu:changes:{tenant_id.hex}"


#: The message that says that some did not come.
LOST = b"lost"


class _Silence:
    """Until when nobody tries: after a failure, so that a Redis that hangs costs one request and not each; and who misses something."""

    until = 0.0
    missed: ClassVar[set[UUID]] = set()


async def publish(tenant_id: UUID, change_set_id: UUID, at: datetime, told: Told) -> None:
    """Tell of a change-set, after its commit. Where nobody listens, the changes of a large one are not even put together."""
    if time.monotonic() < _Silence.until:
        _Silence.missed.add(tenant_id)
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _publish(channel_of(tenant_id), change_set_id, at, told)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("changes.untold", reason=type(error).__name__, changes=len(told))
        _fall_silent({tenant_id})


def _fall_silent(missed: set[UUID]) -> None:
    """Try nothing for a while, and then tell who missed something."""
    _Silence.until = time.monotonic() + _SILENCE_SECONDS
    _Silence.missed |= missed
    loop = asyncio.get_running_loop()
    loop.call_later(_SILENCE_SECONDS, lambda: loop.create_task(_tell_missed()), context=Context())


async def _tell_missed() -> None:
    missed, _Silence.missed = _Silence.missed, set()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for tenant_id in missed:
                await installation().bell.publish(channel_of(tenant_id), LOST)
    except (RedisError, OSError, TimeoutError):
        _fall_silent(missed)
    except RuntimeError:  # the installation is closed, and everybody who listened is gone
        return


async def _publish(channel: str, change_set_id: UUID, at: datetime, told: Told) -> None:
    bell = installation().bell
    if len(told) > _SAID_UNASKED:
        [(_, listeners)] = await bell.pubsub_numsub(channel)
        if not listeners:
            return
    for message in packed(change_set_id, at, told):
        await bell.publish(channel, message)


def packed(change_set_id: UUID, at: datetime, told: Told) -> Iterator[bytes]:
    """The messages of a change-set: JSON {"change_set_id", "at", "changes": [[type, id, action, customer, version, fields], …]}."""
    names = [sorted({*each} - {"flags"}) for each in told.fields]
    rows = list(zip(told.record_types, told.record_ids, told.actions, told.customer_ids, told.versions, names, strict=True))
    for first in range(0, len(rows), CHANGES_MOST):
        changes = rows[first : first + CHANGES_MOST]
        yield orjson.dumps({"change_set_id": change_set_id, "at": at, "changes": changes}, default=str)


def unpacked(message: bytes) -> Committed:
    """What `packed` packed."""
    content: dict[str, Any] = orjson.loads(message)
    changes = tuple(
        Changed(noun, UUID(id), action, UUID(customer), version, tuple(fields))
        for noun, id, action, customer, version, fields in content["changes"]
    )
    return Committed(UUID(content["change_set_id"]), datetime.fromisoformat(content["at"]), changes)
