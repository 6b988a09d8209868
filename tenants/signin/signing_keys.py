"""Signing keys: the Ed25519 keys that sign access tokens, of the whole installation, made as they are needed and rotated by age.

A key is kept wrapped by the master key, as data keys are. The newest signs. One that does not sign any more still verifies until it
retires, so that no token it signed is refused before its time. A process reads the keys once a second, and when it is shown a token by one
it does not know, ten times a second at most. A key whose secret may be known to somebody is retired `at_once`, and every token it
signed is refused within a second.

The keys are bound to their id and to version 0, which no data key has: neither can be passed off as the other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from tortoise import connections

from tenants.encryption import CannotOpen, MasterKey
from tenants.ids import new_id
from tenants.installation import installation

CURVE: Final = "Ed25519"

#: How long a key verifies after it has signed for the last time: longer than any token lives, by far.
OVERLAP = timedelta(minutes=30)

#: How old what a process knows of the keys may be.
KEPT_SECONDS = 0.8
_KEPT_AT_LEAST_SECONDS = 0.1

_WRAPPED_VERSION = 0

_SELECT = """
SELECT id, wrapped, master, created_at, retires_at, retires_at > now() + $1::interval AS may_sign
FROM signing_key WHERE retires_at > now() ORDER BY created_at DESC, id DESC
"""

_INSERT = "INSERT INTO signing_key (id, wrapped, master, retires_at) VALUES ($1, $2, $3, now() + $4::interval)"

#: Two processes that find no key make one each: the newer signs and both verify.
_RETIRE = """
UPDATE signing_key SET retires_at = least(retires_at, now() + $2::interval) WHERE id <> $1 AND retires_at > now() + $2::interval
"""
_FORGET = "DELETE FROM signing_key WHERE retires_at < now() - interval '1 year'"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair. `id` in hex is the `kid` of the tokens it signs; it verifies until `retires_at`, and signs until OVERLAP before."""

    id: UUID
    created_at: datetime
    retires_at: datetime
    may_sign: bool
    pair: OKPKey

    @property
    def kid(self) -> str:
        return self.id.hex


@dataclass(slots=True)
class _Known:
    keys: dict[str, SigningKey]
    asked_at: float
    master: str


_known: _Known | None = None


async def signing_key() -> SigningKey:
    """The key that signs now; one is made where there is none, or the last is too old."""
    return _newest(await _keys()) or _newest(await _keys(age_most=0)) or await rotate()


async def verifying_key(kid: str) -> SigningKey | None:
    """The key of this id, if it has not retired."""
    return (await _keys()).get(kid) or (await _keys(age_most=_KEPT_AT_LEAST_SECONDS)).get(kid)


async def signing_keys() -> list[SigningKey]:
    """Those that verify, newest first."""
    return list((await _keys(age_most=0)).values())


async def rotate(*, at_once: bool = False) -> SigningKey:
    """Make a new key, which signs from now on.

    Args:
        at_once: the others retire now, and what they signed is refused; else when their last token has expired.
    """
    lifetime = timedelta(days=installation().settings.signing_key_days) + OVERLAP
    made = OKPKey.generate_key(CURVE, private=True)
    id, master = new_id(), installation().master
    secret = urlsafe_b64decode(str(made.as_dict(private=True)["d"]).encode())
    async with connections.get("default").acquire_connection() as connection:
        await connection.execute(_INSERT, id, master.wrap(id, _WRAPPED_VERSION, secret), master.name, lifetime)
        await connection.execute(_RETIRE, id, timedelta() if at_once else OVERLAP)
        await connection.execute(_FORGET)
    return (await _keys(age_most=0))[id.hex]


def _newest(keys: dict[str, SigningKey]) -> SigningKey | None:
    return next((key for key in keys.values() if key.may_sign), None)


async def _keys(*, age_most: float = KEPT_SECONDS) -> dict[str, SigningKey]:
    global _known
    master = installation().master
    if _known is None or _known.master != master.name or time.monotonic() - _known.asked_at >= age_most:
        asked_at, before = time.monotonic(), _known.keys if _known and _known.master == master.name else {}
        async with installation().readers.acquire() as connection:
            rows = await connection.fetch(_SELECT, OVERLAP - timedelta(minutes=1))
        keys = {row["id"].hex: _opened(row, before, master) for row in rows}
        _known = _Known(keys, asked_at, master.name)
    return _known.keys


def _opened(row: dict[str, object], before: dict[str, SigningKey], master: MasterKey) -> SigningKey:
    """
    Raises:
        CannotOpen: it was wrapped by another master key, or is damaged.
    """
    id, known = UUID(str(row["id"])), before.get(UUID(str(row["id"])).hex)
    if known is None and row["master"] != master.name:
        raise CannotOpen(f"Signing key {id.hex} was wrapped by master key {row['master']}; {master.name} is configured.")
    pair = known.pair if known else _pair(master.unwrap(id, _WRAPPED_VERSION, row["wrapped"]))  # type: ignore[arg-type]  # bytea
    return SigningKey(id, row["created_at"], row["retires_at"], bool(row["may_sign"]), pair)  # type: ignore[arg-type]  # timestamptz


def _pair(secret: bytes) -> OKPKey:
    """The key pair of a secret of 32 bytes (RFC 8032), which is all there is to it: the public half is worked out from it."""
    return OKPKey.import_key({"kty": "OKP", "crv": CURVE, "d": urlsafe_b64encode(secret).decode(), "x": ""})
