from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tenants import jobs
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.jobs import Claim, JobKind, LostClaim
from tenants.models import Job, Upload
from tenants.refusals import Invalid
from tenants.session import Actor, acting_as
from tests.workers.working import with_settings
from workers.clock import Clock
from workers.tenant_job import tenant_job

KIND = JobKind.IMPORT_TIDY
CANARY = "13812345678"


async def created(actor: Actor, **more: object) -> UUID:
    async with acting_as(actor):
        return await jobs.create(KIND, new_id(), **more)  # type: ignore[arg-type]  # passed through


async def claimed(actor: Actor, job_id: UUID) -> Claim | None:
    async with acting_as(actor):
        return await jobs.claim(job_id)


async def sure(actor: Actor, job_id: UUID) -> Claim:
    claim = await claimed(actor, job_id)
    assert claim is not None
    return claim


async def stored(actor: Actor, job_id: UUID) -> Job:
    async with acting_as(actor):
        return await Job.get(id=job_id)


async def make_due(actor: Actor, job_id: UUID) -> None:
    """As if its lease, or its pause, were over."""
    async with acting_as(actor) as current:
        await current.connection.execute(
            "UPDATE job SET due_at = now() - interval '1 second' WHERE tenant_id = $1 AND id = $2", actor.tenant_id, job_id
        )


async def test_two_workers_cannot_have_one_job(acme: Actor) -> None:
    job_id = await created(acme)

    found = await asyncio.gather(*(claimed(acme, job_id) for _ in range(8)))

    assert sum(claim is not None for claim in found) == 1


async def test_another_tenants_job_is_not_to_be_had(acme: Actor, globex: Actor) -> None:
    job_id = await created(acme)

    assert await claimed(globex, job_id) is None


async def test_a_worker_whose_claim_was_taken_over_is_not_heard_and_what_it_did_is_undone(acme: Actor) -> None:
    job_id = await created(acme)
    first = await sure(acme, job_id)
    await make_due(acme, job_id)
    second = await sure(acme, job_id)

    with pytest.raises(LostClaim):
        async with acting_as(acme):
            await Upload.create(id=new_id(), tenant_id=acme.tenant_id, name="too late", size=1, sha256=b"")
            await jobs.finish(first)

    async with acting_as(acme):
        assert not await Upload.exists(name="too late")
        await jobs.finish(second)
    assert (second.attempt, second.losses) == (2, 1)
    assert (await stored(acme, job_id)).state == "DONE"


@pytest.mark.parametrize("act", [jobs.heartbeat, jobs.finish, jobs.give_back, jobs.let_go])
async def test_nothing_a_lost_claim_says_is_heard(acme: Actor, act: Callable[[Claim], Awaitable[None]]) -> None:
    job_id = await created(acme)
    first = await sure(acme, job_id)
    await make_due(acme, job_id)
    await sure(acme, job_id)

    with pytest.raises(LostClaim):
        async with acting_as(acme):
            await act(first)


async def test_a_heartbeat_keeps_others_away(acme: Actor) -> None:
    job_id = await created(acme)
    claim = await sure(acme, job_id)
    await make_due(acme, job_id)

    async with acting_as(acme):
        await jobs.heartbeat(claim)

    assert await claimed(acme, job_id) is None


async def test_a_held_back_job_waits_for_its_release(acme: Actor, opened: Installation) -> None:
    subject = new_id()
    async with acting_as(acme):
        ids = await jobs.create_many(KIND, subject, range(5), due=False)
    assert [await claimed(acme, id) for id in ids] == [None] * 5

    async with acting_as(acme):
        assert await jobs.release(subject, KIND, 1, 2) == 2

    assert [await claimed(acme, id) is not None for id in ids] == [False, True, True, False, False]


async def test_a_cancelled_job_is_lost_to_its_worker(acme: Actor) -> None:
    job_id = await created(acme)
    claim = await sure(acme, job_id)

    async with acting_as(acme):
        await jobs.cancel_all(claim.subject_id)

    with pytest.raises(LostClaim):
        async with acting_as(acme):
            await jobs.finish(claim)


async def run(actor: Actor, job_id: UUID, work: Callable[[Actor, Claim], Awaitable[None]]) -> list[str]:
    """Run the job as arq would; the reasons it was given up for."""
    reasons: list[str] = []

    async def given_up(_: UUID, reason: str) -> None:
        reasons.append(reason)

    await tenant_job(KIND, work, given_up).coroutine({}, str(actor.tenant_id), str(job_id))
    return reasons


async def test_a_job_that_fails_is_tried_five_times_and_then_given_up_with_a_reason_and_no_data_in_the_log(acme: Actor) -> None:
    async def work(_: Actor, __: Claim) -> None:
        raise ValueError(f"a bug that met {CANARY}")

    job_id = await created(acme)
    reasons: list[str] = []

    with capture_logs() as logs:
        for failures in range(1, 6):
            await make_due(acme, job_id)
            assert not reasons
            reasons += await run(acme, job_id, work)
            assert (await stored(acme, job_id)).failures == min(failures, 4)

    failed = [event for event in logs if event["event"] == "job.failed"]
    assert len(failed) == 5
    assert failed[-1]["error_id"] in reasons[0]
    assert (await stored(acme, job_id)).state == "FAILED"
    assert CANARY not in str(logs) + str(reasons)


async def test_a_refusal_is_given_up_with_its_own_words(acme: Actor) -> None:
    async def work(_: Actor, __: Claim) -> None:
        raise Invalid("There is a cat on the keyboard.")

    job_id = await created(acme)

    for _ in range(5):
        await make_due(acme, job_id)
        reasons = await run(acme, job_id, work)

    assert reasons == ["There is a cat on the keyboard."]


async def test_a_job_over_which_workers_keep_vanishing_is_given_up(acme: Actor) -> None:
    async def work(_: Actor, __: Claim) -> None:
        raise AssertionError("It must not get another worker.")

    job_id = await created(acme)
    for _ in range(jobs.MOST_LOSSES):
        await make_due(acme, job_id)
        await sure(acme, job_id)
    await make_due(acme, job_id)

    assert await run(acme, job_id, work)
    assert (await stored(acme, job_id)).state == "FAILED"


async def test_a_worker_that_is_told_to_stop_lets_go_of_its_job(acme: Actor) -> None:
    started = asyncio.Event()

    async def work(_: Actor, __: Claim) -> None:
        started.set()
        await asyncio.sleep(60)

    job_id = await created(acme)
    running = asyncio.create_task(run(acme, job_id, work))
    await started.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (await sure(acme, job_id)).losses == 0


async def test_a_long_job_keeps_its_claim(acme: Actor, opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with_settings(opened, monkeypatch, lease_seconds=1)
    job_id = await created(acme)

    async def work(actor: Actor, claim: Claim) -> None:
        await asyncio.sleep(1.5)
        assert await claimed(actor, job_id) is None
        async with acting_as(actor):
            await jobs.finish(claim)

    await run(acme, job_id, work)

    assert (await stored(acme, job_id)).state == "DONE"


async def test_the_clock_rings_again_when_the_bell_was_emptied(acme: Actor, opened: Installation) -> None:
    job_id = await created(acme)
    await opened.bell.flushdb()
    name = f"{job_id}:0".encode()
    assert name not in await opened.bell.zrange("kelu:jobs", 0, -1)

    await Clock().ring(10_000)
    await Clock().ring(10_000)

    assert (await opened.bell.zrange("kelu:jobs", 0, -1)).count(name) == 1


async def test_a_worker_killed_between_hearing_a_ring_and_claiming_the_job_keeps_it_from_nobody(acme: Actor, opened: Installation) -> None:
    job_id = await created(acme)
    lock = f"arq:in-progress:{job_id}:0"
    await opened.bell.psetex(lock, 100_000, b"1")

    clock = Clock()
    await clock.ring(10_000)
    assert await opened.bell.exists(lock), "it may have been heard just now"
    await clock.ring(10_000)

    assert not await opened.bell.exists(lock)


async def test_a_bell_out_of_order_keeps_nobody_from_creating_jobs(
    acme: Actor, opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.bell, "connection_pool", Redis(unix_socket_path="/nowhere").connection_pool)

    with capture_logs() as logs:
        job_id = await created(acme)

    assert [event["event"] for event in logs] == ["job.bell_out_of_order"]
    assert await claimed(acme, job_id) is not None
