"""An act that is sent twice is done once, and answered the same."""

from __future__ import annotations

import asyncio
import os
from contextvars import Context
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tenants import idempotency
from tenants.api_keys import add_api_key
from tenants.idempotency import ANSWER_BYTES_MOST, begin, fingerprint, finish, parsed
from tenants.models import ApiKey
from tenants.refusals import Conflict, Invalid
from tenants.session import Actor, acting_as, session

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ASKED = fingerprint(document="mutation { … }", variables={"input": {"name": "王小明"}})
OTHER = fingerprint(document="mutation { … }", variables={"input": {"name": "Åsa"}})
ANSWER = '{"customer":{"name":"王小明"}}'.encode()


async def act(actor: Actor, key: str = KEY, asked: bytes = ASKED, answer: bytes = ANSWER) -> bytes | None:
    """An act that leaves an API key behind: what had been answered before, or None if it was done now."""
    async with acting_as(actor):
        if (before := await begin(key, asked)) is not None:
            return before
        await add_api_key("王小明")
        await finish(key, asked, answer)
        return None


async def times_done(actor: Actor) -> int:
    async with acting_as(actor):
        return await ApiKey.all().count()


async def rows(actor: Actor) -> list[Any]:
    async with acting_as(actor):
        found: list[Any] = await session().connection.fetch("SELECT * FROM idempotency_key WHERE tenant_id = $1", actor.tenant_id)
        return found


async def make_older(actor: Actor, age: timedelta) -> None:
    async with acting_as(actor):
        await session().connection.execute(
            "UPDATE idempotency_key SET created_at = $2 WHERE tenant_id = $1", actor.tenant_id, datetime.now(UTC) - age
        )


@pytest.mark.parametrize("answer", [ANSWER, b"", os.urandom(ANSWER_BYTES_MOST)], ids=["short", "empty", "as long as may be"])
async def test_the_same_key_and_payload_get_the_same_answer_and_the_act_is_done_once(acme: Actor, answer: bytes) -> None:
    assert [await act(acme, answer=answer) for _ in range(3)] == [None, answer, answer]

    assert await times_done(acme) == 1


async def test_the_same_key_with_another_payload_is_refused(acme: Actor) -> None:
    await act(acme)

    with pytest.raises(Invalid) as refused:
        await act(acme, asked=OTHER)

    assert refused.value.code == "IDEMPOTENCY_MISMATCH"
    assert await times_done(acme) == 1


async def test_while_the_first_call_is_at_work_a_second_is_refused_and_later_gets_its_answer(acme: Actor, globex: Actor) -> None:
    async with acting_as(acme):
        assert await begin(KEY, ASKED) is None
        with pytest.raises(Conflict) as refused:
            await beside(acme)
        assert await beside(globex) is None  # another tenant's key of the same name
        await finish(KEY, ASKED, ANSWER)
        with pytest.raises(Conflict):  # it is not committed yet
            await beside(acme)

    assert refused.value.code == "IDEMPOTENCY_IN_PROGRESS"
    assert await act(acme) == ANSWER


async def beside(actor: Actor) -> bytes | None:
    """As `act`, in a unit of work of its own while another is open."""
    return await asyncio.create_task(act(actor), context=Context())


async def test_of_many_calls_at_once_one_does_it(acme: Actor) -> None:
    answers = await asyncio.gather(*(act(acme) for _ in range(8)), return_exceptions=True)

    refused = [each for each in answers if isinstance(each, Conflict) and each.code == "IDEMPOTENCY_IN_PROGRESS"]
    assert answers.count(None) == 1
    assert answers.count(None) + answers.count(ANSWER) + len(refused) == 8
    assert await times_done(acme) == 1


async def test_whom_the_lock_does_not_keep_out_the_primary_key_undoes(acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Citus has several coordinators, each with locks of its own."""
    monkeypatch.setattr(idempotency, "_LOCK", "SELECT $1::bigint IS NOT NULL")

    async with acting_as(acme):
        assert await begin(KEY, ASKED) is None
        await add_api_key("王小明")
        assert await beside(acme) is None
        with pytest.raises(Conflict) as refused:
            await finish(KEY, ASKED, b"later")

    assert refused.value.code == "IDEMPOTENCY_IN_PROGRESS"
    assert await act(acme) == ANSWER


async def test_what_is_undone_leaves_no_key(acme: Actor) -> None:
    with pytest.raises(Invalid, match="undone"):
        async with acting_as(acme):
            await begin(KEY, ASKED)
            await add_api_key("王小明")
            await finish(KEY, ASKED, ANSWER)
            raise Invalid("undone")

    assert await rows(acme) == []
    assert await act(acme, asked=OTHER) is None


async def test_a_refusals_answer_is_kept_by_a_unit_of_work_of_its_own(acme: Actor) -> None:
    async with acting_as(acme):
        assert await begin(KEY, ASKED) is None
        await finish(KEY, ASKED, b'{"userErrors":[{"code":"INVALID"}]}')

    assert await act(acme) == b'{"userErrors":[{"code":"INVALID"}]}'
    assert await times_done(acme) == 0


async def test_another_tenants_key_of_the_same_name_is_another_key(acme: Actor, globex: Actor) -> None:
    await act(acme)

    assert await act(globex, asked=OTHER, answer=b"theirs") is None
    assert (await act(acme), await act(globex, asked=OTHER)) == (ANSWER, b"theirs")


async def test_a_key_is_forgotten_after_a_day(acme: Actor) -> None:
    await act(acme)
    await make_older(acme, timedelta(hours=23, minutes=59))
    assert await act(acme) == ANSWER
    await make_older(acme, timedelta(hours=24, seconds=1))

    assert await act(acme, asked=OTHER, answer=b"anew") is None
    assert await act(acme, asked=OTHER) == b"anew"
    assert len(await rows(acme)) == 1


async def test_old_keys_are_removed_a_hundred_at_a_time_and_no_other_tenants(acme: Actor, globex: Actor) -> None:
    for actor in (acme, globex):
        async with acting_as(actor):
            await session().connection.execute(
                "INSERT INTO idempotency_key (tenant_id, id, answer) SELECT $1, gen_random_uuid(), 'x' FROM generate_series(1, 150)",
                actor.tenant_id,
            )
        await make_older(actor, timedelta(hours=25))

    await act(acme)

    assert (len(await rows(acme)), len(await rows(globex))) == (51, 150)


async def test_an_answer_that_is_too_long_is_not_kept_but_the_act_is_not_done_again(acme: Actor) -> None:
    await act(acme, answer=bytes(ANSWER_BYTES_MOST + 1))

    with pytest.raises(Conflict) as refused:
        await act(acme)

    assert refused.value.code == "IDEMPOTENCY_DONE"
    assert await times_done(acme) == 1


async def test_nothing_of_key_payload_or_answer_is_stored_in_clear(acme: Actor) -> None:
    await act(acme)

    (row,) = await rows(acme)
    stored = repr(dict(row)).encode() + row["answer"]
    assert not any(secret in stored for secret in (KEY.encode(), ASKED, ANSWER, "王小明".encode()))


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (KEY, KEY),
        (f'"{KEY}"', KEY),
        ('"a\\"b\\\\c"', 'a"b\\c'),
        ('a"b', 'a"b'),
        ("x" * 255, "x" * 255),
        (f'"{"x" * 255}"', "x" * 255),
    ],
)
def test_a_key_may_be_bare_or_in_quotes(given: str, key: str) -> None:
    assert parsed(given) == key


@pytest.mark.parametrize("given", ["", '""', "a b", '"a b"', '"a', '"', '"a";b=1', "ключ", "a\n", "x" * 256, f'"{"x" * 256}"', '"\\a"'])
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(Invalid, match="1 to 255 visible ASCII characters"):
        parsed(given)


def test_a_fingerprint_is_of_what_is_asked_and_not_of_its_order() -> None:
    asked = {"amount": Decimal("1.50"), "on": date(2026, 1, 2), "tags": ["a", "b"]}

    assert fingerprint(a=1, b=asked) == fingerprint(b=dict(reversed(asked.items())), a=1)
    assert len({fingerprint(a=value) for value in ("1", "2", 1, None, [], ["a", "b"], ["b", "a"], {"a": 1}, asked)}) == 9
