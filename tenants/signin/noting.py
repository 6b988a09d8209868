"""What the trail is told of a sign-in that failed, once the answer is out: so the answer does not tell by its time whose it was."""

from __future__ import annotations

from uuid import UUID

from tenants.people.background import later
from tenants.people.checks import memberships
from tenants.people.persons import id_of, tried_email
from tenants.session import Actor, ActorKind
from tenants.trail import Circumstances, Event, note_alone, under
from tenants.trail.circumstances import circumstances


def note_failed(email: str, reason: str, tenant_id: UUID | None = None) -> None:
    """Write into the trail of each tenant of which the holder of this e-mail is a member that somebody tried to sign in as him.

    Args:
        reason: `PASSWORD` or `CODE`: what was wrong.
        tenant_id: of this tenant alone.
    """
    told = circumstances()

    async def write() -> None:
        if (person_id := await id_of(tried_email(email))) is not None:
            await _write(told, person_id, reason, tenant_id)

    later("signin.failed", write)


async def _write(told: Circumstances, person_id: UUID, reason: str, tenant_id: UUID | None) -> None:
    with under(told):
        for place in await memberships(person_id):
            if tenant_id in (None, place.tenant_id):
                actor = Actor(place.tenant_id, ActorKind.MEMBER, place.member_id, member_id=place.member_id)
                subject = {"subject_type": "MEMBER", "subject_id": place.member_id}
                await note_alone(actor, Event.SIGN_IN_FAILED, details={"reason": reason}, **subject)
