"""Signing in: from e-mail, password and code to a session in one tenant, whichever of several that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.people.checks import WRONG, Checked, check_code, check_password
from tenants.people.persons import person, remember_device
from tenants.refusals import NotAllowed
from tenants.session import acting_as_person
from tenants.signin import sessions
from tenants.signin.sessions import Client, Tokens
from tenants.signin.tokens import read_ticket, ticket

CODE_NEEDED = "CODE_NEEDED"


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant in which somebody may sign in, and the member he is there."""

    tenant_id: UUID
    member_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is in. `device` is the secret by which his browser or program will be known."""

    tokens: Tokens
    device: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody has proved who he is and is in several tenants: with the ticket and one of them he is in, without password or code."""

    ticket: str
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody brings. `code` is of the second factor, or a recovery code; `device` the secret of a known device."""

    email: str
    password: str
    code: str | None = None
    device: str | None = None


async def enter(brought: Credentials, tenant_id: UUID | None, client: Client) -> Entered | Choice:
    """Sign somebody in: to the tenant that is named, to the only one there is, or not yet, to one he has to choose.

    Raises:
        NotAllowed: it is not right; with the code CODE_NEEDED the password was, and what is missing is a code of the second factor.
        RateLimited: too many wrong attempts; it was not checked.
    """
    checked = await _proved(brought, client)
    places = await places_of(checked.person_id)
    if tenant_id is None and len(places) > 1:
        return Choice(await ticket(checked.person_id), places)
    return await _enter(checked, _chosen(places, tenant_id), brought.device, client)


async def _proved(brought: Credentials, client: Client) -> Checked:
    """Whose e-mail, password and code these are.

    Raises:
        NotAllowed, RateLimited: as `enter`.
    """
    known = {"device": brought.device, "address": client.address}
    checked = await check_password(brought.email, brought.password, **known)
    if checked.needs_code:
        if brought.code is None:
            raise NotAllowed("Send the code of your authenticator app, too, or a recovery code.", field=["code"], code=CODE_NEEDED)
        await check_code(checked.person_id, brought.code, **known)
    return checked


async def enter_by_ticket(text: str, tenant_id: UUID, device: str | None, client: Client) -> Entered:
    """Sign in to a tenant somebody has chosen, with the ticket he was given for that.

    Raises:
        NotAllowed: the ticket is not good (any more), or he is not an active member there.
    """
    person_id, proved_at = await read_ticket(text)
    proved = await proved_now(person_id)
    if proved.signed_out_at is not None and proved.signed_out_at.timestamp() >= proved_at:
        raise NotAllowed(WRONG)
    return await _enter(proved, _chosen(await places_of(person_id), tenant_id), device, client)


async def proved_now(person_id: UUID) -> Checked:
    """Somebody who has just proved who he is: by a ticket, by a mailed link, by his old password for a new one."""
    return Checked(person_id, needs_code=False, is_known_device=False, signed_out_at=(await person(person_id)).signed_out_at)


async def places_of(person_id: UUID) -> list[Place]:
    """The active tenants of which somebody is an active member, by name; a hundred at most."""
    async with acting_as_person(person_id) as connection:
        return [Place(**row) for row in await connection.fetch("SELECT tenant_id, member_id, name FROM door_places()")]


async def _enter(proved: Checked, place: Place, device: str | None, client: Client) -> Entered:
    tokens = await sessions.begin(place.tenant_id, place.member_id, proved, client)
    return Entered(tokens, await remember_device(proved.person_id, device))


def _chosen(places: Sequence[Place], tenant_id: UUID | None) -> Place:
    found = next((place for place in places if tenant_id in (None, place.tenant_id)), None)
    if found is None:
        raise NotAllowed(WRONG)
    return found
