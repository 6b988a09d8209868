"""Marks a tenant as one that is being deleted, and destroys its keys: as the owner of the tables, in one transaction."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import orjson

from tenants.database import connected
from tenants.encryption.tenant_keys import forget
from tenants.ids import new_id
from tenants.installation import installation
from tenants.jobs import JobKind, ring_quietly
from tenants.life.forgetting import tell
from tenants.refusals import Invalid
from tenants.session import Actor, acting_as
from tenants.trail import Event, note
from tenants.trail.form import checkpoint_line
from tenants.trail.sealing import last_block, seal


def owner_url() -> str:
    """By which the owner of the tables is connected.

    Raises:
        Invalid: this process has not got it.
    """
    owner = installation().servers.owner
    if owner is None:
        raise Invalid("KELU_DATABASE_OWNER_URL is not set, and only the owner of the tables can delete a tenant.")
    return owner


async def seal_the_end(actor: Actor, reason: str | None) -> bytes | None:
    """Write into the trail that the tenant is deleted, and seal it; its last checkpoint, None if there is none."""
    async with acting_as(actor) as unit:
        await note(Event.TENANT_DELETED, subject_type="TENANT", subject_id=unit.tenant_id, purpose=reason)
    while not (await seal(actor)).is_done:
        pass
    async with acting_as(actor, read_only=True):
        last = await last_block()
    return None if last is None else checkpoint_line(last)


async def mark(tenant_id: UUID, checkpoint: bytes | None) -> UUID:
    """Mark the tenant DELETING and destroy its keys; the job that erases it. Of one that is marked already the job there is.

    Raises:
        Invalid: this process has not got the owner's URL.
    """
    async with connected(owner_url()) as connection, connection.transaction():
        await connection.execute(f"SELECT act_as_tenant('{tenant_id}')")
        await connection.execute("SELECT FROM tenant WHERE id = $1 FOR UPDATE", tenant_id)
        job_id = await connection.fetchval("SELECT job_id FROM erasure WHERE tenant_id = $1", tenant_id)
        if job_id is None:
            job_id = await _mark(connection, tenant_id, checkpoint)
    forget(tenant_id)
    await tell(tenant_id)
    await ring_quietly(JobKind.TENANT_ERASE.value, tenant_id, job_id, 0)
    return UUID(str(job_id))


async def _mark(connection: Any, tenant_id: UUID, checkpoint: bytes | None) -> UUID:
    job_id = new_id()
    await connection.execute("UPDATE tenant SET status = 'DELETING', updated_at = now() WHERE id = $1", tenant_id)
    keys = await connection.fetch("DELETE FROM tenant_key WHERE tenant_id = $1 RETURNING version, wrapped, master", tenant_id)
    told = [{"version": key["version"], "master": key["master"], "fingerprint": _fingerprint(key["wrapped"])} for key in keys]
    told.sort(key=lambda key: int(key["version"]))
    await connection.execute(
        "INSERT INTO erasure (tenant_id, job_id, keys, removed, checkpoint) VALUES ($1, $2, $3, $4, $5)",
        *(tenant_id, job_id, orjson.dumps(told).decode(), orjson.dumps({"tenant_key": len(keys)}).decode()),
        checkpoint.decode() if checkpoint else None,
    )
    await connection.execute(_END_JOBS, tenant_id)
    await connection.execute(_ERASE, tenant_id, job_id, JobKind.TENANT_ERASE.value)
    return job_id


def _fingerprint(wrapped: bytes) -> str:
    """By which somebody who has a copy of the wrapped key can tell that it is the one; from which the key cannot be found."""
    return hashlib.sha256(wrapped).hexdigest()[:32]


_END_JOBS = "UPDATE job SET state = 'CANCELLED', due_at = NULL, updated_at = now() WHERE tenant_id = $1 AND state IN ('WAITING', 'RUNNING')"
_ERASE = "INSERT INTO job (tenant_id, id, kind, subject_id, due_at) VALUES ($1, $2, $3, $1, now())"
