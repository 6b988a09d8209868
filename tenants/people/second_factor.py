"""The second factor: codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 s), and recovery codes that stand in for one.

The seed is 32 random bytes, wrapped by the master key under the person's id; its first 20 are the secret, as RFC 4226 recommends. A code
is taken within one step of now and once: never one of a step that was taken, or of an earlier one.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import pyotp

from tenants.encryption import CannotOpen
from tenants.installation import installation
from tenants.people.persons import Person, hashed, read
from tenants.people.trail import tell
from tenants.refusals import Conflict, Invalid
from tenants.session import acting_as_person
from tenants.trail import Event

STEP_SECONDS, STEPS_AROUND, DIGITS = 30, 1, 6
SEED_BYTES, SECRET_BYTES = 32, 20

#: No tenant's data key has this version, so what is wrapped for a person is never taken for one.
_WRAP_VERSION = 0

RECOVERY_CODES = 10
#: Digits and letters without those that look alike; sixteen of 32 are 80 random bits.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_RECOVERY_CODE = re.compile(rf"[{_LETTERS}]{{16}}")

ISSUER = "Kelu"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given: a URI to show as a QR code, and the secret in it for typing."""

    uri: str
    secret: str


async def begin(person_id: UUID) -> Enrolment:
    """Give a person a new secret. It counts for nothing until a code confirms it.

    Raises:
        Conflict: there is a second factor already.
    """
    seed = secrets.token_bytes(SEED_BYTES)
    master = installation().master
    async with acting_as_person(person_id) as connection:
        found = await read(connection, person_id, locked=True)
        if found.has_second_factor:
            raise Conflict("A second factor is on. Turn it off before you set up another.")
        await connection.execute(_BEGIN, person_id, master.wrap(person_id, _WRAP_VERSION, seed), master.name)
    secret = _secret(seed)
    return Enrolment(pyotp.TOTP(secret).provisioning_uri(name=found.email, issuer_name=ISSUER), secret)


async def confirm(person_id: UUID, code: str) -> list[str]:
    """Turn the second factor on, with a code that the app shows.

    Returns: ten recovery codes, this once.

    Raises:
        Conflict: it is on already, or was not begun.
        Invalid: the code is not right.
    """
    async with acting_as_person(person_id) as connection:
        found = await read(connection, person_id, locked=True)
        if found.has_second_factor or found.totp_seed is None:
            raise Conflict("A second factor is on already." if found.has_second_factor else "Begin with a new secret first.")
        if not await _take_code(connection, found, code):
            raise Invalid("This code is not right. Write the six digits that the app shows now; check the device's clock.", field=["code"])
        await connection.execute("UPDATE person SET totp_since = now(), updated_at = now() WHERE id = $1", person_id)
        await tell(connection, Event.TOTP_ENABLED)
        return await new_recovery_codes(connection, person_id)


async def new_recovery_codes(connection: Any, person_id: UUID) -> list[str]:
    """Ten new recovery codes in place of those there are, in a unit of work of that person."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    await connection.execute("DELETE FROM recovery_code WHERE person_id = $1", person_id)
    await connection.execute(
        "INSERT INTO recovery_code (person_id, hash) SELECT $1, unnest($2::bytea[])", person_id, [hashed(code) for code in codes]
    )
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def needed(person: Person) -> None:
    """See that a person has a second factor.

    Raises:
        Conflict: he has none.
    """
    if not person.has_second_factor:
        raise Conflict("No second factor is on.")


async def turn_off(connection: Any, person_id: UUID) -> None:
    """No second factor and no recovery codes any more, in a unit of work of that person."""
    await connection.execute(_TURN_OFF, person_id)
    await connection.execute("DELETE FROM recovery_code WHERE person_id = $1", person_id)
    await tell(connection, Event.TOTP_DISABLED)


class Taken(Enum):
    """What was taken."""

    CODE = "CODE"
    RECOVERY_CODE = "RECOVERY_CODE"


async def take(connection: Any, person: Person, code: str) -> Taken | None:
    """Take a code or a recovery code of the person's that was not taken yet; None if it is neither."""
    code = "".join(code.split()).replace("-", "").upper() if len(code) <= 40 else ""
    if _RECOVERY_CODE.fullmatch(code):
        taken = await connection.execute(_TAKE_RECOVERY_CODE, person.id, hashed(code))
        return Taken.RECOVERY_CODE if taken == "UPDATE 1" else None
    return Taken.CODE if await _take_code(connection, person, code) else None


async def recovery_codes_left(person_id: UUID) -> int:
    async with acting_as_person(person_id) as connection:
        left: int = await connection.fetchval("SELECT count(*) FROM recovery_code WHERE person_id = $1 AND used_at IS NULL", person_id)
    return left


async def _take_code(connection: Any, person: Person, code: str) -> bool:
    step = step_of(_opened(person), code, int(time.time()))
    if step is None:
        return False
    return bool(await connection.execute(_TAKE_STEP, person.id, step) == "UPDATE 1")


def step_of(secret: str, code: str, now: int) -> int | None:
    """The time step around `now` (Unix seconds) that has this code; None if none has. Every step is looked at, whichever is right."""
    if not (code.isascii() and code.isdecimal() and len(code) == DIGITS):
        return None
    at = now // STEP_SECONDS
    codes = pyotp.HOTP(secret, digits=DIGITS)
    found = [step for step in range(at - STEPS_AROUND, at + STEPS_AROUND + 1) if hmac.compare_digest(codes.at(max(step, 0)), code)]
    return found[-1] if found else None


def _opened(person: Person) -> str:
    """The secret in base32.

    Raises:
        CannotOpen: another master key is configured, or the row is damaged.
    """
    if person.totp_seed is None:
        raise RuntimeError("There is no second factor to be opened.")
    master = installation().master
    if person.totp_master != master.name:
        raise CannotOpen(f"A second factor was wrapped by master key {person.totp_master}; {master.name} is configured.")
    return _secret(master.unwrap(person.id, _WRAP_VERSION, person.totp_seed))


def _secret(seed: bytes) -> str:
    return base64.b32encode(seed[:SECRET_BYTES]).decode()


_BEGIN = "UPDATE person SET totp_seed = $2, totp_master = $3, totp_since = NULL, totp_step = NULL, updated_at = now() WHERE id = $1"
_TURN_OFF = "UPDATE person SET totp_seed = NULL, totp_master = NULL, totp_since = NULL, totp_step = NULL, updated_at = now() WHERE id = $1"
_TAKE_STEP = "UPDATE person SET totp_step = $2 WHERE id = $1 AND (totp_step IS NULL OR totp_step < $2)"
_TAKE_RECOVERY_CODE = "UPDATE recovery_code SET used_at = now() WHERE person_id = $1 AND hash = $2 AND used_at IS NULL"
