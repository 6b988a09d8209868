"""Whether a session still stands, and for whom: what the database says, believed for less than a second.

A session stands while it is not ended, its time is not over, its person has not been signed out everywhere since it began (a new
password does that), and its member and tenant are active. Each of these takes effect within a second in every process, for no process
believes an answer for longer than BELIEVED_SECONDS, counted from before it asked; and at once where the ending itself is done.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from tenants.access.actors import BELIEVED_SECONDS, actor_of_member
from tenants.installation import installation
from tenants.refusals import NotAllowed
from tenants.session import Actor
from tenants.signin.tokens import NOT_VALID, AccessToken, read_access_token

_BELIEVED_MOST = 10_000

#: The person's row is seen by none but him, so the session is asked first whose it is.
_LOOK = """
SELECT (SELECT s.member_id FROM sign_in_session s WHERE s.tenant_id = $1 AND s.id = $2
        AND s.ended_at IS NULL AND least(s.ends_at, s.idle_until) > now()) AS member_id,
    (SELECT s.person_id FROM sign_in_session s WHERE s.tenant_id = $1 AND s.id = $2) AS person_id,
    (SELECT s.created_at FROM sign_in_session s WHERE s.tenant_id = $1 AND s.id = $2) AS created_at
FROM (SELECT act_as_tenant($1) OFFSET 0) AS acting
"""
_SIGNED_OUT = "SELECT (SELECT p.signed_out_at >= $2 FROM person p WHERE p.id = $1) FROM (SELECT act_as_person($1) OFFSET 0) AS acting"


@dataclass(frozen=True, slots=True)
class Stood:
    """Whose a session is that stands. `person_id` is None where an identity provider vouched for the member."""

    member_id: UUID
    person_id: UUID | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks by an access token."""

    actor: Actor
    token: AccessToken


#: Hash of an access token → whom it stands for, and until when that is believed (monotonic seconds).
_believed: dict[bytes, tuple[SignedIn, float]] = {}


async def authenticate(text: str) -> SignedIn:
    """Whom an access token stands for, as the database said a moment ago at most.

    Raises:
        NotAllowed: it is not one of ours, its time is over, or its session does not stand any more; in the same words.
    """
    hashed, asked_at = hashlib.sha256(text.encode(errors="replace")).digest(), time.monotonic()
    known = _believed.get(hashed)
    if known is not None and known[1] > asked_at and known[0].token.expires_at > time.time():
        return known[0]
    _believed.pop(hashed, None)
    token = await read_access_token(text)
    stood = await look(token.tenant_id, token.session_id)
    if stood is None or (stood.member_id, stood.person_id) != (token.member_id, token.person_id):
        raise NotAllowed(NOT_VALID)
    found = SignedIn(await actor_of_member(token.tenant_id, token.member_id), token)
    if len(_believed) >= _BELIEVED_MOST:
        _believed.pop(next(iter(_believed)))
    _believed[hashed] = (found, asked_at + BELIEVED_SECONDS)
    return found


async def look(tenant_id: UUID, session_id: UUID) -> Stood | None:
    """Whose a session is, if it is open and its person has not been signed out since; asked of the database each time."""
    async with installation().readers.acquire() as connection:
        row = await connection.fetchrow(_LOOK, tenant_id, session_id)
        if row is None or row["member_id"] is None:
            return None
        if row["person_id"] is not None and await connection.fetchval(_SIGNED_OUT, row["person_id"], row["created_at"]):
            return None
    return Stood(row["member_id"], row["person_id"])


def doubt(session_ids: Collection[UUID] = (), *, member_id: UUID | None = None, person_id: UUID | None = None) -> None:
    """Believe nothing more in this process of what was known of these sessions, or of a member's or a person's."""
    for hashed, (found, _) in list(_believed.items()):
        token = found.token
        if token.session_id in session_ids or token.member_id == member_id or (person_id is not None and token.person_id == person_id):
            del _believed[hashed]
