"""Forged access tokens: each is ours but for one lie, and is refused; the one without a lie is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tenants.encryption import CannotOpen
from tenants.ids import new_id
from tenants.refusals import NotAllowed
from tenants.session import Actor
from tenants.signin import signing_keys, standing
from tenants.signin.sessions import Tokens
from tenants.signin.tokens import ACCESS_SECONDS, ALGORITHM, LONGEST, read_access_token, read_ticket, ticket
from tests.tenants.signin.members import MakeMember

Parts = tuple[dict[str, Any], dict[str, Any], signing_keys.SigningKey]
Forge = Callable[[Tokens, Parts], Awaitable[str] | str]


def encoded(value: bytes | Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else orjson.dumps(value)).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(header: dict[str, Any], claims: Mapping[str, Any] | bytes, key: signing_keys.SigningKey) -> str:
    """Signed with our own key whatever the header says: all that is left to refuse is what it says."""
    body = f"{encoded(header)}.{encoded(claims)}"
    signature = key.pair.get_op_key("sign").sign(body.encode())  # type: ignore[union-attr]  # an Ed25519 key
    return f"{body}.{encoded(signature)}"


def by_another(algorithm: str, key: Any, **header: Any) -> Forge:
    """Signed by a key of somebody else, in an algorithm that fits it, under our key's id."""

    def forge(_: Tokens, parts: Parts) -> str:
        return jws.serialize_compact(parts[0] | {"alg": algorithm} | header, orjson.dumps(parts[1]), key, [algorithm])

    return forge


def header(**more: Any) -> Forge:
    return lambda _, parts: signed(parts[0] | more, parts[1], parts[2])


def claims(**more: Any) -> Forge:
    return lambda _, parts: signed(parts[0], {k: v for k, v in (parts[1] | more).items() if v is not None}, parts[2])


def hs256_by_the_public_key(_: Tokens, parts: Parts) -> str:
    """Key confusion: what is public of an Ed25519 key, taken for the secret of an HMAC."""
    public = parts[2].pair.as_dict(private=False)["x"]
    body = f"{encoded(parts[0] | {'alg': 'HS256'})}.{encoded(parts[1])}"
    secret = base64.urlsafe_b64decode(str(public) + "=")
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), hashlib.sha256))}"


def none(spelling: str, signature: str = "") -> Forge:
    return lambda _, parts: f"{encoded(parts[0] | {'alg': spelling})}.{encoded(parts[1])}.{signature}"


def text(change: Callable[[str], str]) -> Forge:
    return lambda tokens, _: change(tokens.access)


OTHER = OKPKey.generate_key("Ed25519")
OTHER_JWK = OTHER.as_dict(private=False)
ELSEWHERE = "https://attacker.example/keys.json"
LONG_AGO, SOON = time.time() - 60, time.time() + 3600

FORGED: dict[str, Forge] = {
    "no algorithm": none("none"),
    "no algorithm, in capitals": none("NONE"),
    "no algorithm, with a signature": lambda tokens, parts: str(none("none", tokens.access.rpartition(".")[2])(tokens, parts)),
    "HS256 by the public key": hs256_by_the_public_key,
    "HS256 by a secret": by_another("HS256", OctKey.generate_key(256)),
    "RS256": by_another("RS256", RSAKey.generate_key(2048)),
    "ES256": by_another("ES256", ECKey.generate_key("P-256")),
    "another Ed25519 key under our id": by_another(ALGORITHM, OTHER),
    "another key, brought along as jwk": by_another(ALGORITHM, OTHER, jwk=OTHER_JWK),
    "another key, found by jku": by_another(ALGORITHM, OTHER, jku=ELSEWHERE),
    "another key, found by x5u": by_another(ALGORITHM, OTHER, x5u=ELSEWHERE),
    "the name EdDSA, which leaves the curve open": header(alg="EdDSA"),
    "the algorithm is a list": header(alg=[ALGORITHM]),
    "jku": header(jku=ELSEWHERE),
    "jwk": header(jwk=OTHER_JWK),
    "x5u": header(x5u=ELSEWHERE),
    "x5c": header(x5c=["MIIB"]),
    "crit": header(crit=["exp"], exp=1),
    "b64": header(b64=False, crit=["b64"]),
    "a member that nobody knows": header(zip="DEF"),
    "no type": lambda _, parts: signed({"alg": ALGORITHM, "kid": parts[0]["kid"]}, parts[1], parts[2]),
    "the type of any JWT": header(typ="JWT"),
    "the type in other letters": header(typ="AT+JWT"),
    "a ticket's type": header(typ="kelu-ticket+jwt"),
    "no key id": lambda _, parts: signed({"alg": ALGORITHM, "typ": "at+jwt"}, parts[1], parts[2]),
    "an unknown key id": header(kid=new_id().hex),
    "a key id that is a path": header(kid="../../../../dev/null"),
    "a key id that is SQL": header(kid="' OR '1'='1"),
    "a key id that is a number": header(kid=0),
    "a key id that is a list": header(kid=[]),
    "expired": claims(exp=LONG_AGO),
    "expired an age ago": claims(exp=0),
    "never expires": claims(exp=None),
    "expires at no number": claims(exp="2100-01-01"),
    "expires at infinity": lambda _, parts: signed(
        parts[0], orjson.dumps(parts[1] | {"exp": 0}).replace(b'"exp":0', b'"exp":1e999'), parts[2]
    ),
    "not yet": claims(nbf=SOON),
    "issued in the future": claims(iat=SOON),
    "another issuer": claims(iss="https://attacker.example"),
    "no issuer": claims(iss=None),
    "another audience": claims(aud="https://other.example/graphql"),
    "a ticket's audience": lambda _, parts: signed(parts[0], parts[1] | {"aud": parts[1]["aud"].replace("graphql", "auth")}, parts[2]),
    "several audiences": lambda _, parts: signed(parts[0], parts[1] | {"aud": ["https://other.example"]}, parts[2]),
    "no session": claims(sid=None),
    "an unknown session": claims(sid=new_id().hex),
    "an unknown member": claims(member=new_id().hex),
    "an unknown tenant": claims(tenant=new_id().hex),
    "another person": claims(sub=f"person:{new_id().hex}"),
    "no person": lambda _, parts: signed(parts[0], parts[1] | {"sub": f"member:{parts[1]['member']}"}, parts[2]),
    "no subject": claims(sub=None),
    "a subject of no kind": claims(sub="operator"),
    "a tenant that is no id": claims(tenant="*"),
    "one claim more": claims(may_reveal=True),
    "claims that are a list": lambda _, parts: signed(parts[0], b"[]", parts[2]),
    "claims that are no JSON": lambda _, parts: signed(parts[0], b"{", parts[2]),
    "a signature cut short": text(lambda token: token[:-4]),
    "a signature of zeros": text(lambda token: token.rpartition(".")[0] + "." + "A" * 86),
    "an empty signature": text(lambda token: token.rpartition(".")[0] + "."),
    "one bit of the claims": lambda tokens, _: tokens.access.replace(".ey", ".ez", 1),
    "a giant header": header(filler="x" * 100_000),
    "a giant token": text(lambda token: token + "A" * 1_000_000),
    "a header nested ten thousand deep": lambda _, parts: f"{encoded(b'[' * 10_000)}.{encoded(parts[1])}.{'A' * 86}",
    "four parts": text(lambda token: token + ".A"),
    "two parts": text(lambda token: token.rpartition(".")[0]),
    "nothing": text(lambda token: ""),
    "dots": text(lambda token: ".."),
    "spaces around": text(lambda token: f" {token} "),
    "a line break": text(lambda token: token + "\n"),
    "letters that are none of ASCII": text(lambda token: token.replace("e", "е")),
    "a refresh token": lambda tokens, _: tokens.refresh,
}


@pytest.fixture
async def parts(acme: Actor, make_member: MakeMember) -> tuple[Tokens, Parts]:
    """An honest token, and the header, claims and key it is made of."""
    tokens = await (await make_member(acme)).sign_in()
    first, second, _ = tokens.access.split(".")
    return tokens, (decoded(first), decoded(second), await signing_keys.signing_key())


@pytest.mark.parametrize("lie", FORGED)
async def test_a_forged_token_is_refused(parts: tuple[Tokens, Parts], lie: str) -> None:
    forged = FORGED[lie](*parts)
    assert isinstance(forged, str)

    with pytest.raises(NotAllowed, match="This access token is not valid"):
        await standing.authenticate(forged)


async def test_the_same_way_of_forging_without_a_lie_is_taken(parts: tuple[Tokens, Parts]) -> None:
    """The control: the tests above are refused for what they lie about, and not for how they are made."""
    tokens, (head, said, key) = parts
    forged = [
        signed(head, said, key),
        str(header()(*parts)),
        str(claims()(*parts)),
        jws.serialize_compact(head, orjson.dumps(said), key.pair, [ALGORITHM]),
    ]

    assert {(await standing.authenticate(each)).token.session_id for each in forged} == {tokens.session_id}
    assert max(map(len, forged)) < LONGEST
    assert said["exp"] - said["iat"] == ACCESS_SECONDS


async def test_a_tenant_or_member_swapped_for_another_that_there_is_is_refused(
    acme: Actor, globex: Actor, make_member: MakeMember, parts: tuple[Tokens, Parts]
) -> None:
    """Even who had our key could not bring a session of one tenant into another: the claims have to agree with its row."""
    tokens, (head, said, key) = parts
    same_tenant, other_tenant = await make_member(acme), await make_member(globex)
    theirs = await other_tenant.sign_in()
    swaps = [
        {"member": same_tenant.id.hex},
        {"tenant": globex.tenant_id.hex},
        {"tenant": globex.tenant_id.hex, "member": other_tenant.id.hex},
        {"tenant": globex.tenant_id.hex, "member": other_tenant.id.hex, "sub": f"person:{other_tenant.person_id.hex}"},
        {"sid": theirs.session_id.hex},
        {"tenant": globex.tenant_id.hex, "sid": theirs.session_id.hex},
        {"sub": f"person:{other_tenant.person_id.hex}"},
    ]

    for swap in swaps:
        with pytest.raises(NotAllowed, match="This access token is not valid"):
            await standing.authenticate(signed(head, said | swap, key))
    assert (await standing.authenticate(tokens.access)).actor.tenant_id == acme.tenant_id


async def test_a_ticket_is_no_access_token_and_an_access_token_no_ticket(parts: tuple[Tokens, Parts]) -> None:
    person_id = new_id()
    made = await ticket(person_id)

    assert (await read_ticket(made))[0] == person_id
    with pytest.raises(NotAllowed):
        await read_access_token(made)
    with pytest.raises(NotAllowed):
        await read_ticket(parts[0].access)


async def test_a_token_outlives_a_rotation_and_not_one_at_once(acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    before = await member.sign_in()

    made = await signing_keys.rotate()
    after = await member.sign_in()

    assert decoded(after.access.split(".")[0])["kid"] == made.kid != decoded(before.access.split(".")[0])["kid"]
    assert {(await read_access_token(each.access)).session_id for each in (before, after)} == {before.session_id, after.session_id}
    last = await signing_keys.rotate(at_once=True)
    for each in (before, after):
        with pytest.raises(NotAllowed):
            await read_access_token(each.access)
    assert [key.kid for key in await signing_keys.signing_keys()] == [last.kid]
    assert (await read_access_token((await member.sign_in()).access)).member_id == member.id


async def test_a_signing_key_that_is_old_is_replaced_by_itself(acme: Actor, make_member: MakeMember) -> None:
    member, old = await make_member(acme), await signing_keys.rotate()
    before = await member.sign_in()
    async with signing_keys.connections.get("default").acquire_connection() as connection:
        await connection.execute("UPDATE signing_key SET retires_at = now() + interval '20 minutes' WHERE id = $1", old.id)
    await signing_keys.signing_keys()  # as a process that asks anew, a second later

    after = await member.sign_in()

    assert decoded(after.access.split(".")[0])["kid"] != old.kid
    assert (await read_access_token(before.access)).session_id == before.session_id


async def test_a_signing_key_is_stored_wrapped_and_opens_in_its_own_place_alone(acme: Actor, opened: Any) -> None:
    one, other = await signing_keys.rotate(), await signing_keys.rotate()
    secret = base64.urlsafe_b64decode(str(one.pair.as_dict(private=True)["d"]) + "=")
    async with signing_keys.connections.get("default").acquire_connection() as connection:
        wrapped = await connection.fetchval("SELECT wrapped FROM signing_key WHERE id = $1", one.id)

    assert secret not in wrapped
    assert opened.master.unwrap(one.id, 0, wrapped) == secret
    for id, version in ((other.id, 0), (one.id, 1)):
        with pytest.raises(CannotOpen):
            opened.master.unwrap(id, version, wrapped)
