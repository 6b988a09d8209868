"""Jobs: work to be done later. The row is the truth, Redis is a bell: a ring may be lost, come twice or come late.

A job is WAITING until a worker claims it, then RUNNING under a lease that heartbeats renew, then DONE, FAILED or CANCELLED.
Each claim has a number (`attempts`), and whatever its worker says later is heard only while no newer claim exists: a worker that
was held up for longer than its lease finds out when it commits, and all it did is undone. So it is with the jobs of a tenant that is
suspended: they stand still as they are, and go on by themselves when it is resumed. Every function works in the unit of
work we are in, so a job changes together with what it did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from tenants.bell import ring
from tenants.ids import new_ids
from tenants.installation import installation
from tenants.session import after_commit, session

log = structlog.get_logger()

#: How often a job may end in an exception, and how often its worker may vanish, before it is given up. Workers vanish
#: because of the machine (a restart, a kill) far more often than because of the job.
MOST_FAILURES = 5
MOST_LOSSES = 25

_RING_TIMEOUT_SECONDS = 2


class JobKind(StrEnum):
    """Every kind of job; `workers.worker` says what does it."""

    IMPORT_READ = "import_read"
    IMPORT_ROWS = "import_rows"
    IMPORT_TIDY = "import_tidy"
    FIELD_CLEAR = "field_clear"
    TENANT_ERASE = "tenant_erase"
    INVITATION_MAIL = "invitation_mail"
    PASSWORD_MAIL = "password_mail"


class LostClaim(Exception):
    """Another worker has the job now, it was cancelled, or its tenant is suspended: what was done under the claim must be undone."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of one worker. `attempt` is the number of the claim; `failures` and `losses` are since it last got on."""

    job_id: UUID
    kind: JobKind
    subject_id: UUID
    position: int
    attempt: int
    failures: int
    losses: int

    @property
    def is_hopeless(self) -> bool:
        """Whether so many workers vanished over this job that it should not get another."""
        return self.losses >= MOST_LOSSES

    @property
    def is_last_try(self) -> bool:
        return self.failures + 1 >= MOST_FAILURES


async def create(kind: JobKind, subject_id: UUID, position: int = 0, *, due: bool = True) -> UUID:
    """A new job; one that is not due is held back until it is released."""
    return (await create_many(kind, subject_id, [position], due=due))[0]


async def create_many(kind: JobKind, subject_id: UUID, positions: Sequence[int], *, due: bool = True) -> list[UUID]:
    """A new job for each position, in one statement."""
    ids = new_ids(len(positions))
    await session().connection.execute(_CREATE, session().tenant_id, kind.value, subject_id, ids, list(positions), due)
    if due:
        for id in ids:
            _ring_after_commit(kind, id, 0)
    return ids


async def next_position(subject_id: UUID, kind: JobKind) -> int:
    """The position behind all jobs of a kind that a subject ever had; whoever asks has the subject's row locked."""
    position: int = await session().connection.fetchval(_NEXT_POSITION, session().tenant_id, subject_id, kind.value)
    return position


async def claim(job_id: UUID) -> Claim | None:
    """Take a job that is due, or whose worker has let the lease run out; None if it is not to be had (any more, or yet)."""
    found = await session().connection.fetchrow(_CLAIM, session().tenant_id, job_id, lease_seconds())
    if found is None:
        return None
    numbers = (found["attempts"], found["failures"], found["losses"])
    return Claim(job_id, JobKind(found["kind"]), found["subject_id"], found["position"], *numbers)


async def heartbeat(claim: Claim) -> None:
    """Renew the lease.

    Raises:
        LostClaim: it is another's.
    """
    await _fenced(claim, "due_at = now() + make_interval(secs => $4)", lease_seconds())


async def finish(claim: Claim) -> None:
    """The job is done.

    Raises:
        LostClaim: it is another's.
    """
    await _fenced(claim, "state = 'DONE', due_at = NULL")


async def fail(claim: Claim, reason: str) -> None:
    """The job is given up for good.

    Raises:
        LostClaim: it is another's.
    """
    await _fenced(claim, "state = 'FAILED', due_at = NULL, failure = $4", reason)


async def give_back(claim: Claim, delay_seconds: float | None = 0) -> None:
    """Let somebody else go on: now, after a delay, or (None) when the job is released. It has got on, so its failures are forgotten.

    Raises:
        LostClaim: it is another's.
    """
    if delay_seconds is None:
        await _fenced(claim, "state = 'WAITING', due_at = NULL, failures = 0, losses = 0")
        return
    await _fenced(claim, "state = 'WAITING', due_at = now() + make_interval(secs => $4), failures = 0, losses = 0", delay_seconds)
    if delay_seconds == 0:
        _ring_after_commit(claim.kind, claim.job_id, claim.attempt)


async def retry(claim: Claim, delay_seconds: float) -> None:
    """The job ended in an exception and is to be tried again.

    Raises:
        LostClaim: it is another's.
    """
    await _fenced(claim, "state = 'WAITING', due_at = now() + make_interval(secs => $4), failures = failures + 1", delay_seconds)


async def let_go(claim: Claim) -> None:
    """The worker stops before the job is done, through no fault of the job's.

    Raises:
        LostClaim: it is another's.
    """
    await _fenced(claim, "state = 'WAITING', due_at = now()")
    _ring_after_commit(claim.kind, claim.job_id, claim.attempt)


async def release(subject_id: UUID, kind: JobKind, first: int = 0, last: int | None = None) -> int:
    """Make held-back jobs of a subject due, from one position to another (the same one if not said); how many there were."""
    until = first if last is None else last
    found = await session().connection.fetch(_RELEASE, session().tenant_id, subject_id, kind.value, first, until)
    for job in sorted(found, key=lambda job: int(job["position"])):
        _ring_after_commit(kind, job["id"], job["attempts"])
    return len(found)


async def hold_back(subject_id: UUID) -> None:
    """Hold back all jobs of a subject that no worker has."""
    await session().connection.execute(_HOLD_BACK, session().tenant_id, subject_id)


async def cancel_all(subject_id: UUID) -> None:
    """End all jobs of a subject that are not over; a worker that has one loses its claim."""
    await session().connection.execute(_CANCEL, session().tenant_id, subject_id)


async def open_jobs(subject_id: UUID) -> int:
    """How many jobs of a subject are not over."""
    count: int = await session().connection.fetchval(_OPEN, session().tenant_id, subject_id)
    return count


async def ring_quietly(kind: str, tenant_id: UUID, job_id: UUID, attempts: int) -> bool:
    """Ring; False if the bell is out of order. Nothing is lost then: the clock rings again for every job that is due."""
    try:
        await asyncio.wait_for(ring(kind, tenant_id, job_id, attempts), _RING_TIMEOUT_SECONDS)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("job.bell_out_of_order", error=type(error).__name__)
        return False
    return True


def lease_seconds() -> float:
    return installation().settings.lease_seconds


def _ring_after_commit(kind: JobKind, job_id: UUID, attempts: int) -> None:
    tenant_id = session().tenant_id
    after_commit(lambda: ring_quietly(kind, tenant_id, job_id, attempts))


#: Of a tenant that is not active nothing is done, but of one that is being deleted the job that erases it.
_GOES_ON = """EXISTS (
    SELECT FROM tenant t WHERE t.id = $1 AND t.status = CASE job.kind WHEN 'tenant_erase' THEN 'DELETING' ELSE 'ACTIVE' END
)"""


async def _fenced(claim: Claim, change: str, *arguments: Any) -> None:
    """Change the job's row if the claim still holds."""
    changed = await session().connection.fetchval(
        f"""UPDATE job SET {change}, updated_at = now()
            WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'RUNNING' AND {_GOES_ON} RETURNING 1""",
        session().tenant_id,
        claim.job_id,
        claim.attempt,
        *arguments,
    )
    if changed is None:
        raise LostClaim


_CREATE = """
INSERT INTO job (tenant_id, id, kind, subject_id, position, due_at)
SELECT $1, new.id, $2, $3, new.position, CASE WHEN $6 THEN now() END FROM unnest($4::uuid[], $5::integer[]) AS new (id, position)
"""

_NEXT_POSITION = "SELECT coalesce(max(position) + 1, 0) FROM job WHERE tenant_id = $1 AND subject_id = $2 AND kind = $3"

_CLAIM = f"""
UPDATE job SET state = 'RUNNING', attempts = attempts + 1, losses = losses + (state = 'RUNNING')::integer,
    due_at = now() + make_interval(secs => $3), updated_at = now()
WHERE tenant_id = $1 AND id = $2 AND state IN ('WAITING', 'RUNNING') AND due_at <= now() AND {_GOES_ON}
RETURNING kind, subject_id, position, attempts, failures, losses
"""

_RELEASE = """
UPDATE job SET due_at = now(), updated_at = now()
WHERE tenant_id = $1 AND subject_id = $2 AND kind = $3 AND position BETWEEN $4 AND $5 AND state = 'WAITING' AND due_at IS NULL
RETURNING id, position, attempts
"""

_HOLD_BACK = """
UPDATE job SET due_at = NULL, updated_at = now() WHERE tenant_id = $1 AND subject_id = $2 AND state = 'WAITING' AND due_at IS NOT NULL
"""

_CANCEL = """
UPDATE job SET state = 'CANCELLED', due_at = NULL, updated_at = now()
WHERE tenant_id = $1 AND subject_id = $2 AND state IN ('WAITING', 'RUNNING')
"""

_OPEN = "SELECT count(*) FROM job WHERE tenant_id = $1 AND subject_id = $2 AND state IN ('WAITING', 'RUNNING')"
