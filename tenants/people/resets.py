"""A new password: by the old one, or by a link that was mailed. Either ends all sign-ins from before it."""

from __future__ import annotations

from uuid import UUID

from tenants import jobs
from tenants.jobs import JobKind
from tenants.mail import Letter
from tenants.people import attempts, letters, second_factor, tokens
from tenants.people.background import later
from tenants.people.checks import confirm_password, memberships
from tenants.people.members import MemberStatus, member
from tenants.people.passwords import bench
from tenants.people.persons import id_of, person, read, tried_email
from tenants.people.tokens import Purpose
from tenants.people.trail import circumstances_from, tell
from tenants.refusals import Conflict, NotFound
from tenants.session import Actor, ActorKind, acting_as, acting_as_person
from tenants.trail import Circumstances, Event, under


async def ask_for_new_password(email: str, *, address: str | None = None) -> None:
    """Have a link for a new password mailed to an e-mail, if it is somebody's who has a password and is an active member somewhere.

    It answers before it has looked, so that neither its words nor its time tell. What follows is lost if this process is killed within
    the moment until the job is written.

    Raises:
        RateLimited: there were too many from this address, or for this e-mail.
    """
    email = tried_email(email)
    await attempts.count(attempts.of_reset(email), address)
    told = circumstances_from(address)
    later("ask_for_new_password", lambda: _order_letter(email, told))


async def _order_letter(email: str, told: Circumstances) -> None:
    person_id = await id_of(email)
    if person_id is None or (await person(person_id)).password_hash is None:
        return
    where = await memberships(person_id)
    if not where:
        return
    # A job is a tenant's, so one of his tenants lends its worker.
    async with acting_as(Actor(where[0].tenant_id, ActorKind.MEMBER, where[0].member_id)) as unit:
        await unit.connection.execute("SELECT FROM member WHERE tenant_id = $1 AND id = $2 FOR UPDATE", unit.tenant_id, where[0].member_id)
        position = await jobs.next_position(where[0].member_id, JobKind.PASSWORD_MAIL)
        await jobs.create(JobKind.PASSWORD_MAIL, where[0].member_id, position)
    with under(told):
        async with acting_as_person(person_id) as connection:
            await tell(connection, Event.PASSWORD_RESET_ASKED)


async def letter(actor: Actor, member_id: UUID) -> Letter | None:
    """The mail to a member who asked for a new password, with a new token; None if he is not active any more."""
    async with acting_as(actor, read_only=True):
        try:
            found = await member(member_id)
        except NotFound:
            return None
    if found.status is not MemberStatus.ACTIVE or found.person_id is None:
        return None
    async with acting_as_person(found.person_id) as connection:
        who = await read(connection, found.person_id)
        token = await tokens.make(connection, who.id, Purpose.PASSWORD_RESET)
    return letters.new_password(who.email, token)


async def set_new_password(token: str, password: str) -> UUID:
    """Set a new password by a mailed link, and end the person's sign-ins; his devices are not known any more. A second factor stays on.

    Returns: the person's id.

    Raises:
        NotFound: the link is not good any more.
        Invalid: the password is too short, too long or easily guessed; the link is still good.
        Busy: as in `check_password`.
    """
    found = await tokens.find(token, Purpose.PASSWORD_RESET)
    who = await person(found.person_id)
    with bench().place() as place:
        hash = await place.checked_and_hashed(password, [who.email, who.name])
    async with acting_as_person(who.id) as connection:
        await tokens.use(connection, found)
        await connection.execute(_SET, who.id, hash)
        await connection.execute("DELETE FROM known_device WHERE person_id = $1", who.id)
        await tell(connection, Event.PASSWORD_RESET)
    await attempts.forget(attempts.of_account(who.email))
    return who.id


async def change_password(person_id: UUID, old: str, new: str, *, device: str | None = None, address: str | None = None) -> None:
    """Set a new password by the old one, and end the person's sign-ins from before, the one that asks for it included.

    Raises:
        Conflict: it was changed meanwhile.
        Invalid: the old one is wrong, or the new one is too short, too long or easily guessed.
        RateLimited, Busy: as in `check_password`.
    """
    who = await person(person_id)
    await confirm_password(person_id, old, device=device, address=address)
    with bench().place() as place:
        hash = await place.checked_and_hashed(new, [who.email, who.name])
    async with acting_as_person(person_id) as connection:
        if (await read(connection, person_id, locked=True)).password_hash != who.password_hash:
            raise Conflict("Your password was changed a moment ago.")
        await connection.execute(_SET, person_id, hash)
        await connection.execute(_DROP_RESETS, person_id)
        await tell(connection, Event.PASSWORD_CHANGED)


async def turn_off_second_factor(person_id: UUID, password: str, *, device: str | None = None, address: str | None = None) -> None:
    """Turn the second factor off; that needs the password.

    Raises:
        Invalid: it is wrong.
        RateLimited, Busy: as in `check_password`.
    """
    await confirm_password(person_id, password, device=device, address=address)
    async with acting_as_person(person_id) as connection:
        await second_factor.turn_off(connection, person_id)


async def renew_recovery_codes(person_id: UUID, password: str, *, device: str | None = None, address: str | None = None) -> list[str]:
    """Ten new recovery codes in place of those there are; that needs the password.

    Raises:
        Conflict: there is no second factor.
        Invalid: the password is wrong.
        RateLimited, Busy: as in `check_password`.
    """
    await confirm_password(person_id, password, device=device, address=address)
    async with acting_as_person(person_id) as connection:
        second_factor.needed(await read(connection, person_id, locked=True))
        await tell(connection, Event.RECOVERY_CODES_RENEWED)
        return await second_factor.new_recovery_codes(connection, person_id)


async def end_sign_ins(person_id: UUID) -> None:
    """End all of a person's sign-ins from before now."""
    async with acting_as_person(person_id) as connection:
        await connection.execute("UPDATE person SET signed_out_at = now() WHERE id = $1", person_id)


_SET = """
UPDATE person SET password_hash = $2, password_changed_at = now(), signed_out_at = clock_timestamp(), updated_at = now() WHERE id = $1
"""
_DROP_RESETS = "DELETE FROM one_time_token WHERE person_id = $1 AND purpose = 'PASSWORD_RESET'"
