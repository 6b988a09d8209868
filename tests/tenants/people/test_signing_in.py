"""Signing in: what is right, what is wrong in the same words and with the same work, and who is locked out."""

from __future__ import annotations

import asyncio
import re
from threading import Lock
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher

from tenants.ids import new_id
from tenants.people import attempts, background, checks, passwords
from tenants.people.checks import WRONG, Checked, check_password, hold, memberships
from tenants.people.members import MemberStatus, move
from tenants.people.persons import id_of, person, remember_device
from tenants.people.resets import change_password, end_sign_ins
from tenants.refusals import NotAllowed, RateLimited
from tenants.session import Actor, acting_as, acting_as_person
from tests.server.test_statements import statements
from tests.tenants.people.conftest import PASSWORD, Join, invited

WRONG_PASSWORD = "三月的雨 falls on Köln"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done at argon2 and at Redis, in order, while it is done as ever."""
    done: list[str] = []
    lock = Lock()
    verify, script = passwords.hasher.verify, attempts._script

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:
            with lock:
                done.append("argon2 " + str(hash).rpartition("$")[0].rpartition("$")[0])
            return verify(hash, password)

    async def watched(which: str, *arguments: Any) -> int:
        done.append("forgive" if which == attempts._FORGIVE else "count")
        return await script(which, *arguments)

    kept = passwords.hasher
    watching = Watched(kept.time_cost, kept.memory_cost, kept.parallelism, kept.hash_len, kept.salt_len)
    monkeypatch.setattr(passwords, "hasher", watching)
    monkeypatch.setattr(attempts, "_script", watched)
    return done


async def refused(email: str, password: str, **more: Any) -> str:
    with pytest.raises(NotAllowed) as caught:
        await check_password(email, password, **more)
    return caught.value.message


async def test_who_was_invited_and_accepted_signs_in_with_the_password_and_is_a_member(join: Join) -> None:
    wang = await join()

    checked = await check_password(wang.email.upper(), PASSWORD)

    assert (checked.person_id, checked.needs_code, checked.is_known_device) == (wang.person_id, False, False)
    assert [(each.tenant_id, each.member_id) for each in await memberships(wang.person_id)] == [(wang.tenant.tenant_id, wang.member_id)]


async def test_a_password_typed_in_another_unicode_form_is_the_same(join: Join) -> None:
    wang = await join()

    checked = await check_password(wang.email, PASSWORD.replace("ö", "o\u0308").replace(" ", "\u3000"))

    assert checked.person_id == wang.person_id


async def observed(join: Join, acme: Actor, work: list[str]) -> dict[str, tuple[str, list[str], list[str]]]:
    """For each way to be wrong: the words, the work at argon2 and Redis, and the statements sent, all until the answer is there."""
    wang, suspended = await join(), await join()
    pending = f"li.{new_id().hex}@example.cn"
    await invited(acme, pending)
    async with acting_as(acme):
        await move(suspended.member_id, MemberStatus.SUSPENDED)
    tried = {
        "wrong password": (wang.email, WRONG_PASSWORD),
        "nobody": (f"nobody.{new_id().hex}@example.cn", WRONG_PASSWORD),
        "no e-mail": (f"nobody {new_id().hex}", WRONG_PASSWORD),
        "no password yet": (pending, WRONG_PASSWORD),
        "no password given": (wang.email, ""),
        "suspended": (suspended.email, PASSWORD),
        "far too long": (wang.email, "x" * 100_000),
    }
    found = {}
    async with statements() as sent:
        for what, (email, password) in tried.items():
            await background.settled()
            work.clear()
            sent.clear()
            words = await refused(email, password)
            found[what] = (words, list(work), [re.sub(r"'[0-9a-f-]{36}'", "'…'", each) for each in sent])
    return found


async def test_whatever_is_wrong_the_words_the_work_and_the_statements_are_the_same(join: Join, acme: Actor, work: list[str]) -> None:
    found = await observed(join, acme, work)

    words, done, asked = found["nobody"]
    assert (words, done) == (WRONG, ["count", f"argon2 $argon2id$v=19$m={19 * 1024},t=2,p=1"])
    assert len(asked) == 7
    assert found == dict.fromkeys(found, found["nobody"])


@pytest.mark.parametrize("weakness", ["no hash for nobody", "nothing read for nobody"])
async def test_a_difference_is_observed(join: Join, acme: Actor, work: list[str], monkeypatch: pytest.MonkeyPatch, weakness: str) -> None:
    if weakness == "no hash for nobody":
        verify = passwords.Place.verify
        monkeypatch.setattr(passwords.Place, "verify", lambda place, hash, given: verify(place, hash, given) if hash else _no())
    else:
        monkeypatch.setattr(checks, "id_of", _id_of_or_refused)

    found = await observed(join, acme, work)

    assert found["nobody"] != found["wrong password"]


async def _no() -> bool:
    return False


async def _id_of_or_refused(email: str) -> UUID:
    found = await id_of(email)
    if found is None:
        raise NotAllowed(WRONG)
    return found


async def test_too_many_wrong_attempts_are_refused_in_the_same_words_for_nobody_too(join: Join, work: list[str]) -> None:
    wang, words = await join(), []
    for email in (wang.email, f"nobody.{new_id().hex}@example.cn"):
        for _ in range(attempts.FREE):
            await refused(email, WRONG_PASSWORD)
        work.clear()
        with pytest.raises(RateLimited) as caught:
            await check_password(email, PASSWORD)
        words.append((caught.value.message, caught.value.retry_after_seconds, list(work)))

    assert words == [("There were too many wrong attempts. Try again in 30 s.", 30, ["count"])] * 2


async def test_who_is_locked_out_by_others_signs_in_from_a_known_device(join: Join) -> None:
    wang, other = await join(), await join()
    device = await remember_device(wang.person_id, None)
    others_device = await remember_device(other.person_id, None)
    for _ in range(attempts.FREE):
        await refused(wang.email, WRONG_PASSWORD)

    with pytest.raises(RateLimited):
        await check_password(wang.email, PASSWORD)
    with pytest.raises(RateLimited):
        await check_password(wang.email, PASSWORD, device=others_device)
    checked = await check_password(wang.email, PASSWORD, device=device)

    assert checked.is_known_device
    with pytest.raises(RateLimited):  # the others are still locked out
        await check_password(wang.email, PASSWORD)


async def test_a_known_device_has_a_count_of_its_own(join: Join) -> None:
    wang = await join()
    device = await remember_device(wang.person_id, None)

    for _ in range(attempts.FREE):
        await refused(wang.email, WRONG_PASSWORD, device=device)
    with pytest.raises(RateLimited):
        await check_password(wang.email, PASSWORD, device=device)

    assert (await check_password(wang.email, PASSWORD)).person_id == wang.person_id


async def test_attempts_at_the_same_moment_are_counted_each(join: Join) -> None:
    wang = await join()

    results = await asyncio.gather(*(check_password(wang.email, WRONG_PASSWORD) for _ in range(20)), return_exceptions=True)

    assert sorted(type(each).__name__ for each in results) == ["NotAllowed"] * attempts.FREE + ["RateLimited"] * (20 - attempts.FREE)


async def test_a_right_password_begins_the_count_anew(join: Join) -> None:
    wang = await join()

    for _ in range(3):
        for _ in range(attempts.FREE - 1):
            await refused(wang.email, WRONG_PASSWORD)
        assert (await check_password(wang.email, PASSWORD)).person_id == wang.person_id


async def test_an_address_is_refused_after_too_many_wrong_ones_whoever_they_are_at(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ADDRESS_MOST", 3)
    wang, network = await join(), f"2001:db8:{new_id().hex[-4:]}"
    await check_password(wang.email, PASSWORD, address=f"{network}:1::1")

    for number in range(3):
        await refused(f"nobody.{new_id().hex}@example.cn", WRONG_PASSWORD, address=f"{network}:1::{number}")
    with pytest.raises(RateLimited):
        await check_password(wang.email, PASSWORD, address=f"{network}:1:ffff::1")

    assert (await check_password(wang.email, PASSWORD, address=f"{network}:2::1")).person_id == wang.person_id


async def test_a_password_hashed_with_other_parameters_is_hashed_anew_at_sign_in(join: Join) -> None:
    wang = await join()
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with acting_as_person(wang.person_id) as connection:
        await connection.execute("UPDATE person SET password_hash = $2 WHERE id = $1", wang.person_id, weak)

    await check_password(wang.email, PASSWORD)

    now = (await person(wang.person_id)).password_hash
    assert now is not None
    assert now.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await check_password(wang.email, PASSWORD)).person_id == wang.person_id


async def test_a_sign_in_that_was_checked_before_a_new_password_is_not_written_after_it(join: Join) -> None:
    wang = await join()
    before = await check_password(wang.email, PASSWORD)
    await change_password(wang.person_id, PASSWORD, WRONG_PASSWORD)
    after = await check_password(wang.email, WRONG_PASSWORD)

    await _written(after)
    with pytest.raises(NotAllowed):
        await _written(before)

    await end_sign_ins(wang.person_id)
    with pytest.raises(NotAllowed):
        await _written(after)


async def _written(checked: Checked) -> None:
    async with acting_as_person(checked.person_id) as connection:
        await hold(connection, checked)


async def test_without_redis_a_process_counts_by_itself(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> int:
        raise ConnectionError

    wang = await join()
    monkeypatch.setattr(attempts, "_script", away)

    for _ in range(attempts.FREE):
        await refused(wang.email, WRONG_PASSWORD, address="192.0.2.1")
    with pytest.raises(RateLimited) as caught:
        await check_password(wang.email, PASSWORD, address="192.0.2.1")

    assert 28 <= caught.value.retry_after_seconds <= 30
