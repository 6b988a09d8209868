"""Imports paused, resumed, cancelled, and taking turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenants.imports import runs
from tenants.installation import Installation
from tenants.refusals import Conflict
from tenants.session import Actor, acting_as
from tests.stories.journey import finish, look, start
from tests.stories.records import customers_of
from tests.workers.imports.steps import HEADER, file_of, has_read, has_staged, is_quiet, over, people
from tests.workers.working import until, working, written

pytestmark = pytest.mark.usefixtures("small_chunks")


async def test_an_import_that_is_paused_stands_still_and_goes_on_when_resumed(acme: Actor, tmp_path: Path) -> None:
    run_id = await start(acme, file_of(tmp_path, *people(0, 200)))
    async with working():
        await until(lambda: has_read(acme, run_id, 30))
        async with acting_as(acme):
            await runs.pause(run_id)
        await until(lambda: is_quiet(acme, run_id))
        paused = await look(acme, run_id)
        with pytest.raises(Conflict):
            async with acting_as(acme):
                await runs.pause(run_id)

        async with acting_as(acme):
            await runs.resume(run_id)
        done = await finish(acme, run_id)

    assert paused.status == "PAUSED"
    assert 30 <= paused.rows_read < 200
    assert done.rows_created == 200


async def test_an_import_paused_before_it_was_read_begins_when_resumed(acme: Actor, tmp_path: Path) -> None:
    run_id = await start(acme, file_of(tmp_path, *people(0, 20)))
    async with acting_as(acme):
        await runs.pause(run_id)

    async with working():
        await until(lambda: is_quiet(acme, run_id))
        assert (await look(acme, run_id)).rows_staged == 0
        async with acting_as(acme):
            await runs.resume(run_id)
        assert (await finish(acme, run_id)).rows_created == 20


async def test_a_cancelled_import_keeps_what_was_taken_in_and_nothing_else(acme: Actor, opened: Installation, tmp_path: Path) -> None:
    run_id = await start(acme, file_of(tmp_path, *people(0, 300)))
    async with working():
        await until(lambda: has_read(acme, run_id, 20))
        async with acting_as(acme):
            await runs.cancel(run_id)
        run = await over(acme, run_id)

    assert run.status == "CANCELLED"
    assert run.rows_read < 300
    assert len(await customers_of(acme)) == run.rows_created == run.rows_read
    assert opened.files.names(acme.tenant_id, "imports") == []
    for act in (runs.cancel, runs.pause, runs.resume):
        with pytest.raises(Conflict):
            async with acting_as(acme):
                await act(run_id)


async def test_a_short_import_does_not_wait_for_a_long_one_of_another_tenant(acme: Actor, globex: Actor, tmp_path: Path) -> None:
    long = await start(acme, written(tmp_path / "long.csv", [HEADER, *people(0, 2000)]))

    async with working():
        await until(lambda: has_read(acme, long, 10))
        short = await start(globex, written(tmp_path / "short.csv", [HEADER, *people(0, 50)]))
        await finish(globex, short)
        of_long = await look(acme, long)
        assert (await finish(acme, long, seconds=60)).rows_created == 2000

    assert of_long.status == "RUNNING"
    assert of_long.rows_read < 500


async def test_a_run_holds_few_places_in_the_queue(acme: Actor, tmp_path: Path) -> None:
    run_id = await start(acme, file_of(tmp_path, *people(0, 500)))
    most = 0
    async with working():
        while not (await look(acme, run_id)).is_over:
            async with acting_as(acme) as current:
                due = "SELECT count(*) FROM job WHERE tenant_id = $1 AND due_at IS NOT NULL AND kind = 'import_rows'"
                most = max(most, await current.connection.fetchval(due, acme.tenant_id))

    assert 1 <= most <= runs.lookahead()


async def test_of_many_imports_of_one_tenant_three_run_at_a_time_in_the_order_they_were_started(acme: Actor, tmp_path: Path) -> None:
    file = file_of(tmp_path, *people(0, 30))
    ids = [await start(acme, file) for _ in range(6)]
    under_way: list[list[str]] = []
    async with working():
        while True:
            under_way.append([(await look(acme, id)).status for id in ids])
            if under_way[-1] == ["DONE"] * 6:
                break

    assert max(sum(status in ("READING", "RUNNING") for status in at_once) for at_once in under_way) <= 3
    ended = [(await look(acme, id)).finished_at for id in ids]
    assert max(time for time in ended[:3] if time) < max(time for time in ended[3:] if time)


async def test_a_paused_or_cancelled_import_makes_room_for_the_next(acme: Actor, tmp_path: Path) -> None:
    file = file_of(tmp_path, *people(0, 5))
    ids = [await start(acme, file) for _ in range(5)]
    async with acting_as(acme):
        await runs.pause(ids[0])
        await runs.cancel(ids[1])

    async with working():
        for id in ids[2:]:
            await finish(acme, id)
        async with acting_as(acme):
            await runs.resume(ids[0])
        await finish(acme, ids[0])


@pytest.mark.usefixtures("a_chunk_a_turn")
async def test_an_import_paused_or_cancelled_while_it_is_read_stops_reading(acme: Actor, opened: Installation, tmp_path: Path) -> None:
    file = file_of(tmp_path, *people(0, 400))
    paused, cancelled = await start(acme, file), await start(acme, file)
    async with working():
        await until(lambda: has_staged(acme, paused, 20))
        async with acting_as(acme):
            await runs.pause(paused)
        await until(lambda: has_staged(acme, cancelled, 20))
        async with acting_as(acme):
            await runs.cancel(cancelled)
        await until(lambda: is_quiet(acme, paused))
        stopped = [(await look(acme, paused)).rows_staged, (await over(acme, cancelled)).rows_staged]
        async with acting_as(acme):
            await runs.resume(paused)
        await over(acme, paused)

    assert all(20 <= rows < 400 for rows in stopped)
    assert len(await customers_of(acme)) == 400
    assert opened.files.names(acme.tenant_id, "imports") == []
