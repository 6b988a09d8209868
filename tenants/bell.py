"""The bell: a ring carries a job's id over Redis, and may be lost or come twice. The row in Postgres is the truth."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from arq.constants import in_progress_key_prefix

from tenants.installation import installation


async def ring(kind: str, tenant_id: UUID, job_id: UUID, attempts: int = 0) -> None:
    """Ring for a job. Rung again before it is taken, the second ring is dropped; after a lost claim it counts anew."""
    await installation().bell.enqueue_job(kind, str(tenant_id), str(job_id), _job_id=_name(job_id, attempts))


async def unlock(rings: Iterable[tuple[UUID, int]]) -> None:
    """Let the rings for jobs that nobody has claimed be heard again.

    A worker that is killed between hearing a ring and claiming the job leaves arq's lock on it, for as long as the longest job
    may take; no other ring of that name would be heard until then.
    """
    keys = [in_progress_key_prefix + _name(job_id, attempts) for job_id, attempts in rings]
    if keys:
        await installation().bell.delete(*keys)


def _name(job_id: UUID, attempts: int) -> str:
    return f"{job_id}:{attempts}"
