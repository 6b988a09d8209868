"""Keys that were destroyed are forgotten by every process that has them unwrapped: told over Redis, heard by whoever serves or works.

A process that does not hear, because Redis is away, forgets them all: they are read again where they still are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from tenants.encryption.tenant_keys import forget, forget_all
from tenants.installation import installation

log = structlog.get_logger(__name__)

_CHANNEL = "kelu:keys:destroyed"
_PAUSE_SECONDS = 0.5


async def tell(tenant_id: UUID) -> None:
    """Tell every process to forget a tenant's keys. Without Redis they have been forgotten already."""
    with suppress(RedisError, OSError):
        await installation().bell.publish(_CHANNEL, tenant_id.bytes)


@asynccontextmanager
async def hearing() -> AsyncIterator[None]:
    """Forget what we are told to, as long as we are inside."""
    task = asyncio.create_task(_hear(), name="keys.forgetting")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _hear() -> None:
    while True:
        pubsub = installation().bell.pubsub()
        try:
            await pubsub.subscribe(_CHANNEL)
            while True:
                message = await pubsub.get_message(timeout=None)
                if message is not None and message["type"] == "message":
                    forget(UUID(bytes=message["data"]))
                elif message is not None:  # we hear from now on; what was told before we did not hear
                    forget_all()
        except (RedisError, OSError) as error:
            log.warning("keys.deaf", reason=type(error).__name__)
            forget_all()
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it bare
        await asyncio.sleep(_PAUSE_SECONDS)
