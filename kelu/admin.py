"""The first admin of the demo: invited by the operator, he signs in and looks at what he may do and at what happened."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from uuid import UUID

import orjson
from rich.console import Console
from rich.syntax import Syntax

from kelu.client import Client, signed_in
from tenants.access.built_in import ADMIN
from tenants.people.invitations import accept, invite, link_token
from tenants.session import Actor, ActorKind, acting_as

EMAIL, NAME = "wang.wei@example.cn", "王伟"

LOOK = """{
  me { name email roles { name } }
  auditEvents(first: 5) { nodes { at event actorKind subjectType recordCount } }
}"""


async def first_admin(notes: Path, tenant_id: UUID) -> tuple[str, str]:
    """E-mail and password of the tenant's admin, made once a home; a note there, which is its owner's alone, has the password."""
    if notes.exists():
        email, password = orjson.loads(notes.read_bytes())
        return str(email), str(password)
    operator, password = Actor(tenant_id, ActorKind.OPERATOR), secrets.token_urlsafe(18)
    async with acting_as(operator):
        member = await invite(EMAIL, NAME, [ADMIN.id], is_mailed=False)
    token = await link_token(operator, member.id)
    assert token is not None
    await accept(token, password, name=NAME)
    with os.fdopen(os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps([EMAIL, password]))
    return EMAIL, password


def show_admin(console: Console, address: str, admin: tuple[str, str]) -> None:
    """Sign in as the admin, and show who he is and what happened last."""
    email, password = admin
    console.rule("The first admin")
    console.print(f"signs in   POST {address}/auth/sign-in with {email} and {password}", highlight=False, soft_wrap=True)
    console.print(Syntax(LOOK, "graphql", background_color="default", word_wrap=True))
    console.print_json(orjson.dumps(Client(address, signed_in(address, email, password)).graphql(LOOK)).decode())
