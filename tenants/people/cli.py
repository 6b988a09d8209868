"""`kelu member`: the operator's commands for the people of a tenant. The first admin of each comes from here."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from tenants.access.built_in import BY_WORD
from tenants.cli import AsJson, OfTenant, operator_of
from tenants.ids import global_id, local_id
from tenants.installation import installation, open_installation
from tenants.mail import is_mail_sent, link
from tenants.people.invitations import invite, link_token
from tenants.people.letters import INVITATION_PAGE
from tenants.people.members import MemberRow, members
from tenants.refusals import Invalid
from tenants.session import Actor, acting_as, session
from tenants.terminal import say_result, say_rows

member = typer.Typer(no_args_is_help=True)

Roles = Annotated[list[str], typer.Option("--role", help="ADMIN, MANAGER, SALES, …, or a role of the tenant by name. As often as needed.")]


@member.command("invite")
def invite_a_member(
    tenant: OfTenant,
    email: Annotated[str, typer.Option(help="The mailbox that proves who it is.")],
    role: Roles,
    name: Annotated[str | None, typer.Option(help="How colleagues call the person; the e-mail unless said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody to a tenant. Each tenant's first admin is invited like this, and invites the others.

    Where mail is sent (KELU_MAIL_URL), a worker mails the link; else the link is printed, for you to hand on. It is good for seven
    days and once, and an earlier one is good no more.

    Example: kelu member invite --tenant ten_0198c0… --email wang.wei@example.cn --name 王伟 --role ADMIN
    """
    invited, at = asyncio.run(_invite(tenant, email, name or email, role))
    id = global_id("MEMBER", invited.id)
    note = "The link is on its way by mail." if at is None else "Hand this link on, to that person alone: who opens it first is the member."
    say_result(as_json, {"id": id, "email": invited.email, "link": at}, at or id, note)


@member.command("list")
def list_members(tenant: OfTenant, as_json: AsJson = False) -> None:
    """List the members of a tenant, who are invited, active or suspended.

    Example: kelu member list --tenant ten_0198c0…
    """
    say_rows(
        as_json,
        [
            {
                "id": global_id("MEMBER", each.id),
                "name": each.name,
                "email": each.email,
                "status": each.status.value,
                "createdAt": each.created_at,
            }
            for each in asyncio.run(_members(tenant))
        ],
    )


async def _invite(tenant: str, email: str, name: str, roles: list[str]) -> tuple[MemberRow, str | None]:
    async with open_installation():
        actor = await operator_of(tenant)
        is_mailed = is_mail_sent(installation().settings)
        async with acting_as(actor):
            invited = await invite(email, name, await _role_ids(roles), is_mailed=is_mailed)
        token = None if is_mailed else await link_token(actor, invited.id)
        return invited, link(INVITATION_PAGE, token) if token else None


async def _role_ids(roles: list[str]) -> list[UUID]:
    """Roles by the word of a built-in one, or by the name or id of one of the tenant's."""
    rows = await session().connection.fetch("SELECT id, name FROM role WHERE tenant_id = $1", session().tenant_id)
    known = {word: role.id for word, role in BY_WORD.items()} | {row["name"]: row["id"] for row in rows}
    ids = {row["id"] for row in rows}
    found = {role: known.get(role) or known.get(role.upper()) or local_id("ROLE", role) for role in roles}
    if unknown := [role for role, id in found.items() if id is None or (id not in ids and id not in known.values())]:
        raise Invalid(f"There is no role {', '.join(unknown)}. There are: {', '.join(known)}.", field=["role"])
    return [id for id in found.values() if id is not None]


async def _members(tenant: str) -> list[MemberRow]:
    async with open_installation():
        actor: Actor = await operator_of(tenant)
        found: list[MemberRow] = []
        while True:
            async with acting_as(actor, read_only=True):
                more = await members(after=found[-1].id if found else None)
            found += more
            if len(more) < 100:
                return found
