"""A suspended tenant: nobody gets in, nothing of its work is done, and all of it goes on when it is resumed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from uuid import UUID

import pytest

from tenants import jobs
from tenants.access.actors import actor_of_member
from tenants.api_keys import add_api_key, authenticate
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.jobs import Claim, JobKind, LostClaim
from tenants.life import status
from tenants.refusals import NotAllowed, NotFound
from tenants.session import Actor, ActorKind, acting_as
from tests.benchmarks.generate import write_customers
from tests.conftest import MakeTenant
from tests.stories.home import workers
from tests.stories.journey import finish, look, start
from tests.stories.records import rows_of
from tests.workers.working import until


async def secret_of(actor: Actor) -> str:
    async with acting_as(actor):
        _, secret = await add_api_key("a key")
    return secret


async def is_refused(secret: str) -> bool:
    try:
        await authenticate(secret)
    except NotAllowed:
        return True
    return False


async def test_a_suspended_tenants_key_is_refused_within_a_second_and_good_again_when_it_is_resumed(acme: Actor, globex: Actor) -> None:
    ours, theirs = await secret_of(acme), await secret_of(globex)
    await authenticate(ours)

    assert await status.suspend(acme, "a test")
    begun = time.monotonic()
    await until(lambda: is_refused(ours), seconds=3)
    took = time.monotonic() - begun
    others = await is_refused(theirs)
    assert await status.resume(acme)

    assert took <= 1.05
    assert not others
    assert not await is_refused(ours)


async def test_a_suspended_tenants_member_is_nobody(acme: Actor) -> None:
    member, person = new_id(), new_id()
    async with acting_as(acme) as unit:
        await unit.connection.execute(
            "INSERT INTO member (tenant_id, id, person_id, email, name, status) VALUES ($1, $2, $3, 'a@b.example', 'Ada', 'ACTIVE')",
            *(acme.tenant_id, member, person),
        )
    assert (await actor_of_member(acme.tenant_id, member)).member_id == member

    await status.suspend(acme)

    with pytest.raises(NotAllowed):
        await actor_of_member(acme.tenant_id, member)


async def test_suspending_again_and_resuming_again_changes_nothing_and_each_change_is_in_the_trail(acme: Actor) -> None:
    assert [await status.suspend(acme, "unpaid"), await status.suspend(acme), await status.resume(acme), await status.resume(acme)] == [
        *(True, False, True, False)
    ]
    async with acting_as(acme, read_only=True) as unit:
        rows = await unit.connection.fetch(
            "SELECT event, purpose FROM trail_entry WHERE tenant_id = $1 AND event LIKE 'TENANT_%ED' ORDER BY id", acme.tenant_id
        )
    assert [tuple(row) for row in rows] == [("TENANT_SUSPENDED", "unpaid"), ("TENANT_RESUMED", None)]


async def test_there_is_no_suspending_of_what_is_not_there(opened: Installation) -> None:
    for act in (status.suspend, status.resume):
        with pytest.raises(NotFound):
            await act(Actor(new_id(), ActorKind.OPERATOR))


async def test_a_job_of_a_suspended_tenant_is_not_claimed_and_one_under_way_cannot_commit(acme: Actor) -> None:
    async with acting_as(acme):
        waiting, running = [await jobs.create(JobKind.IMPORT_TIDY, new_id()) for _ in range(2)]
        under_way = await jobs.claim(running)
    assert under_way is not None

    await status.suspend(acme)
    claims = await claimed(acme, waiting)
    for act in (jobs.heartbeat, jobs.finish, jobs.give_back, jobs.let_go):
        with pytest.raises(LostClaim):
            async with acting_as(acme):
                await act(under_way)
    await status.resume(acme)

    assert claims is None
    assert await claimed(acme, waiting) is not None
    async with acting_as(acme):
        await jobs.finish(under_way)


async def claimed(actor: Actor, job_id: UUID) -> Claim | None:
    async with acting_as(actor):
        return await jobs.claim(job_id)


async def test_the_clock_does_not_ring_for_a_suspended_tenant(acme: Actor) -> None:
    async with acting_as(acme) as unit:
        job_id = await jobs.create(JobKind.IMPORT_TIDY, new_id())
        await unit.connection.execute("UPDATE job SET due_at = '2000-01-01' WHERE tenant_id = $1", acme.tenant_id)

    async def is_due() -> bool:
        async with acting_as(acme, read_only=True) as unit:
            return job_id in {row["id"] for row in await unit.connection.fetch("SELECT id FROM door_due_jobs(10000)")}

    before = await is_due()
    await status.suspend(acme)
    meanwhile = await is_due()
    await status.resume(acme)

    assert (before, meanwhile, await is_due()) == (True, False, True)


async def has_begun(actor: Actor, run_id: UUID) -> bool:
    return (await look(actor, run_id)).rows_read > 0


async def test_an_import_of_a_suspended_tenant_pauses_within_a_second_and_goes_on_to_the_same_end(
    opened: Installation, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    made = write_customers(tmp_path / "customers.csv", 6_000)
    calm, suspended = await make_tenant("CN"), await make_tenant("CN")
    with workers(opened.settings, tmp_path / "work.log", KELU_CHUNK_ROWS="250", KELU_LEASE_SECONDS="1"):
        await finish(calm, await start(calm, tmp_path / "customers.csv"), seconds=60)
        run_id = await start(suspended, tmp_path / "customers.csv")
        await until(lambda: has_begun(suspended, run_id), seconds=30)

        await status.suspend(suspended)
        await asyncio.sleep(1)
        paused = await look(suspended, run_id)
        await asyncio.sleep(1)
        await asyncio.sleep(1)
        still = await look(suspended, run_id)
        await status.resume(suspended)
        run = await finish(suspended, run_id, seconds=60)

    assert 0 < paused.rows_read < 6_000
    assert (still.rows_read, still.rows_staged, still.status) == (paused.rows_read, paused.rows_staged, paused.status)
    assert (run.rows_created, run.rows_rejected) == (made.new, made.invalid)
    assert len(await rows_of(suspended, "customer")) == len(await rows_of(calm, "customer")) == made.new
