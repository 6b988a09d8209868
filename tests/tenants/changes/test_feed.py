"""The feed: what is committed is told once, to its own tenant, without values, and Redis down costs events and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from arq.connections import ArqRedis

from tenants.changes import feed, listening
from tenants.changes.change import Change
from tenants.changes.feed import CHANGES_MOST, Changed, Committed, channel_of, packed, told_of, unpacked
from tenants.changes.listening import BEHIND_MOST, Lost, changes_of
from tenants.ids import global_id, new_id
from tenants.installation import installation
from tenants.intake.delete import delete
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import acting_as
from tenants.words import RecordType

CHANGE = Change("CONTACT", new_id(), new_id(), "UPDATE", 3, {"name": "Ada", "flags": []}, {"name": "Eve", "flags": []})


async def _written(actor, drafts, record_type=RecordType.CUSTOMER):
    async with acting_as(actor):
        return await take_in(Batch.of(record_type, drafts), IntakeRules())


async def _next(messages):
    return await asyncio.wait_for(anext(messages), 5)


async def test_what_is_committed_is_told_without_values(acme):
    async with listening.listening(acme.tenant_id) as messages:
        made = await _written(acme, [{"external_id": "1", "name": "Ada Lovelace", "phone": "13800138000"}])
        [ada] = made.record_ids
        told = await _next(messages)
        await _written(acme, [{"id": global_id(RecordType.CUSTOMER, ada), "city": "Köln", "phone": None}])
        updated = await _next(messages)
        contact = await _written(acme, [{"customer_external_id": "1", "name": "Bob"}], RecordType.CONTACT)
        of_contact = await _next(messages)
        async with acting_as(acme):
            await delete(RecordType.CUSTOMER, [global_id(RecordType.CUSTOMER, ada)])
        gone = await _next(messages)

    [bob] = contact.record_ids
    assert isinstance(told, Committed)
    assert (told.change_set_id, told.at.tzinfo is not None) == (made.change_set_id, True)
    assert told.changes == (Changed("CUSTOMER", ada, "CREATE", ada, 1, ()),)
    assert updated.changes == (Changed("CUSTOMER", ada, "UPDATE", ada, 2, ("city", "phone")),)
    assert of_contact.changes == (Changed("CONTACT", bob, "CREATE", ada, 1, ()),)
    assert gone.changes == (Changed("CONTACT", bob, "DELETE", ada, 2, ()), Changed("CUSTOMER", ada, "DELETE", ada, 3, ()))


async def test_no_value_is_in_a_message(acme):
    pubsub = installation().bell.pubsub()
    await pubsub.subscribe(channel_of(acme.tenant_id))
    await pubsub.get_message(timeout=5)

    await _written(acme, [{"name": "Ada Lovelace", "phone": "13800138000", "city": "Köln"}])

    message = await pubsub.get_message(timeout=5)
    await pubsub.aclose()
    assert not any(value in message["data"].decode() for value in ("Ada", "Lovelace", "138", "Köln"))


async def test_another_tenant_and_an_act_that_is_undone_are_not_heard(acme, globex):
    async with listening.listening(acme.tenant_id) as messages:
        await _written(globex, [{"name": "Eve"}])
        with pytest.raises(ZeroDivisionError):
            async with acting_as(acme):
                await take_in(Batch.of(RecordType.CUSTOMER, [{"name": "Never"}]), IntakeRules())
                raise ZeroDivisionError
        made = await _written(acme, [{"name": "Ada"}])

        assert (await _next(messages)).change_set_id == made.change_set_id


async def test_listeners_of_several_tenants_share_one_connection(acme, globex):
    before = await _subscriptions()
    async with (
        listening.listening(acme.tenant_id) as first,
        listening.listening(acme.tenant_id) as second,
        listening.listening(globex.tenant_id) as third,
    ):
        during = await _subscriptions()
        ada, eve = await _written(acme, [{"name": "Ada"}]), await _written(globex, [{"name": "Eve"}])

        heard = [(await _next(messages)).change_set_id for messages in (first, second, third)]

    assert heard == [ada.change_set_id, ada.change_set_id, eve.change_set_id]
    assert during - before == 1
    assert await _subscriptions() == before


async def _subscriptions():
    """Connections of this server's that wait for messages."""
    clients = await installation().bell.client_list(_type="pubsub")
    return len(clients)


@pytest.mark.parametrize("turns", range(8))
async def test_one_who_comes_while_the_connection_is_opened_takes_nothing_from_the_first(acme, globex, turns):
    async with AsyncExitStack() as stack:
        first = asyncio.create_task(stack.enter_async_context(listening.listening(acme.tenant_id)))
        for _ in range(turns):
            await asyncio.sleep(0)
        theirs = await stack.enter_async_context(listening.listening(globex.tenant_id))
        ours = await first

        made = [await _written(each, [{"name": "Ada"}]) for each in (acme, globex)]

        assert [(await _next(each)).change_set_id for each in (ours, theirs)] == [each.change_set_id for each in made]


async def test_a_thousand_changes_are_a_message_and_a_large_change_set_is_several(acme):
    async with listening.listening(acme.tenant_id) as messages:
        made = await _written(acme, [{"name": f"Ada {number}"} for number in range(CHANGES_MOST + 1)])

        first, second = await _next(messages), await _next(messages)

    assert [len(each.changes) for each in (first, second)] == [CHANGES_MOST, 1]
    assert [each.record_id for message in (first, second) for each in message.changes] == made.record_ids


async def test_where_nobody_listens_a_large_change_set_is_not_told(acme):
    drafts = [{"name": f"Ada {number}"} for number in range(100)]
    before = await _published()

    await _written(acme, drafts)
    unheard = await _published()
    async with listening.listening(acme.tenant_id) as messages:
        await _written(acme, drafts)
        heard = await _next(messages)

    assert unheard == before
    assert (await _published(), len(heard.changes)) == (before + 1, 100)


async def _published():
    """How often this server was told to publish."""
    return (await installation().bell.info("commandstats")).get("cmdstat_publish", {}).get("calls", 0)


async def test_a_listener_that_is_too_slow_loses_messages_and_is_told(acme):
    async with listening.listening(acme.tenant_id) as slow:
        channel, message = channel_of(acme.tenant_id), next(packed(new_id(), datetime.now(UTC), told_of([CHANGE])))
        for _ in range(3 * BEHIND_MOST):
            await installation().bell.publish(channel, message)
        await _written(acme, [{"name": "Ada"}])
        await asyncio.sleep(0.2)

        found = []
        while len(found) < 2 * BEHIND_MOST:
            try:
                found.append(await asyncio.wait_for(anext(slow), 0.2))
            except TimeoutError:
                break

    assert len(found) <= BEHIND_MOST
    assert isinstance(found[0], Lost)
    assert len(found[-1].changes) == 1


async def test_a_connection_that_is_cut_is_opened_anew_and_the_loss_told(acme):
    async with listening.listening(acme.tenant_id) as messages:
        await installation().bell.client_kill_filter(_type="pubsub")
        lost = await _next(messages)
        await _until_listening(acme)
        made = await _written(acme, [{"name": "Ada"}])
        heard = await _next(messages)

    assert isinstance(lost, Lost)
    assert heard.change_set_id == made.change_set_id


async def _until_listening(actor):
    for _ in range(100):
        [(_, listeners)] = await installation().bell.pubsub_numsub(channel_of(actor.tenant_id))
        if listeners:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nobody listens")


async def test_without_redis_a_write_is_done_and_only_untold(acme, monkeypatch):
    """Redis is away: its address is one where nobody answers."""
    away = ArqRedis(host="127.0.0.1", port=1)
    here = installation()
    monkeypatch.setattr(feed, "installation", lambda: type("Away", (), {"bell": away})())
    monkeypatch.setattr(feed._Silence, "until", 0.0)

    made = await _written(acme, [{"name": "Ada"}])
    monkeypatch.setattr(feed, "installation", lambda: here)

    assert made.change_set_id is not None
    assert feed._Silence.until > 0
    async with acting_as(acme, read_only=True) as current:
        assert await current.connection.fetchval("SELECT count(*) FROM customer WHERE tenant_id = $1", acme.tenant_id) == 1


async def test_who_listens_is_told_that_something_was_missed_once_redis_is_back(acme, monkeypatch):
    away, here = ArqRedis(host="127.0.0.1", port=1), installation()
    monkeypatch.setattr(feed._Silence, "until", 0.0)
    monkeypatch.setattr(feed, "_SILENCE_SECONDS", 0.3)

    async with listening.listening(acme.tenant_id) as messages:
        monkeypatch.setattr(feed, "installation", lambda: type("Away", (), {"bell": away})())
        await _written(acme, [{"name": "Ada"}])
        monkeypatch.setattr(feed, "installation", lambda: here)
        await _written(acme, [{"name": "Eve"}])
        async with asyncio.timeout(5):
            told = await anext(messages)

    assert isinstance(told, Lost)


async def test_a_redis_that_hangs_costs_a_second_once(acme, monkeypatch):
    async def hang(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    monkeypatch.setattr(feed._Silence, "until", 0.0)
    hanging = ArqRedis(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    monkeypatch.setattr(feed, "installation", lambda: type("Hanging", (), {"bell": hanging})())
    clock, started = asyncio.get_running_loop().time, asyncio.get_running_loop().time()

    await _written(acme, [{"name": "Ada"}])
    once = clock() - started
    await _written(acme, [{"name": "Eve"}])
    again = clock() - started - once

    await hanging.aclose()
    server.close()
    assert 0.4 < once < 2
    assert again < 0.4


async def test_it_is_an_iterator_too(acme):
    messages = changes_of(acme.tenant_id)
    waiting = asyncio.create_task(_next(messages))
    await _until_listening(acme)

    made = await _written(acme, [{"name": "Ada"}])

    assert (await waiting).change_set_id == made.change_set_id
    await messages.aclose()
    assert listening._ear is None


def test_a_message_comes_back_as_it_was():
    id, at = new_id(), datetime.now(UTC)

    [message] = packed(id, at, told_of([CHANGE]))

    assert unpacked(message) == Committed(id, at, (Changed("CONTACT", CHANGE.record_id, "UPDATE", CHANGE.customer_id, 3, ("name",)),))
