"""The second factor: RFC 6238's own numbers, confirmation, replay, recovery codes, and turning it off."""

from __future__ import annotations

import asyncio
import base64
import time
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tenants.encryption import CannotOpen
from tenants.people import attempts, second_factor
from tenants.people.checks import check_code, check_password
from tenants.people.persons import person, remember_device
from tenants.people.resets import renew_recovery_codes, turn_off_second_factor
from tenants.people.second_factor import begin, confirm, recovery_codes_left, step_of
from tenants.refusals import Conflict, Invalid, NotAllowed, RateLimited
from tenants.session import acting_as_person
from tests.tenants.people.conftest import PASSWORD, Join, Somebody

#: RFC 6238, appendix B, SHA-1: Unix seconds and the eight digits, of which an app shows the last six.
VECTORS = {59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037"}
VECTORS |= {20000000000: "65353130"}
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(("at", "digits"), VECTORS.items())
def test_the_codes_are_those_of_the_rfc(at: int, digits: str) -> None:
    assert step_of(RFC_SECRET, digits[-6:], at) == at // 30


def test_a_code_is_good_one_step_before_and_after_and_no_further() -> None:
    code, at = VECTORS[1234567890][-6:], 1234567890 // 30 * 30

    assert [step_of(RFC_SECRET, code, at + 30 * steps) for steps in (-2, -1, 0, 1, 2)] == [None, at // 30, at // 30, at // 30, None]


@pytest.mark.parametrize("code", ["", "00592", "0059244", "００５９２４", "-05924", "005924\n", "x" * 10_000])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert step_of(RFC_SECRET, code, 1234567890) is None


async def turned_on(somebody: Somebody) -> tuple[str, list[str]]:
    """The secret of an app, and recovery codes. The code that confirmed is of one step ago, so that this step's is still there."""
    enrolment = await begin(somebody.person_id)
    codes = await confirm(somebody.person_id, code_of(enrolment.secret, -1))
    return enrolment.secret, codes


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(time.time() + 30 * steps)


async def test_a_second_factor_is_on_once_a_code_confirms_it(join: Join) -> None:
    wang = await join()
    enrolment = await begin(wang.person_id)
    before = await check_password(wang.email, PASSWORD)
    with pytest.raises(Invalid) as caught:
        await confirm(wang.person_id, "000000" if code_of(enrolment.secret) != "000000" else "000001")

    codes = await confirm(wang.person_id, code_of(enrolment.secret))

    uri = urlsplit(enrolment.uri)
    assert (uri.scheme, uri.netloc, parse_qs(uri.query)["secret"]) == ("otpauth", "totp", [enrolment.secret])
    assert len(base64.b32decode(enrolment.secret)) == 20
    assert caught.value.field == ["code"]
    assert (before.needs_code, (await check_password(wang.email, PASSWORD)).needs_code) == (False, True)
    assert len(set(codes)) == 10
    with pytest.raises(Conflict):
        await begin(wang.person_id)
    with pytest.raises(Conflict):
        await confirm(wang.person_id, code_of(enrolment.secret, 1))


async def test_a_code_is_taken_once_also_if_many_try_at_once_and_none_from_before_it(join: Join) -> None:
    wang = await join()
    secret, _ = await turned_on(wang)
    ours = code_of(secret)

    results = await asyncio.gather(*(check_code(wang.person_id, ours) for _ in range(4)), return_exceptions=True)

    assert sorted(map(type, results), key=str) == sorted([type(None)] + [NotAllowed] * 3, key=str)
    with pytest.raises(NotAllowed, match="used before"):
        await check_code(wang.person_id, code_of(secret, -1))
    await check_code(wang.person_id, code_of(secret, 1))


async def test_the_code_that_confirmed_is_not_taken_again(join: Join) -> None:
    wang = await join()
    enrolment = await begin(wang.person_id)
    code = code_of(enrolment.secret)
    await confirm(wang.person_id, code)

    with pytest.raises(NotAllowed):
        await check_code(wang.person_id, code)


async def test_guessing_codes_is_slowed_down_and_a_known_device_has_a_count_of_its_own(join: Join) -> None:
    wang = await join()
    secret, _ = await turned_on(wang)
    device = await remember_device(wang.person_id, None)
    right = code_of(secret)

    for number in range(attempts.FREE):
        with pytest.raises(NotAllowed):
            await check_code(wang.person_id, f"{(int(right) + 1 + number) % 1_000_000:06}")
        await check_password(wang.email, PASSWORD)  # a right password does not begin the count of codes anew
    with pytest.raises(RateLimited):
        await check_code(wang.person_id, right)

    await check_code(wang.person_id, code_of(secret), device=device)


async def test_a_recovery_code_stands_in_for_a_code_once(join: Join) -> None:
    wang = await join()
    _, codes = await turned_on(wang)

    results = await asyncio.gather(*(check_code(wang.person_id, codes[0]) for _ in range(4)), return_exceptions=True)
    await check_code(wang.person_id, codes[1].lower().replace("-", " "))

    assert [each is None for each in results].count(True) == 1
    assert await recovery_codes_left(wang.person_id) == 8


async def test_new_recovery_codes_replace_the_old_ones_and_need_the_password(join: Join) -> None:
    wang = await join()
    _, old = await turned_on(wang)

    with pytest.raises(Invalid, match="not your password"):
        await renew_recovery_codes(wang.person_id, "not the password")
    new = await renew_recovery_codes(wang.person_id, PASSWORD)

    with pytest.raises(NotAllowed):
        await check_code(wang.person_id, old[0])
    await check_code(wang.person_id, new[0])


async def test_turning_it_off_needs_the_password_and_then_no_code_is_right(join: Join) -> None:
    wang = await join()
    secret, codes = await turned_on(wang)

    with pytest.raises(Invalid, match="not your password"):
        await turn_off_second_factor(wang.person_id, "not the password")
    assert (await check_password(wang.email, PASSWORD)).needs_code
    await turn_off_second_factor(wang.person_id, PASSWORD)

    assert not (await check_password(wang.email, PASSWORD)).needs_code
    for code in (code_of(secret), codes[0]):
        with pytest.raises(NotAllowed):
            await check_code(wang.person_id, code)
    with pytest.raises(Conflict):
        await renew_recovery_codes(wang.person_id, PASSWORD)


async def test_another_persons_codes_are_wrong(join: Join) -> None:
    wang, li = await join(), await join()
    secret, codes = await turned_on(wang)
    await turned_on(li)

    for code in (code_of(secret), codes[0]):
        with pytest.raises(NotAllowed):
            await check_code(li.person_id, code)


async def test_the_seed_is_stored_sealed_and_opens_for_its_person_alone(join: Join) -> None:
    wang, li = await join(), await join()
    secret, codes = await turned_on(wang)
    await begin(li.person_id)
    stored = await person(wang.person_id)

    assert stored.totp_seed is not None
    assert base64.b32decode(secret) not in stored.totp_seed
    async with acting_as_person(li.person_id) as connection:
        await connection.execute("UPDATE person SET totp_seed = $2 WHERE id = $1", li.person_id, stored.totp_seed)
    moved = await person(li.person_id)
    with pytest.raises(CannotOpen):
        second_factor._opened(moved)
    async with acting_as_person(wang.person_id) as connection:
        hashes = await connection.fetch("SELECT hash FROM recovery_code WHERE person_id = $1", wang.person_id)
    assert not {code.replace("-", "").encode() for code in codes} & {row["hash"] for row in hashes}
