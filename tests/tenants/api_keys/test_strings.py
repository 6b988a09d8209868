"""A hundred thousand texts that are no keys: none is taken for one, and next to none costs a look-up."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from tenants.api_keys import authenticate
from tenants.api_keys.secrets import checksum
from tenants.installation import installation
from tenants.refusals import NotAllowed
from tenants.session import Actor
from tests.tenants.api_keys.conftest import MakeKey

TEXTS = 100_000
#: Of texts whose checksum somebody made right; each is looked up, so they are counted apart.
RIGHT_CHECKSUMS = 500
ALPHABET = string.digits + string.ascii_letters
_ANYTHING = ALPHABET + "_-= é键😀\x00\ud800'\"\\"


def _word(chance: Random, alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def _mutated(chance: Random, real: str) -> str:
    """A key with one to three slips of the pen: a letter too many, another, one missing, two swapped, or its case."""
    secret = real
    slips_left = chance.randrange(1, 4)
    while slips_left > 0 or secret == real:
        slips_left -= 1
        at = chance.randrange(1, len(secret) - 1)
        before, sign, after = secret[:at], secret[at], secret[at + 1 :]
        slips = [before + chance.choice(ALPHABET) + after, before + after, before + sign + sign + after, before + sign.swapcase() + after]
        slips += [before[:-1] + sign + before[-1] + after, secret[::-1], secret + chance.choice(ALPHABET), f"{secret[:48]}_{after}"]
        secret = chance.choice(slips)
    return secret


KINDS: dict[str, Callable[[Random, str], str]] = {
    "anything": lambda chance, _: _word(chance, _ANYTHING, chance.randrange(120)),
    "the right prefix": lambda chance, _: "kelu_" + _word(chance, ALPHABET + "_", chance.randrange(80)),
    "the right form": lambda chance, _: f"kelu_{_word(chance, ALPHABET, 43)}_{_word(chance, ALPHABET, 6)}",
    "another's checksum": lambda chance, real: f"kelu_{_word(chance, ALPHABET, 43)}_{real[-6:]}",
    "slips of the pen": _mutated,
}


@asynccontextmanager
async def look_ups() -> AsyncIterator[list[str]]:
    """Statements by which a key is looked up, as they go over the wires of the connections that do it."""
    seen: list[str] = []
    pool = installation().readers
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    raw = [connection._con for connection in held]
    for connection in held:
        connection.add_query_logger(lambda record: seen.append(record.query) if "door_api_key" in record.query else None)
    for connection in held:
        await pool.release(connection)
    try:
        yield seen
    finally:
        for connection in raw:
            connection._query_loggers.clear()


async def _accepted(secrets: list[str]) -> list[str]:
    accepted = []
    for each in secrets:
        try:
            await authenticate(each)
        except NotAllowed as refusal:
            if refusal.message == "This API key is not valid.":
                continue
        accepted.append(each)
    return accepted


async def test_of_a_hundred_thousand_texts_none_is_a_key_and_one_in_ten_thousand_at_most_is_looked_up(
    acme: Actor, make_key: MakeKey
) -> None:
    chance = Random(20)
    _, real = await make_key(acme)
    texts = [make(chance, real) for make in KINDS.values() for _ in range(TEXTS // len(KINDS))]

    async with look_ups() as seen:
        accepted = await _accepted(texts)
        none, seen[:] = len(seen), []
        assert await authenticate(real)
        control = len(seen)

    assert len(texts) == TEXTS
    assert accepted == []
    assert none <= len(texts) / 10_000
    assert control == 1  # a real one is looked up, and the counter sees it


async def test_a_text_with_a_checksum_made_right_is_looked_up_and_refused(acme: Actor, make_key: MakeKey) -> None:
    chance = Random(21)
    _, real = await make_key(acme)
    bodies = [f"kelu_{_word(chance, ALPHABET, 43)}" for _ in range(RIGHT_CHECKSUMS)]
    near = [real[:at] + chance.choice(ALPHABET.replace(real[at], "")) + real[at + 1 : 48] for at in range(5, 48)]

    async with look_ups() as seen:
        accepted = await _accepted([f"{body}_{checksum(body)}" for body in bodies + near])

    assert accepted == []
    assert len(seen) == RIGHT_CHECKSUMS + len(near)


@pytest.mark.parametrize("more", [{}, {"address": None}])
async def test_the_refusal_of_every_kind_is_the_same(acme: Actor, make_key: MakeKey, more: dict[str, Any]) -> None:
    _, real = await make_key(acme)
    told = set()
    for make in KINDS.values():
        with pytest.raises(NotAllowed) as refused:
            await authenticate(make(Random(1), real), **more)
        told.add((refused.value.code, refused.value.message, *refused.value.field))

    assert len(told) == 1
