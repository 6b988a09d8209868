"""A tenant's provider as it is set, and where we do not go to look for one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from tenants.access.actors import actor_of_member
from tenants.access.built_in import ADMIN, MANAGER, SALES
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.refusals import Invalid, NotAllowed
from tenants.session import Actor, acting_as
from tenants.signin.oidc.fetching import is_fetchable, is_public
from tenants.signin.oidc.providers import provider, remove_provider, secret, set_provider
from tests.tenants.signin.members import MakeMember

CLIENT_SECRET = "a secret of a test"

NOT_FETCHED = [
    "http://example.org", "ftp://example.org", "file:///etc/passwd", "https://", "https://user:password@example.org", "https://example.org#x",
    "gopher://127.0.0.1", "https://example.org:99999", "https://[::1", "https://exämple.org", "https://example.org/\n", None, 5,
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_FETCHED)
def test_what_is_no_https_address_is_not_fetched(opened: Installation, url: Any) -> None:
    assert not is_fetchable(url)


PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_provider_is_looked_for_in_a_private_network(opened: Installation, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    chosen = opened.settings.model_copy(update={"database_url": "set: so this is no embedded mode, where this machine is allowed"})
    monkeypatch.setattr("tenants.installation._open", replace(opened, settings=chosen))

    assert not is_public(ip_address(address))
    assert is_public(ip_address("192.0.43.8"))
    assert is_public(ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"))


async def test_settings_are_sealed_kept_and_removed(acme: Actor, globex: Actor) -> None:
    given = {"email_domains": [" Example.CN "], "default_role_ids": [SALES.id]}
    async with acting_as(acme) as unit:
        made = await set_provider("https://login.example.org", "kelu", CLIENT_SECRET, **given)
        changed = await set_provider("https://login.example.org", "kelu", None, **given, makes_members=True)
        assert (made.email_domains, changed.makes_members, await secret()) == (("example.cn",), True, CLIENT_SECRET)
        sealed = await unit.connection.fetchval("SELECT client_secret FROM identity_provider WHERE tenant_id = $1", acme.tenant_id)
        assert CLIENT_SECRET.encode() not in sealed
        with pytest.raises(Invalid, match="secret, too"):
            await set_provider("https://login.attacker.example", "kelu", None, **given)  # or our secret would be sent there
    async with acting_as(globex):
        assert await provider() is None
    async with acting_as(acme):
        await remove_provider()
        assert await provider() is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": "http://login.example.org"}, "issuer"),
        ({"issuer": "https://login.example.org?x=1"}, "issuer"),
        ({"client_id": ""}, "clientId"),
        ({"client_secret": "x" * 501}, "clientSecret"),
        ({"email_domains": []}, "emailDomains"),
        ({"email_domains": ["*"]}, "emailDomains"),
        ({"email_domains": ["cn"]}, "emailDomains"),
        ({"email_domains": ["example.cn"] * 21}, "emailDomains"),
        ({"email_domains": ["li@example.cn"]}, "emailDomains"),
        ({"default_role_ids": [SALES.id] * 21}, "defaultRoleIds"),
        ({"default_role_ids": [new_id()]}, "defaultRoleIds"),
    ],
)
async def test_settings_that_are_wrong_are_told_where(acme: Actor, change: dict[str, Any], field: str) -> None:
    given = {"issuer": "https://login.example.org", "client_id": "kelu", "client_secret": "x", "email_domains": ["example.cn"]} | change
    async with acting_as(acme):
        with pytest.raises(Invalid) as refused:
            await set_provider(given.pop("issuer"), given.pop("client_id"), given.pop("client_secret"), **given)

    assert refused.value.field == [field]


async def test_only_who_may_do_everything_sets_a_provider(acme: Actor, make_member: MakeMember) -> None:
    """It can vouch for an admin: who sets it without being one would make himself one."""
    given = {"email_domains": ["example.cn"], "makes_members": True}
    for role_id, may in ((MANAGER.id, False), (SALES.id, False), (ADMIN.id, True)):
        member = await make_member(acme, None, role_id)
        async with acting_as(await actor_of_member(acme.tenant_id, member.id)):
            with nullcontext() if may else pytest.raises(NotAllowed, match="only who may do everything"):
                await set_provider("https://login.example.org", "kelu", "x", **given)
