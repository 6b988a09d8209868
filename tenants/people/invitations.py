"""Invitations: an e-mail is asked to become a member, and accepts by the link that was mailed to it.

Whoever is new chooses a name and a password; who has a password says it, so that another reader of his mailbox does not become a
member as him. The name that the inviter wrote stays the member's: customers are found their owner by it, and whoever chooses his own
name should not choose whose customers he gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants import jobs
from tenants.ids import new_id
from tenants.installation import installation
from tenants.jobs import JobKind
from tenants.mail import Letter, check_mail
from tenants.people import attempts, letters, tokens
from tenants.people.members import MemberRow, MemberStatus, member
from tenants.people.passwords import Place, bench
from tenants.people.persons import Person, checked_email, checked_name, person, person_id_for, read
from tenants.people.tokens import Purpose, Token
from tenants.people.trail import failure, tell_of_failure_later
from tenants.refusals import Conflict, Invalid, NotAllowed, NotFound
from tenants.session import Actor, ActorKind, Session, acting_as, acting_as_person, also_as_person, session
from tenants.trail import Event, note

ROLES_MOST = 20


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link invites to. Who `has_password` accepts with it; anybody else chooses a name and a password."""

    tenant_name: str
    email: str
    name: str
    has_password: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    tenant_id: UUID
    member_id: UUID
    person_id: UUID


async def invite(email: str, name: str, role_ids: Sequence[UUID], *, is_mailed: bool = True) -> MemberRow:
    """Invite an e-mail to the tenant we act in; who is invited already is invited anew, and the earlier link is good no more.

    That the roles exist, and that the inviter has all that they give, is for the caller to have checked.

    Args:
        is_mailed: a job mails the link; else `link_token` makes one.

    Raises:
        Invalid: the e-mail, the name or the roles are wrong.
        Conflict: the e-mail is a member's already, or this installation sends no mail.
    """
    email, name = checked_email(email), checked_name(name)
    if not 1 <= len(set(role_ids)) <= ROLES_MOST:
        raise Invalid(f"A member has 1 to {ROLES_MOST} roles.", field=["roleIds"])
    if is_mailed:
        check_mail(installation().settings)
    unit = session()
    row = await unit.connection.fetchrow(_INVITE, unit.tenant_id, new_id(), email, name, list(dict.fromkeys(role_ids)))
    if row is None:
        raise Conflict("Somebody with this e-mail is a member already.", field=["email"])
    await note(Event.MEMBER_INVITED, subject_type="MEMBER", subject_id=row["id"], details={"roleIds": list(role_ids)})
    if is_mailed:
        position = await jobs.next_position(row["id"], JobKind.INVITATION_MAIL)
        await jobs.create(JobKind.INVITATION_MAIL, row["id"], position)
    return await member(row["id"])


async def link_token(actor: Actor, member_id: UUID) -> str | None:
    """A new token for somebody who is invited, in place of the earlier ones; None if he is no longer. In units of work of its own."""
    async with acting_as(actor, read_only=True):
        found = await _invited(member_id)
    if found is None:
        return None
    person_id = await person_id_for(found.email)
    async with acting_as_person(person_id) as connection:
        return await tokens.make(connection, person_id, Purpose.INVITATION, tenant_id=actor.tenant_id, member_id=member_id)


async def letter(actor: Actor, member_id: UUID) -> Letter | None:
    """The mail to somebody who is invited, with a new token; None if he is no longer. In units of work of its own."""
    token = await link_token(actor, member_id)
    if token is None:
        return None
    async with acting_as(actor, read_only=True) as unit:
        found = await member(member_id)
        tenant = await unit.connection.fetchval("SELECT name FROM tenant WHERE id = $1", actor.tenant_id)
    return letters.invitation(found.email, tenant, token)


async def look_at(token: str) -> Invitation:
    """What a link invites to.

    Raises:
        NotFound: it is not good any more.
    """
    found = await tokens.find(token, Purpose.INVITATION)
    who = await person(found.person_id)
    async with acting_as(_invitee(found), read_only=True) as unit:
        invited, tenant = await _of_token(unit, found, who)
    return Invitation(tenant, who.email, invited.name, who.password_hash is not None)


async def accept(token: str, password: str, *, name: str | None = None, address: str | None = None) -> Accepted:
    """Accept an invitation: with one's password, or, if one has none yet, with a name and the password to have from now on.

    Raises:
        NotFound: the link is not good any more, or somebody else was faster with it.
        NotAllowed: the password is not the person's.
        Invalid: the name or the new password is wrong.
        RateLimited, Busy: as in `check_password`.
    """
    found = await tokens.find(token, Purpose.INVITATION)
    who = await person(found.person_id)
    chosen = None
    with bench().place() as place:
        if who.password_hash is None:
            name = checked_name(name or "")
            chosen = (name, await place.checked_and_hashed(password, [who.email, name]))
        else:
            await _prove(place, who, password, address)
    return await _accept(found, chosen)


async def accept_as(person_id: UUID, token: str) -> Accepted:
    """Accept an invitation as somebody who is signed in.

    Raises:
        NotFound: the link is not good any more, or it is for another person: in the same words.
    """
    found = await tokens.find(token, Purpose.INVITATION)
    if found.person_id != person_id:
        raise tokens.gone()
    return await _accept(found, None)


async def _accept(token: Token, chosen: tuple[str, str] | None) -> Accepted:
    """Use the token, and make the invited member this person: one transaction of both.

    Args:
        chosen: name and password hash of somebody who had no password.
    """
    async with acting_as(_invitee(token)) as unit:
        await also_as_person(token.person_id)
        await tokens.use(unit.connection, token)
        who = await read(unit.connection, token.person_id, locked=True)
        if chosen is not None:
            if who.password_hash is not None:  # by another invitation, a moment ago
                raise tokens.gone()
            await unit.connection.execute(_CHOOSE, who.id, *chosen)
        invited, _ = await _of_token(unit, token, who, locked=True)
        await unit.connection.execute(_JOIN, unit.tenant_id, invited.id, who.id)
        owned = await unit.connection.execute(_TAKE_OWNED, unit.tenant_id, invited.id, invited.name, invited.email)
        details = {"roleIds": invited.role_ids, "customersOwned": int(owned.split()[-1])}
        await note(Event.MEMBER_JOINED, subject_type="MEMBER", subject_id=invited.id, details=details)
    return Accepted(unit.tenant_id, invited.id, who.id)


async def _prove(place: Place, who: Person, password: str, address: str | None) -> None:
    attempt = await attempts.count(attempts.of_account(who.email), address)
    if not await place.verify(who.password_hash, password):
        tell_of_failure_later(who.id, who.email, address, failure("WRONG_PASSWORD", attempt.number, attempts.FREE))
        raise NotAllowed("This is not the password of the account with this e-mail.")
    await attempt.forgive()


async def _of_token(unit: Session, token: Token, who: Person, *, locked: bool = False) -> tuple[MemberRow, str]:
    """The invited member that a token of this person is for, and its tenant's name.

    Raises:
        NotFound: the invitation was taken back, is another e-mail's, or its tenant is not active.
    """
    found = await _invited(token.member_id or UUID(int=0), locked=locked)
    tenant = await unit.connection.fetchval("SELECT name FROM tenant WHERE id = $1 AND status = 'ACTIVE'", unit.tenant_id)
    if found is None or found.email != who.email or tenant is None:
        raise tokens.gone()
    return found, tenant


async def _invited(member_id: UUID, *, locked: bool = False) -> MemberRow | None:
    try:
        found = await member(member_id, locked=locked)
    except NotFound:
        return None
    return found if found.status is MemberStatus.INVITED else None


def _invitee(token: Token) -> Actor:
    """The member to be, with no rights yet, in the tenant that its token names."""
    if token.tenant_id is None:
        raise tokens.gone()
    return Actor(token.tenant_id, ActorKind.MEMBER, token.member_id, member_id=token.member_id)


_INVITE = """
INSERT INTO member (tenant_id, id, email, name, role_ids) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, email) WHERE status <> 'REMOVED'
DO UPDATE SET name = excluded.name, role_ids = excluded.role_ids, updated_at = now(), version = member.version + 1
WHERE member.tenant_id = $1 AND member.status = 'INVITED'
RETURNING id
"""
_CHOOSE = """
UPDATE person SET name = $2, password_hash = $3, password_changed_at = now(), updated_at = now() WHERE id = $1 AND password_hash IS NULL
"""
_JOIN = """
UPDATE member SET status = 'ACTIVE', person_id = $3, updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2
"""
_TAKE_OWNED = """
UPDATE customer SET owner_id = $2 WHERE tenant_id = $1 AND owner_id IS NULL AND (owner = $3 OR lower(owner) = $4)
"""
