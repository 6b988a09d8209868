"""Reveals: sealed values that go out in clear. Each is an entry of the trail, and an actor has so many an hour.

The entries themselves are what is counted, in the transaction that writes them and under a lock of the actor's: a budget kept elsewhere
could be wrong by what was lost. At four fifths of it an alert is raised, once; what would go over it is refused, and nothing is given out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from tenants.installation import installation
from tenants.refusals import RateLimited
from tenants.session import Actor, acting_as, current_session, session
from tenants.trail import Event, note

log = structlog.get_logger(__name__)

HOUR_SECONDS = 3_600
_ALERTED_AT = 0.8

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_SPENT = """
SELECT coalesce(sum(record_count), 0)::bigint AS values,
    coalesce(ceil(extract(epoch FROM min(at) + interval '1 hour' - now())), 0)::int AS free_in
FROM trail_entry WHERE tenant_id = $1 AND actor_id = $2 AND event = 'REVEAL' AND at > now() - interval '1 hour'
"""


async def reveal(actor: Actor, revealed: Mapping[str, Sequence[UUID]], purposes: Mapping[str, str]) -> None:
    """Note values that are about to go out in clear, in the unit of work we are in or one of its own; only then may they.

    Args:
        revealed: `table.column` → the records whose value it is.
        purposes: `table.column` → what they are said to be for.

    Raises:
        RateLimited: the actor has revealed as much as it may in an hour.
    """
    if current_session() is not None:
        await _reveal(actor, revealed, purposes)
        return
    async with acting_as(actor):
        await _reveal(actor, revealed, purposes)


async def _reveal(actor: Actor, revealed: Mapping[str, Sequence[UUID]], purposes: Mapping[str, str]) -> None:
    wanted, most = sum(map(len, revealed.values())), installation().settings.reveals_hourly
    connection = session().connection
    if actor.id is not None:
        await connection.execute(_LOCK, f"reveal {actor.tenant_id} {actor.id}")
        spent = await connection.fetchrow(_SPENT, actor.tenant_id, actor.id)
        if spent["values"] + wanted > most:
            raise RateLimited(
                f"This would reveal {wanted:,} values; of {most:,} an hour {max(0, most - spent['values']):,} are left. "
                "`masked` is always there.",
                retry_after_seconds=max(1, spent["free_in"] if spent["values"] else HOUR_SECONDS),
            )
        if spent["values"] < _ALERTED_AT * most <= spent["values"] + wanted:
            log.warning("reveals.alert", tenant=str(actor.tenant_id), actor=str(actor.id), values=spent["values"] + wanted, limit=most)
            await note(Event.REVEAL_ALERT, details={"values": spent["values"] + wanted, "limit": most})
    for field, records in revealed.items():
        table, column = field.split(".")
        await note(Event.REVEAL, subject_type=table.upper(), fields=[column], records=records, purpose=purposes[field])
