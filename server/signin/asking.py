"""What is asked of /auth: a JSON object, field by field, whoever asks and from where; and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.addresses import client_address, client_of
from server.authentication import CSRF, Context, is_marked, known
from server.errors import told
from server.guard import STATUSES
from server.signin import cookies
from server.transport.negotiation import is_json
from tenants.ids import local_id
from tenants.installation import installation
from tenants.refusals import Invalid, NotAllowed, Refusal
from tenants.signin.sessions import Client
from tenants.trail import Circumstances, under

BODY_BYTES_MOST = 16 << 10

Endpoint = Callable[["Asked"], Awaitable[Response]]

_STATUSES = STATUSES | {
    "NOT_ALLOWED": 401,
    "CODE_NEEDED": 401,
    CSRF: 403,
    "MAY_NOT": 403,
    "RATE_LIMITED": 429,
    "BUSY": 429,
    "LAST_ADMIN": 409,
}
_UNMARKED = NotAllowed("For a sign-in by cookie, send the header X-Kelu-CSRF: 1, from a page of this site.", code=CSRF)


class Asked:
    """A request and its body. Each field that is read is checked; whoever sends another learns that nobody reads it."""

    def __init__(self, request: Request, body: dict[str, Any]) -> None:
        self.request, self._body = request, body
        self.headers = dict(request.scope["headers"])
        self.chosen = installation().settings

    @property
    def client(self) -> Client:
        return Client(self.request.headers.get("user-agent", "")[:200], client_address(self.request.scope))

    @property
    def is_by_cookie(self) -> bool:
        """Whether tokens go into cookies and come from there.

        Raises:
            Invalid: `as` is neither "cookie" nor "bearer".
            NotAllowed: it is by cookie, and not shown to come from a page that may ask.
        """
        if (said := self._body.get("as", "cookie")) not in ("cookie", "bearer"):
            raise Invalid('`as` is "cookie", which is for browsers, or "bearer", for programs.', field=["as"])
        if said == "cookie":
            self.see_marked()
        return bool(said == "cookie")

    def see_marked(self) -> None:
        """
        Raises:
            NotAllowed: it is not shown to come from a page that may ask.
        """
        if not is_marked(self.headers):
            raise _UNMARKED

    def text(self, name: str, most: int) -> str:
        """A text that has to be there.

        Raises:
            Invalid: it is missing, no text, or too long.
        """
        found = self.optional(name, most)
        if found is None:
            raise Invalid(f"`{name}` is missing: a text of at most {most} characters.", field=[name])
        return found

    def optional(self, name: str, most: int) -> str | None:
        found = self._body.get(name)
        if found is not None and (not isinstance(found, str) or not 1 <= len(found) <= most):
            raise Invalid(f"`{name}` has to be a text of 1 to {most} characters.", field=[name])
        return found

    def flag(self, name: str) -> bool:
        found = self._body.get(name, False)
        if not isinstance(found, bool):
            raise Invalid(f"`{name}` is true or false.", field=[name])
        return found

    def id(self, name: str, noun: str) -> UUID | None:
        """The uuid behind a global id; of what is not one of this noun, one that nothing has."""
        text = self.optional(name, 100)
        return None if text is None else local_id(noun, text) or UUID(int=0)

    def cookie(self, cookie: str) -> str | None:
        return cookies.read(self.headers, cookie, self.chosen)

    async def context(self) -> Context:
        """Who asks.

        Raises:
            NotAllowed: nobody who is signed in.
        """
        return await known(self.headers, client_of(self.request.scope))


def endpoint(act: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """What answers a request: `act`, or a refusal in its own words."""

    async def answer(request: Request) -> Response:
        try:
            asked = Asked(request, await _body(request))
            with under(Circumstances(query=request.url.path, address=asked.client.address)):
                return await act(asked)
        except Refusal as refusal:
            said = told(refusal)
            headers = {"Retry-After": str(said["retryAfter"])} if "retryAfter" in said else {}
            return JSONResponse(said, _STATUSES.get(refusal.code, 400), headers)

    return answer


async def _body(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return {}
    if not is_json(request.headers.get("content-type", "").encode()[:1000]):
        raise Invalid("Send a JSON object, as application/json.")
    try:
        found = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The body is JSON, but not an object.")
    return found
