"""Persons as they are stored: found by an e-mail, and read as themselves."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from tenants.ids import new_id
from tenants.installation import installation
from tenants.intake.normalise.email import email as normalised_email
from tenants.intake.normalise.email import email_key
from tenants.refusals import Invalid, NotFound
from tenants.session import acting_as_person

NAME_LONGEST = 200

#: RFC 5321 allows 254 characters of an address.
EMAIL_LONGEST = 254

#: Devices of a person, at most; the one used longest ago goes.
DEVICES_MOST = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. Sign-ins that began before `signed_out_at` are over."""

    id: UUID
    email: str
    name: str
    password_hash: str | None
    totp_seed: bytes | None
    totp_master: str | None
    totp_since: datetime | None
    totp_step: int | None
    signed_out_at: datetime | None

    @property
    def has_second_factor(self) -> bool:
        return self.totp_since is not None


#: As the door tells, before anybody is known.
FIND = "SELECT door_person($1)"

READ = "SELECT id, email, name, password_hash, totp_seed, totp_master, totp_since, totp_step, signed_out_at FROM person WHERE id = $1"

_ADD = "INSERT INTO person (id, email) VALUES ($1, $2) ON CONFLICT (email) DO NOTHING"

_REMEMBER = """
INSERT INTO known_device (person_id, hash) VALUES ($1, $2) ON CONFLICT (person_id, hash) DO UPDATE SET used_at = now()
"""
_FORGET_OLDEST = """
DELETE FROM known_device WHERE person_id = $1
    AND hash NOT IN (SELECT hash FROM known_device WHERE person_id = $1 ORDER BY used_at DESC LIMIT $2)
"""


def checked_email(email: str, field: Sequence[str] = ("email",)) -> str:
    """An e-mail as persons and members have it: plausible, in lower case.

    Raises:
        Invalid: it is no e-mail.
    """
    found = normalised_email(email) if len(email) <= EMAIL_LONGEST else None
    if not isinstance(found, str) or len(found) > EMAIL_LONGEST:
        raise Invalid("This is not an e-mail we can write to: it looks like wang.wei@example.cn.", field=field)
    return email_key(found)


def tried_email(email: str) -> str:
    """An e-mail somebody tries to sign in with, in the form persons have it; what is none stays what it is, and is nobody's."""
    try:
        return checked_email(email)
    except Invalid:
        return email[:EMAIL_LONGEST].lower()


def checked_name(name: str, field: Sequence[str] = ("name",)) -> str:
    """A person's name, its spaces made single.

    Raises:
        Invalid: it is empty, too long or not printable.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LONGEST or not name.isprintable():
        raise Invalid(f"A name has 1 to {NAME_LONGEST} printable characters.", field=field)
    return name


async def id_of(email: str) -> UUID | None:
    """The id of the person with an e-mail (in lower case)."""
    async with installation().readers.acquire() as connection:
        found: UUID | None = await connection.fetchval(FIND, email)
    return found


async def person_id_for(email: str) -> UUID:
    """The id of the person with an e-mail, who is made if there is none: without name or password, which accepting an invitation sets."""
    if (found := await id_of(email)) is not None:
        return found
    id = new_id()
    async with acting_as_person(id) as connection:
        added = await connection.execute(_ADD, id, email)
    if added.endswith(" 1"):
        return id
    return await person_id_for(email)  # somebody else was a moment faster


async def person(id: UUID) -> Person:
    """A person.

    Raises:
        NotFound: there is none with this id.
    """
    async with acting_as_person(id) as connection:
        return await read(connection, id)


async def read(connection: Any, id: UUID, *, locked: bool = False) -> Person:
    """As `person`, in a unit of work of that person; `locked` until it ends."""
    row = await connection.fetchrow(READ + (" FOR UPDATE" if locked else ""), id)
    if row is None:
        raise NotFound("There is no such person.")
    return Person(**row)


def new_secret() -> str:
    """256 random bits, as 43 characters that a URL may hold."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def nobody() -> UUID:
    """An id that no person has: whoever asks for it finds no rows, by the same statements."""
    return uuid4()


async def remember_device(person_id: UUID, device: str | None) -> str:
    """A device that has just been signed in with is known from now on.

    Args:
        device: the secret it holds already, if it does.

    Returns: the secret it is to hold. A device that came with a secret of somebody else's, or of nobody's, gets a new one.
    """
    async with acting_as_person(person_id) as connection:
        is_known = device is not None and await connection.fetchval(KNOWS, person_id, hashed(device))
        secret = device if device is not None and is_known else new_secret()
        await connection.execute(_REMEMBER, person_id, hashed(secret))
        await connection.execute(_FORGET_OLDEST, person_id, DEVICES_MOST)
    return secret


KNOWS = "SELECT EXISTS (SELECT FROM known_device WHERE person_id = $1 AND hash = $2)"
