"""What a key and its tenant may spend: exact at the edge, cheap before it, and with or without Redis."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from arq.connections import ArqRedis

from tenants import budgets as module
from tenants.buckets import SLACK
from tenants.budgets import BUCKETS_MOST, Standing, spend, standing
from tenants.ids import new_id
from tenants.installation import Installation, installation
from tenants.refusals import RateLimited, TooLarge
from tenants.session import Actor, ActorKind
from tests.tenants.spending import a_key, a_view, set_measures, spent_by
from tests.workers.working import until


@pytest.fixture(autouse=True)
def measures(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets that leak slower than a test runs, with a patient view of them."""
    set_measures(opened, monkeypatch)


async def test_a_budget_is_spent_to_the_last_point_and_no_further() -> None:
    key = a_key()

    told = [await spend(key, 100) for _ in range(10)]

    with pytest.raises(RateLimited) as refused:
        await spend(key, 100)
    assert [(each.requested, each.limit) for each in told] == [(100, 1000)] * 10
    assert [round(each.remaining, -1) for each in told] == list(range(900, -1, -100))
    assert 950 < (told[-1].reset_at - datetime.now(UTC)).total_seconds() <= 1000
    assert (refused.value.code, refused.value.retry_after_seconds) == ("RATE_LIMITED", 100)
    assert "this API key" in refused.value.message


async def test_after_the_seconds_it_was_told_to_wait_a_request_is_admitted(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    set_measures(opened, monkeypatch, key=100, tenant=100_000, per_second=77)
    key = a_key()
    await spend(key, 100)
    with pytest.raises(RateLimited) as refused:
        await spend(key, 70)

    assert refused.value.retry_after_seconds == 1
    with pytest.raises(RateLimited):
        await spend(key, 70)
    await asyncio.sleep(refused.value.retry_after_seconds)

    assert (await spend(key, 70)).requested == 70


async def test_what_is_refused_costs_nothing_and_a_smaller_request_still_goes(opened: Installation) -> None:
    key = a_key()
    await spend(key, 900)

    for _ in range(5):
        with pytest.raises(RateLimited):
            await spend(key, 200)

    assert (await spend(key, 99)).remaining <= 2


async def test_a_bucket_leaks_at_its_rate(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    set_measures(opened, monkeypatch, key=1000, tenant=100_000, per_second=500)
    key = a_key()
    began = time.monotonic()
    await spend(key, 1000)
    await asyncio.sleep(0.5)

    left = (await standing(key)).remaining

    assert 240 <= left <= 500 * (time.monotonic() - began) + 1


async def test_keys_of_a_tenant_share_its_budget_and_another_tenant_has_its_own(
    opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_measures(opened, monkeypatch, key=1000, tenant=1500)
    one, other, elsewhere = (key := a_key()), a_key(key), a_key()
    await spend(one, 1000)

    told = await spend(other, 400)
    with pytest.raises(RateLimited, match="this tenant") as refused:
        await spend(other, 200)

    assert (told.limit, told.remaining) == (1500, 100)
    assert refused.value.retry_after_seconds in (99, 100)
    assert (await spend(elsewhere, 1000)).remaining == 0


async def test_what_one_refuses_is_not_taken_from_the_other(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    set_measures(opened, monkeypatch, key=1000, tenant=1500)
    one, other = (key := a_key()), a_key(key)
    await spend(one, 1000)
    with pytest.raises(RateLimited):
        await spend(other, 600)

    assert (await spend(other, 500)).remaining <= 1


async def test_what_never_fits_is_too_large() -> None:
    with pytest.raises(TooLarge, match="costs 1,001 points; the budget of this API key is 1,000"):
        await spend(a_key(), 1001)
    assert (await spend(a_key(), 1000)).remaining == 0


async def test_standing_tells_and_spends_nothing() -> None:
    key = a_key()
    await spend(key, 300)

    assert [(await standing(key)).remaining // 10 for _ in range(3)] == [70] * 3
    assert (await standing(key)).requested == 0


async def test_an_actor_without_a_key_spends_of_the_tenant() -> None:
    operator = Actor(new_id(), ActorKind.OPERATOR)

    assert (await spend(operator, 2000)).limit == 5000


@pytest.mark.parametrize("points", [1, 7, 40, 100])
async def test_two_processes_at_once_exceed_a_budget_by_no_more_than_the_slack(points: int) -> None:
    key, views = a_key(), [a_view(), a_view()]

    had = sum(await asyncio.gather(*(spent_by(view, key, points) for view in views)))

    assert 1000 - points < had <= 1000 + 1000 // SLACK + points
    assert [await spent_by(view, key, 20) for view in views] == [0, 0]
    assert await spent_by(a_view(), key, 20) <= 1000 // SLACK, "one that has just started is not told yet"


async def test_of_many_requests_at_once_as_many_go_as_there_are_points_for() -> None:
    key = a_key()

    answers = await asyncio.gather(*(spend(key, 100) for _ in range(50)), return_exceptions=True)

    assert len([each for each in answers if isinstance(each, RateLimited)]) == 40
    assert len([each for each in answers if not isinstance(each, BaseException)]) == 10


async def test_a_crowd_asks_in_turn_and_is_let_in_to_the_last_point(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once they would wait for longer than an answer may take, which is taken for an outage."""
    set_measures(opened, monkeypatch, key=100_000, tenant=1_000_000)
    bell = ArqRedis.from_url(opened.servers.redis)
    monkeypatch.setattr("tenants.installation._open", replace(installation(), bell=bell))
    key, here = a_key(), a_view()

    answers = await asyncio.gather(*(here.spend(key, 40) for _ in range(3000)), return_exceptions=True)
    connections = len(bell.connection_pool._available_connections)
    await bell.aclose()

    assert {type(each) for each in answers} == {RateLimited, Standing}
    assert sum(isinstance(each, Standing) for each in answers) == 2500
    assert connections <= 8 + 1, "one settles"


async def test_who_hammers_hardly_asks_redis(opened: Installation) -> None:
    key, here = a_key(), a_view()
    await here.spend(key, 1000)
    before = (await opened.bell.info("commandstats"))["cmdstat_evalsha"]["calls"]

    began = time.monotonic()
    for _ in range(2000):
        with pytest.raises(RateLimited):
            await here.spend(key, 1)

    asked = (await opened.bell.info("commandstats"))["cmdstat_evalsha"]["calls"] - before
    assert asked <= 12 * (time.monotonic() - began) + 12


async def test_a_process_learns_what_another_spent(opened: Installation) -> None:
    key, here, there = a_key(), a_view(), a_view()
    await here.spend(key, 10)
    await there.spend(key, 600)
    await here.spend(key, 10)

    await here.settle()

    assert (await here.standing(key)).remaining in range(380, 385)


async def test_what_was_spent_is_told_soon_by_itself() -> None:
    key, here = a_key(), a_view()
    await here.spend(key, 0)
    for _ in range(4):
        await here.spend(key, 10)

    async def is_told() -> bool:
        return (await a_view().standing(key)).remaining <= 962

    await until(is_told, 5)


async def test_a_key_that_is_quiet_leaves_nothing_in_redis(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    set_measures(opened, monkeypatch, per_second=1000)
    key = a_key()
    await spend(key, 500)
    assert len(await opened.bell.keys(f"kelu:budget:{key.tenant_id}*")) == 2

    await asyncio.sleep(0.7)

    assert await opened.bell.keys(f"kelu:budget:{key.tenant_id}*") == []


async def test_a_hundred_thousand_spendings_do_not_grow(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    set_measures(opened, monkeypatch, key=1_000_000, tenant=1_000_000)
    monkeypatch.setattr(module, "BUCKETS_MOST", 200)
    here, actors = a_view(), [a_key() for _ in range(1000)]

    async def spendings() -> None:
        for number in range(50_000):
            await here.spend(actors[number % 40], 1)  # known ones
        for actor in actors:  # twice as many as are kept
            await here.spend(actor, 1)

    await spendings()
    gc.collect()
    tracemalloc.start()
    try:
        await spendings()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(here._known) == 200
    assert len(here._untold) <= 200
    assert grown < 300_000
    assert BUCKETS_MOST == 10_000
