"""`growth`: what the same page costs where there is more: customers in a tenant, and tenants."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.benchmarks.reading.comparison import ROUNDS, requests_of
from tests.benchmarks.reading.measuring import Figures, Seen, ask, under_load
from tests.benchmarks.reading.peers import Peer, kelu
from tests.benchmarks.reading.queries import KELU, PAGE, comparable
from tests.benchmarks.reading.records import Reader, make_readers
from tests.stories.home import own_installation, own_settings, temporary_folder

_FEW_CUSTOMERS, _MANY_CUSTOMERS = 1_000, 1_000_000
_FEW_TENANTS, _MANY_TENANTS = 10, 2_000
_CUSTOMERS_OF_A_TENANT = 60
_AIM_RATIO = 1.3


def measure(seconds: float, customers: int | None, console: Console) -> dict[str, Any]:
    """Compare the page's p50 in a small and a large tenant, and among few and many tenants; print and return the figures.

    Args:
        customers: of the large tenant; 1,000,000 unless said.
    """
    return asyncio.run(_measure(seconds, customers or _MANY_CUSTOMERS, console))


async def _measure(seconds: float, customers: int, console: Console) -> dict[str, Any]:
    with temporary_folder() as folder:
        sized = await _home(folder / "sized", [_FEW_CUSTOMERS, customers], console)
        few = await _home(folder / "few", [_CUSTOMERS_OF_A_TENANT] * _FEW_TENANTS, console)
        many = await _home(folder / "many", [_CUSTOMERS_OF_A_TENANT] * _MANY_TENANTS, console)
        by_size = await _in_turn([(f"{reader.customers:,} customers", folder / "sized", [reader]) for reader in sized], seconds, console)
        by_tenants = await _in_turn(
            [(f"{len(few):,} tenants", folder / "few", few), (f"{len(many):,} tenants", folder / "many", many)], seconds, console
        )
    ratios = {"customers": _ratio(by_size), "tenants": _ratio(by_tenants)}
    _show(by_size | by_tenants, ratios, console)
    return {"p50_ms": {name: each.p50_ms for name, each in (by_size | by_tenants).items()}, "ratios": ratios, "aim": _AIM_RATIO}


async def _home(home: Path, sizes: Sequence[int], console: Console) -> list[Reader]:
    """An installation of its own with tenants of these sizes, closed again."""
    async with own_installation(home) as opened:
        with console.status(f"Writing {len(sizes):,} tenants, {sum(sizes):,} customers …"):
            return await make_readers(str(opened.servers.owner), sizes, are_sealed=False)


async def _in_turn(cases: Sequence[tuple[str, Path, list[Reader]]], seconds: float, console: Console) -> dict[str, Figures]:
    """The page asked in each case in turn, by servers that run all the while."""
    with ExitStack() as stack:
        homes = dict.fromkeys(home for _, home, _ in cases)
        servers = {home: stack.enter_context(kelu(own_settings(home), home.with_suffix(".log"))) for home in homes}
        seen: dict[str, list[Seen]] = defaultdict(list)
        asked = {name: requests_of(servers[home], PAGE, readers, max(200, len(readers))) for name, home, readers in cases}
        for name, home, _ in cases:
            assert len(comparable(KELU, PAGE, ask(servers[home], asked[name][0]))["customers"]) == 50
        for number in range(ROUNDS):
            for name, home, _ in cases:
                with console.status(f"{name}, round {number + 1} of {ROUNDS} …"):
                    seen[name].append(await under_load(servers[home], asked[name], seconds, _postmaster(servers[home], home)))
        return {name: Figures.of(rounds) for name, rounds in seen.items()}


def _postmaster(server: Peer, home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))


def _ratio(found: dict[str, Figures]) -> float:
    few, many = found.values()
    return many.p50_ms / few.p50_ms


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
