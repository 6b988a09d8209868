"""Which member of a tenant an identity is that the tenant's provider vouches for."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from tenants.ids import new_id
from tenants.people.persons import NAME_LONGEST, checked_email
from tenants.refusals import Invalid, NotAllowed
from tenants.session import Actor, ActorKind, Session, acting_as
from tenants.signin.oidc.id_tokens import Identity
from tenants.signin.oidc.providers import Provider
from tenants.trail import Event, note

NOT_A_MEMBER = "Your identity provider knows you, but you are not a member here. Ask an administrator to invite you."
NOT_OF_A_DOMAIN = "Your identity provider names no verified e-mail of a domain that may sign in here."

_FIND = """
SELECT e.member_id, m.status FROM external_identity e JOIN member m ON m.tenant_id = $1 AND m.id = e.member_id
WHERE e.tenant_id = $1 AND e.issuer = $2 AND e.subject = $3
"""
_BIND = """
INSERT INTO external_identity (tenant_id, issuer, subject, member_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, issuer, subject) DO UPDATE SET member_id = $4
"""
_BY_EMAIL = "SELECT id, status FROM member WHERE tenant_id = $1 AND email = $2 AND status <> 'REMOVED' FOR UPDATE"
_WAS_REMOVED = "SELECT EXISTS (SELECT FROM member WHERE tenant_id = $1 AND email = $2 AND status = 'REMOVED')"
_JOIN = "UPDATE member SET status = 'ACTIVE', updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2"
_MAKE = "INSERT INTO member (tenant_id, id, email, name, role_ids, status) VALUES ($1, $2, $3, $4, $5, 'ACTIVE')"


async def member_of(tenant_id: UUID, provider: Provider, identity: Identity) -> UUID:
    """The member an identity is. At its first sign-in it is bound to the member with its e-mail, or to one that is made.

    Whether that member may come in is for `actor_of_member` to say.

    Raises:
        NotAllowed: it has no verified e-mail of a domain of the provider's, or is no member and is not made one.
    """
    email = _email_of(provider, identity)
    actor = Actor(tenant_id, ActorKind.MEMBER)
    try:
        return await _found_or_bound(actor, provider, identity, email)
    except asyncpg.UniqueViolationError:  # somebody made the same member at the same time
        return await _found_or_bound(actor, provider, identity, email)


async def _found_or_bound(actor: Actor, provider: Provider, identity: Identity, email: str) -> UUID:
    async with acting_as(actor) as unit:
        row = await unit.connection.fetchrow(_FIND, unit.tenant_id, identity.issuer, identity.subject)
        if row is not None and row["status"] != "REMOVED":
            known: UUID = row["member_id"]
            return known
        found = await _joined(unit, email) or await _made(unit, provider, identity, email)
        await unit.connection.execute(_BIND, unit.tenant_id, identity.issuer, identity.subject, found)
    return found


async def _joined(unit: Session, email: str) -> UUID | None:
    """The member with this e-mail; who was invited has come."""
    row = await unit.connection.fetchrow(_BY_EMAIL, unit.tenant_id, email)
    if row is None:
        return None
    id: UUID = row["id"]
    if row["status"] == "INVITED":
        await unit.connection.execute(_JOIN, unit.tenant_id, id)
        await note(Event.MEMBER_JOINED, subject_type="MEMBER", subject_id=id, details={"method": "OIDC"})
    return id


async def _made(unit: Session, provider: Provider, identity: Identity, email: str) -> UUID:
    """A new member. Who was removed comes back by an invitation alone."""
    if not provider.makes_members or await unit.connection.fetchval(_WAS_REMOVED, unit.tenant_id, email):
        raise NotAllowed(NOT_A_MEMBER)
    id = new_id()
    name = "".join(sign for sign in " ".join(identity.name.split()) if sign.isprintable())[:NAME_LONGEST] or email.partition("@")[0]
    await unit.connection.execute(_MAKE, unit.tenant_id, id, email, name, list(provider.default_role_ids))
    await note(Event.MEMBER_JOINED, subject_type="MEMBER", subject_id=id, details={"method": "OIDC", "made": True})
    return id


def _email_of(provider: Provider, identity: Identity) -> str:
    """
    Raises:
        NotAllowed: there is none that is verified and of a domain of the provider's.
    """
    try:
        email = checked_email(identity.email or "")
    except Invalid:
        raise NotAllowed(NOT_OF_A_DOMAIN) from None
    if email.rpartition("@")[2] not in provider.email_domains:
        raise NotAllowed(NOT_OF_A_DOMAIN)
    return email
