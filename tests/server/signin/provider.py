"""Identity providers on loopback: a real one (npm oidc-provider), whose pages a browser of ours fills in, and one that lies."""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import orjson
import uvicorn
from joserfc import jws
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.clients import node
from tests.stories.home import end

CLIENT_ID, CLIENT_SECRET = "kelu of a test", "a secret/with + signs: that have to be encoded"


@contextmanager
def real_provider(accounts: dict[str, dict[str, Any]], redirects: Sequence[str]) -> Iterator[str]:
    """The issuer of a provider that is running; who there is, by the name they sign in with, and where it may send them."""
    given = {"accounts": accounts, "redirects": list(redirects), "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    environment = {**os.environ} | {f"KELU_{k.upper()}": v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in given.items()}
    child = subprocess.Popen(["node", "provider.mjs"], cwd=node.FOLDER, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            assert selector.select(30), "the provider does not start"
        yield child.stdout.readline().decode().strip()
    finally:
        end(child)
        if child.stdout:
            child.stdout.close()


async def approve(client: httpx.AsyncClient, url: str, name: str, stop_at: str) -> str:
    """What somebody at a browser does who is sent to the provider: signs in as `name`, and agrees. Where he is sent back to."""
    for _ in range(12):
        answer = await client.get(url)
        while answer.status_code == 200 and (form := re.search(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', answer.text, re.DOTALL)):
            fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
            said = fields | ({"login": name, "password": "any"} if "login" in form[2] else {})
            answer = await client.post(unescape(form[1]), data=said)
        url = str(answer.url.join(answer.headers["location"]))
        if url.startswith(stop_at):
            return url
    raise AssertionError(f"never sent back: {url}")


@dataclass
class Liar:
    """A provider that says what it is told to: claims, header, key and metadata of a test, for a code that is always good."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signed: Callable[[dict[str, Any]], str] | None = None
    userinfo: dict[str, Any] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def token(self, claims: dict[str, Any]) -> str:
        return jws.serialize_compact({"alg": "RS256", "kid": "one"}, orjson.dumps(claims), self.key, ["RS256"])

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self._metadata),
            Route("/keys", self._keys),
            Route("/token", self._token, methods=["POST"]),
            Route("/me", self._userinfo),
        ]

    def answer_to(self, url: str, **more: str) -> dict[str, str]:
        """What a browser that was sent to this provider brings back."""
        self._nonce = parse_qs(urlsplit(url).query)["nonce"][0]
        return {"code": "a code", "state": parse_qs(urlsplit(url).query)["state"][0]} | more

    async def _metadata(self, _: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return JSONResponse({name: value for name, value in (said | self.metadata).items() if value is not None})

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False) | {"use": "sig"}]})

    async def _token(self, request: Request) -> Response:
        self.asked.append(dict(parse_qsl((await request.body()).decode())) | {"authorization": request.headers.get("authorization", "")})
        at = int(time.time())
        honest = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "li", "nonce": self._nonce, "iat": at, "exp": at + 300}
        honest |= {"email": "li.na@example.cn", "email_verified": True, "name": "李娜"}
        claims = {name: value for name, value in (honest | self.claims).items() if value is not None}
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": (self.signed or self.token)(claims)})

    async def _userinfo(self, _: Request) -> Response:
        return JSONResponse(self.userinfo or {})


@asynccontextmanager
async def lying() -> AsyncIterator[Liar]:
    """A liar that listens on loopback."""
    liar = Liar()
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=liar.routes()), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    liar.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield liar
    finally:
        server.should_exit = True
        await serving
