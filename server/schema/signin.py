"""The identity provider of a tenant and the sessions of its members, for its admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from server.reads.declaring import argument as field_argument
from server.reads.declaring import computed
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, optional
from server.schema.writing.acts import USER_ERRORS
from server.schema.writing.drafts import bounded
from tenants.access.permissions import Permission
from tenants.ids import global_id, local_id
from tenants.refusals import NotFound
from tenants.session import Actor, reading_as, session
from tenants.signin import sessions
from tenants.signin.oidc import providers
from tenants.signin.oidc.flow import callback_url
from tenants.signin.oidc.providers import DOMAINS_MOST, ROLES_MOST
from tenants.signin.sessions import OPEN_MOST, Method

strawberry.enum(Method, name="SignInMethod", description="How somebody proved who he is: PASSWORD, or OIDC: by your identity provider.")

_DOMAINS = f"Domains of e-mails, up to {DOMAINS_MOST}: who has a verified one may sign in."


@strawberry.type(description="Your identity provider (OpenID Connect): who signs in there is signed in here, to your tenant alone.")
class IdentityProvider:
    issuer: str = strawberry.field(description="Its address, exactly as it writes it itself.")
    client_id: str = strawberry.field(description="What it knows Kelu by.")
    email_domains: list[str] = strawberry.field(description=_DOMAINS)
    default_role_ids: list[strawberry.ID] = strawberry.field(description=f"Roles of a member who is made, up to {ROLES_MOST}.")
    makes_members: bool = strawberry.field(description="Whether who is no member yet becomes one by signing in.")
    redirect_url: str = strawberry.field(description="The address that the provider has to allow for this client.")
    start_url: str = strawberry.field(description="Where a browser goes to sign in; with `?back=` and a path to come back to.")


@strawberry.type(description="An open session of a member.")
class MemberSession:
    id: strawberry.ID = strawberry.field(description="The session's global id.")
    method: Method = strawberry.field(description="How it began.")
    device: str = strawberry.field(description="The browser or program, by its own word.")
    address: str = strawberry.field(description="The IP address it was used from last.")
    created_at: datetime = strawberry.field(description="When it began.")
    used_at: datetime = strawberry.field(description="When it was last refreshed.")
    ends_at: datetime = strawberry.field(description="When it is over, however much it is used.")


@strawberry.input(description="Your identity provider.")
class SetIdentityProviderInput:
    issuer: str = strawberry.field(description="Its address: https://login.example.org, exactly as it writes it itself.")
    client_id: str = strawberry.field(description="What it knows Kelu by.")
    client_secret: str | None = optional("The client's secret. Left out: the one there is stays, for the same issuer and client.")
    email_domains: list[str] = strawberry.field(description=_DOMAINS)
    default_role_ids: list[strawberry.ID] | None = optional(f"Roles of a member who is made, up to {ROLES_MOST}.")
    makes_members: bool = strawberry.field(description="Whether who is no member yet becomes one by signing in.", default=False)


@strawberry.input(description="Whose sessions are ended.")
class EndMemberSessionsInput:
    member_id: strawberry.ID = strawberry.field(description="The member's global id.")


@strawberry.type(description="What became of the identity provider.")
class IdentityProviderPayload:
    identity_provider: IdentityProvider | None = strawberry.field(
        description="The provider as it is now; null if there is none.", default=None
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of a member's sessions.")
class EndMemberSessionsPayload:
    ended: int | None = strawberry.field(description="How many were open; null where `userErrors` says why not.", default=None)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


async def _provider(_road: object, actor: Actor) -> IdentityProvider | None:
    async with reading_as(actor):
        found = await providers.provider()
        return None if found is None else _shown(found)


async def _sessions(_road: object, actor: Actor, member: str) -> list[MemberSession]:
    async with reading_as(actor):
        found = await sessions.open_sessions(_member(member))
    return [MemberSession(id=strawberry.ID(global_id("SESSION", each.id)), **_plain(each)) for each in found]


@strawberry.type
class SignInQueries:
    identity_provider: IdentityProvider | None = computed(
        _provider, "Your identity provider, if you have one.", permission=Permission.SETTINGS_READ
    )
    member_sessions: list[MemberSession] | None = computed(
        _sessions,
        f"The open sessions of a member, the last used first, up to {OPEN_MOST}.",
        [field_argument("member", strawberry.ID, "The member's global id.")],
        permission=Permission.MEMBER_MANAGE,
        points=10,
    )


@strawberry.type
class SignInMutations:
    @mutation(
        IdentityProviderPayload,
        "Set your identity provider, in place of another. It can vouch for anybody, so only who may do everything sets one.",
        permission=Permission.SETTINGS_MANAGE,
    )
    async def set_identity_provider(
        self, input: Annotated[SetIdentityProviderInput, argument("The provider.")]
    ) -> IdentityProviderPayload | None:
        role_ids = bounded(input.default_role_ids or [], ROLES_MOST, "defaultRoleIds")
        made = await providers.set_provider(
            input.issuer,
            input.client_id,
            input.client_secret or None,
            email_domains=bounded(input.email_domains, DOMAINS_MOST, "emailDomains"),
            default_role_ids=[local_id("ROLE", id) or UUID(int=0) for id in role_ids],
            makes_members=input.makes_members,
        )
        return IdentityProviderPayload(identity_provider=_shown(made))

    @mutation(
        IdentityProviderPayload,
        "Have nobody sign in by your identity provider any more. Sessions that are open stay so.",
        permission=Permission.SETTINGS_MANAGE,
    )
    async def remove_identity_provider(self) -> IdentityProviderPayload | None:
        await providers.remove_provider()
        return IdentityProviderPayload()

    @mutation(EndMemberSessionsPayload, "End all sessions of a member: he has to sign in again.", permission=Permission.MEMBER_MANAGE)
    async def end_member_sessions(self, input: Annotated[EndMemberSessionsInput, argument("Whose.")]) -> EndMemberSessionsPayload | None:
        return EndMemberSessionsPayload(ended=await sessions.end_all(_member(input.member_id)))


def _member(id: str) -> UUID:
    """
    Raises:
        NotFound: it is no member's id.
    """
    found = local_id("MEMBER", id)
    if found is None:
        raise NotFound("There is no such member.")
    return found


def _shown(found: providers.Provider) -> IdentityProvider:
    back = callback_url(session().tenant_id)
    return IdentityProvider(
        issuer=found.issuer,
        client_id=found.client_id,
        email_domains=list(found.email_domains),
        default_role_ids=[strawberry.ID(global_id("ROLE", id)) for id in found.default_role_ids],
        makes_members=found.makes_members,
        redirect_url=back,
        start_url=f"{back.removesuffix('callback')}start",
    )


def _plain(each: sessions.Open) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("method", "device", "address", "created_at", "used_at", "ends_at")}
