"""What every job is wrapped in: its tenant, its claim, a heartbeat while it works, and what to do when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import PurePath
from secrets import token_hex
from typing import Any
from uuid import UUID

import structlog
from arq.worker import Function, func

from tenants import jobs
from tenants.jobs import Claim, JobKind, LostClaim
from tenants.refusals import Refusal
from tenants.session import Actor, ActorKind, acting_as

log = structlog.get_logger()

#: A job is meant to take 15 seconds at most; one that takes this long is stuck.
MOST_SECONDS = 60.0

_FIRST_RETRY_SECONDS = 1.0

Work = Callable[[Actor, Claim], Coroutine[Any, Any, None]]
GivenUp = Callable[[UUID, str], Awaitable[None]]


def tenant_job(kind: JobKind, work: Work, given_up: GivenUp) -> Function:
    """A job of one tenant, for arq.

    Args:
        work: does it, in units of work of its own; the one that ends it says `finish` or `give_back`.
        given_up: told the subject and the reason, in the unit of work that gives the job up after five failures.
    """

    async def run(_: dict[Any, Any], tenant_id: str, job_id: str) -> None:
        actor = Actor(UUID(tenant_id), ActorKind.WORKER, UUID(job_id))
        async with acting_as(actor):
            claim = await jobs.claim(UUID(job_id))
        if claim is not None:
            await _run(actor, claim, work, given_up)

    # Longer than our own limit, which therefore comes first and counts as a failure. Arq's would look like a worker that is told to stop.
    return func(run, name=kind.value, timeout=MOST_SECONDS + 15)  # type: ignore[arg-type]  # arq's protocol names its parameters


async def _run(actor: Actor, claim: Claim, work: Work, given_up: GivenUp) -> None:
    try:
        if claim.is_hopeless:
            await _give_up(actor, claim, "Workers kept vanishing while they worked on it. Please tell your operator.", given_up)
            return
        async with _heartbeat(actor, claim):
            await asyncio.wait_for(work(actor, claim), MOST_SECONDS)
    except LostClaim:
        log.info("job.claim_lost", **_named(actor, claim))
    except asyncio.CancelledError:
        await asyncio.shield(_let_go(actor, claim))
        raise
    except Exception as error:  # whatever it was, the job is the unit that fails: noted, tried again, given up
        await _failed(actor, claim, error, given_up)


async def _failed(actor: Actor, claim: Claim, error: Exception, given_up: GivenUp) -> None:
    error_id = token_hex(4)
    log.error("job.failed", error_id=error_id, failures=claim.failures + 1, **_named(actor, claim), **described(error))
    with suppress(LostClaim):
        if claim.is_last_try:
            ours = f"A fault of ours kept it from going on. Please tell your operator: error {error_id}."
            await _give_up(actor, claim, error.message if isinstance(error, Refusal) else ours, given_up)
            return
        async with acting_as(actor):
            await jobs.retry(claim, _FIRST_RETRY_SECONDS * 2**claim.failures)


async def _give_up(actor: Actor, claim: Claim, reason: str, given_up: GivenUp) -> None:
    async with acting_as(actor):
        await jobs.fail(claim, reason)
        await given_up(claim.subject_id, reason)
    log.error("job.given_up", **_named(actor, claim))


async def _let_go(actor: Actor, claim: Claim) -> None:
    """The worker is told to stop: let another go on at once instead of after the lease."""
    with suppress(LostClaim):
        async with acting_as(actor):
            await jobs.let_go(claim)


@asynccontextmanager
async def _heartbeat(actor: Actor, claim: Claim) -> AsyncIterator[None]:
    beating = asyncio.create_task(_beat(actor, claim))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(actor: Actor, claim: Claim) -> None:
    """Renew the lease three times in its length, as long as it is ours. A beat that fails is made up for by the next."""
    while True:
        await asyncio.sleep(jobs.lease_seconds() / 3)
        try:
            async with acting_as(actor):
                await jobs.heartbeat(claim)
        except LostClaim:
            return
        except Exception as error:  # the job itself will meet what is behind this, and has the means to deal with it
            log.warning("job.heartbeat_missed", **_named(actor, claim), error=type(error).__name__)


def _named(actor: Actor, claim: Claim) -> dict[str, Any]:
    return {"tenant": str(actor.tenant_id), "job": str(claim.job_id), "kind": claim.kind.value, "attempt": claim.attempt}


def described(error: Exception) -> dict[str, Any]:
    """What kind of error, and where. Its message is left out: PostgreSQL's quote values of the rows they are about."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "sqlstate": getattr(error, "sqlstate", None), "where": where}
