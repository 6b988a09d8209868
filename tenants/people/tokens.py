"""One-time tokens: 256 random bits in a mailed link, each for one purpose, good for a time and once. Stored is their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tenants.installation import installation
from tenants.people.persons import hashed, new_secret
from tenants.refusals import NotFound


class Purpose(StrEnum):
    INVITATION = "INVITATION"
    PASSWORD_RESET = "PASSWORD_RESET"


GOOD_FOR = {Purpose.INVITATION: timedelta(days=7), Purpose.PASSWORD_RESET: timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Token:
    """What a good token is for. An invitation has a tenant and a member."""

    hash: bytes
    person_id: UUID
    purpose: Purpose
    tenant_id: UUID | None
    member_id: UUID | None


async def make(connection: Any, person_id: UUID, purpose: Purpose, *, tenant_id: UUID | None = None, member_id: UUID | None = None) -> str:
    """A new token in place of those for the same, in a unit of work of that person."""
    await connection.execute(_DROP, person_id, purpose.value, tenant_id, member_id)
    token = new_secret()
    await connection.execute(_MAKE, person_id, hashed(token), purpose.value, tenant_id, member_id, GOOD_FOR[purpose])
    return token


async def find(token: str, purpose: Purpose) -> Token:
    """What a token is for, if it is good now.

    Raises:
        NotFound: it is unknown, used, replaced or too old, or for something else: in the same words.
    """
    async with installation().readers.acquire() as connection:
        row = await connection.fetchrow("SELECT person_id, purpose, tenant_id, member_id FROM door_token($1)", hashed(token))
    if row is None or row["purpose"] != purpose:
        raise gone()
    return Token(hashed(token), row["person_id"], purpose, row["tenant_id"], row["member_id"])


async def use(connection: Any, token: Token) -> None:
    """Use a token up, in a unit of work of its person: of several who try one succeeds, when it commits.

    Raises:
        NotFound: somebody else was faster, or its time is over.
    """
    if await connection.execute(_USE, token.person_id, token.hash) != "UPDATE 1":
        raise gone()


def gone() -> NotFound:
    return NotFound("This link is not good any more: it was used, replaced by a later one, or is too old. Ask for another.")


_DROP = """
DELETE FROM one_time_token WHERE person_id = $1 AND purpose = $2
    AND tenant_id IS NOT DISTINCT FROM $3 AND member_id IS NOT DISTINCT FROM $4
"""
_MAKE = """
INSERT INTO one_time_token (person_id, hash, purpose, tenant_id, member_id, expires_at) VALUES ($1, $2, $3, $4, $5, now() + $6::interval)
"""
_USE = """
UPDATE one_time_token SET used_at = now() WHERE person_id = $1 AND hash = $2 AND used_at IS NULL AND expires_at > now()
"""
