"""GET /auth/sessions and POST /auth/sessions/end: what is open, and ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import JSONResponse, Response

from server.authentication import Context
from server.signin.asking import Asked
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.refusals import Invalid, NotAllowed
from tenants.session import acting_as
from tenants.signin import sessions
from tenants.signin.sessions import Open
from tenants.signin.tokens import AccessToken


async def list_own(asked: Asked) -> Response:
    """The open sessions of who asks, in this tenant; the last used first."""
    context = await asked.context()
    token = own(context)
    async with acting_as(context.actor, read_only=True):
        found = await sessions.open_sessions(token.member_id)
    return JSONResponse({"sessions": [_shown(each, token.session_id) for each in found]})


async def end(asked: Asked) -> Response:
    """End one of the own sessions, all others, or all those of a member one manages."""
    context = await asked.context()
    session_id, member_id, others = asked.id("session", "SESSION"), asked.id("member", "MEMBER"), asked.flag("others")
    if [session_id is not None, member_id is not None, others].count(True) != 1:
        raise Invalid('Say one of {"session": "ses_…"}, {"others": true} and {"member": "mem_…"}.')
    if member_id is not None and not context.actor.rights.may(Permission.MEMBER_MANAGE):
        raise NotAllowed("To end a member's sessions one has to manage members.", code="MAY_NOT")
    async with acting_as(context.actor):
        if member_id is not None:
            ended = await sessions.end_all(member_id)
        elif session_id is not None:
            await sessions.end(session_id, member_id=own(context).member_id)
            ended = 1
        else:
            ended = await sessions.end_all(own(context).member_id, but=own(context).session_id)
    return JSONResponse({"ended": ended})


def own(context: Context) -> AccessToken:
    """What the access token says of who asks.

    Raises:
        NotAllowed: it is an API key, which has no sessions.
    """
    if context.token is None:
        raise NotAllowed("This is for members who have signed in; an API key has no sessions.", code="MAY_NOT")
    return context.token


def own_person(context: Context) -> tuple[AccessToken, UUID]:
    """What the access token says of who asks, and the person it is.

    Raises:
        NotAllowed: it is an API key, or a member for whom an identity provider vouches: his password and his code are its business.
    """
    token = own(context)
    if token.person_id is None:
        raise NotAllowed("You have signed in by your organisation's identity provider; this is changed there.", code="MAY_NOT")
    return token, token.person_id


def _shown(each: Open, current: UUID) -> dict[str, Any]:
    return {
        "session": global_id("SESSION", each.id),
        "isCurrent": each.id == current,
        "method": each.method,
        "device": each.device,
        "address": each.address,
        "createdAt": each.created_at.isoformat(),
        "usedAt": each.used_at.isoformat(),
        "endsAt": each.ends_at.isoformat(),
    }
