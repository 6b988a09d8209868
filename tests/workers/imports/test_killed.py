"""A worker killed at chosen points of an import, and the bell emptied: nobody can tell from the records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from tenants.imports.runs import Progress
from tenants.installation import Installation
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.stories.home import workers
from tests.stories.journey import counts, finish, start
from tests.stories.records import changes_of, customers_of, keys_of
from tests.workers.working import until, written

ROWS = 2000
KILL_AT = (1, 300, 900, 1300, 1700)
FLUSH_AT = 600


class Saboteur:
    """Kills the one worker whenever so many rows have been taken in, once for each point."""

    def __init__(self, supervisor: int, opened: Installation) -> None:
        self.supervisor, self.opened = psutil.Process(supervisor), opened
        self.points: Iterator[int] = iter(KILL_AT)
        self.next, self.kills, self.has_flushed = next(self.points), 0, False

    async def __call__(self, run: Progress) -> None:
        if run.rows_read >= FLUSH_AT and not self.has_flushed:
            await self.opened.bell.flushdb()
            self.has_flushed = True
        if run.rows_staged and run.rows_read >= self.next - 1 and (children := self.supervisor.children()):
            children[0].kill()
            self.kills += 1
            self.next = next(self.points, ROWS * 2)


async def imported(actor: Actor, file: Path, saboteur: Saboteur | None = None) -> Progress:
    run_id = await start(actor, file)
    return await finish(actor, run_id, seconds=60, watch=saboteur)


async def test_a_worker_killed_at_several_points_leaves_the_records_of_an_undisturbed_run(
    opened: Installation, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    calm, disturbed = await make_tenant(), await make_tenant()
    lines = [f"C{number % 1900},Person {number},+86138{number % 1900:08}" for number in range(ROWS)]
    file = written(tmp_path / "people.csv", ["external_id,name,phone", *lines])
    few = {"KELU_CHUNK_ROWS": "100", "KELU_LEASE_SECONDS": "1", "KELU_WORKER_PROCESSES": "1"}

    with workers(opened.settings, tmp_path / "work.log", **few) as supervisor:
        quiet = await imported(calm, file)
        saboteur = Saboteur(supervisor.pid, opened)
        run = await imported(disturbed, file, saboteur)
        await until(lambda: not opened.files.names(disturbed.tenant_id, "imports"))

    assert (saboteur.kills, saboteur.has_flushed) == (len(KILL_AT), True)
    assert counts(run) == counts(quiet) == {"created": 1900, "updated": 100, "unchanged": 0, "skipped": 0, "rejected": 0}
    assert await customers_of(disturbed) == await customers_of(calm)
    assert await keys_of(disturbed) == await keys_of(calm)
    assert await changes_of(disturbed) == await changes_of(calm)
