"""A retired field's values cleared, some hundred customers at a time, until it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tenants import jobs
from tenants.ids import global_id
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules, OnMissing
from tenants.jobs import Claim
from tenants.session import Actor, acting_as, session
from tenants.words import RecordType

#: Customers of one unit of work, and units of work of one claim: a second or two, then others have their turn.
CUSTOMERS_AT_ONCE = 500
_TURNS = 10

_FIELD = "SELECT name, is_sealed, cleared_to FROM custom_field WHERE tenant_id = $1 AND id = $2 AND retired_at IS NOT NULL FOR UPDATE"
_NEXT = f"""
SELECT id FROM customer WHERE tenant_id = $1 AND id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
    AND CASE WHEN $4 THEN custom_sealed IS NOT NULL ELSE custom ? $3 END
ORDER BY id LIMIT {CUSTOMERS_AT_ONCE}
"""
_REASON = "A field of your own was taken away."


async def clear_field(actor: Actor, claim: Claim) -> None:
    """A turn of the job FIELD_CLEAR; its subject is the field. Where it has come to is stored with each change-set."""
    for _ in range(_TURNS):
        async with acting_as(actor):
            if not await _clear_some(claim.subject_id):
                await jobs.finish(claim)
                return
            await jobs.heartbeat(claim)
    async with acting_as(actor):
        await jobs.give_back(claim)


async def _clear_some(field_id: UUID) -> bool:
    """Whether there may be more. A field without any value left is gone."""
    current = session()
    field = await current.connection.fetchrow(_FIELD, current.tenant_id, field_id)
    if field is None:
        return False
    rows = await current.connection.fetch(_NEXT, current.tenant_id, field["cleared_to"], field["name"], field["is_sealed"])
    if not rows:
        await current.connection.execute("DELETE FROM custom_field WHERE tenant_id = $1 AND id = $2", current.tenant_id, field_id)
        await current.connection.execute("UPDATE tenant SET version = version + 1 WHERE id = $1", current.tenant_id)
        return False
    await _clear([row["id"] for row in rows], field["name"])
    statement = "UPDATE custom_field SET cleared_to = $3 WHERE tenant_id = $1 AND id = $2"
    await current.connection.execute(statement, current.tenant_id, field_id, rows[-1]["id"])
    return True


async def _clear(ids: Sequence[UUID], name: str) -> None:
    """Through the intake, as every write: a customer that has been deleted meanwhile is left out."""
    drafts = [{"id": global_id(RecordType.CUSTOMER, id), f"custom.{name}": None} for id in ids]
    await take_in(Batch.of(RecordType.CUSTOMER, drafts), IntakeRules(on_missing=OnMissing.SKIP, only_by_id=True, reason=_REASON))


async def leave_uncleared(field_id: UUID, reason: str) -> None:
    """The job was given up: the field stays retired, its values unseen by any write; the operator is told by the log."""
