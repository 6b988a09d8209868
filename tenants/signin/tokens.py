"""Access tokens: JWTs (RFC 9068) that say for ten minutes which session asks; and tickets, of a sign-in that is under way.

A token is read with everything pinned that it could lie about: the header has `alg`, `typ` and `kid` and nothing else (so no `jku`,
`jwk`, `x5u`, `crit`, `b64`), `alg` is Ed25519 (RFC 9864), `typ` is that of its use, `kid` is looked up among our own keys and
nowhere else, and its claims are exactly those of its use. Its size is bounded before any of it is parsed. All of that says no more than
that we wrote it and that its time is not over; whether the session still stands is asked of the database (`standing`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from tenants.ids import new_id
from tenants.installation import installation
from tenants.refusals import NotAllowed
from tenants.signin.signing_keys import signing_key, verifying_key

ALGORITHM = "Ed25519"
ACCESS_SECONDS = 600
TICKET_SECONDS = 180
OIDC_SECONDS = 600

#: Access tokens have some 700 characters, tickets up to twice that.
LONGEST = 2_000

#: Clocks of two machines may differ by so much.
_LEEWAY_SECONDS = 5

_FORM = re.compile(r"[A-Za-z0-9_-]{1,300}\.[A-Za-z0-9_-]{1,1600}\.[A-Za-z0-9_-]{86}")
_ACCESS, _TICKET, _OIDC = "at+jwt", "kelu-ticket+jwt", "kelu-oidc+jwt"
_OF_ALL = {"iss", "aud", "sub", "iat", "exp", "jti"}

#: The claims of each type: these and no others.
_CLAIMS = {
    _ACCESS: _OF_ALL | {"tenant", "member", "sid"},
    _TICKET: _OF_ALL,
    _OIDC: _OF_ALL | {"state", "nonce", "verifier", "back"},
}

NOT_VALID = "This access token is not valid. Refresh it, or sign in again."


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says. `person_id` is None where an identity provider of the tenant vouches, and for this tenant alone.

    `expires_at` is in seconds since 1970.
    """

    tenant_id: UUID
    member_id: UUID
    session_id: UUID
    person_id: UUID | None
    expires_at: int


async def access_token(tenant_id: UUID, member_id: UUID, session_id: UUID, person_id: UUID | None) -> str:
    """A new access token of a session, good for ACCESS_SECONDS. `sub` is the person, or the member where there is none."""
    subject = f"person:{person_id.hex}" if person_id else f"member:{member_id.hex}"
    more = {"sub": subject, "tenant": tenant_id.hex, "member": member_id.hex, "sid": session_id.hex}
    return await _signed(_ACCESS, ACCESS_SECONDS, more)


async def read_access_token(token: str) -> AccessToken:
    """What a token says, if we said it and its time is not over.

    Raises:
        NotAllowed: anything else, in the same words.
    """
    claims = await _read(token, _ACCESS)
    kind, _, subject = str(claims["sub"]).partition(":")
    tenant_id, member_id, session_id = (_id(claims[name]) for name in ("tenant", "member", "sid"))
    if (kind == "member" and _id(subject) != member_id) or kind not in ("person", "member"):
        raise NotAllowed(NOT_VALID)
    return AccessToken(tenant_id, member_id, session_id, _id(subject) if kind == "person" else None, int(claims["exp"]))


async def ticket(person_id: UUID) -> str:
    """A proof for TICKET_SECONDS that this person has given password and code: what is left is to choose a tenant."""
    return await _signed(_TICKET, TICKET_SECONDS, {"sub": person_id.hex})


async def read_ticket(token: str) -> tuple[UUID, int]:
    """The person, and when he proved himself, in seconds since 1970.

    Raises:
        NotAllowed: it is not one of ours, or its time is over.
    """
    claims = await _read(token, _TICKET)
    return _id(claims["sub"]), int(claims["iat"])


async def oidc_ticket(tenant_id: UUID, attempt: Mapping[str, str]) -> str:
    """What a browser brings back from a tenant's identity provider, for OIDC_SECONDS: state, nonce, verifier and where to go then."""
    return await _signed(_OIDC, OIDC_SECONDS, {"sub": tenant_id.hex, **attempt})


async def read_oidc_ticket(token: str) -> tuple[UUID, dict[str, str]]:
    """The tenant, and the attempt.

    Raises:
        NotAllowed: it is not one of ours, or its time is over.
    """
    claims = await _read(token, _OIDC)
    return _id(claims["sub"]), {name: str(claims[name]) for name in _CLAIMS[_OIDC] - _OF_ALL}


def issuer() -> str:
    """Who issues our tokens: this installation, by its address."""
    return installation().settings.own_url


async def _signed(type_: str, seconds: int, more: Mapping[str, Any]) -> str:
    key, at = await signing_key(), int(time.time())
    claims = {"iss": issuer(), "aud": _audience(type_), "iat": at, "exp": at + seconds, "jti": new_id().hex, **more}
    return jws.serialize_compact({"alg": ALGORITHM, "typ": type_, "kid": key.kid}, orjson.dumps(claims), key.pair, [ALGORITHM])


async def _read(token: str, type_: str) -> Mapping[str, Any]:
    if len(token) > LONGEST or not _FORM.fullmatch(token):
        raise NotAllowed(NOT_VALID)
    try:
        found = jws.extract_compact(token.encode())
        header = found.headers()
        kid = header.get("kid")
        if header.keys() != {"alg", "typ", "kid"} or (header["alg"], header["typ"]) != (ALGORITHM, type_) or not isinstance(kid, str):
            raise NotAllowed(NOT_VALID)
        key = await verifying_key(kid)
        if key is None or not jws.validate_compact(found, key.pair, [ALGORITHM]):
            raise NotAllowed(NOT_VALID)
        claims = orjson.loads(found.payload or b"")
        if not isinstance(claims, dict) or claims.keys() != _CLAIMS[type_]:
            raise NotAllowed(NOT_VALID)
        _demands(type_).validate(claims)
    except (JoseError, ValueError):  # of JSON and base64, too
        raise NotAllowed(NOT_VALID) from None
    return claims


def _audience(type_: str) -> str:
    return f"{issuer()}/{'graphql' if type_ == _ACCESS else 'auth'}"


def _demands(type_: str) -> JWTClaimsRegistry:
    needed: ClaimsOption = {"essential": True}
    return JWTClaimsRegistry(
        now=int(time.time()),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer()},
        aud={"essential": True, "value": _audience(type_)},
        **dict.fromkeys(("exp", "iat", "sub", "jti"), needed),
    )


def _id(value: object) -> UUID:
    """
    Raises:
        NotAllowed: it is no id in 32 hexadecimal digits.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{32}", value):
        raise NotAllowed(NOT_VALID)
    return UUID(hex=value)
