"""What people do and is done to them, told to the trail of each tenant they are members of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from tenants.people.background import later
from tenants.session import Actor, ActorKind, acting_as_person, also_in_tenant
from tenants.trail import Circumstances, Event, note, under
from tenants.trail.circumstances import circumstances


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a person is a member, active or suspended."""

    tenant_id: UUID
    member_id: UUID
    is_active: bool


async def memberships_in(connection: Any) -> list[Membership]:
    """Where the person of this unit of work is a member, by tenant; a thousand at most."""
    rows = await connection.fetch("SELECT tenant_id, member_id, is_active FROM door_memberships() ORDER BY tenant_id LIMIT 1000")
    return [Membership(**row) for row in rows]


async def tell(connection: Any, event: Event, details: Mapping[str, Any] | None = None) -> None:
    """One entry in each tenant of the person, in his unit of work: committed with what it tells of. The member himself did it."""
    for where in await memberships_in(connection):
        async with also_in_tenant(connection, Actor(where.tenant_id, ActorKind.MEMBER, where.member_id, member_id=where.member_id)):
            await note(event, subject_type="MEMBER", subject_id=where.member_id, details=details)


def tell_of_failure_later(person_id: UUID, email: str, address: str | None, details: Mapping[str, Any]) -> None:
    """A failed sign-in, told once its answer is gone: writing it takes time that nobody's takes, and so would tell who is known."""
    told = circumstances_from(address)
    later("tell_of_failure", lambda: tell_of_failure(person_id, email, told, details))


async def tell_of_failure(person_id: UUID, email: str, told: Circumstances, details: Mapping[str, Any]) -> None:
    """One entry in each tenant of the person, of somebody who tried to sign in as him: which may be him, and nobody knows."""
    with under(told):
        async with acting_as_person(person_id) as connection:
            for where in await memberships_in(connection):
                async with also_in_tenant(connection, Actor(where.tenant_id, ActorKind.MEMBER)) as unit:
                    digest = (await unit.keyring()).blind_index("sign_in").digest(email)
                    of_member: dict[str, Any] = {"subject_type": "MEMBER", "subject_id": where.member_id}
                    await note(Event.SIGN_IN_FAILED, **of_member, details={"email": digest.hex(), **details})
                    if details.get("lockedOut"):
                        await note(Event.LOCKED_OUT, **of_member, details=details)


def circumstances_from(address: str | None) -> Circumstances:
    """The circumstances we are in, for what is done later; the address, if it is known here."""
    return replace(circumstances(), address=address or circumstances().address)


def failure(reason: str, number: int, most: int) -> dict[str, Any]:
    """What an entry says of a failed attempt: why, the how many-eth it was, and whether the next has to wait."""
    return {"reason": reason, "attempt": number, "lockedOut": number >= most}
