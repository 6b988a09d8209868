"""`growth`: what the same page costs where there is more: customers in a tenant, and tenants."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.benchmarks.reading.comparison import ROUNDS, requests_of
from tests.benchmarks.reading.measuring import Figures, Seen, ask, under_load
from tests.benchmarks.reading.peers import kelu
from tests.benchmarks.reading.queries import KELU, PAGE, comparable
from tests.benchmarks.reading.records import Reader, make_readers
from tests.stories.home import own_installation, own_settings, temporary_folder

_FEW_CUSTOMERS, _MANY_CUSTOMERS = 1_000, 1_000_000
_FEW_TENANTS, _MANY_TENANTS = 10, 2_000
_CUSTOMERS_OF_A_TENANT = 60
_AIM_RATIO = 1.3

#: One, so that p50 is what a page takes and not how long it waits behind others.
_CONNECTIONS = 1


def measure(seconds: float, customers: int | None, console: Console) -> dict[str, Any]:
    """Compare the page's p50 in a small and a large tenant, and among few and many tenants; print and return the figures.

    Args:
        customers: of the large tenant; 1,000,000 unless said.
    """
    return asyncio.run(_measure(seconds, customers or _MANY_CUSTOMERS, console))


async def _measure(seconds: float, customers: int, console: Console) -> dict[str, Any]:
    # Each case has a database of its own: a small tenant beside a large one shares the large one's deep indexes.
    sizes = {f"{each:,} customers": [each] for each in (_FEW_CUSTOMERS, customers)}
    counts = {f"{each:,} tenants": [_CUSTOMERS_OF_A_TENANT] * each for each in (_FEW_TENANTS, _MANY_TENANTS)}
    with temporary_folder() as folder:
        by_size = await _compared(sizes, folder / "customers", seconds, console)
        by_tenants = await _compared(counts, folder / "tenants", seconds, console)
    ratios = {"customers": _ratio(by_size), "tenants": _ratio(by_tenants)}
    figures = {name: Figures.of(rounds) for name, rounds in (by_size | by_tenants).items()}
    _show(figures, ratios, console)
    return {"p50_ms": {name: each.p50_ms for name, each in figures.items()}, "ratios": ratios, "aim": _AIM_RATIO}


async def _compared(cases: Mapping[str, Sequence[int]], folder: Path, seconds: float, console: Console) -> dict[str, list[Seen]]:
    """What was seen of the page in each case, round by round; a case is how many customers each of its tenants has."""
    homes = {name: folder / str(number) for number, name in enumerate(cases)}
    folder.mkdir()
    readers = {name: await _home(homes[name], sizes, console) for name, sizes in cases.items()}
    return await _in_turn([(name, homes[name], readers[name]) for name in cases], seconds, console)


async def _home(home: Path, sizes: Sequence[int], console: Console) -> list[Reader]:
    """An installation of its own with tenants of these sizes, closed again."""
    async with own_installation(home) as opened:
        with console.status(f"Writing {len(sizes):,} tenants, {sum(sizes):,} customers …"):
            return await make_readers(str(opened.servers.owner), sizes, are_sealed=False)


async def _in_turn(cases: Sequence[tuple[str, Path, list[Reader]]], seconds: float, console: Console) -> dict[str, list[Seen]]:
    """The page asked in each case in turn, by servers that run all the while."""
    with ExitStack() as stack:
        servers = {home: stack.enter_context(kelu(own_settings(home), home.with_suffix(".log"))) for _, home, _ in cases}
        seen: dict[str, list[Seen]] = defaultdict(list)
        asked = {name: requests_of(servers[home], PAGE, readers, max(200, len(readers))) for name, home, readers in cases}
        for name, home, _ in cases:
            assert len(comparable(KELU, PAGE, ask(servers[home], asked[name][0]))["customers"]) == 50
        for number in range(ROUNDS):
            for name, home, _ in cases:
                with console.status(f"{name}, round {number + 1} of {ROUNDS} …"):
                    seen[name].append(await under_load(servers[home], asked[name], seconds, _postmaster(home), _CONNECTIONS))
        return seen


def _postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))


def _ratio(seen: dict[str, list[Seen]]) -> float:
    """Median of the rounds' ratios."""
    few, many = seen.values()
    return statistics.median(many.p50_ms / few.p50_ms for few, many in zip(few, many, strict=True))


def _show(found: dict[str, Figures], ratios: dict[str, float], console: Console) -> None:
    table = Table("page where there are", title="The cost of growth", title_justify="left")
    for column in ("requests/s", "p50 ms", "p99 ms", "server ms", "PostgreSQL ms", "errors"):
        table.add_column(column, justify="right")
    for name, each in found.items():
        times = (f"{each.p50_ms:.1f}", f"{each.p99_ms:.1f}", f"{each.server_ms:.2f}", f"{each.postgres_ms:.2f}")
        table.add_row(name, f"{each.per_second:,.0f}", *times, str(each.errors))
    console.print(table)
    for name, ratio in ratios.items():
        colour = "green" if ratio <= _AIM_RATIO else "red"
        console.print(f"p50 with many {name} over few: [{colour}]{ratio:.2f}[/] (aim: ≤ {_AIM_RATIO})")
