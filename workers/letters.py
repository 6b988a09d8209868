"""Jobs that write to people. The token in a mail is made as it is written: the job holds an id, and a mail that is sent twice ends with
a link that is good, the last one's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from tenants import jobs
from tenants.jobs import Claim
from tenants.mail import Letter, send
from tenants.people import invitations, resets
from tenants.session import Actor, acting_as

log = structlog.get_logger(__name__)


async def invitation_mail(actor: Actor, claim: Claim) -> None:
    """Mail a link to a member who is invited."""
    await _mail(actor, claim, invitations.letter)


async def password_mail(actor: Actor, claim: Claim) -> None:
    """Mail a link for a new password to a member who asked for one."""
    await _mail(actor, claim, resets.letter)


async def _mail(actor: Actor, claim: Claim, write: Callable[[Actor, UUID], Awaitable[Letter | None]]) -> None:
    letter = await write(actor, claim.subject_id)
    if letter is not None:
        await send(letter)
    async with acting_as(actor):
        await jobs.finish(claim)


async def leave_unsent(member_id: UUID, reason: str) -> None:
    """The mail is given up; whoever waits for it asks again."""
    log.error("mail.given_up", member=str(member_id), reason=reason)
