"""When a key was last used: once a minute, by whom of many it may be, and in no request's way."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from tenants.api_keys import authenticate, rotate, uses
from tenants.api_keys.secrets import hashed
from tenants.networks import Address, address_of
from tenants.refusals import NotAllowed
from tenants.session import Actor, acting_as
from tests.tenants.api_keys.conftest import MakeKey, Run

_USED = "SELECT event, address, details FROM trail_entry WHERE tenant_id = $1 AND event IN ('KEY_USED', 'REFUSAL') ORDER BY id"
_KEY = "SELECT last_used_at, last_address, now() - last_used_at AS since FROM api_key WHERE tenant_id = $1"
HERE, THERE = address_of("203.0.113.7"), address_of("2001:db8::7")


async def _use(secret: str, address: Address | None, times: int = 1) -> None:
    """Use a key so often at once, in processes that know nothing of each other, until all is written."""
    actor = await authenticate(secret, address)
    await uses.settled()
    await asyncio.gather(*(uses._write_use(hashed(secret), actor, str(address)) for _ in range(times - 1)))


async def test_a_key_says_when_and_from_where_it_was_last_used(acme: Actor, make_key: MakeKey, run: Run) -> None:
    id, secret = await make_key(acme)
    (before,) = await run(acme, _KEY)

    await authenticate(secret, HERE)
    await uses.settled()

    (row,) = await run(acme, _KEY)
    (entry,) = await run(acme, "SELECT * FROM trail_entry WHERE tenant_id = $1 AND event = 'KEY_USED'")
    assert before["last_used_at"] is None
    assert row["since"].total_seconds() < 10
    assert row["last_address"] == entry["address"] == "203.0.113.7"
    assert (entry["actor_kind"], entry["actor_id"], entry["subject_type"], entry["subject_id"]) == ("API_KEY", id, "API_KEY", id)


async def test_twenty_uses_at_once_are_written_once_a_minute(acme: Actor, make_key: MakeKey, run: Run) -> None:
    _, secret = await make_key(acme)

    await _use(secret, HERE, times=20)
    (first,), entries = await run(acme, _KEY), await run(acme, _USED)
    await run(acme, "UPDATE api_key SET last_used_at = last_used_at - interval '50 seconds' WHERE tenant_id = $1")
    await _use(secret, THERE, times=5)
    too_soon = await run(acme, _USED)
    await run(acme, "UPDATE api_key SET last_used_at = last_used_at - interval '11 seconds' WHERE tenant_id = $1")
    await _use(secret, THERE, times=20)

    (last,) = await run(acme, _KEY)
    assert (len(entries), len(too_soon), len(await run(acme, _USED))) == (1, 1, 2)
    assert (first["last_address"], last["last_address"]) == ("203.0.113.7", "2001:db8::7")


async def test_a_process_tries_once_a_minute(acme: Actor, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = await make_key(acme)
    written, really = [], uses._write_use

    async def counting(*given: Any) -> None:
        written.append(given)
        await really(*given)

    monkeypatch.setattr(uses, "_write_use", counting)
    await asyncio.gather(*(authenticate(secret, HERE) for _ in range(20)))
    await uses.settled()
    assert len(written) == 1

    a_minute_later = time.monotonic() + uses.EVERY_SECONDS + 1
    monkeypatch.setattr(uses.time, "monotonic", lambda: a_minute_later)
    await authenticate(secret, HERE)
    await uses.settled()
    assert len(written) == 2


async def test_a_request_waits_for_nothing_of_it(acme: Actor, make_key: MakeKey, run: Run) -> None:
    id, secret = await make_key(acme)
    async with acting_as(acme) as unit:
        await unit.connection.execute("SELECT FROM api_key WHERE tenant_id = $1 AND id = $2 FOR UPDATE", acme.tenant_id, id)
        # A context of its own: the key is used by a request, not inside of this unit of work.
        async with asyncio.timeout(2):
            actor = await asyncio.create_task(authenticate(secret, HERE))
        assert uses._writing is not None
        assert not uses._writing.done()  # it waits for the row
    await uses.settled()

    assert actor.id == id
    assert len(await run(acme, _USED)) == 1


async def test_what_cannot_be_written_is_left_out_and_the_next_goes_on(
    acme: Actor, globex: Actor, make_key: MakeKey, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, one), (_, other) = await make_key(acme), await make_key(globex)
    really = uses._write_use

    async def failing(hashed: bytes, actor: Actor, address: str | None) -> None:
        if actor.tenant_id == acme.tenant_id:
            raise OSError("the database is away")
        await really(hashed, actor, address)

    monkeypatch.setattr(uses, "_write_use", failing)
    await asyncio.gather(authenticate(one, HERE), authenticate(other, HERE))
    await uses.settled()

    assert [len(await run(each, _USED)) for each in (acme, globex)] == [0, 1]


async def test_what_waits_to_be_written_is_bounded(acme: Actor, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = await make_key(acme)
    actor = await authenticate(secret)
    await uses.settled()
    monkeypatch.setattr(uses, "WAITING_MOST", 3)

    for number in range(10):
        uses.used(number.to_bytes(32), actor, HERE, is_let_in=True)
    waiting = len(uses._waiting)
    await uses.settled()

    assert waiting == 3
    assert uses._waiting == {}


async def test_a_use_of_a_secret_that_was_rotated_out_is_seen(acme: Actor, make_key: MakeKey, run: Run) -> None:
    id, before = await make_key(acme)
    async with acting_as(acme):
        after = await rotate(id, timedelta(days=1))

    await authenticate(after, HERE)
    await uses.settled()
    unused = await run(acme, "SELECT last_used_at FROM former_secret WHERE tenant_id = $1")
    await authenticate(before, HERE)
    await uses.settled()

    assert [row["last_used_at"] for row in unused] == [None]
    assert all(row["last_used_at"] for row in await run(acme, "SELECT last_used_at FROM former_secret WHERE tenant_id = $1"))
    assert len(await run(acme, _USED)) == 1  # one key, one minute


async def test_a_good_secret_from_a_foreign_network_is_told_in_the_trail_once_a_minute(acme: Actor, make_key: MakeKey, run: Run) -> None:
    _, secret = await make_key(acme, networks=["203.0.113.0/24"])

    for _ in range(5):
        with pytest.raises(NotAllowed):
            await authenticate(secret, THERE)
    await uses.settled()

    (entry,), (key,) = await run(acme, _USED), await run(acme, _KEY)
    assert (entry["event"], entry["address"], entry["details"]) == ("REFUSAL", "2001:db8::7", '{"reason":"NETWORK"}')
    assert key["last_used_at"] is None
