"""Which passwords are good enough."""

from __future__ import annotations

import pytest

from tenants.people.passwords import Bench
from tenants.refusals import Invalid

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
