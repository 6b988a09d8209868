"""A tenant's identity provider, as its admins set it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.access.built_in import BUILT_IN, EVERYTHING
from tenants.ids import new_id
from tenants.refusals import Invalid, NotAllowed, NotFound
from tenants.session import session
from tenants.signin.oidc import discovery
from tenants.signin.oidc.fetching import is_fetchable
from tenants.trail import Event, note

ISSUER_LONGEST, CLIENT_LONGEST, DOMAINS_MOST, ROLES_MOST = 500, 500, 20, 20

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_TABLE, _COLUMN = "identity_provider", "client_secret"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider without its secret.

    Attributes:
        email_domains: who has a verified e-mail of one of these may come in.
        default_role_ids: the roles of a member who is made.
        makes_members: whether who is no member yet becomes one at his first sign-in.
    """

    id: UUID
    issuer: str
    client_id: str
    email_domains: tuple[str, ...]
    default_role_ids: tuple[UUID, ...]
    makes_members: bool


_SELECT = "SELECT id, issuer, client_id, email_domains, default_role_ids, makes_members FROM identity_provider WHERE tenant_id = $1"
_SET = """
INSERT INTO identity_provider (tenant_id, id, issuer, client_id, client_secret, email_domains, default_role_ids, makes_members)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id) DO UPDATE SET id = $2, issuer = $3, client_id = $4, client_secret = $5, email_domains = $6, default_role_ids = $7,
    makes_members = $8, updated_at = now(), version = identity_provider.version + 1
"""


async def provider() -> Provider | None:
    """The provider of the tenant we act in."""
    row = await session().connection.fetchrow(_SELECT, session().tenant_id)
    return _provider(row) if row else None


async def set_provider(
    issuer: str,
    client_id: str,
    client_secret: str | None,
    *,
    email_domains: Sequence[str],
    default_role_ids: Sequence[UUID] = (),
    makes_members: bool = False,
) -> Provider:
    """Set the provider of the tenant we act in, in place of another. Whether the caller may is for the caller to have checked.

    Args:
        client_secret: as the provider gave it; None: the one there is stays, for the same issuer and client.

    Raises:
        Invalid: one of these is wrong.
        NotAllowed: the caller may not do everything himself.
    """
    domains = [domain.strip().lower() for domain in email_domains]
    _check(issuer, client_id, client_secret, domains)
    await _check_roles(default_role_ids)
    before, id = await provider(), new_id()
    if client_secret is None:
        if before is None or (before.issuer, before.client_id) != (issuer, client_id):
            raise Invalid("Give the client's secret, too: there is none of this issuer and client.", field=["clientSecret"])
        client_secret = await secret()
    sealed = (await session().keyring()).column(_TABLE, _COLUMN).seal(id, client_secret)
    values = (issuer, client_id, sealed, domains, list(default_role_ids), makes_members)
    await session().connection.execute(_SET, session().tenant_id, id, *values)
    await note(Event.PROVIDER_CHANGED, subject_type="IDENTITY_PROVIDER", subject_id=id, details={"makesMembers": makes_members})
    discovery.forget(issuer)
    return Provider(id, issuer, client_id, tuple(domains), tuple(default_role_ids), makes_members)


async def remove_provider() -> None:
    """Nobody signs in to the tenant we act in by a provider any more. Sessions that are open stay so; they are ended one by one.

    Raises:
        NotFound: there is none.
    """
    id = await session().connection.fetchval("DELETE FROM identity_provider WHERE tenant_id = $1 RETURNING id", session().tenant_id)
    if id is None:
        raise NotFound("There is no identity provider.")
    await note(Event.PROVIDER_CHANGED, subject_type="IDENTITY_PROVIDER", subject_id=id, details={"removed": True})


async def secret() -> str:
    """The client's secret in clear.

    Raises:
        NotFound: there is no provider.
    """
    row = await session().connection.fetchrow("SELECT id, client_secret FROM identity_provider WHERE tenant_id = $1", session().tenant_id)
    if row is None:
        raise NotFound("There is no identity provider.")
    return (await session().keyring()).column(_TABLE, _COLUMN).open(row["id"], row["client_secret"])


def _check(issuer: str, client_id: str, client_secret: str | None, domains: Sequence[str]) -> None:
    if len(issuer) > ISSUER_LONGEST or not is_fetchable(issuer) or "?" in issuer:
        raise Invalid("An issuer is an https address, exactly as the provider writes it: https://login.example.org.", field=["issuer"])
    if not 1 <= len(client_id) <= CLIENT_LONGEST or not client_id.isprintable():
        raise Invalid(f"A client id has 1 to {CLIENT_LONGEST} printable characters.", field=["clientId"])
    if client_secret is not None and not 1 <= len(client_secret) <= CLIENT_LONGEST:
        raise Invalid(f"A client's secret has 1 to {CLIENT_LONGEST} characters.", field=["clientSecret"])
    wrong = [number for number, domain in enumerate(domains, 1) if not _DOMAIN.fullmatch(domain)]
    if wrong or not 1 <= len(domains) <= DOMAINS_MOST:
        found = f"number {wrong[0]} of these is none" if wrong else f"these are {len(domains)}"
        raise Invalid(f"Name 1 to {DOMAINS_MOST} domains of e-mails, such as example.org; {found}.", field=["emailDomains"])


async def _check_roles(role_ids: Sequence[UUID]) -> None:
    """A provider vouches for whom it likes, an admin too; and the rights of who is made by it have to be known ones."""
    if len(role_ids) > ROLES_MOST:
        raise Invalid(f"A member has {ROLES_MOST} roles at most.", field=["defaultRoleIds"])
    if not EVERYTHING.is_within(session().actor.rights):
        raise NotAllowed("A provider can have anybody come in as anybody, so only who may do everything sets one.")
    own = await session().connection.fetch("SELECT id FROM role WHERE tenant_id = $1 AND id = any($2)", session().tenant_id, list(role_ids))
    if unknown := set(role_ids) - BUILT_IN.keys() - {row["id"] for row in own}:
        raise Invalid(f"{len(unknown)} of these roles there are not.", field=["defaultRoleIds"])


def _provider(row: Any) -> Provider:
    return Provider(**{**row, "email_domains": tuple(row["email_domains"]), "default_role_ids": tuple(row["default_role_ids"])})
