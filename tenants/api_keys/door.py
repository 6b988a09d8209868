"""The door: from a secret, and where it comes from, to the actor it stands for."""

from __future__ import annotations

import time
from uuid import UUID

from tenants.access.actors import BELIEVED_SECONDS, KnownKey, known_key
from tenants.api_keys.secrets import hashed, is_well_formed
from tenants.api_keys.uses import used
from tenants.installation import installation
from tenants.networks import Address, is_in
from tenants.refusals import NotAllowed
from tenants.session import Actor

#: Of how many keys a process remembers that they are good.
_BELIEVED_MOST = 10_000

#: Hash of a secret → whom it stands for, and until when that is believed (monotonic seconds).
_believed: dict[bytes, tuple[KnownKey, float]] = {}


async def authenticate(secret: str, address: Address | None = None) -> Actor:
    """Whom a secret stands for, as the database said a second ago at most, to a client at this address.

    Raises:
        NotAllowed: it is mistyped, unknown, revoked, expired or rotated out, in the same words; or it is good, but not from there.
    """
    digest = hashed(secret)
    known = _believed.get(digest)
    key = known[0] if known is not None and known[1] > time.monotonic() else await _found(secret, digest)
    is_let_in = all(is_in(address, each) for each in key.networks)
    used(digest, key.actor, address, is_let_in=is_let_in)
    if not is_let_in:
        raise NotAllowed("This API key may not be used from this network address.")
    return key.actor


def doubt(key_id: UUID) -> None:
    """Ask the database again before this key is believed the next time: it was changed here. Keys that it made are asked for, too."""
    for digest, (key, _) in list(_believed.items()):
        if key.actor.id == key_id or key.made_by_key == key_id:
            del _believed[digest]


async def _found(secret: str, digest: bytes) -> KnownKey:
    _believed.pop(digest, None)
    found, asked_at = None, time.monotonic()
    if is_well_formed(secret):
        async with installation().readers.acquire() as connection:
            found = await connection.fetchrow("SELECT tenant_id, id FROM door_api_key($1)", digest)
    if found is None:
        raise NotAllowed("This API key is not valid.")
    key = await known_key(found["tenant_id"], found["id"])
    if len(_believed) >= _BELIEVED_MOST:
        _believed.pop(next(iter(_believed)))
    _believed[digest] = key, asked_at + BELIEVED_SECONDS
    return key
