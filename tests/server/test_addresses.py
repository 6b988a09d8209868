"""Where a request comes from: the connection's own address, and what trusted proxies say, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from server.addresses import client_address
from tenants.installation import Installation
from tenants.settings import Settings

PROXIES = "10.0.0.0/8, fd00::/8"


@pytest.mark.parametrize(
    ("client", "forwarded", "trusted", "address"),
    [
        ("192.0.2.1", [], "", "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "", "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], PROXIES, "192.0.2.1"),
        ("10.0.0.1", [], PROXIES, "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], PROXIES, "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.7, 203.0.113.9"], PROXIES, "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], PROXIES, "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.7", "203.0.113.9"], PROXIES, "203.0.113.9"),
        ("fd00::1", ["2001:db8::9"], PROXIES, "2001:db8::9"),
        ("10.0.0.1", ["x' OR 1=1"], PROXIES, ""),
        ("10.0.0.1", [""], PROXIES, "10.0.0.1"),
        ("10.0.0.1", [", ".join(["10.0.0.9"] * 1000)], PROXIES, "10.0.0.9"),
        (None, ["203.0.113.9"], PROXIES, ""),
    ],
)
def test_only_what_a_trusted_proxy_says_is_believed(
    opened: Installation, monkeypatch: pytest.MonkeyPatch, client: str | None, forwarded: list[str], trusted: str, address: str
) -> None:
    monkeypatch.setattr(
        "tenants.installation._open", replace(opened, settings=opened.settings.model_copy(update={"trusted_proxies": trusted}))
    )
    scope: dict[str, Any] = {"client": client and (client, 1234), "headers": [(b"x-forwarded-for", each.encode()) for each in forwarded]}

    assert client_address(scope) == address


@pytest.mark.parametrize("name", ["trusted_proxies", "oidc_networks"])
@pytest.mark.parametrize("wrong", ["x", "10.0.0.1/8", "10.0.0.0/40", "10.0.0.0/8 fd00::/8"])
def test_networks_that_are_none_stop_the_start(name: str, wrong: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: wrong})
