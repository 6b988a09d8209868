"""Mails of a job: a link arrives that is good, whatever happens on the way, and the job itself holds no token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from tenants.access.built_in import ADMIN
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.jobs import LostClaim, claim
from tenants.people import background, resets
from tenants.people.checks import check_password
from tenants.people.invitations import accept, invite
from tenants.people.members import MemberStatus, move
from tenants.people.persons import person, remember_device
from tenants.people.resets import ask_for_new_password, change_password, set_new_password
from tenants.refusals import Conflict, Invalid, NotAllowed, NotFound, RateLimited
from tenants.session import Actor, ActorKind, acting_as, acting_as_person
from tests.tenants.mailbox import Mailbox, mail_server
from tests.tenants.people.conftest import PASSWORD, Join, join
from tests.workers.working import until, with_settings, working
from workers.letters import invitation_mail

__all__ = ["join"]

NEW_PASSWORD = "五月的雨 falls on Köln"


@pytest_asyncio.fixture(loop_scope="session")
async def box(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    async with mail_server() as box:
        url = SecretStr(f"smtp://127.0.0.1:{box.port}")
        with_settings(opened, monkeypatch, mail_url=url, mail_from="Kelu <kelu@example.org>", public_url="https://crm.example.org")
        yield box


def token_in(box: Mailbox, email: str, page: str) -> str:
    """The token of the link in the last mail to somebody; it is there in both languages."""
    links = re.findall(rf"https://crm\.example\.org/{page}#(\S+)", box.to(email)[-1].get_content())
    assert len(links) == 2
    assert len(set(links)) == 1
    return str(links[0])


async def an_invitation(tenant: Actor, email: str) -> Any:
    async with acting_as(tenant):
        return await invite(email, "王伟", [ADMIN.id])


async def test_who_is_invited_gets_a_link_that_is_good(acme: Actor, box: Mailbox) -> None:
    email = f"wang.{new_id().hex}@example.cn"

    async with working():
        await an_invitation(acme, email)
        await until(lambda: box.to(email))

    assert "A tenant of a test" in box.to(email)[0]["Subject"]
    await accept(token_in(box, email, "invitation"), PASSWORD, name="Wang Wei")


async def test_inviting_anew_mails_a_new_link_and_the_old_one_is_good_no_more(acme: Actor, box: Mailbox) -> None:
    email = f"wang.{new_id().hex}@example.cn"

    async with working():
        await an_invitation(acme, email)
        await until(lambda: len(box.to(email)) == 1)
        first = token_in(box, email, "invitation")
        await an_invitation(acme, email)
        await until(lambda: len(box.to(email)) == 2)

    with pytest.raises(NotFound):
        await accept(first, PASSWORD, name="Wang Wei")
    await accept(token_in(box, email, "invitation"), PASSWORD, name="Wang Wei")


async def test_an_invitation_that_was_undone_mails_nothing(acme: Actor, box: Mailbox) -> None:
    email, kept = f"wang.{new_id().hex}@example.cn", f"li.{new_id().hex}@example.cn"

    async with working():
        with pytest.raises(LookupError):
            async with acting_as(acme):
                await invite(email, "王伟", [ADMIN.id])
                raise LookupError
        await an_invitation(acme, kept)
        await until(lambda: box.to(kept))

    assert box.to(email) == []


async def test_a_job_killed_after_the_mail_ends_with_a_link_that_is_good(acme: Actor, box: Mailbox) -> None:
    email = f"wang.{new_id().hex}@example.cn"
    invited = await an_invitation(acme, email)
    async with acting_as(acme) as unit:
        job_id = await unit.connection.fetchval("SELECT id FROM job WHERE tenant_id = $1 AND subject_id = $2", acme.tenant_id, invited.id)
    worker = Actor(acme.tenant_id, ActorKind.WORKER, job_id)
    async with acting_as(worker):
        lost = await claim(job_id)
    assert lost is not None
    async with acting_as(worker) as unit:  # its worker vanishes between the mail and the job's end, and another takes over
        await unit.connection.execute("UPDATE job SET attempts = 7, state = 'WAITING', due_at = now() WHERE tenant_id = $1", acme.tenant_id)

    with pytest.raises(LostClaim):
        await invitation_mail(worker, lost)
    async with working():
        await until(lambda: len(box.to(email)) == 2)

    await accept(token_in(box, email, "invitation"), PASSWORD, name="Wang Wei")


async def test_a_server_that_is_away_is_tried_again(acme: Actor, box: Mailbox) -> None:
    box.answer, email = "451 not now", f"wang.{new_id().hex}@example.cn"

    async with working():
        await an_invitation(acme, email)
        await until(lambda: _failures(acme))
        box.answer = None
        await until(lambda: box.to(email))

    await accept(token_in(box, email, "invitation"), PASSWORD, name="Wang Wei")


async def _failures(tenant: Actor) -> int:
    async with acting_as(tenant) as unit:
        failures: int = await unit.connection.fetchval("SELECT max(failures) FROM job WHERE tenant_id = $1", tenant.tenant_id)
    return failures


async def test_a_job_holds_no_token_and_no_email(acme: Actor, box: Mailbox) -> None:
    email = f"wang.{new_id().hex}@example.cn"
    async with working():
        await an_invitation(acme, email)
        await until(lambda: box.to(email))
    async with acting_as(acme) as unit:
        rows = await unit.connection.fetch("SELECT * FROM job WHERE tenant_id = $1", acme.tenant_id)

    said = str([dict(row) for row in rows])
    assert len(rows) == 1
    assert email not in said
    assert token_in(box, email, "invitation") not in said


async def test_who_is_not_invited_any_more_gets_no_mail(acme: Actor, box: Mailbox) -> None:
    email = f"wang.{new_id().hex}@example.cn"
    invited = await an_invitation(acme, email)
    async with acting_as(acme):
        await move(invited.id, MemberStatus.REMOVED)
    kept = f"li.{new_id().hex}@example.cn"
    async with working():
        await an_invitation(acme, kept)
        await until(lambda: box.to(kept))

    assert box.to(email) == []


async def test_without_a_way_to_mail_inviting_is_refused(acme: Actor, opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with_settings(opened, monkeypatch, database_url=SecretStr("postgresql://x"), mail_url=None)

    with pytest.raises(Conflict) as caught:
        await an_invitation(acme, "wang@example.cn")
    assert caught.value.code == "NO_MAIL"


async def test_a_new_password_by_mail_ends_what_was_before(join: Join, box: Mailbox) -> None:
    wang = await join()
    device = await remember_device(wang.person_id, None)
    before = (await person(wang.person_id)).signed_out_at

    async with working():
        await ask_for_new_password(wang.email)
        await until(lambda: box.to(wang.email))
    token = token_in(box, wang.email, "password")
    with pytest.raises(Invalid):
        await set_new_password(token, "password1234")
    assert await set_new_password(token, NEW_PASSWORD) == wang.person_id

    with pytest.raises(NotAllowed):
        await check_password(wang.email, PASSWORD)
    checked = await check_password(wang.email, NEW_PASSWORD, device=device)
    assert (before, checked.is_known_device) == (None, False)
    assert checked.signed_out_at is not None
    with pytest.raises(NotFound):
        await set_new_password(token, PASSWORD)


async def test_a_link_for_a_new_password_is_good_for_an_hour_and_for_nothing_else(join: Join, box: Mailbox) -> None:
    wang = await join()
    async with working():
        await ask_for_new_password(wang.email)
        await until(lambda: box.to(wang.email))
    token = token_in(box, wang.email, "password")

    with pytest.raises(NotFound):
        await accept(token, PASSWORD, name="Wang Wei")
    async with acting_as_person(wang.person_id) as connection:
        left = await connection.fetchval("SELECT max(expires_at) - now() FROM one_time_token WHERE purpose = 'PASSWORD_RESET'")
        await connection.execute("UPDATE one_time_token SET expires_at = now() WHERE person_id = $1", wang.person_id)
    with pytest.raises(NotFound):
        await set_new_password(token, NEW_PASSWORD)
    assert 3500 < left.total_seconds() <= 3600


async def test_asking_answers_before_it_looks_and_mails_nobody_else(
    join: Join, box: Mailbox, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, answered, id_of = [], asyncio.Event(), resets.id_of

    async def watched(email: str) -> Any:
        await answered.wait()
        looked.append(email)
        return await id_of(email)

    monkeypatch.setattr(resets, "id_of", watched)
    wang, suspended = await join(), await join()
    async with acting_as(acme):
        await move(suspended.member_id, MemberStatus.SUSPENDED)
    pending = f"li.{new_id().hex}@example.cn"
    await an_invitation(acme, pending)
    asked = [f"nobody.{new_id().hex}@example.cn", "no e-mail", suspended.email, pending, wang.email]

    for email in asked:
        await ask_for_new_password(email)
    answered.set()
    await background.settled()
    async with working():
        await until(lambda: box.to(wang.email) and box.to(pending))

    assert sorted(looked) == sorted(asked)
    assert token_in(box, wang.email, "password")
    assert token_in(box, pending, "invitation")  # and nothing else: who is invited has no password yet
    assert [len(box.to(email)) for email in asked] == [0, 0, 0, 1, 1]


async def test_a_mailbox_is_not_filled(join: Join) -> None:
    for email in (f"nobody.{new_id().hex}@example.cn", (await join()).email):
        for _ in range(5):
            await ask_for_new_password(email)
        with pytest.raises(RateLimited):
            await ask_for_new_password(email)
    await background.settled()


async def test_changing_the_password_needs_the_old_one_and_makes_mailed_links_worthless(join: Join, box: Mailbox) -> None:
    wang = await join()
    async with working():
        await ask_for_new_password(wang.email)
        await until(lambda: box.to(wang.email))

    with pytest.raises(Invalid, match="not your password"):
        await change_password(wang.person_id, NEW_PASSWORD, NEW_PASSWORD)
    with pytest.raises(Invalid, match="easily guessed"):
        await change_password(wang.person_id, PASSWORD, wang.email)
    await change_password(wang.person_id, PASSWORD, NEW_PASSWORD)

    assert (await check_password(wang.email, NEW_PASSWORD)).signed_out_at is not None
    with pytest.raises(NotFound):
        await set_new_password(token_in(box, wang.email, "password"), PASSWORD)
