"""Limits: what they allow runs, one more is refused by its code, and nothing that is sent takes long, much memory, or holds others up."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterable

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tenants.session import Actor
from tests.server.burden import Taken, burden
from tests.server.conftest import KeyOf
from tests.server.oversize import ALL, WORST, Body, Limit

REFUSAL_SECONDS_MOST = 0.050
STRETCH_SECONDS_MOST = 0.100
MEMORY_BYTES_MOST = 20_000_000


def _codes(taken: Taken) -> set[str]:
    """The codes of errors, and of those that a payload tells."""
    payloads = (taken.body.get("data") or {}).values()
    told = (error for each in payloads if isinstance(each, dict) for error in each.get("userErrors") or ())
    return {*taken.codes, *(error["code"] for error in told)}


async def _best(app: ASGIApp, secret: str, body: Body) -> Taken:
    """The least of three: what else this process does, its memory's upkeep above all, is not the request's."""
    found = [await burden(app, secret, body) for _ in range(3)]
    return min(found, key=lambda each: (each.stretch_seconds, each.seconds))


def _is_refused(taken: Taken) -> bool:
    return bool(_codes(taken))


@pytest.mark.parametrize("limit", ALL, ids=lambda limit: limit.name)
async def test_what_a_limit_allows_is_not_too_large(app: ASGIApp, key_of: KeyOf, acme: Actor, limit: Limit) -> None:
    taken = await _best(app, await key_of(acme), limit.of(limit.most))

    assert not _codes(taken) & {"TOO_LARGE", "INTERNAL"}, taken.body
    assert taken.stretch_seconds <= STRETCH_SECONDS_MOST


@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize("limit", ALL, ids=lambda limit: limit.name)
async def test_more_than_a_limit_allows_is_refused_at_once(app: ASGIApp, key_of: KeyOf, acme: Actor, limit: Limit, times: int) -> None:
    count = limit.most + 1 if times == 1 else limit.most * times
    taken = await _best(app, await key_of(acme), limit.of(count))

    assert _codes(taken), taken.body
    assert _codes(taken) <= limit.codes, taken.body
    assert taken.seconds <= REFUSAL_SECONDS_MOST
    assert taken.stretch_seconds <= STRETCH_SECONDS_MOST


@pytest.mark.parametrize("name", WORST)
async def test_the_worst_there_is_takes_little_and_holds_nobody_up(app: ASGIApp, key_of: KeyOf, acme: Actor, name: str) -> None:
    taken = await _best(app, await key_of(acme), WORST[name])

    assert "INTERNAL" not in _codes(taken), taken.body
    assert taken.stretch_seconds <= STRETCH_SECONDS_MOST
    if _is_refused(taken):
        assert taken.seconds <= REFUSAL_SECONDS_MOST
        assert len(str(taken.body)) < 20_000


async def test_a_server_that_is_held_up_is_seen() -> None:
    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        end = time.thread_time() + 2 * STRETCH_SECONDS_MOST
        while time.thread_time() < end:
            pass
        await JSONResponse({"code": "TOO_LARGE"}, 413)(scope, receive, send)

    taken = await burden(busy, "none", WORST["200,000 fields"])

    assert _codes(taken) == {"TOO_LARGE"}
    assert taken.seconds > REFUSAL_SECONDS_MOST
    assert taken.stretch_seconds > STRETCH_SECONDS_MOST


async def test_none_of_it_takes_much_memory(app: ASGIApp, key_of: KeyOf, acme: Actor) -> None:
    """At any moment of a request, and for good; what the test itself sends is made before, or piece by piece."""
    secret = await key_of(acme)
    bodies: Iterable[Body] = [*WORST.values(), *(limit.of(n) for limit in ALL for n in (limit.most, limit.most + 1, limit.most * 1000))]
    await burden(app, secret, Body(b'{"query":"{ __typename }"}'))
    gc.collect()

    passing = []
    tracemalloc.start()
    try:
        for body in bodies:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            await burden(app, secret, body)
            passing.append(tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert max(passing) <= MEMORY_BYTES_MOST
    assert kept <= MEMORY_BYTES_MOST
