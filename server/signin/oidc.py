"""GET /auth/oidc/{tenant}/start and /callback: a browser goes to the tenant's identity provider, and comes back."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.errors import told
from server.guard import STATUSES
from server.signin import cookies
from server.signin.asking import Asked
from server.signin.entry import put
from tenants.ids import local_id
from tenants.installation import installation
from tenants.refusals import Invalid, NotAllowed, Refusal
from tenants.session import Actor, ActorKind
from tenants.signin.oidc.fetching import ProviderFailed
from tenants.signin.oidc.flow import attempt_of, finish, start
from tenants.signin.tokens import OIDC_SECONDS
from tenants.trail import Circumstances, Event, note_alone, under

log = structlog.get_logger(__name__)

#: How the page that somebody goes back to is told that it did not work, in the query string.
FAILED = "signInFailed"

_BACK_LONGEST = 300
_STATUSES = STATUSES | {"NOT_ALLOWED": 401, ProviderFailed.code: 502}


async def begin(request: Request) -> Response:
    """A redirect to the provider; `?back=` is a path of ours, or an address of an origin that may call, to go to at last."""
    try:
        tenant_id = _tenant(request)
        started = await start(tenant_id, _back(request.query_params.get("back", "/")))
    except Refusal as refusal:
        return _told(refusal)
    answer = RedirectResponse(started.url, 303)
    cookies.put(answer, cookies.OIDC, started.ticket, OIDC_SECONDS, installation().settings, same_site="Lax")
    return answer


async def come_back(request: Request) -> Response:
    """A session in cookies, and a redirect to where one wanted to go; with `?signInFailed=CODE` and no session where that failed."""
    asked = Asked(request, {})
    tenant_id, answered = _tenant(request), dict(request.query_params)
    with under(Circumstances(query="/auth/oidc", address=asked.client.address)):
        try:
            attempt = await attempt_of(tenant_id, asked.cookie(cookies.OIDC), answered)
        except Refusal as refusal:
            return _told(refusal)
        try:
            tokens = await finish(attempt, answered, asked.client)
        except Refusal as refusal:
            log.info("oidc.failed", tenant=str(tenant_id), code=refusal.code, reason=refusal.message)
            await note_alone(Actor(tenant_id, ActorKind.MEMBER), Event.SIGN_IN_FAILED, details={"method": "OIDC", "reason": refusal.code})
            mark = "&" if "?" in attempt.back else "?"
            answer: Response = RedirectResponse(f"{attempt.back}{mark}{FAILED}={refusal.code}", 303)
        else:
            answer = RedirectResponse(attempt.back, 303)
            put(asked, answer, tokens)
    cookies.forget(answer, asked.chosen, cookies.OIDC)
    return answer


def _tenant(request: Request) -> UUID:
    """Of what is no tenant's id, one that nobody has."""
    return local_id("TENANT", request.path_params["tenant"][:100]) or UUID(int=0)


def _back(said: str) -> str:
    """
    Raises:
        Invalid: it leads to a page that is neither ours nor of an origin that may call.
    """
    parts = urlsplit(said) if said.isascii() and said.isprintable() and len(said) <= _BACK_LONGEST else None
    if parts is None or "\\" in said or parts.fragment:
        raise Invalid("`back` is a path that begins with /, or an address of an origin that may call.", field=["back"])
    chosen = installation().settings
    if not parts.scheme and not parts.netloc and said.startswith("/") and not said.startswith("//"):
        return said
    origins = [*map(str.strip, chosen.cors_origins.split(",")), chosen.own_url]
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        raise Invalid("`back` is a path that begins with /, or an address of an origin that may call.", field=["back"])
    return said


def _told(refusal: Refusal) -> Response:
    status = 401 if isinstance(refusal, NotAllowed) else _STATUSES.get(refusal.code, 400)
    return JSONResponse(told(refusal), status)
