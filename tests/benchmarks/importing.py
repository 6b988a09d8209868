"""A million rows through the real thing: uploaded, read, taken in by `kelu work` on all processors, and counted."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from math import isnan
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from tenants.imports.runs import Progress
from tenants.installation import Installation
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tests.benchmarks.bare_copy import rows_per_second
from tests.benchmarks.generate import Made, write_customers
from tests.benchmarks.memory import Peak, Roots, watched
from tests.stories.home import own_installation, own_settings, temporary_folder, workers
from tests.stories.journey import bring_in, counts, finish, start

_COPIES_EACH_SIDE = 2
_AIM_RATIO = 0.20
_AIM_MEGABYTES = 300
_MOST_SECONDS = 3600


def measure(rows: int, console: Console) -> dict[str, Any]:
    """Import `rows` generated rows; print and return the figures."""
    return asyncio.run(_measure(rows, console))


async def _measure(rows: int, console: Console) -> dict[str, Any]:
    with temporary_folder() as folder:
        file, home = folder / "customers.csv", folder / "home"
        with console.status(f"Writing {rows:,} rows …"):
            made = write_customers(file, rows)
        async with own_installation(home) as opened:
            owner = str(opened.servers.owner)
            with console.status("Bare copies before …"):
                copies = [await rows_per_second(owner, file, rows) for _ in range(_COPIES_EACH_SIDE)]
            with workers(own_settings(home), folder / "work.log") as supervisor, watched(await _roots(opened, supervisor)) as peaks:
                await _warm_up(folder / "few.csv")
                figures = await _import(file, made, supervisor, console)
                figures["memory"] = [_as_figures(peak) for peak in peaks()]
            with console.status("Bare copies after …"):
                copies += [await rows_per_second(owner, file, rows) for _ in range(_COPIES_EACH_SIDE)]
    figures["processor_microseconds_a_row"] = sum(each["seconds"] for each in figures["memory"]) / rows * 1e6
    figures["copy_rows_per_second"] = statistics.median(copies)
    figures["copies_rows_per_second"] = copies
    figures["ratio"] = figures["rows_per_second"] / figures["copy_rows_per_second"]
    _show(figures, console)
    return figures


async def _roots(opened: Installation, supervisor: subprocess.Popen[bytes]) -> Roots:
    """The processes to watch: `kelu work` with its children, PostgreSQL's postmaster with its, Valkey."""
    async with acting_as(Actor((await add_tenant("A process to ask")).id, ActorKind.OPERATOR)) as current:
        backend = await current.connection.fetchval("SELECT pg_backend_pid()")
    postmaster = psutil.Process(backend).parent()
    assert postmaster is not None
    valkey = psutil.Process((await opened.bell.info("server"))["process_id"])
    return {"work": psutil.Process(supervisor.pid), "postgres": postmaster, "valkey": valkey}


async def _warm_up(file: Path) -> None:
    """A small import first: starting processes is not what is measured."""
    write_customers(file, 100)
    await bring_in(Actor((await add_tenant("A tenant to warm up with")).id, ActorKind.OPERATOR), file)


async def _import(file: Path, made: Made, supervisor: subprocess.Popen[bytes], console: Console) -> dict[str, Any]:
    tenant = await add_tenant("A tenant of the benchmark", country="CN", time_zone="Europe/Berlin", currency="EUR")
    actor = Actor(tenant.id, ActorKind.OPERATOR)
    began = time.perf_counter()
    run_id = await start(actor, file)
    started = time.perf_counter()
    done, staged = await _follow(actor, run_id, made.rows, supervisor, console)
    seconds = time.perf_counter() - started
    found = counts(done)
    await _check(found, made, actor)
    return {
        "rows": made.rows,
        **{f"rows_{name}": count for name, count in found.items()},
        "warnings": done.warnings,
        "seconds": seconds,
        "seconds_uploading": started - began,
        "seconds_staging": staged - started,
        "rows_per_second": made.rows / seconds,
    }


async def _follow(actor: Actor, run_id: UUID, rows: int, supervisor: subprocess.Popen[bytes], console: Console) -> tuple[Progress, float]:
    """Show how far it is; the finished run, and when all of the file had been staged."""
    columns = (TextColumn("import"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,} rows"), TimeElapsedColumn())
    staged = float("nan")
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=rows)

        async def watch(run: Progress) -> None:
            nonlocal staged
            assert supervisor.poll() is None, "kelu work has ended; see its log"
            if run.rows_total is not None and isnan(staged):
                staged = time.perf_counter()
            bar.update(task, completed=run.rows_read)

        return await finish(actor, run_id, seconds=_MOST_SECONDS, every_seconds=0.25, watch=watch), staged


async def _check(found: dict[str, int], made: Made, actor: Actor) -> None:
    """Every row of the file is accounted for, and what is said to be stored is stored."""
    assert sum(found.values()) == made.rows, found
    assert (found["created"], found["rejected"]) == (made.new, made.invalid), (found, made)
    assert found["updated"] + found["unchanged"] == made.duplicates, (found, made)
    async with acting_as(actor, read_only=True) as current:
        statement = "SELECT (SELECT count(*) FROM customer WHERE tenant_id = $1), (SELECT count(*) FROM change WHERE tenant_id = $1)"
        stored, changes = await current.connection.fetchrow(statement, actor.tenant_id)
    assert stored == made.new, (stored, made)
    assert made.new <= changes <= made.new + found["updated"], (changes, found)


def _as_figures(peak: Peak) -> dict[str, Any]:
    return {"role": peak.role, "pid": peak.pid, "peak_mb": peak.resident / 1e6, "own_mb": peak.own / 1e6, "seconds": peak.seconds}


def _show(figures: dict[str, Any], console: Console) -> None:
    table = Table("what", "figure", title=f"Import of {figures['rows']:,} rows × 14 columns", title_justify="left")
    for name in ("created", "updated", "unchanged", "skipped", "rejected"):
        table.add_row(f"rows {name}", f"{figures[f'rows_{name}']:,}")
    table.add_row("sum, the rows of the file", f"{figures['rows']:,}", end_section=True)
    table.add_row("upload", f"{figures['seconds_uploading']:.1f} s")
    table.add_row("read and staged after", f"{figures['seconds_staging']:.1f} s")
    table.add_row("done after", f"{figures['seconds']:.1f} s", end_section=True)
    table.add_row("import", f"{figures['rows_per_second']:,.0f} rows/s")
    spread = " ".join(f"{each:,.0f}" for each in figures["copies_rows_per_second"])
    table.add_row("bare copy, median", f"{figures['copy_rows_per_second']:,.0f} rows/s ({spread})")
    table.add_row(f"ratio (aim: {_AIM_RATIO:.2f})", f"[{'green' if figures['ratio'] >= _AIM_RATIO else 'red'}]{figures['ratio']:.3f}[/]")
    table.add_row("processor time, all processes", f"{figures['processor_microseconds_a_row']:.0f} µs a row")
    console.print(table)
    console.print(_memory_table(figures["memory"]))


def _memory_table(memory: list[dict[str, Any]]) -> Table:
    """Processes of ours one by one; of PostgreSQL, whose processes share their buffers, the largest of each kind."""
    table = Table("process", "peak", "not shared", "processor time", title_justify="left")
    table.title = f"Processes (aim for ours: under {_AIM_MEGABYTES} MB each)"
    for each in memory:
        if each["role"].startswith("work"):
            colour = "green" if each["peak_mb"] <= _AIM_MEGABYTES else "red"
            peak = f"[{colour}]{each['peak_mb']:.0f} MB[/]"
            table.add_row(f"{each['role']} {each['pid']}", peak, f"{each['own_mb']:.0f} MB", f"{each['seconds']:.1f} s")
    for role in dict.fromkeys(each["role"] for each in memory if not each["role"].startswith("work")):
        all_of = [each for each in memory if each["role"] == role]
        largest, seconds = max(all_of, key=lambda each: float(each["peak_mb"])), sum(each["seconds"] for each in all_of)
        name = f"{role}, the largest of {len(all_of)}"
        table.add_row(name, f"{largest['peak_mb']:.0f} MB", f"{largest['own_mb']:.0f} MB", f"{seconds:.1f} s in all")
    return table
