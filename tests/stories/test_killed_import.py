"""Workers are killed and the bell is emptied while a file is imported; nobody can tell from the records."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import psutil

from tenants.imports.runs import Progress
from tenants.installation import Installation
from tests.benchmarks.generate import write_customers
from tests.conftest import MakeTenant
from tests.stories.home import workers
from tests.stories.journey import counts, finish, start
from tests.stories.records import changes_of, customers_of, keys_of, rows_of

_ROWS = int(os.environ.get("KELU_STORY_ROWS", "6000"))
_KILLS = int(os.environ.get("KELU_STORY_KILLS", "5"))
_CHUNK_ROWS = 250 if _ROWS <= 20_000 else 1_000
#: A killed worker's job is taken up by another once its lease is over; the shortest lease there is.
_SETTINGS = {"KELU_CHUNK_ROWS": str(_CHUNK_ROWS), "KELU_LEASE_SECONDS": "1"}
_MOST_SECONDS = 60 + _ROWS / 500 + 10 * _KILLS


class Saboteur:
    """Kills a worker at each of some points of an import, and empties the bell halfway. Points are fractions of reading and taking in."""

    def __init__(self, supervisor: psutil.Process, opened: Installation, chance: random.Random) -> None:
        self.killed = 0
        self.emptied = False
        self._supervisor, self._opened, self._chance = supervisor, opened, chance
        self._points: Iterator[float] = iter(sorted(chance.uniform(0.02, 0.98) for _ in range(_KILLS)))
        self._next = next(self._points, 2.0)

    async def __call__(self, run: Progress) -> None:
        done = (run.rows_staged + run.rows_read) / (2 * _ROWS)
        if done >= 0.5 and not self.emptied:
            await self._empty()
        if done >= self._next and (victims := self._supervisor.children()):
            self._chance.choice(victims).kill()
            self.killed += 1
            self._next = next(self._points, 2.0)

    async def _empty(self) -> None:
        """FLUSHALL on a server of our own; of a shared one our own database only."""
        await (self._opened.bell.flushall() if self._opened.settings.is_embedded else self._opened.bell.flushdb())
        self.emptied = True


async def test_killing_workers_and_emptying_the_bell_leaves_no_trace_in_the_records(
    opened: Installation, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    made = write_customers(tmp_path / "customers.csv", _ROWS)
    calm, disturbed = await make_tenant("CN"), await make_tenant("CN")

    with workers(opened.settings, tmp_path / "work.log", **_SETTINGS) as supervisor:
        quiet = await finish(calm, await start(calm, tmp_path / "customers.csv"), seconds=_MOST_SECONDS)
        saboteur = Saboteur(psutil.Process(supervisor.pid), opened, random.Random(_ROWS))
        run = await finish(disturbed, await start(disturbed, tmp_path / "customers.csv"), seconds=_MOST_SECONDS, watch=saboteur)

    assert (saboteur.killed, saboteur.emptied) == (_KILLS, True)
    assert (quiet.rows_created, quiet.rows_rejected) == (made.new, made.invalid)
    assert counts(run) == counts(quiet)
    assert (run.warnings, run.records) == (quiet.warnings, quiet.records)
    assert len(customers := await customers_of(disturbed)) == made.new
    assert customers == await customers_of(calm)
    assert await keys_of(disturbed) == await keys_of(calm)
    changes = await changes_of(disturbed)
    assert changes == await changes_of(calm)
    for of_one in changes.values():
        assert [action for action, _, _ in of_one] == ["CREATE"] + ["UPDATE"] * (len(of_one) - 1)
        assert [version for _, version, _ in of_one] == list(range(1, len(of_one) + 1))
    for table in ("change_set", "import_chunk"):
        assert len(await rows_of(disturbed, table, "tenant_id")) == len(await rows_of(calm, table, "tenant_id"))
