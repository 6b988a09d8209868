"""Cookies of browsers: which there are, how they are set, and how they are read.

Each is HttpOnly, SameSite=Strict and, but for plain http on this very machine, `__Host-`: Secure, of this host alone and of the path /.
The prefix is why the refresh token's has no path of its own (`/auth`): without it a neighbouring subdomain could set a cookie of the
same name for us, and have a browser act in the attacker's session. Strict, since nobody comes to an API by a link: a page of
ours asks, once it is there. But for the cookie of an attempt to sign in by a provider: it has to come along when the provider's page sends
people back, so it is Lax; it is good for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.responses import Response

from tenants.refusals import NotAllowed
from tenants.settings import Settings

ACCESS, REFRESH, DEVICE, OIDC = "kelu_access", "kelu_refresh", "kelu_device", "kelu_oidc"
DEVICE_SECONDS = 365 * 86_400

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HEADER_LONGEST = 16_384


def is_secure(chosen: Settings) -> bool:
    """Whether cookies are Secure: everywhere but on plain http on this very machine, where browsers would not keep them."""
    own = urlsplit(chosen.own_url)
    return own.scheme == "https" or own.hostname not in _LOOPBACK


def name_of(cookie: str, chosen: Settings) -> str:
    return f"__Host-{cookie}" if is_secure(chosen) else cookie


def read(headers: Mapping[bytes, bytes], cookie: str, chosen: Settings) -> str | None:
    """A cookie's value; None where there is none.

    Raises:
        NotAllowed: there are two of that name: one of them is not from us.
    """
    header = headers.get(b"cookie", b"")
    if not header or len(header) > _HEADER_LONGEST:
        return None
    name = name_of(cookie, chosen)
    pairs = (part.strip().partition("=") for part in header.decode("latin-1").split(";"))
    found = [value for key, _, value in pairs if key == name and value]
    if len(found) > 1:
        raise NotAllowed(f"There are two cookies {name}. Delete the cookies of this site, and sign in again.")
    return found[0] if found else None


def put(response: Response, cookie: str, value: str, seconds: int, chosen: Settings, *, same_site: str = "Strict") -> None:
    """Have a browser keep a cookie for so many seconds; 0: forget it. Values are of base64url and dots, which need no quoting."""
    made = f"{name_of(cookie, chosen)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}"
    response.raw_headers.append((b"set-cookie", f"{made}{'; Secure' if is_secure(chosen) else ''}".encode("latin-1")))


def forget(response: Response, chosen: Settings, *cookies: str) -> None:
    for cookie in cookies:
        put(response, cookie, "", 0, chosen)
