"""Tidies up after an import run: its chunks and whatever else lies beside them go; the upload and the findings stay."""

from __future__ import annotations

import asyncio
from uuid import UUID

from tenants import jobs
from tenants.imports import chunks
from tenants.installation import installation
from tenants.jobs import Claim
from tenants.session import Actor, acting_as


async def import_tidy(actor: Actor, claim: Claim) -> None:
    await asyncio.to_thread(installation().files.delete_folder, actor.tenant_id, chunks.folder(claim.subject_id))
    async with acting_as(actor):
        await jobs.finish(claim)


async def leave_untidy(run_id: UUID, reason: str) -> None:
    """Sealed files that could not be deleted harm nobody; the log has said so."""
