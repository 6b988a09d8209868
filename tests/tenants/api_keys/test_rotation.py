"""A key gets a new secret without its program standing still, and the one before ends when it was said to."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from tenants.access.actors import BELIEVED_SECONDS
from tenants.api_keys import authenticate, end_former_secrets, revoke, rotate
from tenants.api_keys.keeping import FORMER_MOST
from tenants.ids import new_id
from tenants.refusals import Conflict, Invalid, NotAllowed, NotFound
from tenants.session import Actor, acting_as
from tests.tenants.api_keys.conftest import MakeKey, Run

UNKNOWN = r"^This API key is not valid\.$"
DAY = timedelta(days=1)


async def _rotated(actor: Actor, id: object, overlap: timedelta) -> str:
    async with acting_as(actor):
        return await rotate(id, overlap)  # type: ignore[arg-type]  # a uuid


async def test_both_secrets_are_good_for_the_overlap_and_then_the_new_one_alone(acme: Actor, make_key: MakeKey) -> None:
    id, before = await make_key(acme)
    overlap = timedelta(seconds=0.7)

    after, began = await _rotated(acme, id, overlap), time.monotonic()

    assert (await authenticate(before)).id == (await authenticate(after)).id == id
    with pytest.raises(NotAllowed, match=UNKNOWN):
        while await authenticate(before):
            await asyncio.sleep(0.02)
    assert overlap.total_seconds() - 0.1 < time.monotonic() - began < overlap.total_seconds() + BELIEVED_SECONDS + 0.5
    assert (await authenticate(after)).id == id


async def test_without_an_overlap_the_secret_before_ends_at_once_with_all_before_it(acme: Actor, make_key: MakeKey) -> None:
    id, first = await make_key(acme)
    second = await _rotated(acme, id, DAY)
    assert await authenticate(first)
    assert await authenticate(second)

    third = await _rotated(acme, id, timedelta())

    for secret in (first, second):
        with pytest.raises(NotAllowed, match=UNKNOWN):
            await authenticate(secret)
    assert await authenticate(third)


async def test_an_overlap_is_cut_short(acme: Actor, globex: Actor, make_key: MakeKey) -> None:
    id, before = await make_key(acme)
    after = await _rotated(acme, id, DAY)
    assert await authenticate(before)
    async with acting_as(globex):
        with pytest.raises(NotFound):
            await end_former_secrets(id)
    assert await authenticate(before)

    async with acting_as(acme):
        await end_former_secrets(id)

    with pytest.raises(NotAllowed, match=UNKNOWN):
        await authenticate(before)
    assert await authenticate(after)


async def test_a_secret_keeps_its_own_end_when_the_key_is_rotated_again(acme: Actor, make_key: MakeKey, run: Run) -> None:
    id, first = await make_key(acme)
    await _rotated(acme, id, DAY)
    await _rotated(acme, id, timedelta(hours=1))

    ends = await run(acme, "SELECT ends_at - now() AS left FROM former_secret WHERE tenant_id = $1 ORDER BY ends_at DESC")

    assert [round(row["left"] / timedelta(hours=1)) for row in ends] == [24, 1]
    assert await authenticate(first)


async def test_a_revoked_key_is_revoked_with_every_secret_it_had(acme: Actor, make_key: MakeKey) -> None:
    id, before = await make_key(acme)
    after = await _rotated(acme, id, DAY)
    await authenticate(before)

    async with acting_as(acme):
        await revoke(id)

    for secret in (before, after):
        with pytest.raises(NotAllowed, match=UNKNOWN):
            await authenticate(secret)
    with pytest.raises(Conflict):
        await _rotated(acme, id, DAY)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
async def test_an_overlap_is_seven_days_at_most(acme: Actor, make_key: MakeKey, overlap: timedelta) -> None:
    id, _ = await make_key(acme)

    with pytest.raises(Invalid):
        await _rotated(acme, id, overlap)
    assert await _rotated(acme, id, timedelta(days=7))


async def test_a_key_has_so_many_earlier_secrets_at_most(acme: Actor, globex: Actor, make_key: MakeKey) -> None:
    id, _ = await make_key(acme)
    for _ in range(FORMER_MOST):
        await _rotated(acme, id, DAY)

    with pytest.raises(Conflict):
        await _rotated(acme, id, DAY)
    assert await _rotated(acme, id, timedelta())
    for stranger, key in ((globex, id), (acme, new_id())):
        with pytest.raises(NotFound):
            await _rotated(stranger, key, DAY)


async def test_neither_secret_is_stored(acme: Actor, make_key: MakeKey, run: Run) -> None:
    id, before = await make_key(acme)
    after = await _rotated(acme, id, DAY)

    rows = [
        str(row)
        for table in ("api_key", "former_secret", "trail_entry")
        for row in await run(acme, f"SELECT t::text FROM {table} t WHERE tenant_id = $1")
    ]

    assert len(rows) == 4
    for secret in (before, after):
        assert not any(secret in row or secret[5:48] in row or secret.encode().hex() in row for row in rows)
