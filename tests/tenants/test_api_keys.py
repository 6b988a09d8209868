"""API keys: given out once, told apart from typing errors without the database, ended at once."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from tenants.access.actors import BELIEVED_SECONDS, actor_of_key
from tenants.access.permissions import Permission
from tenants.api_keys import add_api_key, authenticate, revoke
from tenants.ids import new_id
from tenants.refusals import Invalid, NotAllowed, NotFound
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as


async def _key(actor: Actor, *, may_reveal: bool = False) -> tuple[Actor, str]:
    async with acting_as(actor):
        key, secret = await add_api_key("Shop", may_reveal=may_reveal)
    return await actor_of_key(actor.tenant_id, key.id), secret


@pytest.mark.parametrize("may_reveal", [True, False])
async def test_a_key_stands_for_its_tenant(acme: Actor, globex: Actor, may_reveal: bool) -> None:
    of_acme, secret = await _key(acme, may_reveal=may_reveal)
    of_globex, other = await _key(globex)

    assert await authenticate(secret) == of_acme
    assert of_acme.rights.may(Permission.CUSTOMER_REVEAL) is may_reveal
    assert await authenticate(other) == of_globex
    assert re.fullmatch(r"kelu_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", secret)


async def test_a_mistyped_key_is_refused_without_asking_the_database(acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = await _key(acme)
    mistyped = [secret[:place] + ("1" if secret[place] != "1" else "2") + secret[place + 1 :] for place in range(len(secret))]
    swapped = secret[:10] + secret[11] + secret[10] + secret[12:] if secret[10] != secret[11] else secret[:-1]

    def unreachable() -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr("tenants.api_keys.door.installation", unreachable)
    for wrong in [*mistyped, swapped, secret[:-1], secret + "0", f" {secret}", secret.upper(), "", "kelu_", "é" * 56, "\ud800"]:
        with pytest.raises(NotAllowed, match=r"^This API key is not valid\.$"):
            await authenticate(wrong)
    with pytest.raises(AssertionError):  # the control: what is well formed is looked up
        await authenticate(secret)


async def test_a_revoked_key_is_refused_in_the_words_of_an_unknown_one(acme: Actor, globex: Actor) -> None:
    key, secret = await _key(acme)
    assert key.id is not None
    async with acting_as(globex):
        with pytest.raises(NotFound):
            await revoke(key.id)
    assert await authenticate(secret) == key

    for _ in range(2):
        async with acting_as(acme):
            await revoke(key.id)

    with pytest.raises(NotAllowed, match=r"^This API key is not valid\.$"):
        await authenticate(secret)
    async with acting_as(acme):
        with pytest.raises(NotFound):
            await revoke(new_id())


async def test_the_secret_is_not_stored(acme: Actor) -> None:
    _, secret = await _key(acme)

    async with acting_as(acme) as unit:
        row = await unit.connection.fetchval("SELECT k::text FROM api_key k WHERE k.tenant_id = $1", acme.tenant_id)

    assert secret not in row
    assert secret.encode().hex() not in row


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
async def test_a_key_needs_a_name(acme: Actor, name: str) -> None:
    async with acting_as(acme):
        with pytest.raises(Invalid):
            await add_api_key(name)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"country": "cn"}, "country"),
        ({"country": "XX"}, "country"),
        ({"country": "China"}, "country"),
        ({"currency": "yuan"}, "currency"),
        ({"currency": "XQX"}, "currency"),
        ({"time_zone": "Asia/Atlantis"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": "Asia"}, "time_zone"),
        ({"rules": {"unique": ["fax"]}}, "rules"),
        ({"rules": {"unique": "phone"}}, "rules"),
        ({"rules": {"required": {"CUSTOMER": ["fax"]}}}, "rules"),
        ({"rules": {"required": ["name"]}}, "rules"),
        ({"rules": {"severities": {"BAD_DATE": "FATAL"}}}, "rules"),
        ({"rules": {"speed": 1}}, "rules"),
    ],
)
async def test_a_tenant_that_cannot_be_is_refused(acme: Actor, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await add_tenant(**{"name": "A tenant of a test"} | wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert refused.value.field[0] == field


async def test_a_tenant_begins_with_its_rules_and_a_key_to_seal_with(acme: Actor) -> None:
    rules = {"unique": ["phone"], "required": {"CUSTOMER": ["email"]}, "severities": {"BAD_DATE": "WARNING"}}

    tenant = await add_tenant("  A  tenant ", country="DE", time_zone="Europe/Berlin", currency="EUR", rules=rules)

    assert (tenant.name, tenant.rules) == ("A tenant", rules)
    async with acting_as(Actor(tenant.id, ActorKind.OPERATOR)) as unit:
        cipher = (await unit.keyring()).column("customer", "phone")
        assert cipher.open(tenant.id, cipher.seal(tenant.id, "+49")) == "+49"


async def test_another_process_believes_a_revoked_key_for_a_second_at_most(acme: Actor) -> None:
    key, secret = await _key(acme)
    believed = await authenticate(secret)

    # Revoked elsewhere: this process is not told.
    async with acting_as(acme) as unit:
        await unit.connection.execute("UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1 AND id = $2", acme.tenant_id, key.id)
    began = time.monotonic()
    with pytest.raises(NotAllowed):
        while await authenticate(secret) == believed:
            await asyncio.sleep(0.02)

    assert time.monotonic() - began < BELIEVED_SECONDS + 0.5
