"""`reading`: Kelu and its peers asked the same queries in turn."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tenants.database import connected
from tenants.installation import Installation
from tests.benchmarks.reading.measuring import Figures, Seen, ask, under_load
from tests.benchmarks.reading.peers import Peer, running
from tests.benchmarks.reading.queries import (
    AGGREGATE,
    BY_HAND,
    BY_ID,
    KELU,
    LIST,
    PAGE,
    POSTGRAPHILE,
    RESOLVERS,
    SEALED,
    comparable,
    request,
)
from tests.benchmarks.reading.records import Reader, make_readers
from tests.stories.home import own_installation, own_settings, temporary_folder

ROUNDS = 3
_TENANTS = 20
_CUSTOMERS = 5_000
_REQUESTS = 200

#: Who is asked what beside Kelu's query of a section. Only Kelu seals, so what it opens stands beside a page with nothing sealed in it.
_BESIDE: dict[str, dict[str, str]] = {
    **{query: dict.fromkeys((POSTGRAPHILE, RESOLVERS, BY_HAND), query) for query in (PAGE, BY_ID, LIST, AGGREGATE)},
    SEALED: {POSTGRAPHILE: PAGE},
}
_SEALED_EACH = 300

#: What was seen by section and peer, round by round.
Rounds = dict[str, dict[str, list[Seen]]]


def measure(seconds: float, customers: int | None, console: Console) -> dict[str, Any]:
    """Ask every peer every query for some seconds in each of three rounds; print and return the figures.

    Args:
        customers: of each of the 20 tenants; 5,000 unless said.
    """
    return asyncio.run(_measure(seconds, customers or _CUSTOMERS, console))


async def _measure(seconds: float, customers: int, console: Console) -> dict[str, Any]:
    with temporary_folder() as folder:
        async with own_installation(folder / "home") as opened:
            with console.status(f"Writing {_TENANTS} tenants of {customers:,} customers …"):
                readers = await make_readers(str(opened.servers.owner), [customers] * _TENANTS, are_sealed=True)
            with running(own_settings(folder / "home"), opened.servers.app, folder) as (peers, absent):
                seen = await _asked(peers, readers, seconds, await postmaster_of(opened), console)
    for name, why in absent.items():
        console.print(f"[yellow]{name} is left out: {why}.[/]")
    found = {query: {name: Figures.of(rounds) for name, rounds in row.items()} for query, row in seen.items()}
    ratios = _ratios(seen)
    _show(found, console)
    _show_ratios(ratios, console)
    return {
        "rounds": ROUNDS,
        "seconds": seconds,
        "absent": absent,
        "queries": {query: {name: asdict(figures) for name, figures in row.items()} for query, row in found.items()},
        "ratios": [{"what": what, "ratio": ratio, "aim": aim} for what, ratio, aim in ratios],
    }


async def postmaster_of(opened: Installation) -> psutil.Process:
    """PostgreSQL's first process; all others are its children."""
    async with connected(opened.servers.app) as connection:
        found = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).parent()
    assert found is not None
    return found


async def _asked(peers: list[Peer], readers: list[Reader], seconds: float, postmaster: psutil.Process, console: Console) -> Rounds:
    found: Rounds = {}
    for section, beside in _BESIDE.items():
        queries = {KELU: section, **beside}
        able = [peer for peer in peers if peer.name in queries]
        requests = {peer.name: requests_of(peer, queries[peer.name], readers) for peer in able}
        check_same([peer for peer in able if queries[peer.name] == section], section, requests)
        seen: dict[str, list[Seen]] = defaultdict(list)
        for number in range(ROUNDS):
            for peer in able:
                with console.status(f"{section}, round {number + 1} of {ROUNDS}: {peer.name} …"):
                    seen[peer.name].append(await under_load(peer, requests[peer.name], seconds, postmaster))
        found[section] = seen
    return found


def requests_of(peer: Peer, query: str, readers: list[Reader], count: int = _REQUESTS) -> list[str]:
    """Requests of all tenants in turn, each of another customer where it is of one."""
    return [request(peer.name, query, reader, n * 7919 % reader.customers) for n in range(count) for reader in [readers[n % len(readers)]]]


def check_same(peers: list[Peer], query: str, requests: dict[str, list[str]]) -> None:
    """All peers say the same, and a page with sealed fields has them opened.

    Raises:
        AssertionError: one does not, or refuses.
    """
    for place in (0, -1):
        bodies = {peer.name: ask(peer, requests[peer.name][place]) for peer in peers}
        said = {name: comparable(name, query, body) for name, body in bodies.items()}
        rod = said.get(BY_HAND, said[KELU])
        different = [name for name, each in said.items() if each != rod]
        assert not different, f"{query}: {', '.join(different)} answer otherwise than the rest"
        if query == SEALED:
            opened = bodies[KELU].count(b'"value":"')
            assert opened == _SEALED_EACH, f"{opened} values were opened"


def _ratios(seen: Rounds) -> list[tuple[str, float, float]]:
    """What is aimed at: what it is of, the ratio, and the least it should be (of processor time, the most)."""

    def of(section: str, peer: str, figure: Callable[[Seen], float]) -> float:
        """Median of the rounds' ratios: a moment at which the machine was slow was slow for both."""
        pairs = zip(seen[section][KELU], seen[section][peer], strict=True)
        return statistics.median(figure(ours) / figure(theirs) for ours, theirs in pairs)

    ratios = []
    if POSTGRAPHILE in seen[PAGE]:
        ratios += [
            ("page, requests/s over PostGraphile's", of(PAGE, POSTGRAPHILE, _per_second), 3.0),
            ("page, server's processor time over PostGraphile's", of(PAGE, POSTGRAPHILE, _server_ms), 0.2),
            ("by id, requests/s over PostGraphile's", of(BY_ID, POSTGRAPHILE, _per_second), 1.5),
            ("sealed page, requests/s over PostGraphile's page", of(SEALED, POSTGRAPHILE, _per_second), 1.2),
        ]
    return [*ratios, ("page, requests/s over the SQL by hand", of(PAGE, BY_HAND, _per_second), 0.9)]


def _per_second(seen: Seen) -> float:
    return seen.requests / seen.seconds


def _server_ms(seen: Seen) -> float:
    return seen.server_seconds / seen.requests * 1e3


def _show(found: dict[str, dict[str, Figures]], console: Console) -> None:
    columns = ("requests/s", "p50 ms", "p99 ms", "server ms", "PostgreSQL ms", "answer kB", "errors")
    table = Table("query", "peer", title=f"Medians of {ROUNDS} rounds; processor time a request", title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    for query, row in found.items():
        for name, each in row.items():
            asked = query if name == KELU or _BESIDE[query][name] == query else f"({_BESIDE[query][name]})"
            errors = f"[red]{each.errors}[/]" if each.errors else "0"
            times = (f"{each.p50_ms:.1f}", f"{each.p99_ms:.1f}", f"{each.server_ms:.2f}", f"{each.postgres_ms:.2f}")
            table.add_row(asked, name, f"{each.per_second:,.0f}", *times, f"{each.bytes_each / 1e3:.1f}", errors)
        table.add_section()
    console.print(table)


def _show_ratios(ratios: list[tuple[str, float, float]], console: Console) -> None:
    table = Table("ratio", "is", "aim", title_justify="left")
    for what, ratio, aim in ratios:
        is_most = "processor time" in what
        is_met = ratio <= aim if is_most else ratio >= aim
        table.add_row(what, f"[{'green' if is_met else 'red'}]{ratio:.2f}[/]", f"{'≤' if is_most else '≥'} {aim}")
    console.print(table)
