"""GraphiQL from our own files: a page that asks for an API key, and GraphiQL's build for whoever has one.

A browser sends no key with a page, so our page, its script and its style are for everybody; they hold no schema and nothing of a tenant.
The script fetches GraphiQL's build with the key that was typed, and adds it to the page as text. The content security policy lets only
texts of these very hashes run, and calls go to this server alone. KELU_IDE=false serves none of it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path

from starlette.types import Receive, Scope, Send

from server.transport.compression import compressed
from server.transport.negotiation import encoding

_FOLDER = Path(__file__).parent / "ide"
_TYPES = {".css": b"text/css; charset=utf-8", ".html": b"text/html; charset=utf-8", ".js": b"text/javascript; charset=utf-8"}
_PAGE = "shell.html"
#: What a file with its version in its name says: it never changes. Ours are asked for anew each time.
_KEPT, _ASKED = b"private, max-age=31536000, immutable", b"no-cache"


def _hashes(suffix: str) -> bytes:
    """GraphiQL's build as a policy names it."""
    builds = (path.read_bytes() for path in sorted(_FOLDER.glob(f"*.min{suffix}")))
    return b" ".join(b"'sha256-%s'" % b64encode(hashlib.sha256(each).digest()) for each in builds)


#: The fonts and pictures of GraphiQL are inside of its style sheet.
_POLICY = (
    b"default-src 'none'; script-src 'self' %s; style-src 'self' %s; font-src data:; img-src data:; connect-src 'self'; "
    b"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
) % (_hashes(".js"), _hashes(".css"))

#: The paths of the files a browser may ask for, and of those that need no key; no other leads to the disk.
PATHS = frozenset(f"/graphql/ide/{path.name}" for path in _FOLDER.iterdir() if path.suffix in (".css", ".js"))
OPEN_PATHS = frozenset(path for path in PATHS if ".min." not in path)


async def send_page(headers: dict[bytes, bytes], send: Send) -> None:
    """The page that asks for a key."""
    await _send(_PAGE, headers, send, b"accept, accept-encoding, authorization")


class IdeFile:
    """The application behind each of PATHS."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send(Path(scope["path"]).name, dict(scope["headers"]), send, b"accept-encoding, authorization")


async def _send(name: str, headers: dict[bytes, bytes], send: Send, vary: bytes) -> None:
    coding = encoding(headers.get(b"accept-encoding"))
    body, tag = _packed(name, coding)
    answer = [
        (b"content-type", _TYPES[Path(name).suffix]),
        (b"cache-control", _KEPT if ".min." in name else _ASKED),
        (b"content-security-policy", _POLICY),
        (b"etag", tag),
        (b"vary", vary),
    ]
    if headers.get(b"if-none-match") == tag:
        await send({"type": "http.response.start", "status": 304, "headers": answer})
        await send({"type": "http.response.body", "body": b""})
        return
    if coding is not None:
        answer.append((b"content-encoding", coding.encode()))
    answer.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": answer})
    await send({"type": "http.response.body", "body": body})


@cache
def _packed(name: str, coding: str | None) -> tuple[bytes, bytes]:
    """A file in a content coding, and its entity tag."""
    content = (_FOLDER / name).read_bytes()
    body = content if coding is None else compressed(content, coding)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
