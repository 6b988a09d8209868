"""Signing in, as far as it is about the person: the password, and the second factor.

What a sign-in is afterwards, its tokens and cookies, is the business of `tenants.signin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.people import attempts, second_factor
from tenants.people.passwords import Place, bench, is_outdated
from tenants.people.persons import KNOWS, READ, Person, hashed, id_of, nobody, person, read, tried_email
from tenants.people.second_factor import Taken
from tenants.people.trail import Membership, failure, memberships_in, tell, tell_of_failure_later
from tenants.refusals import Invalid, NotAllowed
from tenants.session import acting_as_person
from tenants.trail import Event

__all__ = ["Checked", "Membership", "check_code", "check_password", "confirm_password", "hold", "memberships"]

#: One sentence for whatever was wrong.
WRONG = "E-mail or password is wrong, or this person may not sign in."


@dataclass(frozen=True, slots=True)
class Checked:
    """Whose password it was. Nobody is signed in before `check_code` too, where `needs_code`; `hold` it as the sign-in is written."""

    person_id: UUID
    needs_code: bool
    is_known_device: bool
    signed_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Found:
    person: Person | None
    memberships: list[Membership]
    is_known_device: bool

    @property
    def is_active_somewhere(self) -> bool:
        return any(where.is_active for where in self.memberships)


async def check_password(email: str, password: str, *, device: str | None = None, address: str | None = None) -> Checked:
    """Check somebody's e-mail and password. It says and does the same whichever of them is wrong, or if he is no active member anywhere.

    Args:
        device: the secret of the device, if it has one.
        address: the IP address it comes from.

    Raises:
        NotAllowed: it is not right.
        RateLimited: there were too many wrong attempts from unknown devices, from this known one, or from this address; it was not checked.
        Busy: so many are being checked that this one was not, nor was it counted.
    """
    email = tried_email(email)
    with bench().place() as place:
        person_id = await id_of(email) or nobody()
        found = await _find(person_id, device)
        subject = attempts.of_device(hashed(device)) if device is not None and found.is_known_device else attempts.of_account(email)
        attempt = await attempts.count(subject, address)
        is_right = await place.verify(found.person.password_hash if found.person else None, password)
        if not is_right or found.person is None or not found.is_active_somewhere:
            reason = "NOT_ACTIVE" if is_right else "WRONG_PASSWORD"
            tell_of_failure_later(person_id, email, address, failure(reason, attempt.number, attempts.FREE))
            raise NotAllowed(WRONG)
        await attempt.forgive()
        await _hash_anew(place, found.person, password)
    return Checked(found.person.id, found.person.has_second_factor, found.is_known_device, found.person.signed_out_at)


async def hold(connection: Any, checked: Checked) -> None:
    """See, in the person's unit of work that writes the sign-in, that what was checked holds still, and keep it so until that ends.

    Without it a sign-in with the old password, checked a moment before that was changed, would be written a moment after.

    Raises:
        NotAllowed: the person's sign-ins were ended meanwhile: by a new password, or all at once.
    """
    if not await connection.fetchval(_HOLD, checked.person_id, checked.signed_out_at):
        raise NotAllowed(WRONG)


async def check_code(person_id: UUID, code: str, *, device: str | None = None, address: str | None = None) -> None:
    """Check a code, or a recovery code, of a person whose password was right. It is taken once.

    Raises:
        NotAllowed: it is not right, or was taken before.
        RateLimited: there were too many wrong ones; it was not checked.
    """
    found = await _find(person_id, device)
    known = hashed(device) if device is not None and found.is_known_device else None
    attempt = await attempts.count(attempts.of_code(person_id, known), address)
    async with acting_as_person(person_id) as connection:
        who = await read(connection, person_id, locked=True)
        taken = await second_factor.take(connection, who, code) if who.has_second_factor else None
        if taken is Taken.RECOVERY_CODE:
            await tell(connection, Event.RECOVERY_CODE_USED)
    if taken is None:
        tell_of_failure_later(person_id, who.email, address, failure("WRONG_CODE", attempt.number, attempts.FREE))
        raise NotAllowed("This code is wrong, or was used before.")
    await attempt.forgive()


async def confirm_password(person_id: UUID, password: str, *, device: str | None = None, address: str | None = None) -> None:
    """Have somebody who is signed in say his password again, before something that needs it.

    Raises:
        Invalid: it is wrong.
        RateLimited, Busy: as `check_password`.
    """
    who = await person(person_id)
    try:
        await check_password(who.email, password, device=device, address=address)
    except NotAllowed:
        raise Invalid("This is not your password.", field=["password"]) from None


async def memberships(person_id: UUID) -> list[Membership]:
    """Where a person is an active member, by tenant. Whether the tenant is active is for `actor_of_member` to say."""
    return [where for where in (await _find(person_id, None)).memberships if where.is_active]


async def _find(person_id: UUID, device: str | None) -> _Found:
    """What signing in needs to know, by the same statements whether there is such a person or not."""
    async with acting_as_person(person_id) as connection:
        row = await connection.fetchrow(READ, person_id)
        where = await memberships_in(connection)
        is_known = await connection.fetchval(KNOWS, person_id, hashed(device or ""))
    return _Found(Person(**row) if row else None, where, bool(is_known and device))


async def _hash_anew(place: Place, person: Person, password: str) -> None:
    """Hash the password with today's parameters if it was hashed with others."""
    old: Any = person.password_hash
    if is_outdated(old):
        new = await place.hash(password)
        async with acting_as_person(person.id) as connection:
            await connection.execute("UPDATE person SET password_hash = $2 WHERE id = $1 AND password_hash = $3", person.id, new, old)


_HOLD = "SELECT true FROM person WHERE id = $1 AND signed_out_at IS NOT DISTINCT FROM $2 FOR SHARE"
