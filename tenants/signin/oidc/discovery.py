"""What an identity provider says of itself: its endpoints and its keys, kept for ten minutes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from tenants.signin.oidc.fetching import ProviderFailed, fetch_json, is_fetchable

KEPT_SECONDS = 600.0
#: Keys that do not have the one that is asked for are fetched again, but not more often than this.
KEYS_KEPT_SECONDS = 30.0
FAILED_SECONDS = 5.0
KEPT_MOST = 1_000

#: Algorithms of ID tokens that we verify: signatures by a key that the provider alone has. None by the client's secret, which we have too.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"})

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's endpoints. `names_itself`: its answers say who it is (RFC 9207). `is_posted`: it wants our secret in the body."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    is_posted: bool
    algorithms: frozenset[str]


_metadata: OrderedDict[str, tuple[Metadata, float]] = OrderedDict()
_keys: OrderedDict[str, tuple[KeySet, float]] = OrderedDict()
#: What failed lately fails again without asking: whoever likes begins a sign-in, and each would ask for as long as ten seconds.
_failed: OrderedDict[str, tuple[ProviderFailed, float]] = OrderedDict()


async def metadata_of(issuer: str) -> Metadata:
    """A provider's own word, from /.well-known/openid-configuration under its issuer.

    Raises:
        ProviderFailed: there is none, or it cannot be used; the message says why.
    """

    async def fetch() -> Metadata:
        return _read(issuer, await fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))

    return await _kept(_metadata, issuer, KEPT_SECONDS, fetch)


async def key_of(metadata: Metadata, kid: object) -> Key:
    """The provider's key of an id; the only one there is, where a token names none.

    Raises:
        ProviderFailed: there is no such key.
    """

    async def fetch() -> KeySet:
        try:
            return KeySet.import_key_set(await fetch_json(metadata.jwks_uri))  # type: ignore[arg-type]  # whatever was fetched
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise ProviderFailed("The identity provider's keys cannot be read.") from None

    for kept_seconds in (KEPT_SECONDS, KEYS_KEPT_SECONDS):
        found = await _kept(_keys, metadata.jwks_uri, kept_seconds, fetch)
        fitting = [key for key in found.keys if key.get("use", "sig") == "sig" and kid in (None, key.kid)]
        if len(fitting) == 1:
            return fitting[0]
    raise ProviderFailed("The identity provider has no key of the id that its token names.")


def forget(issuer: str) -> None:
    """Ask a provider anew: its settings were changed."""
    _failed.pop(issuer, None)
    found = _metadata.pop(issuer, None)
    if found:
        _keys.pop(found[0].jwks_uri, None)


def _read(issuer: str, said: dict[str, Any]) -> Metadata:
    if said.get("issuer") != issuer:
        raise ProviderFailed(f"The provider says that its issuer is {str(said.get('issuer'))[:200]!r}. Write it exactly so.")
    for name in (*_ENDPOINTS, *(["userinfo_endpoint"] if "userinfo_endpoint" in said else [])):
        if not is_fetchable(said.get(name)):
            raise ProviderFailed(f"The provider's `{name}` is no https address.")
    for name, needed, default in (
        ("response_types_supported", "code", None),
        ("code_challenge_methods_supported", "S256", ["S256"]),
    ):
        if needed not in _words(said.get(name, default)):
            raise ProviderFailed(f"The provider does not offer what we need: {needed} in its `{name}`.")
    algorithms = ALGORITHMS & _words(said.get("id_token_signing_alg_values_supported"))
    if not algorithms:
        raise ProviderFailed(f"The provider signs by none of {', '.join(sorted(ALGORITHMS))}.")
    methods = _words(said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]))
    if not methods & {"client_secret_basic", "client_secret_post"}:
        raise ProviderFailed("The provider takes our secret neither by client_secret_basic nor by client_secret_post.")
    return Metadata(
        issuer,
        authorization_endpoint=str(said["authorization_endpoint"]),
        token_endpoint=str(said["token_endpoint"]),
        jwks_uri=str(said["jwks_uri"]),
        userinfo_endpoint=said.get("userinfo_endpoint"),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        is_posted="client_secret_basic" not in methods,
        algorithms=algorithms,
    )


def _words(value: object) -> set[str]:
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


async def _kept(known: OrderedDict[str, tuple[T, float]], name: str, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
    found = known.get(name)
    if found is not None and time.monotonic() - found[1] < seconds:
        return found[0]
    if (failed := _failed.get(name)) is not None and time.monotonic() - failed[1] < FAILED_SECONDS:
        raise failed[0]
    try:
        fetched = await fetch()
    except ProviderFailed as failure:
        _keep(_failed, name, failure)
        raise
    _keep(known, name, fetched)
    return fetched


def _keep(known: OrderedDict[str, tuple[T, float]], name: str, what: T) -> None:
    known[name] = (what, time.monotonic())
    known.move_to_end(name)
    if len(known) > KEPT_MOST:
        known.popitem(last=False)
