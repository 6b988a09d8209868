"""POST /auth/sign-in, /auth/refresh and /auth/sign-out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from server.signin import cookies
from server.signin.asking import Asked
from tenants.ids import global_id
from tenants.refusals import Invalid, NotAllowed
from tenants.signin import sessions
from tenants.signin.entry import Choice, Credentials, Entered, enter, enter_by_ticket
from tenants.signin.sessions import Tokens

EMAIL_MOST, PASSWORD_MOST, CODE_MOST, TOKEN_MOST = 254, 1_000, 40, 2_000


async def sign_in(asked: Asked) -> Response:
    """A session by e-mail, password and code, or by the ticket of a choice."""
    is_by_cookie, tenant_id = asked.is_by_cookie, asked.id("tenant", "TENANT")
    device = asked.cookie(cookies.DEVICE) if is_by_cookie else asked.optional("device", 100)
    ticket = asked.optional("ticket", TOKEN_MOST)
    found: Entered | Choice
    if ticket is not None:
        if tenant_id is None:
            raise Invalid("`tenant` is missing: the id of one of those to choose from.", field=["tenant"])
        found = await enter_by_ticket(ticket, tenant_id, device, asked.client)
    else:
        email, password = asked.text("email", EMAIL_MOST), asked.text("password", PASSWORD_MOST)
        found = await enter(Credentials(email, password, asked.optional("code", CODE_MOST), device), tenant_id, asked.client)
    if isinstance(found, Choice):
        places = [{"tenant": global_id("TENANT", place.tenant_id), "name": place.name} for place in found.places]
        return JSONResponse({"choose": places, "ticket": found.ticket})
    return given(asked, found.tokens, is_by_cookie=is_by_cookie, device=found.device)


async def refresh(asked: Asked) -> Response:
    """The same session with new tokens."""
    text, is_by_cookie = _refresh_token(asked)
    if text is None:
        raise NotAllowed(sessions.NOT_VALID)
    try:
        tokens = await sessions.refresh(text, asked.client.address)
    except NotAllowed as refusal:
        answer = JSONResponse({"code": refusal.code, "message": refusal.message}, 401)
        if is_by_cookie:
            cookies.forget(answer, asked.chosen, cookies.ACCESS, cookies.REFRESH)
        return answer
    return given(asked, tokens, is_by_cookie=is_by_cookie)


async def sign_out(asked: Asked) -> Response:
    """No session any more."""
    text, is_by_cookie = _refresh_token(asked)
    if text is not None:
        await sessions.sign_out(text)
    answer = JSONResponse({})
    if is_by_cookie:
        cookies.forget(answer, asked.chosen, cookies.ACCESS, cookies.REFRESH)
    return answer


def given(asked: Asked, tokens: Tokens, *, is_by_cookie: bool, device: str | None = None) -> Response:
    """The answer that gives tokens out: in cookies or in its body."""
    body: dict[str, Any] = {
        "session": global_id("SESSION", tokens.session_id),
        "tenant": global_id("TENANT", tokens.tenant_id),
        "member": global_id("MEMBER", tokens.member_id),
        "endsAt": tokens.ends_at.isoformat(),
        "expiresIn": tokens.expires_in,
    }
    if not is_by_cookie:
        body |= {"tokenType": "Bearer", "accessToken": tokens.access, "refreshToken": tokens.refresh}
        return JSONResponse(body | ({"device": device} if device else {}))
    answer = JSONResponse(body)
    put(asked, answer, tokens)
    if device:
        cookies.put(answer, cookies.DEVICE, device, cookies.DEVICE_SECONDS, asked.chosen)
    return answer


def put(asked: Asked, answer: Response, tokens: Tokens) -> None:
    """Have a browser keep tokens."""
    cookies.put(answer, cookies.ACCESS, tokens.access, tokens.expires_in, asked.chosen)
    left = max(int((tokens.ends_at - datetime.now(UTC)).total_seconds()), 1)
    cookies.put(answer, cookies.REFRESH, tokens.refresh, left, asked.chosen)


def _refresh_token(asked: Asked) -> tuple[str | None, bool]:
    """The refresh token of a request, and whether it came by cookie.

    Raises:
        NotAllowed: there are two, or it came by cookie from a page that may not ask.
    """
    said, kept = asked.optional("refreshToken", TOKEN_MOST), asked.cookie(cookies.REFRESH)
    if said is None:
        asked.see_marked()
    elif kept is not None:
        raise NotAllowed("Send either a refreshToken or the cookie of a sign-in, not both.")
    return said or kept, said is None
