"""Two tenants bring in the same people at the same moment, and know nothing of each other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tenants.ids import global_id
from tenants.imports.runs import Progress
from tenants.installation import Installation
from tenants.intake.drafts import Action, Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.benchmarks.generate import write_customers
from tests.stories.home import workers
from tests.stories.journey import counts, finish, start
from tests.stories.records import customers_of, keys_of, rows_of

_ROWS = 1_500
_TABLES = ("customer", "customer_key", "change", "change_set", "upload", "import_run", "import_chunk", "job", "tag", "tenant_key")


async def _visible(actor: Actor, table: str) -> set[object]:
    """Whose rows of a table a statement sees that forgot to say whose it wants."""
    async with acting_as(actor, read_only=True) as current:
        return {row["tenant_id"] for row in await current.connection.fetch(f"SELECT DISTINCT tenant_id FROM {table}")}


def _overlap(one: Progress, other: Progress) -> bool:
    """Whether two finished imports ran at the same time."""
    spans = [(run.started_at or run.created_at, run.finished_at or run.created_at) for run in (one, other)]
    return max(start for start, _ in spans) < min(end for _, end in spans)


async def test_two_tenants_that_import_the_same_people_at_once_each_have_their_own(
    opened: Installation, acme: Actor, globex: Actor, tmp_path: Path
) -> None:
    made = write_customers(tmp_path / "customers.csv", _ROWS)

    with workers(opened.settings, tmp_path / "work.log", KELU_CHUNK_ROWS="250"):
        runs = [await start(actor, tmp_path / "customers.csv") for actor in (acme, globex)]
        mine, theirs = await asyncio.gather(finish(acme, runs[0]), finish(globex, runs[1]))

    assert _overlap(mine, theirs)
    assert counts(mine) == counts(theirs)
    assert mine.rows_created == made.new
    assert await customers_of(acme) == await customers_of(globex)
    assert await keys_of(acme) == await keys_of(globex)
    for actor in (acme, globex):
        assert {table: await _visible(actor, table) for table in _TABLES} == {table: {actor.tenant_id} for table in _TABLES}


async def test_the_same_people_in_two_tenants_have_nothing_in_common_at_rest(acme: Actor, globex: Actor) -> None:
    ada = Batch.of_one(RecordType.CUSTOMER, {"name": "Ada", "phone": "13800138000", "email": "ada@example.org", "address": "Street 1"})

    for actor in (acme, globex):
        async with acting_as(actor):
            await take_in(ada, IntakeRules())

    [mine], [theirs] = await rows_of(acme, "customer"), await rows_of(globex, "customer")
    keys = [{row["value"] for row in await rows_of(actor, "customer_key", "kind")} for actor in (acme, globex)]
    assert all(mine[name] != theirs[name] for name in ("id", "phone", "email", "address"))
    assert keys[0].isdisjoint(keys[1])


async def test_a_neighbours_record_cannot_be_changed_by_its_id(acme: Actor, globex: Actor) -> None:
    async with acting_as(acme):
        made = await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": "Ada"}), IntakeRules())
    assert made.record_ids[0] is not None
    hers = global_id(RecordType.CUSTOMER, made.record_ids[0])

    async with acting_as(globex):
        outcome = await take_in(Batch.of_one(RecordType.CUSTOMER, {"id": hers, "name": "Eve"}), IntakeRules())

    assert outcome.actions == [Action.REJECT]
    assert [row["name"] for row in await rows_of(acme, "customer")] == ["Ada"]
    assert await rows_of(globex, "customer") == []
