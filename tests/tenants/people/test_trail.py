"""What the trail of a tenant says of its people."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pyotp
import pytest

from tenants.access.built_in import ADMIN
from tenants.people import attempts, background
from tenants.people.checks import check_code, check_password
from tenants.people.invitations import accept
from tenants.people.members import MemberStatus, move
from tenants.people.persons import person
from tenants.people.resets import change_password, renew_recovery_codes, turn_off_second_factor
from tenants.people.second_factor import begin, confirm
from tenants.refusals import NotAllowed
from tenants.session import Actor, acting_as, acting_as_person
from tests.tenants.people.conftest import PASSWORD, Join, Somebody, invited
from tests.tenants.people.test_signing_in import WRONG_PASSWORD, refused


async def told(tenant: Actor, *, after: int = 0) -> list[dict[str, Any]]:
    """The entries of a tenant's trail, oldest first, behind the first so many."""
    async with acting_as(tenant, read_only=True) as unit:
        rows = await unit.connection.fetch("SELECT * FROM trail_entry WHERE tenant_id = $1 ORDER BY at, id", tenant.tenant_id)
    entries = [dict(row) | {"details": orjson.loads(row["details"] or "{}")} for row in rows]
    return entries[after:]


def acts(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["event"] for entry in entries]


async def test_an_invitation_a_joining_a_suspension_and_a_removal_are_told(join: Join, acme: Actor) -> None:
    await join()
    before = len(await told(acme))
    wang = await join()
    for status in (MemberStatus.SUSPENDED, MemberStatus.ACTIVE, MemberStatus.ACTIVE, MemberStatus.REMOVED):
        async with acting_as(acme):
            await move(wang.member_id, status)

    entries = await told(acme, after=before)

    assert acts(entries) == ["MEMBER_INVITED", "MEMBER_JOINED", "MEMBER_SUSPENDED", "MEMBER_RESUMED", "MEMBER_REMOVED"]
    assert {(entry["subject_type"], entry["subject_id"]) for entry in entries} == {("MEMBER", wang.member_id)}
    assert entries[0]["details"] == {"roleIds": [str(ADMIN.id)]}
    assert (entries[1]["actor_kind"], entries[1]["actor_id"]) == ("MEMBER", wang.member_id)


async def test_failed_sign_ins_are_told_in_each_tenant_with_the_address_and_without_the_email(join: Join, globex: Actor) -> None:
    wang = await join()
    _, token = await invited(globex, wang.email)
    await accept(token, PASSWORD)
    before = len(await told(wang.tenant)), len(await told(globex))

    for _ in range(attempts.FREE):
        await refused(wang.email, WRONG_PASSWORD, address="192.0.2.7")
    await background.settled()

    digests = []
    for tenant, count in zip((wang.tenant, globex), before, strict=True):
        entries = await told(tenant, after=count)
        assert sorted(acts(entries)) == ["LOCKED_OUT"] + ["SIGN_IN_FAILED"] * attempts.FREE
        failed = [entry for entry in entries if entry["event"] == "SIGN_IN_FAILED"]
        assert sorted((each["details"]["attempt"], each["details"]["lockedOut"]) for each in failed) == [
            (number, number == attempts.FREE) for number in range(1, attempts.FREE + 1)
        ]
        assert {(each["address"], each["actor_id"], each["details"]["reason"]) for each in failed} == {
            ("192.0.2.7", None, "WRONG_PASSWORD")
        }
        assert wang.email not in str(entries)
        digests.append({each["details"]["email"] for each in failed})
    assert [len(each) for each in digests] == [1, 1]
    assert digests[0] != digests[1]  # one tenant's digest says nothing in another


async def test_a_suspended_members_attempt_is_told(join: Join, acme: Actor) -> None:
    await join()
    wang = await join()
    async with acting_as(acme):
        await move(wang.member_id, MemberStatus.SUSPENDED)
    before = len(await told(acme))

    await refused(wang.email, PASSWORD)
    await background.settled()

    assert [entry["details"]["reason"] for entry in await told(acme, after=before)] == ["NOT_ACTIVE"]


async def test_what_one_does_to_ones_own_account_is_told(join: Join, acme: Actor) -> None:
    wang = await join()
    before = len(await told(acme))

    enrolment = await begin(wang.person_id)
    codes = await confirm(wang.person_id, pyotp.TOTP(enrolment.secret).at(time.time()))
    await check_code(wang.person_id, codes[0])
    with pytest.raises(NotAllowed):
        await check_code(wang.person_id, codes[0])
    await background.settled()
    await renew_recovery_codes(wang.person_id, PASSWORD)
    await turn_off_second_factor(wang.person_id, PASSWORD)
    await change_password(wang.person_id, PASSWORD, WRONG_PASSWORD)

    entries = await told(acme, after=before)
    assert acts(entries) == [
        "TOTP_ENABLED",
        "RECOVERY_CODE_USED",
        "SIGN_IN_FAILED",
        "RECOVERY_CODES_RENEWED",
        "TOTP_DISABLED",
        "PASSWORD_CHANGED",
    ]
    assert {entry["subject_id"] for entry in entries} == {wang.member_id}
    assert entries[2]["details"]["reason"] == "WRONG_CODE"


async def test_what_is_undone_is_not_told(join: Join, acme: Actor) -> None:
    from tenants.people import second_factor

    wang = await join()
    before = len(await told(acme))

    with pytest.raises(LookupError):
        await _turned_off_and_undone(wang, second_factor.turn_off)

    assert await told(acme, after=before) == []
    assert not (await person(wang.person_id)).has_second_factor


async def _turned_off_and_undone(wang: Somebody, turn_off: Any) -> None:
    async with acting_as_person(wang.person_id) as connection:
        await turn_off(connection, wang.person_id)
        raise LookupError


async def test_nothing_is_told_of_nobody_and_signing_in_goes_on(join: Join, acme: Actor) -> None:
    wang = await join()
    before = len(await told(acme))

    await refused("nobody.at.all@example.cn", WRONG_PASSWORD)
    await background.settled()

    assert await told(acme, after=before) == []
    assert (await check_password(wang.email, PASSWORD)).person_id == wang.person_id
