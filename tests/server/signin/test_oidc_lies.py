"""Providers that lie: each answer is an honest one but for one thing, and signs nobody in. And where we do not go to look for one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette

from tenants.ids import global_id
from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tenants.signin.oidc import discovery
from tenants.signin.oidc.fetching import ProviderFailed, fetch_json
from tenants.signin.oidc.flow import callback_url
from tenants.signin.oidc.providers import set_provider
from tests.server.signin.provider import CLIENT_ID, CLIENT_SECRET, Liar, lying

OWN = "http://127.0.0.1:8080"
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})
HEADER = {"alg": "RS256", "kid": "one"}
LONG_AGO, SOON = int(time.time()) - 3600, int(time.time()) + 3600


@pytest_asyncio.fixture(loop_scope="session")
async def liar(acme: Actor) -> AsyncIterator[Liar]:
    """A provider of Acme's that does not always say the truth."""
    async with lying() as found:
        async with acting_as(acme):
            domains = ["example.cn"]
            await set_provider(found.issuer, CLIENT_ID, CLIENT_SECRET, email_domains=domains, makes_members=True)
        yield found


async def outcome(app: Starlette, actor: Actor, liar: Liar, **more: str) -> str:
    """Where a browser ends that signs in by a liar: "in", or the code it is told."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as browser:
        sent = await browser.get(f"/auth/oidc/{global_id('TENANT', actor.tenant_id)}/start")
        if sent.status_code != 303:
            return str(sent.json()["code"])
        answer = await browser.get(callback_url(actor.tenant_id), params=liar.answer_to(sent.headers["location"], **more))
        is_in = "kelu_access" in browser.cookies
        assert is_in is (answer.headers["location"] == "/")
        return "in" if is_in else answer.headers["location"].partition("signInFailed=")[2]


CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://attacker.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another client"},
    "no audience": {"aud": None},
    "several audiences and nobody named": {"aud": [CLIENT_ID, "another client"]},
    "several audiences and another one named": {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
    "made for another party": {"azp": "another client"},
    "expired": {"exp": LONG_AGO},
    "never expires": {"exp": None},
    "from the future": {"iat": SOON},
    "not yet": {"nbf": SOON},
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "a nonce that is a list": {"nonce": ["x"]},
    "no subject": {"sub": None},
    "a subject that is a number": {"sub": 1},
    "a subject that is too long": {"sub": "x" * 256},
    "an e-mail that is not verified": {"email_verified": False},
    "an e-mail that is verified by its own word": {"email_verified": "true"},
    "an e-mail of another domain": {"email": "li.na@example.org"},
    "an e-mail with the domain in front": {"email": "example.cn@attacker.example"},
    "an e-mail with two domains": {"email": "li.na@attacker.example@example.cn"},
    "a domain that only looks like it": {"email": "li.na@example.cn.attacker.example"},
}


@pytest.mark.parametrize("lie", CLAIMS)
async def test_a_token_with_a_claim_that_is_not_so_signs_nobody_in(app: Starlette, acme: Actor, liar: Liar, lie: str) -> None:
    liar.claims = CLAIMS[lie]

    assert await outcome(app, acme, liar) in ("PROVIDER_FAILED", "NOT_ALLOWED")


def signed(key: Any, **header: Any) -> Callable[[dict[str, Any]], str]:
    """Makes a token of claims, with a key and a header that differs from the honest one."""
    said = HEADER | header
    return lambda claims: jws.serialize_compact(said, orjson.dumps(claims), key, [said["alg"]])


def unsigned(claims: dict[str, Any]) -> str:
    return f"eyJhbGciOiJub25lIn0.{signed(OTHER_KEY)(claims).split('.')[1]}."


#: What makes a token, of the provider's own key.
SIGNED: dict[str, Callable[[RSAKey], Callable[[dict[str, Any]], str]]] = {
    "another key of the same id": lambda _: signed(OTHER_KEY),
    "an unknown key": lambda _: signed(OTHER_KEY, kid="two"),
    "its key under another id": lambda own: signed(own, kid="two"),
    "a key that it brings along": lambda _: signed(OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)),
    "our own secret": lambda _: signed(OctKey.import_key(CLIENT_SECRET), alg="HS256"),
    "its public key as a secret": lambda own: signed(OctKey.import_key(own.as_pem(private=False).replace(b"-----", b"")), alg="HS256"),
    "an algorithm it does not name": lambda own: signed(own, alg="PS256"),
    "nothing": lambda _: unsigned,
    "no token at all": lambda _: lambda claims: "",
    "a token that is too long": lambda _: lambda claims: "x" * 40_000,
}


@pytest.mark.parametrize("lie", SIGNED)
async def test_a_token_signed_by_anything_but_the_providers_key_signs_nobody_in(app: Starlette, acme: Actor, liar: Liar, lie: str) -> None:
    liar.signed = SIGNED[lie](liar.key)

    assert await outcome(app, acme, liar) == "PROVIDER_FAILED"


METADATA: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://attacker.example"},
    "the issuer with a slash": {"issuer": "http://127.0.0.1/"},
    "no keys": {"jwks_uri": None},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "a token endpoint without tls": {"token_endpoint": "http://192.0.2.1/token"},
    "a page to go to that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "symmetric algorithms alone": {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    "no algorithms": {"id_token_signing_alg_values_supported": None},
    "no code flow": {"response_types_supported": ["id_token"]},
    "plain challenges alone": {"code_challenge_methods_supported": ["plain"]},
    "no way to show our secret": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
}


@pytest.mark.parametrize("lie", METADATA)
async def test_a_provider_that_cannot_be_used_is_refused_before_anybody_is_sent_there(
    app: Starlette, acme: Actor, liar: Liar, lie: str
) -> None:
    liar.metadata = METADATA[lie]

    assert await outcome(app, acme, liar) == "PROVIDER_FAILED"


async def test_an_honest_answer_signs_in(app: Starlette, acme: Actor, liar: Liar) -> None:
    """The control of all the lies; also where the secret goes into the body, and where the provider's e-mail comes apart."""
    assert await outcome(app, acme, liar) == "in"
    liar.metadata = {
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }
    discovery.forget(liar.issuer)
    assert await outcome(app, acme, liar, iss=liar.issuer) == "in"
    liar.claims, liar.userinfo = {"email": None}, {"sub": "li", "email": "li.na@example.cn", "email_verified": True}
    assert await outcome(app, acme, liar, iss=liar.issuer) == "in"

    by_header, in_body, _ = liar.asked
    assert (by_header["authorization"][:6], "client_secret" in by_header) == ("Basic ", False)
    assert (in_body["authorization"], in_body["client_secret"]) == ("", CLIENT_SECRET)
    assert all(len(each["code_verifier"]) == 43 and each["grant_type"] == "authorization_code" for each in liar.asked)


async def test_what_is_said_apart_has_to_be_of_the_same_person(app: Starlette, acme: Actor, liar: Liar) -> None:
    liar.claims, liar.userinfo = {"email": None}, {"sub": "somebody else", "email": "li.na@example.cn", "email_verified": True}

    assert await outcome(app, acme, liar) == "PROVIDER_FAILED"


@pytest.mark.parametrize(("named", "is_named"), [("https://attacker.example", False), ("https://attacker.example", True), ("", True)])
async def test_an_answer_that_names_another_issuer_or_none_where_it_should_is_refused(
    app: Starlette, acme: Actor, liar: Liar, named: str, is_named: bool
) -> None:
    liar.metadata = {"authorization_response_iss_parameter_supported": is_named}

    assert await outcome(app, acme, liar, **({"iss": named} if named else {})) == "PROVIDER_FAILED"
    assert liar.asked == []  # the code was not given to anybody


async def test_keys_are_rotated_by_the_provider(app: Starlette, acme: Actor, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await outcome(app, acme, liar) == "in"
    monkeypatch.setattr(discovery, "KEYS_KEPT_SECONDS", 0.0)

    liar.key = RSAKey.generate_key(2048, {"kid": "two"})
    liar.signed = signed(liar.key, kid="two")

    assert await outcome(app, acme, liar) == "in"


async def test_one_tenants_provider_is_asked_for_no_other_tenant(app: Starlette, acme: Actor, globex: Actor, liar: Liar) -> None:
    """Mix-up: two tenants, each with a provider; an answer meant for one is brought to the other's address."""
    async with lying() as theirs:
        async with acting_as(globex):
            await set_provider(theirs.issuer, CLIENT_ID, "another secret", email_domains=["example.cn"], makes_members=True)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as browser:
            sent = await browser.get(f"/auth/oidc/{global_id('TENANT', globex.tenant_id)}/start")
            crossed = await browser.get(callback_url(acme.tenant_id), params=theirs.answer_to(sent.headers["location"]))

        assert (crossed.status_code, "kelu_access" in browser.cookies) == (401, False)
        assert liar.asked == theirs.asked == []
        assert await outcome(app, globex, theirs) == "in"


async def test_a_name_that_leads_into_a_private_network_is_not_followed(
    app: Starlette, acme: Actor, liar: Liar, opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = opened.settings.model_copy(update={"database_url": "set"})
    monkeypatch.setattr("tenants.installation._open", replace(opened, settings=chosen))
    port = httpx.URL(liar.issuer).port

    for url in (f"https://localhost:{port}/keys", f"https://127.0.0.1:{port}/keys", "https://[::1]/", "https://2130706433/"):
        with pytest.raises(ProviderFailed, match="private network"):
            await fetch_json(url)
    with pytest.raises(ProviderFailed, match="not https"):
        await fetch_json(f"{liar.issuer}/keys")


async def test_an_answer_that_is_too_large_or_no_object_is_not_read(liar: Liar) -> None:
    liar.userinfo = {"filler": "x" * 300_000}
    with pytest.raises(ProviderFailed, match="larger than"):
        await fetch_json(f"{liar.issuer}/me")
    with pytest.raises(ProviderFailed, match="status 404"):
        await fetch_json(f"{liar.issuer}/nothing")
