"""Addresses: from which one a request comes, where a proxy may stand between.

Who connects is the client, unless it is a proxy that the setting `trusted_proxies` names. Of the addresses that the proxies on the way have
written into X-Forwarded-For, the client's is then the last one that is not such a proxy's: those before it anybody may have written. Where
that is no address, or there is none, nobody knows the client, and a key that is bound to networks is refused. The header Forwarded
(RFC 7239) is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

from tenants.installation import installation
from tenants.networks import Address, Network, address_of, is_in, networks_of

_HEADER = b"x-forwarded-for"
#: More proxies than stand anywhere, each with the longest address.
_HEADER_LONGEST = 2_000


def client_of(scope: Scope) -> Address | None:
    """The address of who asks, or None where nobody knows it."""
    client = scope.get("client")
    address = address_of(client[0]) if client else None
    trusted = _networks(installation().settings.trusted_proxies)
    if not trusted or not is_in(address, trusted):
        return address
    written = b",".join(value for name, value in scope["headers"] if name == _HEADER)[-_HEADER_LONGEST:]
    return _behind(address, reversed(written.decode("latin-1").split(",")), trusted)


def client_address(scope: Scope) -> str:
    """As `client_of`, written; '' where nobody knows it."""
    address = client_of(scope)
    return "" if address is None else str(address)


def _behind(proxy: Address | None, steps: Iterable[str], trusted: tuple[Network, ...]) -> Address | None:
    """The nearest address that is no trusted proxy's; where all are, the farthest of them is the client."""
    address = proxy
    for step in steps:
        if not step.strip():
            continue
        address = address_of(_without_port(step.strip()))
        if not is_in(address, trusted):
            return address
    return address


def _without_port(step: str) -> str:
    """An address, of which some proxies also write the port: `192.0.2.7:4711`, `[2001:db8::7]:4711`."""
    if step.startswith("["):
        return step[1:].partition("]")[0]
    return step.partition(":")[0] if step.count(":") == 1 else step


@lru_cache(maxsize=8)
def _networks(written: str) -> tuple[Network, ...]:
    return networks_of(filter(None, written.split(",")))
