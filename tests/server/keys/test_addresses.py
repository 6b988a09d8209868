"""From where a request comes: who connects, or who stands before proxies that are trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from server.addresses import client_of
from tenants import installation as module
from tenants.installation import Installation
from tenants.settings import Settings

PROXIES = "10.0.0.0/8, 2001:db8:1::/48"


def scope(client: str | None, *forwarded: str) -> dict[str, Any]:
    """What uvicorn knows of a request, with a header of each of these texts."""
    headers = [(b"host", b"kelu.test"), *((b"x-forwarded-for", each.encode("latin-1")) for each in forwarded)]
    return {"type": "http", "client": (client, 4711) if client is not None else None, "headers": headers}


def trust(opened: Installation, monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    chosen = Settings(home=opened.settings.home, trusted_proxies=networks)
    monkeypatch.setattr(module, "_open", replace(opened, settings=chosen))


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        (None, "None"),
        ("", "None"),
        ("testclient", "None"),
    ],
)
def test_without_trusted_proxies_the_client_is_who_connects(opened: Installation, client: str | None, address: str) -> None:
    assert str(client_of(scope(client))) == address
    assert str(client_of(scope(client, "198.51.100.1"))) == address


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first was written by the client itself
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2, 10.0.0.3"], "203.0.113.7"),
        ("2001:db8:1::1", ["2001:db8:2::7, 10.0.0.2"], "2001:db8:2::7"),
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["203.0.113.7, unknown"], "None"),
        ("10.0.0.1", ["203.0.113.7, \xe9"], "None"),
        ("10.0.0.1", ["203.0.113.7, , 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.9"], "10.0.0.9"),  # a program behind the proxies
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, " * 5_000 + "203.0.113.7"], "203.0.113.7"),
        ("203.0.113.9", ["10.0.0.1"], "203.0.113.9"),  # nobody trusts who connects here
        ("203.0.113.9", ["198.51.100.1, 10.0.0.1"], "203.0.113.9"),
    ],
)
def test_behind_trusted_proxies_it_is_the_last_address_that_is_none_of_theirs(
    opened: Installation, monkeypatch: pytest.MonkeyPatch, client: str, forwarded: list[str], address: str
) -> None:
    trust(opened, monkeypatch, PROXIES)

    assert str(client_of(scope(client, *forwarded))) == address


def test_a_setting_that_names_no_network_stops_the_start() -> None:
    with pytest.raises(ValidationError, match=r"say 10\.0\.0\.0/8"):
        Settings(trusted_proxies="10.0.0.1/8")
    assert Settings(trusted_proxies=" 10.0.0.0/8 ,10.0.0.0/8").trusted_proxies == "10.0.0.0/8"
