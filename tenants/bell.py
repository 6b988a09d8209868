"""The bell: a ring carries a job's id over Redis, and may be lost or come twice. The row in Postgres is the truth."""

from __future__ import annotations

from uuid import UUID

from tenants.installation import installation


async def ring(kind: str, tenant_id: UUID, job_id: UUID, attempts: int = 0) -> None:
    """Ring for a job. Rung again before it is taken, the second ring is dropped; after a lost claim it counts anew."""
    await installation().bell.enqueue_job(kind, str(tenant_id), str(job_id), _job_id=f"{job_id}:{attempts}")
