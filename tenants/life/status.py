"""Whether a tenant is active: suspended and resumed by the operator."""

from __future__ import annotations

from enum import StrEnum

from tenants.refusals import Conflict, NotFound
from tenants.session import Actor, acting_as, session
from tenants.trail import Event, note


class TenantStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETING = "DELETING"


async def suspend(actor: Actor, reason: str | None = None) -> bool:
    """Let nobody act in the tenant: within a second in every process. Whether it was active until now.

    Raises:
        NotFound: there is no such tenant.
        Conflict: it is being deleted.
    """
    return await _change(actor, TenantStatus.SUSPENDED, Event.TENANT_SUSPENDED, reason)


async def resume(actor: Actor) -> bool:
    """Let the tenant go on: its members, keys and jobs. Whether it was suspended until now.

    Raises:
        NotFound, Conflict: as above.
    """
    return await _change(actor, TenantStatus.ACTIVE, Event.TENANT_RESUMED)


async def status_now() -> TenantStatus:
    """The status of the tenant we act in.

    Raises:
        NotFound: there is no such tenant.
    """
    found = await session().connection.fetchval("SELECT status FROM tenant WHERE id = $1", session().tenant_id)
    if found is None:
        raise NotFound("There is no such tenant.")
    return TenantStatus(found)


async def _change(actor: Actor, status: TenantStatus, event: Event, reason: str | None = None) -> bool:
    async with acting_as(actor) as unit:
        before = await status_now()
        if before is TenantStatus.DELETING:
            raise Conflict("This tenant is being deleted, and that cannot be taken back.")
        statement = "UPDATE tenant SET status = $2, updated_at = now() WHERE id = $1 AND status <> $2 RETURNING 1"
        if await unit.connection.fetchval(statement, unit.tenant_id, status.value) is None:
            return False
        await note(event, subject_type="TENANT", subject_id=unit.tenant_id, purpose=reason)
        return True
