"""API keys: secrets by which a partner's program is known, each of one tenant.

A secret is `kelu_` ‖ 43 characters ‖ `_` ‖ 6 characters: 32 random bytes and the CRC-32 (as in zlib) of everything before the last
underscore, both in base 62 (digits, capitals, small letters) with leading zeros. The prefix lets scanners find a leaked key; the
checksum lets a mistyped one be refused without asking the database.

What is stored is the SHA-256 of the secret. A slow hash (argon2) buys time where a secret can be guessed, as a person's password
can. Nobody guesses 256 random bits, so here it would buy nothing, and cost every request its 150 ms.

A process believes what it has been told of a key for a second: asking the database each time costs a small read a third of its speed.
So a revoked key ends at once in the process that revokes it, and within a second in all others.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants.access.actors import BELIEVED_SECONDS, actor_of_key
from tenants.access.built_in import PARTNER
from tenants.ids import new_id
from tenants.installation import installation
from tenants.models import ApiKey
from tenants.refusals import Invalid, NotAllowed, NotFound
from tenants.session import Actor, after_commit, session

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES, _RANDOM_DIGITS, _CHECK_DIGITS = 32, 43, 6
_FORM = re.compile(rf"(kelu_[0-9A-Za-z]{{{_RANDOM_DIGITS}}})_([0-9A-Za-z]{{{_CHECK_DIGITS}}})")

NAME_LONGEST = 200

#: Of how many keys a process remembers that they are good.
_BELIEVED_MOST = 10_000

#: Hash of a secret → whom it stands for, and until when that is believed (monotonic seconds).
_believed: dict[bytes, tuple[Actor, float]] = {}


async def add_api_key(name: str, *, role_ids: Sequence[UUID] = (PARTNER.id,), may_reveal: bool = False) -> tuple[ApiKey, str]:
    """Make an API key of the tenant we act in. The secret is given out this once; nobody can read it again.

    Args:
        role_ids: what may be done with it: what these roles give, as far as the member who makes it has it too.
        may_reveal: sealed values may be read in clear with it, where a role allows that.

    Raises:
        Invalid: the name is empty or over 200 characters.
    """
    if not 1 <= len(name.strip()) <= NAME_LONGEST:
        raise Invalid(f"An API key's name has 1 to {NAME_LONGEST} characters.", field=["name"])
    secret = _new_secret()
    values: dict[str, Any] = {"name": name.strip(), "hash": _hashed(secret), "may_reveal": may_reveal, "role_ids": list(role_ids)}
    key = await ApiKey.create(id=new_id(), tenant_id=session().tenant_id, made_by=session().actor.member_id, **values)
    return key, secret


async def authenticate(secret: str) -> Actor:
    """Whom a secret stands for, as the database said a second ago at most.

    Raises:
        NotAllowed: it is mistyped, unknown or revoked, in the same words.
    """
    found, hashed = None, _hashed(secret)
    known = _believed.get(hashed)
    if known is not None and known[1] > time.monotonic():
        return known[0]
    if _is_well_formed(secret):
        async with installation().readers.acquire() as connection:
            found = await connection.fetchrow("SELECT tenant_id, id FROM door_api_key($1)", hashed)
    if found is None:
        _believed.pop(hashed, None)
        raise NotAllowed("This API key is not valid.")
    actor = await actor_of_key(found["tenant_id"], found["id"])
    _believe(hashed, actor)
    return actor


async def revoke(id: UUID) -> None:
    """End an API key of the tenant we act in, from its next use on; a revoked one stays revoked since when it was.

    Raises:
        NotFound: there is no such key.
    """
    key = await ApiKey.get_or_none(id=id)
    if key is None:
        raise NotFound("There is no such API key.")
    await ApiKey.filter(id=id, revoked_at=None).update(revoked_at=datetime.now(UTC))

    async def doubt() -> None:
        for hashed, (actor, _) in list(_believed.items()):
            if actor.id == id:
                del _believed[hashed]

    after_commit(doubt)


def _believe(hashed: bytes, actor: Actor) -> None:
    if len(_believed) >= _BELIEVED_MOST:
        _believed.pop(next(iter(_believed)))
    _believed[hashed] = (actor, time.monotonic() + BELIEVED_SECONDS)


def _new_secret() -> str:
    body = f"kelu_{_base62(int.from_bytes(os.urandom(_RANDOM_BYTES), 'big'), _RANDOM_DIGITS)}"
    return f"{body}_{_checksum(body)}"


def _is_well_formed(secret: str) -> bool:
    found = _FORM.fullmatch(secret)
    return found is not None and _checksum(found[1]) == found[2]


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    written = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        written = _DIGITS[digit] + written
    return written


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
