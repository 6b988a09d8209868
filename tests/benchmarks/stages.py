"""Where the time of an import goes: the road in walked in this one process, with a stopwatch on each stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from tenants.changes import record as changes
from tenants.encryption import Keyring
from tenants.ids import new_id
from tenants.imports import chunks
from tenants.imports.chunks import Chunk
from tenants.installation import installation
from tenants.intake import apply, intake
from tenants.intake.drafts import Action, Batch
from tenants.intake.normalise.dates import DateOrder
from tenants.intake.plan import Plan
from tenants.intake.rules import IntakeRules, KeyKind, TenantRules
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tenants.words import RecordType
from tests.benchmarks.generate import HEADER, write_customers
from tests.benchmarks.stopwatch import Stage, Stopwatch
from tests.stories.home import own_installation, temporary_folder
from workers.imports.reading import open_table

_MOST_ROWS = 100_000
_BLOCK = 1 << 16

_READ, _STAGE, _OPEN, _BEGIN, _COMMIT = "read the file", "seal chunks", "open chunks", "begin", "commit"
_REST = "the rest of settling"

#: In the order in which a chunk meets them.
STAGES: tuple[Stage, ...] = (
    ("normalise", intake, "clean"),
    ("validate", intake, "validate"),
    ("records: ids, keys, seal", intake, "drafts_of"),
    ("match", intake, "match_records"),
    ("plan", Plan, "decide"),
    ("apply: keys", apply, "write_keys"),
    ("apply: tags", apply, "_write_tags"),
    ("apply: insert", apply, "_insert"),
    ("apply: update", apply, "_update"),
    ("changes: seal", changes, "_json"),
    ("changes: write", intake, "record"),
)
_RULES = IntakeRules(match_by=(KeyKind.EXTERNAL,), dates={"birth_date": DateOrder.DAY_FIRST}, source="IMPORT")


def measure(rows: int, console: Console) -> dict[str, Any]:
    """Take in `rows` generated rows, at most 100,000, chunk by chunk; print and return microseconds a row by stage."""
    return asyncio.run(_measure(min(rows, _MOST_ROWS), console))


async def _measure(rows: int, console: Console) -> dict[str, Any]:
    with temporary_folder() as folder:
        made = write_customers(folder / "customers.csv", rows)
        async with own_installation(folder / "home"):
            tenant = await add_tenant("A tenant of the benchmark", country="CN", time_zone="Europe/Berlin", currency="EUR")
            watch, began = Stopwatch(), time.perf_counter()
            actions = await _walk(Actor(tenant.id, ActorKind.WORKER), folder / "customers.csv", watch)
            seconds = time.perf_counter() - began
    assert (actions[Action.CREATE], actions[Action.REJECT], sum(actions.values())) == (made.new, made.invalid, rows), actions
    labels = [_READ, _STAGE, _OPEN, *(label for label, _, _ in STAGES[:3]), _BEGIN, *(label for label, _, _ in STAGES[3:]), _REST, _COMMIT]
    micros = {label: watch.seconds[label] / rows * 1e6 for label in labels}
    _show(micros, rows, seconds, console)
    return {"rows": rows, "rows_per_second": rows / seconds, "microseconds_a_row": micros}


async def _walk(actor: Actor, file: Path, watch: Stopwatch) -> dict[Action, int]:
    """What a worker does with a file: read and stage it, then open and take in one chunk after the other."""
    async with acting_as(actor) as current:
        keyring, tenant = await current.keyring(), await TenantRules.load()
    run_id, positions = new_id(), 0
    for positions, chunk in enumerate(_chunks(file, watch), start=1):
        with watch.timing(_STAGE):
            chunks.put(installation().files, keyring, run_id, positions - 1, chunk)
    actions = dict.fromkeys(Action, 0)
    with watch.on(STAGES):
        for position in range(positions):
            for action, count in (await _take_in(actor, run_id, position, keyring, tenant, watch)).items():
                actions[action] += count
    return actions


def _chunks(file: Path, watch: Stopwatch) -> Iterator[Chunk]:
    table = open_table(_blocks(file), file.name, file.stat().st_size)
    batches = table.batches(installation().settings.chunk_rows)
    while True:
        with watch.timing(_READ):
            batch = next(batches, None)
            if batch is None:
                return
            assert not any(row.fault for row in batch.rows)
            chunk = Chunk([row.number for row in batch.rows], list(zip(*(row.cells for row in batch.rows), strict=True)))
        yield chunk


async def _take_in(actor: Actor, run_id: UUID, position: int, keyring: Keyring, tenant: TenantRules, watch: Stopwatch) -> dict[Action, int]:
    with watch.timing(_OPEN):
        chunk = chunks.get(installation().files, keyring, run_id, position)
        batch = Batch(RecordType.CUSTOMER, chunk.numbers, dict(zip(HEADER, chunk.columns, strict=True)))  # type: ignore[arg-type]  # cells as read
    prepared = intake.prepare(batch, tenant, _RULES, keyring)
    unit = acting_as(actor)
    with watch.timing(_BEGIN):
        await unit.__aenter__()
    with watch.timing(_REST):
        outcome = await intake.settle(prepared)
    with watch.timing(_COMMIT):
        await unit.__aexit__(None, None, None)
    return outcome.counts()


def _blocks(file: Path) -> Callable[[int], Iterator[bytes]]:
    def blocks(offset: int) -> Iterator[bytes]:
        with file.open("rb") as opened:
            opened.seek(offset)
            while block := opened.read(_BLOCK):
                yield block

    return blocks


def _show(micros: dict[str, float], rows: int, seconds: float, console: Console) -> None:
    table = Table("stage", "µs a row", title=f"{rows:,} rows in one process", title_justify="left")
    for label, each in micros.items():
        table.add_row(label, f"{each:.1f}")
    table.add_section()
    table.add_row("all", f"{seconds / rows * 1e6:.1f}  ({rows / seconds:,.0f} rows/s)")
    console.print(table)
