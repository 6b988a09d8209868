"""What holds a key: its end, its networks, its budget."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants.access.actors import BELIEVED_SECONDS
from tenants.api_keys import add_api_key, authenticate, change
from tenants.budgets import spend
from tenants.installation import Installation
from tenants.networks import address_of, networks_of
from tenants.refusals import Invalid, NotAllowed, RateLimited, TooLarge
from tenants.session import Actor, acting_as
from tests.tenants.api_keys.conftest import MakeKey, Run
from tests.tenants.spending import set_measures

UNKNOWN = r"^This API key is not valid\.$"
ELSEWHERE = r"^This API key may not be used from this network address\.$"


async def test_a_key_that_has_expired_is_refused_in_the_words_of_an_unknown_one(acme: Actor, make_key: MakeKey, run: Run) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    id, secret = await make_key(acme, expires_at=soon)
    assert (await authenticate(secret)).id == id

    began = time.monotonic()
    with pytest.raises(NotAllowed, match=UNKNOWN):
        while await authenticate(secret):
            await asyncio.sleep(0.02)

    assert datetime.now(UTC) >= soon
    assert time.monotonic() - began < 0.5 + BELIEVED_SECONDS + 0.5
    async with acting_as(acme):
        await change(id, {"expires_at": None})
    assert (await authenticate(secret)).id == id


@pytest.mark.parametrize(
    ("networks", "inside", "outside"),
    [
        (
            ["203.0.113.0/24"],
            ["203.0.113.0", "203.0.113.255", "::ffff:203.0.113.7"],
            ["203.0.114.0", "::ffff:203.0.114.1", "::1", "2001:db8::"],
        ),
        (["203.0.113.7"], ["203.0.113.7", "::ffff:cb00:7107"], ["203.0.113.8", "::203.0.113.7"]),
        (["2001:db8::/32"], ["2001:db8::1", "2001:DB8:ffff::", "2001:db8::1%eth0"], ["2001:db9::1", "203.0.113.7"]),
        (["::ffff:10.0.0.0/104"], ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.0"]),
        (["198.51.100.0/25", "2001:db8::7", "10.0.0.0/8"], ["198.51.100.1", "2001:db8::7", "10.9.9.9"], ["198.51.100.128", "2001:db8::8"]),
        (["0.0.0.0/0"], ["203.0.113.7", "::ffff:203.0.113.7"], ["2001:db8::1"]),
    ],
)
async def test_a_key_with_networks_is_good_there_and_nowhere_else(
    acme: Actor, make_key: MakeKey, networks: list[str], inside: list[str], outside: list[str]
) -> None:
    id, secret = await make_key(acme, networks=networks)

    for each in inside:
        assert (await authenticate(secret, address_of(each))).id == id
    for address in [*map(address_of, outside), None]:
        with pytest.raises(NotAllowed, match=ELSEWHERE):
            await authenticate(secret, address)
    with pytest.raises(NotAllowed, match=UNKNOWN):  # who has not the secret hears nothing of networks
        await authenticate(secret[:-1], address_of(outside[0]))


async def test_a_network_is_taken_away_within_a_second_where_another_process_did_it(acme: Actor, make_key: MakeKey, run: Run) -> None:
    _, secret = await make_key(acme, networks=["203.0.113.0/24"])
    there = address_of("203.0.113.7")
    await authenticate(secret, there)

    await run(acme, "UPDATE api_key SET networks = '{198.51.100.0/24}' WHERE tenant_id = $1")
    began = time.monotonic()
    with pytest.raises(NotAllowed, match=ELSEWHERE):
        while await authenticate(secret, there):
            await asyncio.sleep(0.02)

    assert time.monotonic() - began < BELIEVED_SECONDS + 0.5


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["10.0.0.0/8", " 10.0.0.0/8 ", "2001:DB8::/32"], ["10.0.0.0/8", "2001:db8::/32"]),
        (["10.0.0.0/255.0.0.0"], ["10.0.0.0/8"]),
        ([], []),
    ],
)
def test_networks_are_written_in_one_way(written: list[str], kept: list[str]) -> None:
    assert [str(each) for each in networks_of(written)] == kept


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"name": " "}, "name", "1 to 200"),
        ({"name": "x" * 201}, "name", "1 to 200"),
        ({"name": "a\x00b"}, "name", "1 to 200"),
        ({"networks": ["10.0.0.1/8"]}, "networks", "say 10.0.0.0/8 or 10.0.0.1"),
        ({"networks": ["2001:db8::1/32"]}, "networks", "say 2001:db8::/32"),
        ({"networks": ["everywhere"]}, "networks", "no network"),
        ({"networks": [""]}, "networks", "no network"),
        ({"networks": ["10.0.0.0/33"]}, "networks", "no network"),
        ({"networks": ["fe80::1%eth0"]}, "networks", "no network"),
        ({"networks": ["010.0.0.1"]}, "networks", "no network"),
        ({"networks": [f"10.0.0.{n}" for n in range(51)]}, "networks", "50 networks"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at", "future"),
        ({"points_per_minute": 0}, "points_per_minute", "1 to"),
        ({"points_per_minute": 3_000_001}, "points_per_minute", "3,000,000"),
        ({"role_ids": []}, "role_ids", "1 to 20"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_with_what_would_be_right(acme: Actor, wrong: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as making:
        async with acting_as(acme):
            await add_api_key(**{"name": "Shop"} | wrong)
    async with acting_as(acme):
        key, _ = await add_api_key("Shop")
    with pytest.raises(Invalid, match=said) as changing:
        async with acting_as(acme):
            await change(key.id, wrong)

    assert making.value.field == changing.value.field == [field]


async def test_a_key_of_fifty_networks_is_made(acme: Actor, make_key: MakeKey) -> None:
    _, secret = await make_key(acme, networks=[f"10.0.0.{n}" for n in range(50)])

    assert await authenticate(secret, address_of("10.0.0.49"))


async def test_a_key_spends_its_own_budget_and_no_more(
    opened: Installation, monkeypatch: pytest.MonkeyPatch, acme: Actor, make_key: MakeKey
) -> None:
    set_measures(opened, monkeypatch, key=10_000, tenant=20_000, per_second=10_000)
    id, secret = await make_key(acme, points_per_minute=600)
    _, other = await make_key(acme)
    slow, quick = await authenticate(secret), await authenticate(other)

    told = [await spend(slow, 200) for _ in range(3)]
    with pytest.raises(RateLimited) as refused:
        await spend(slow, 200)
    with pytest.raises(TooLarge, match="600"):
        await spend(slow, 601)
    await spend(quick, 5000)  # another key of the tenant has what every key has

    assert [each.limit for each in told] == [600] * 3
    assert 18 <= refused.value.retry_after_seconds <= 20  # ten points a second

    async with acting_as(acme):
        await change(id, {"points_per_minute": None})
    widened = await authenticate(secret)
    waited = 0
    while waited < 5:  # not the minute that what was spent would have taken
        try:
            await spend(widened, 2000)
            break
        except RateLimited as full:
            waited += full.retry_after_seconds
            await asyncio.sleep(full.retry_after_seconds)
    assert (await spend(widened, 2000)).limit == 10_000
