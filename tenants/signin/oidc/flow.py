"""The way to a tenant's identity provider and back: the authorization code flow with PKCE, state and nonce."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

from tenants.ids import global_id
from tenants.refusals import NotAllowed, NotFound
from tenants.session import Actor, ActorKind, acting_as
from tenants.signin import sessions
from tenants.signin.oidc import providers
from tenants.signin.oidc.discovery import Metadata, metadata_of
from tenants.signin.oidc.fetching import ProviderFailed, fetch_json
from tenants.signin.oidc.id_tokens import Identity, identity_of, verified
from tenants.signin.oidc.identities import member_of
from tenants.signin.oidc.providers import Provider
from tenants.signin.sessions import Client, Tokens
from tenants.signin.tokens import issuer, oidc_ticket, read_oidc_ticket

SCOPE = "openid email profile"
NO_ATTEMPT = "This browser has begun no sign-in that this is the answer to, or it took longer than ten minutes. Begin again."
NO_PROVIDER = "There is no identity provider to sign in by."

_ANSWER_LONGEST = 4_000
_IS_ACTIVE = "SELECT status = 'ACTIVE' FROM tenant WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Started:
    """Where a browser goes, and the ticket it has to bring back in a cookie."""

    url: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a ticket says of the attempt it was made for. `back` is where the browser goes at last."""

    tenant_id: UUID
    state: str
    nonce: str
    verifier: str
    back: str


def callback_url(tenant_id: UUID) -> str:
    """Where the provider sends people back to: of each tenant another, so that two providers are never mixed up (RFC 9700, 4.4.2)."""
    return f"{issuer()}/auth/oidc/{global_id('TENANT', tenant_id)}/callback"


async def start(tenant_id: UUID, back: str) -> Started:
    """Send a browser to the tenant's provider.

    Raises:
        NotFound: the tenant has none, or there is no such tenant.
        ProviderFailed: it does not say where to go.
    """
    found, _ = await _settings(tenant_id, with_secret=False)
    metadata = await metadata_of(found.issuer)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": found.client_id,
        "redirect_uri": callback_url(tenant_id),
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    parts = urlsplit(metadata.authorization_endpoint)
    url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(asked))))))
    ticket = await oidc_ticket(tenant_id, {"state": state, "nonce": nonce, "verifier": verifier, "back": back})
    return Started(url, ticket)


async def attempt_of(tenant_id: UUID, ticket: str | None, answer: Mapping[str, str]) -> Attempt:
    """The attempt an answer belongs to: of this tenant and this browser, by the state it carries.

    Raises:
        NotAllowed: there is none.
    """
    try:
        found, more = await read_oidc_ticket(ticket or "")
    except NotAllowed:
        raise NotAllowed(NO_ATTEMPT) from None
    attempt = Attempt(found, **more)
    if attempt.tenant_id != tenant_id or not hmac.compare_digest(attempt.state.encode(), answer.get("state", "").encode()):
        raise NotAllowed(NO_ATTEMPT)
    return attempt


async def finish(attempt: Attempt, answer: Mapping[str, str], client: Client) -> Tokens:
    """Sign in whom the provider vouches for in its answer.

    Raises:
        NotAllowed: it does not, or he may not come in.
        ProviderFailed: it is not the tenant's provider that answers, or not as it has to.
        NotFound: the tenant has no provider any more.
    """
    found, secret = await _settings(attempt.tenant_id, with_secret=True)
    metadata = await metadata_of(found.issuer)
    code = _code(answer, metadata)
    said = await fetch_json(metadata.token_endpoint, **_exchange(attempt, found, secret, metadata, code))
    identity = await _identity(said, attempt, found, metadata)
    member_id = await member_of(attempt.tenant_id, found, identity)
    return await sessions.begin(attempt.tenant_id, member_id, None, client)


async def _settings(tenant_id: UUID, *, with_secret: bool) -> tuple[Provider, str]:
    """The provider of an active tenant, and its secret if that is wanted.

    Raises:
        NotFound: there is none.
    """
    async with acting_as(Actor(tenant_id, ActorKind.MEMBER), read_only=True) as unit:
        found = await providers.provider()
        if found is None or not await unit.connection.fetchval(_IS_ACTIVE, tenant_id):
            raise NotFound(NO_PROVIDER)
        return found, await providers.secret() if with_secret else ""


def _code(answer: Mapping[str, str], metadata: Metadata) -> str:
    """The code in an answer, if it is the provider's own (RFC 9207)."""
    named = answer.get("iss")
    if named != metadata.issuer and (named is not None or metadata.names_itself):
        raise ProviderFailed("This answer is not from the tenant's identity provider.")
    if "error" in answer or not 1 <= len(answer.get("code", "")) <= _ANSWER_LONGEST:
        raise NotAllowed("The identity provider did not sign you in.")
    return answer["code"]


def _exchange(attempt: Attempt, found: Provider, secret: str, metadata: Metadata, code: str) -> dict[str, Any]:
    """The request that exchanges a code (RFC 6749, 4.1.3), with our secret as the provider wants it (2.3.1)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url(attempt.tenant_id),
        "code_verifier": attempt.verifier,
    }
    if metadata.is_posted:
        return {"form": urlencode(form | {"client_id": found.client_id, "client_secret": secret}).encode()}
    pair = f"{quote(found.client_id, safe='')}:{quote(secret, safe='')}"
    return {"form": urlencode(form).encode(), "headers": {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}}


async def _identity(said: Mapping[str, Any], attempt: Attempt, found: Provider, metadata: Metadata) -> Identity:
    """Who has signed in. What the ID token does not say of his e-mail, the provider is asked for, about the same subject."""
    claims = await verified(said.get("id_token"), metadata, found.client_id, attempt.nonce)
    access = said.get("access_token")
    if "email" not in claims and metadata.userinfo_endpoint and isinstance(access, str) and access.isascii() and access.isprintable():
        more = await fetch_json(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access}"})
        if more.get("sub") != claims["sub"]:
            raise ProviderFailed("The identity provider speaks of two people.")
        claims = {name: more[name] for name in ("email", "email_verified", "name") if name in more} | claims
    return identity_of(claims, metadata.issuer)


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2: S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
