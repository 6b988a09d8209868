"""Addresses: where a request comes from, also through a proxy that is ours."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from tenants.installation import installation

_FORWARDED_MOST = 20


def client_address(scope: Scope) -> str:
    """The IP address a request comes from; '' where there is none, as on a unix socket.

    X-Forwarded-For is read from its end, and only as long as who wrote it is a proxy of KELU_TRUSTED_PROXIES: what stands before is
    whatever the client liked to write.
    """
    found = str(scope["client"][0]) if scope.get("client") else ""
    trusted = _networks(installation().settings.trusted_proxies)
    if not trusted:
        return found
    steps = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for step in reversed(",".join(steps).split(",")[-_FORWARDED_MOST:]):
        if not _is_within(found, trusted) or not _is_address(step.strip()):
            break
        found = step.strip()
    return found


@lru_cache(maxsize=10)
def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each) for each in filter(None, map(str.strip, text.split(","))))


def _is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
