"""The installation's signing key: made once, by whoever seals first; its private part is kept wrapped by the master key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tortoise import connections

from tenants.encryption.format_1 import CannotOpen
from tenants.encryption.signing import SigningKey, new_signing_key, open_signing_key
from tenants.installation import installation
from tenants.refusals import Conflict

#: Takes a tenant's place where the key is wrapped; no tenant has such an id, which is of no version.
_PURPOSE = UUID(bytes=b"kelu trail key\0\0")

_ALL = "SELECT number, public_key, wrapped, master FROM trail_key ORDER BY number"
_NEWEST = f"{_ALL} DESC LIMIT 1"
_INSERT = "INSERT INTO trail_key (number, public_key, wrapped, master) VALUES (1, $1, $2, $3) ON CONFLICT (number) DO NOTHING"

#: Public key → the key, unwrapped.
_open: dict[bytes, SigningKey] = {}


async def signing_key(connection: Any) -> SigningKey:
    """The newest key, made if there is none, over a connection that may write.

    Raises:
        Conflict: it is wrapped by another master key than this process has.
    """
    found = await connection.fetchrow(_NEWEST)
    if found is None:
        master = installation().master
        await connection.execute(_INSERT, *new_signing_key(master, _PURPOSE, 1), master.name)
        found = await connection.fetchrow(_NEWEST)
    return _known(found)


async def public_keys() -> list[bytes]:
    """Every public key the installation signs or has signed with, the newest last; the first is made if there is none.

    Each is vouched for by its private part, which only the master key can have wrapped: a row that somebody put there is refused.

    Raises:
        Conflict: one of them was not made here.
    """
    async with connections.get("default").acquire_connection() as connection:
        await signing_key(connection)
        return [_known(row).public for row in await connection.fetch(_ALL)]


def _known(row: Mapping[str, Any]) -> SigningKey:
    known = _open.get(row["public_key"])
    return known or _opened(row["number"], row["public_key"], row["wrapped"], row["master"])


def _opened(number: int, public: bytes, wrapped: bytes, master_name: str) -> SigningKey:
    try:
        key = open_signing_key(installation().master, _PURPOSE, number, wrapped)
    except CannotOpen:
        raise Conflict(
            f"The trail's signing key was wrapped by the master key {master_name}, not by {installation().master.name}. "
            "Give this process the right one.",
            code="WRONG_MASTER_KEY",
        ) from None
    if key.public != public:
        raise Conflict("The trail's signing key and its public part do not belong together.", code="WRONG_SIGNING_KEY")
    _open[public] = key
    return key
