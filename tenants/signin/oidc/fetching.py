"""Fetching what an identity provider says: JSON by https, from an address that is public, bounded in time and size.

A tenant's admin names the provider, so its address is a stranger's: it must not lead into our own network. Names are resolved here, each
address is looked at, and the connection goes to that very address, so no second look-up can lead elsewhere. There are no redirects
and no proxies. KELU_OIDC_NETWORKS names networks that are private and all the same the provider's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore
import orjson

from tenants.installation import installation
from tenants.refusals import Refusal

SECONDS_MOST = 10.0
BYTES_MOST = 256 << 10

_STEP_SECONDS = 5.0
_URL_LONGEST = 2_000

#: IPv6 addresses in which an IPv4 address travels, to which a gateway may lead: 6to4, Teredo, NAT64.
_CARRIERS = tuple(ip_network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48"))


class ProviderFailed(Refusal):
    """The identity provider did not answer, or not as it has to."""

    code = "PROVIDER_FAILED"


def is_fetchable(url: object) -> bool:
    """Whether a URL is one that we would fetch: https with a host; http of this very machine, in embedded mode only."""
    if not isinstance(url, str) or len(url) > _URL_LONGEST or not url.isascii() or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _may_loop() and host in ("127.0.0.1", "localhost", "::1"))


async def fetch_json(url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at a URL.

    Args:
        form: what is posted, as application/x-www-form-urlencoded; None: GET.

    Raises:
        ProviderFailed: there is none, within the limits.
    """
    if not is_fetchable(url):
        raise ProviderFailed("The identity provider names an address that is not https.")
    said = {"Accept": "application/json", "User-Agent": "Kelu", **(headers or {})}
    if form is not None:
        said["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        async with asyncio.timeout(SECONDS_MOST):
            status, body = await _fetched("GET" if form is None else "POST", url, said, form)
        found = orjson.loads(body) if status == 200 else None
    except (TimeoutError, OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        raise ProviderFailed("The identity provider does not answer.") from None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ProviderFailed(f"The identity provider refused, or did not answer with a JSON object (status {status}).")
    return found


async def _fetched(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> tuple[int, bytes]:
    steps = dict.fromkeys(("connect", "read", "write", "pool"), _STEP_SECONDS)
    async with (
        httpcore.AsyncConnectionPool(network_backend=_Looking(), max_connections=1) as pool,
        pool.stream(method, url, headers=list(headers.items()), content=content, extensions={"timeout": steps}) as response,
    ):
        body = bytearray()
        async for piece in response.aiter_stream():
            body += piece
            if len(body) > BYTES_MOST:
                raise ProviderFailed(f"The identity provider's answer is larger than {BYTES_MOST:,} bytes.")
        return response.status, bytes(body)


class _Looking(httpcore.AsyncNetworkBackend):
    """Connects to the address a name leads to, once it has been looked at."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        if not addresses or not all(is_public(ip_address(each)) for each in addresses):
            raise ProviderFailed("The identity provider is at an address of a private network, where we look for none.")
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise ProviderFailed("The identity provider is at no address.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether we would connect to an address: a global one, or one of KELU_OIDC_NETWORKS; in embedded mode this machine, too."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    named = filter(None, map(str.strip, installation().settings.oidc_networks.split(",")))
    if any(address in ip_network(each) for each in named) or (address.is_loopback and _may_loop()):
        return True
    return address.is_global and not address.is_multicast and not any(address in network for network in _CARRIERS)


def _may_loop() -> bool:
    return installation().settings.is_embedded
