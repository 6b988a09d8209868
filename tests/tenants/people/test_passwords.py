"""Which passwords are good enough, and how many are hashed at once."""

from __future__ import annotations

import asyncio
from threading import Lock

import pytest

from tenants.people import passwords
from tenants.people.passwords import Bench, Busy
from tenants.refusals import Invalid
from tests.tenants.people.conftest import PASSWORD

KNOWN = ["wang.wei@example.cn", "Wang Xiaoming"]


async def said_of(password: str) -> str | None:
    """Why a password is refused, or None."""
    with Bench(1).place() as place:
        try:
            await place.checked_and_hashed(password, KNOWN)
        except Invalid as refusal:
            return f"{refusal.field}: {refusal.message}"
    return None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "我家的猫喜欢晒太阳喝牛奶",
        "mein Hund heißt Rex",
        "x9$Kq2vLm4Tz",
        "🦊🐈🐕🦄🐎🐖🐄🐏🐐🐪🐘🦏",
    ],
)
async def test_any_characters_will_do(password: str) -> None:
    assert await said_of(password) is None


@pytest.mark.parametrize("password", ["x9$Kq2vLm4T", "", "短", "ﬁ" * 5, "x9$Kq2vL" * 16 + "y", "y" * 1_000_000])
async def test_too_short_or_too_long(password: str) -> None:
    assert "['password']: A password has 12 to 128 characters" in (await said_of(password) or "")


@pytest.mark.parametrize(
    "password",
    [
        "password12345",
        "Passw0rd!2024",
        "123456789012",
        "qwertyuiopas",
        "1qaz2wsx3edc",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "a 1 " * 32,
        "iloveyou1234",
        "wang.wei@example.cn",
        "WANG.WEI@example.cn1",
        "Wang Xiaoming1",
        "wangxiaoming",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff4412345",  # "password12345" in full-width letters
    ],
)
async def test_what_is_easily_guessed(password: str) -> None:
    assert "['password']: This password is easily guessed" in (await said_of(password) or "")


async def test_who_finds_the_queue_full_is_told_to_try_again_and_is_not_counted() -> None:
    small = Bench(1)
    places = [small.place() for _ in range(1 + passwords.WAITING_MOST)]
    for place in places:
        place.__enter__()

    with pytest.raises(Busy) as caught, small.place():
        pass
    places[0].__exit__(None, None, None)

    assert (caught.value.code, caught.value.retry_after_seconds) == ("BUSY", 1)
    with small.place() as place:
        assert await place.verify(await place.hash(PASSWORD), PASSWORD)


async def test_no_more_are_hashed_at_once_than_there_are_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    two, at_once, most, lock = Bench(2), 0, 0, Lock()
    verify = passwords._verify

    def watched(hash: str, password: str) -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return verify(hash, password)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(passwords, "_verify", watched)

    async def one() -> bool:
        with two.place() as place:
            return await place.verify(None, PASSWORD)

    answers = await asyncio.gather(*(one() for _ in range(60)), return_exceptions=True)

    assert most == 2
    assert [type(each).__name__ for each in answers] == ["bool"] * 2 * (1 + passwords.WAITING_MOST) + ["Busy"] * 8


async def test_who_hangs_up_keeps_his_place_until_the_thread_is_done() -> None:
    one = Bench(1)

    async def hang_up() -> None:
        with one.place() as place:
            await place.verify(None, PASSWORD)

    tasks = [asyncio.create_task(hang_up()) for _ in range(1 + passwords.WAITING_MOST)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    with one.place() as place:
        assert not await place.verify(None, PASSWORD)
    assert one._places._value == 1 + passwords.WAITING_MOST
