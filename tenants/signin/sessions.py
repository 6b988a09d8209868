"""Sessions of members: begun by a sign-in, kept alive by refreshing, listed, and ended.

A session is of one member, so of one tenant; somebody who works in two tenants has one in each. It is a row of its tenant, and is what
all its tokens stand on: once it is ended, or its time is over, none of them is worth anything.

Refreshing takes the refresh token and gives the next. A token that has been taken before ends the session for everybody who holds
a token of it (RFC 9700, section 4.14.2): it was stolen, or he who comes now is the thief, and nobody can tell which. There is no
grace for a client that asks twice at once: within a grace a thief's copy would work, unnoticed. So a client refreshes once at a time,
tabs of a browser by `navigator.locks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from tenants.access.actors import actor_of_member
from tenants.ids import new_id
from tenants.installation import installation
from tenants.people.checks import Checked, hold
from tenants.refusals import NotAllowed, NotFound
from tenants.session import Actor, acting_as, after_commit, also_as_person, session
from tenants.signin import standing
from tenants.signin.secrets import RefreshToken
from tenants.signin.tokens import ACCESS_SECONDS, access_token
from tenants.trail import Event, note

#: Sessions of a member that are open at a time; one more ends the one that has not been used for longest.
OPEN_MOST = 50

#: Ended sessions are kept for so long.
KEPT = timedelta(days=30)

NOT_VALID = "This refresh token is not valid. Sign in again."
_NOUN = "SESSION"
_DEVICE_LONGEST, _ADDRESS_LONGEST = 200, 60


class Method(StrEnum):
    """How somebody proved who he is: by what he knows and has himself, or because an identity provider of the tenant says so."""

    PASSWORD = "PASSWORD"
    OIDC = "OIDC"


class Ended(StrEnum):
    """Why a session is over before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    ENDED = "ENDED"
    REUSED = "REUSED"
    CROWDED = "CROWDED"


_EVENTS = {Ended.SIGNED_OUT: Event.SIGN_OUT, Ended.ENDED: Event.SESSION_ENDED, Ended.REUSED: Event.TOKEN_REUSED}


class Client(NamedTuple):
    """What somebody signs in with: the browser or program by its own word, and the address it asks from."""

    device: str
    address: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets by signing in or refreshing. `expires_in` is of the access token, in seconds; `ends_at` of the session."""

    tenant_id: UUID
    member_id: UUID
    session_id: UUID
    access: str
    refresh: str
    expires_in: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A session that is open, as its member and his admins see it."""

    id: UUID
    method: Method
    device: str
    address: str
    created_at: datetime
    used_at: datetime
    ends_at: datetime


_CROWD = """
UPDATE sign_in_session SET ended_at = now(), ended_reason = 'CROWDED' WHERE tenant_id = $1 AND id IN (
    SELECT id FROM sign_in_session WHERE tenant_id = $1 AND member_id = $2 AND ended_at IS NULL ORDER BY used_at DESC, id DESC OFFSET $3)
"""
_PRUNE = (
    "DELETE FROM sign_in_session WHERE tenant_id = $1 AND member_id = $2 AND least(ended_at, ends_at, idle_until) < now() - $3::interval"
)
_INSERT = """
INSERT INTO sign_in_session
    (tenant_id, id, member_id, person_id, method, device, address, locator_hash, secret_hash, idle_until, ends_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + least($10::interval, $11::interval), now() + $11::interval, clock_timestamp())
RETURNING ends_at
"""

#: Of many who show the same token, one finds its hash still there.
_TAKE = """
UPDATE sign_in_session SET secret_hash = $4, used_at = now(), address = $6, idle_until = least(now() + $5::interval, ends_at)
WHERE tenant_id = $1 AND id = $2 AND secret_hash = $3 AND ended_at IS NULL RETURNING ends_at
"""
_END = """
UPDATE sign_in_session SET ended_at = now(), ended_reason = $2
WHERE tenant_id = $1 AND ended_at IS NULL AND ($3::uuid IS NULL OR id = $3) AND ($4::uuid IS NULL OR member_id = $4)
    AND ($5::uuid IS NULL OR id <> $5) RETURNING id
"""
_LIST = """
SELECT id, method, device, address, created_at, used_at, ends_at FROM sign_in_session
WHERE tenant_id = $1 AND member_id = $2 AND ended_at IS NULL AND least(ends_at, idle_until) > now() ORDER BY used_at DESC, id DESC LIMIT $3
"""


async def begin(tenant_id: UUID, member_id: UUID, proved: Checked | None, client: Client) -> Tokens:
    """Open a session of a member who has proved who he is, in a transaction of its own. It is always a new one.

    Args:
        proved: by his password, and that has to hold still; None: the tenant's identity provider vouches for him.

    Raises:
        NotAllowed: the member or the tenant is not active, or a new password was set since.
    """
    method, person_id = (Method.PASSWORD, proved.person_id) if proved else (Method.OIDC, None)
    actor = await actor_of_member(tenant_id, member_id)
    id, token = new_id(), RefreshToken.new()
    idle, most = _lifetimes()
    async with acting_as(actor) as unit:
        if proved is not None:
            await also_as_person(proved.person_id)
            await hold(unit.connection, proved)
        await unit.connection.execute(_CROWD, tenant_id, member_id, OPEN_MOST - 1)
        await unit.connection.execute(_PRUNE, tenant_id, member_id, KEPT)
        device, address = client.device[:_DEVICE_LONGEST], client.address[:_ADDRESS_LONGEST]
        hashes = (token.locator_hash, token.secret_hash)
        ends_at = await unit.connection.fetchval(_INSERT, tenant_id, id, member_id, person_id, method, device, address, *hashes, idle, most)
        await note(Event.SIGN_IN, subject_type=_NOUN, subject_id=id, details={"method": method})
    access = await access_token(tenant_id, member_id, id, person_id)
    return Tokens(tenant_id, member_id, id, access, token.text, ACCESS_SECONDS, ends_at)


async def refresh(text: str, address: str) -> Tokens:
    """Take a refresh token and give the next, with a new access token.

    Raises:
        NotAllowed: it is of no session that stands, or was taken before, which ends its session; in the same words.
    """
    token = RefreshToken.read(text)
    found = await _session_of(token) if token else None
    if token is None or found is None:
        raise NotAllowed(NOT_VALID)
    actor, stood = await _stood(*found)
    following = token.next()
    async with acting_as(actor) as unit:
        values = (token.secret_hash, following.secret_hash, _lifetimes()[0], address[:_ADDRESS_LONGEST])
        ends_at = await unit.connection.fetchval(_TAKE, *found, *values)
        if ends_at is None:
            await _end(Ended.REUSED, id=found[1])
    if ends_at is None:
        raise NotAllowed(NOT_VALID)
    access = await access_token(actor.tenant_id, stood.member_id, found[1], stood.person_id)
    return Tokens(actor.tenant_id, stood.member_id, found[1], access, following.text, ACCESS_SECONDS, ends_at)


async def sign_out(text: str) -> None:
    """End the session a refresh token is of, whether it is the latest or not; of what is no such token nothing is said."""
    token = RefreshToken.read(text)
    found = await _session_of(token) if token else None
    if found is None:
        return
    actor, _ = await _stood(*found)
    async with acting_as(actor):
        await _end(Ended.SIGNED_OUT, id=found[1])


async def open_sessions(member_id: UUID) -> list[Open]:
    """The open sessions of a member of the tenant we act in, the last used first; OPEN_MOST at most."""
    rows = await session().connection.fetch(_LIST, session().tenant_id, member_id, OPEN_MOST)
    return [Open(**{**row, "method": Method(row["method"])}) for row in rows]


async def end(id: UUID, *, member_id: UUID | None = None, reason: Ended = Ended.ENDED) -> None:
    """End one session of the tenant we act in; its tokens are refused from now on here, and within a second everywhere.

    Args:
        member_id: it has to be this member's; None: whosever it is.

    Raises:
        NotFound: there is no such open session.
    """
    if not await _end(reason, id=id, member_id=member_id):
        raise NotFound("There is no such session, or it is over.")


async def end_all(member_id: UUID, *, but: UUID | None = None) -> int:
    """End all sessions of a member of the tenant we act in, but for one; how many there were."""
    return len(await _end(Ended.ENDED, member_id=member_id, but=but))


async def _end(reason: Ended, *, id: UUID | None = None, member_id: UUID | None = None, but: UUID | None = None) -> Sequence[UUID]:
    rows = await session().connection.fetch(_END, session().tenant_id, reason, id, member_id, but)
    ended = [row["id"] for row in rows]
    for each in ended[:OPEN_MOST]:
        await note(_EVENTS[reason], subject_type=_NOUN, subject_id=each)

    async def doubt() -> None:
        standing.doubt(ended)

    after_commit(doubt)
    return ended


async def _session_of(token: RefreshToken) -> tuple[UUID, UUID] | None:
    """Tenant and id of the session a token is of."""
    async with installation().readers.acquire() as connection:
        row = await connection.fetchrow("SELECT tenant_id, id FROM door_sign_in_session($1)", token.locator_hash)
    return (row["tenant_id"], row["id"]) if row else None


async def _stood(tenant_id: UUID, id: UUID) -> tuple[Actor, Any]:
    """Who a session stands for, if it stands.

    Raises:
        NotAllowed: it does not.
    """
    stood = await standing.look(tenant_id, id)
    if stood is None:
        raise NotAllowed(NOT_VALID)
    return await actor_of_member(tenant_id, stood.member_id), stood


def _lifetimes() -> tuple[timedelta, timedelta]:
    """How long a session lasts unused, and at most."""
    chosen = installation().settings
    return timedelta(days=chosen.session_idle_days), timedelta(days=chosen.session_days)
