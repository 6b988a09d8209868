"""A worker process: every job kind and clock time on one screen. `python -m workers.worker` is what `kelu work` starts."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from signal import SIGTERM
from typing import Any

import structlog
from arq.worker import Worker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tenants import queue
from tenants.imports import runs
from tenants.installation import installation, open_installation
from tenants.jobs import JobKind
from tenants.life.erasing import erase_tenant, leave_unerased
from tenants.life.forgetting import hearing
from tenants.logs import log_as_json
from tenants.rules.clearing import clear_field, leave_uncleared
from tenants.settings import settings
from workers.clock import Clock
from workers.imports.read import import_read
from workers.imports.rows import import_rows
from workers.imports.tidy import import_tidy, leave_untidy
from workers.letters import invitation_mail, leave_unsent, password_mail
from workers.sealing import SEAL, Sealer
from workers.tenant_job import described, tenant_job

log = structlog.get_logger()

JOBS = (
    tenant_job(JobKind.IMPORT_READ, import_read, runs.fail),
    tenant_job(JobKind.IMPORT_ROWS, import_rows, runs.fail),
    tenant_job(JobKind.IMPORT_TIDY, import_tidy, leave_untidy),
    tenant_job(JobKind.FIELD_CLEAR, clear_field, leave_uncleared),
    tenant_job(JobKind.TENANT_ERASE, erase_tenant, leave_unerased),
    SEAL,
    tenant_job(JobKind.INVITATION_MAIL, invitation_mail, leave_unsent),
    tenant_job(JobKind.PASSWORD_MAIL, password_mail, leave_unsent),
)

#: Two at a time: while one waits for PostgreSQL or for its turn, the other computes.
JOBS_AT_ONCE = 2

#: A chunk is prepared in a thread while another is being written. What is written is what all wait for, so it must not wait for the
#: interpreter each time PostgreSQL has answered (the default is 5 ms, a dozen times a chunk).
SWITCH_SECONDS = 0.0005

#: How long a worker that is told to stop waits for its jobs before it lets go of them.
LAST_SECONDS = 15


def make_worker(*, handle_signals: bool = True) -> Worker:
    """An arq worker on the open installation's bell."""
    return Worker(
        functions=JOBS,
        queue_name=queue.NAME,
        redis_pool=installation().bell,
        max_jobs=JOBS_AT_ONCE,
        job_timeout=90,
        job_completion_wait=LAST_SECONDS,
        handle_signals=handle_signals,
        # A kept result would keep the job's id from ringing again.
        keep_result=0,
        # Rings that nobody hears any more; the rows decide how often a job is tried.
        max_tries=1000,
        poll_delay=0.02,
        health_check_interval=5,
        health_check_key=f"{queue.NAME}:health:{socket.gethostname()}:{os.getpid()}",
        job_serializer=queue.pack,
        job_deserializer=queue.unpack,
        log_results=False,
    )


async def work() -> None:
    """Work until told to stop. Ends with an exception when Redis goes away: whoever started it starts it again."""
    asyncio.get_running_loop().set_exception_handler(_unexpected)
    async with open_installation(), hearing():
        worker = make_worker()
        log.info("worker.started", pid=os.getpid())
        parent = asyncio.create_task(_stop_with_parent(worker))
        try:
            await _first_of(worker.async_run(), Clock().run(), Sealer().run())
        finally:
            parent.cancel()
            await _wind_up(worker)
    log.info("worker.stopped", pid=os.getpid())


def _unexpected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What no task was there to hear. arq, told to stop in the midst of looking for jobs, may leave a pipeline's connection behind:
    it closes with the pool and is nothing to report."""
    if not isinstance(context.get("client"), Redis):
        loop.default_exception_handler(context)


async def _first_of(*acts: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends, which then ends the others too; its exception, if it had one, is raised."""
    tasks = [asyncio.create_task(act) for act in acts]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        if not task.cancelled():
            task.result()


async def _wind_up(worker: Worker) -> None:
    """Let go of the jobs that are still running, while the database is still open; arq's own closing needs Redis for that."""
    for task in worker.job_tasks.values():
        task.cancel()
    await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
    with suppress(RedisError, OSError):
        await worker.pool.delete(worker.health_check_key)


async def _stop_with_parent(worker: Worker) -> None:
    """Whoever started this process holds the other end of its standard input: when that closes, they are gone."""
    loop = asyncio.get_running_loop()
    gone = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(gone), sys.stdin)
    await gone.read()
    worker.handle_sig_wait_for_completion(SIGTERM)


def main() -> None:
    log_as_json(settings().log_level)
    # Rows make many objects and no cycles: looked through as often as Python would, they take a third of the time.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    # arq logs exceptions with their messages, which may quote rows; ours are logged by `tenant_job`, without.
    logging.getLogger("arq").setLevel(logging.CRITICAL)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(work())
    except Exception as error:  # logged without its message, which may quote rows; the crew starts another
        log.error("worker.failed", pid=os.getpid(), **described(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
