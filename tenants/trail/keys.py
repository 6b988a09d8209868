"""The installation's signing key: made once, by whoever seals first; its private part is kept wrapped by the master key."""

from __future__ import annotations

from uuid import UUID

from tenants.encryption.format_1 import CannotOpen
from tenants.encryption.signing import SigningKey, key_id, new_signing_key, open_signing_key
from tenants.installation import installation
from tenants.refusals import Conflict
from tenants.session import session

#: Takes a tenant's place where the key is wrapped; no tenant has such an id, which is of no version.
_PURPOSE = UUID(bytes=b"kelu trail key\0\0")

_NEWEST = "SELECT number, public_key, wrapped, master FROM trail_key ORDER BY number DESC LIMIT 1"
_INSERT = "INSERT INTO trail_key (number, public_key, wrapped, master) VALUES (1, $1, $2, $3) ON CONFLICT (number) DO NOTHING"

#: Public key → the key, unwrapped.
_open: dict[bytes, SigningKey] = {}


async def signing_key() -> SigningKey:
    """The newest key, made if there is none. Works in the unit of work we are in.

    Raises:
        Conflict: it is wrapped by another master key than this process has.
    """
    found = await session().connection.fetchrow(_NEWEST)
    if found is None:
        master = installation().master
        await session().connection.execute(_INSERT, *new_signing_key(master, _PURPOSE, 1), master.name)
        found = await session().connection.fetchrow(_NEWEST)
    known = _open.get(found["public_key"])
    return known or _opened(found["number"], found["public_key"], found["wrapped"], found["master"])


async def public_keys() -> dict[str, bytes]:
    """Every public key the installation has signed with, by its id, the newest last."""
    rows = await session().connection.fetch("SELECT public_key FROM trail_key ORDER BY number")
    return {key_id(row["public_key"]): row["public_key"] for row in rows}


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
