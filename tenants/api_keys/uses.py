"""When and from where a key was last used: written behind the request's back, once a minute at most however many processes serve the key.

A process tries once a minute for each secret. The statement itself decides whether a minute has passed since anybody wrote, and the
trail's entry is written in its transaction. Requests wait for none of it. At most 1,000 keys wait to be written, one after the other; what
comes on top is left to a later use, and so is what fails. What waits when a process ends is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextvars import Context

import structlog

from tenants.networks import Address
from tenants.session import Actor, acting_as
from tenants.trail import Circumstances, Event, note, note_alone, under

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
WAITING_MOST = 1_000
_REMEMBERED_MOST = 10_000

#: No row: somebody wrote it within the minute.
_WRITE = f"""
UPDATE api_key SET last_used_at = now(), last_address = $3
WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at <= now() - interval '{EVERY_SECONDS} seconds') RETURNING true
"""
_WRITE_FORMER = f"""
UPDATE former_secret SET last_used_at = now()
WHERE tenant_id = $1 AND key_id = $2 AND hash = $3 AND (last_used_at IS NULL OR last_used_at <= now() - interval '{EVERY_SECONDS} seconds')
"""

#: A secret's hash, and whether it was let in → until when this process need not try again (monotonic seconds).
_tried: OrderedDict[tuple[bytes, bool], float] = OrderedDict()
_waiting: dict[tuple[bytes, bool], tuple[Actor, Address | None]] = {}
_writing: asyncio.Task[None] | None = None


def used(hashed: bytes, actor: Actor, address: Address | None, *, is_let_in: bool) -> None:
    """Note that a good secret was used, or refused where it came from, if this process has not in the last minute."""
    what, now = (hashed, is_let_in), time.monotonic()
    if _tried.get(what, 0.0) > now or len(_waiting) >= WAITING_MOST:
        return
    _tried[what] = now + EVERY_SECONDS
    _tried.move_to_end(what)
    if len(_tried) > _REMEMBERED_MOST:
        _tried.popitem(last=False)
    _waiting[what] = actor, address
    global _writing
    if _writing is None or _writing.done() or _writing.get_loop() is not asyncio.get_running_loop():
        # A context of its own: it is in no unit of work, whichever we are in.
        _writing = asyncio.get_running_loop().create_task(_write(), context=Context())


async def settled() -> None:
    """Wait until what has been noted is written."""
    while _writing is not None and not _writing.done():
        await asyncio.wait([_writing])


async def _write() -> None:
    while _waiting:
        hashed, is_let_in = what = next(iter(_waiting))
        actor, address = _waiting.pop(what)
        shown = str(address) if address else None
        try:
            with under(Circumstances(address=shown)):
                if is_let_in:
                    await _write_use(hashed, actor, shown)
                else:
                    await note_alone(actor, Event.REFUSAL, subject_type="API_KEY", subject_id=actor.id, details={"reason": "NETWORK"})
        except Exception as error:  # nobody waits for it, and the next use is as good
            log.warning("key.use_not_noted", tenant=str(actor.tenant_id), key=str(actor.id), error=type(error).__name__)


async def _write_use(hashed: bytes, actor: Actor, address: str | None) -> None:
    async with acting_as(actor) as unit:
        is_first = await unit.connection.fetchval(_WRITE, actor.tenant_id, actor.id, address)
        await unit.connection.execute(_WRITE_FORMER, actor.tenant_id, actor.id, hashed)
        if is_first:
            await note(Event.KEY_USED, subject_type="API_KEY", subject_id=actor.id)
