"""Networks: where somebody may come from, and where somebody does.

An address is compared as what it is: `::ffff:192.0.2.7`, by which a socket for both kinds tells of an IPv4 client, is 192.0.2.7, and the
name of a link behind a `%` is left off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tenants.refusals import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NETWORKS_MOST = 50
#: The longest way to write an address with its prefix length, and some room.
_LONGEST = 60
_MAPPED = IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=10_000)
def address_of(text: str) -> Address | None:
    """The address that a text is, or None if it is none."""
    try:
        found = ip_address(text.partition("%")[0]) if len(text) <= _LONGEST else None
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return found if mapped is None else mapped


def networks_of(texts: Iterable[str], field: Sequence[str] = ("networks",)) -> tuple[Network, ...]:
    """Networks as they are written, `203.0.113.0/24` or `2001:db8::/32`, or a single address; each once, in a fixed order.

    Raises:
        Invalid: one is none, or names an address inside of its network; more than 50.
    """
    found: set[Network] = set()
    for text in texts:
        found.add(_network(text.strip(), field))
        if len(found) > NETWORKS_MOST:
            raise Invalid(f"There are {NETWORKS_MOST} networks at most.", field=field)
    return tuple(sorted(found, key=lambda each: (each.version, each)))


def _network(text: str, field: Sequence[str]) -> Network:
    right = "Write 203.0.113.0/24, 2001:db8::/32 or a single address."
    try:
        if "%" in text:
            raise ValueError
        found = ip_network(text, strict=False)
    except ValueError:
        raise Invalid(f"{text[:_LONGEST]!r} is no network. {right}", field=field) from None
    address = text.partition("/")[0]
    if ip_address(address) != found.network_address:
        raise Invalid(f"{text} names an address inside of its network: say {found} or {address}.", field=field)
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        mapped = found.network_address.ipv4_mapped
        return IPv4Network((str(mapped), found.prefixlen - 96))
    return found


def is_in(address: Address | None, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of these networks; one that nobody knows lies in none."""
    return address is not None and any(address in network for network in networks)
