"""ID tokens: whom a provider says has signed in, verified as OpenID Connect Core 1.0, section 3.1.3.7, has it."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from tenants.signin.oidc.discovery import ALGORITHMS, Metadata, key_of
from tenants.signin.oidc.fetching import ProviderFailed

LONGEST = 32_000

#: Clocks of others.
_LEEWAY_SECONDS = 60
_SUBJECT_LONGEST = 255

#: What no ID token needs: the header may have members we do not know, and none of them is heeded; `crit` is refused by joserfc.
_REGISTRY = jws.JWSRegistry(algorithms=sorted(ALGORITHMS), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody a provider vouches for. `email` is None unless the provider says that it is verified."""

    issuer: str
    subject: str
    email: str | None
    name: str


async def verified(text: object, metadata: Metadata, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that this provider made for us and for this very attempt.

    Raises:
        ProviderFailed: it is not one.
    """
    if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
        raise ProviderFailed("The identity provider gave no ID token.")
    try:
        found = jws.extract_compact(text.encode(), registry=_REGISTRY)
        header = found.headers()
        if header.get("alg") not in metadata.algorithms or "b64" in header:
            raise ProviderFailed("The identity provider signed by another algorithm than it says.")
        key = await key_of(metadata, header.get("kid"))
        if not jws.validate_compact(found, key, registry=_REGISTRY):
            raise ProviderFailed("The identity provider's token is not signed by its key.")
        claims = orjson.loads(found.payload or b"")
        if not isinstance(claims, dict):
            raise ProviderFailed("The identity provider's token has no claims.")
        _demands(metadata.issuer, client_id).validate(claims)
    except (JoseError, ValueError, TypeError):
        raise ProviderFailed("The identity provider's token is not valid.") from None
    _check_audience(claims, client_id)
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise ProviderFailed("The identity provider's token is not for this attempt.")
    return claims


def identity_of(claims: dict[str, Any], issuer: str) -> Identity:
    """Whom claims are about.

    Raises:
        ProviderFailed: they do not say.
    """
    subject, email, name = claims.get("sub"), claims.get("email"), claims.get("name")
    if not isinstance(subject, str) or not 1 <= len(subject) <= _SUBJECT_LONGEST or "\0" in subject:
        raise ProviderFailed("The identity provider does not say who it is.")
    is_verified = isinstance(email, str) and claims.get("email_verified") is True
    return Identity(issuer, subject, email if is_verified else None, name if isinstance(name, str) else "")


def _demands(issuer: str, client_id: str) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=int(time.time()),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True},
    )


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    """Who is named as the one it was made for has to be us, and has to be named where it is for several."""
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, client_id):
        raise ProviderFailed("The identity provider's token was made for somebody else.")
