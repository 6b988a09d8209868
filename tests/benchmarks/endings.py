"""How long it takes until an ending is felt in a process that did not do it: `--only endings`. Each kind some times; the longest counts."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.clients.server import serving
from tests.stories.endings import ENDINGS, LASTING_SECONDS, REQUEST_SECONDS, Felt, measured
from tests.stories.home import own_installation, temporary_folder

ROUNDS = 10


def measure(console: Console) -> dict[str, Any]:
    """Measure and print; fails where an ending is felt too late."""
    rounds = asyncio.run(_rounds())
    table = Table("ending", "request refused, s", "socket closed, s", "stream over, s", title=f"Until it is felt, the longest of {ROUNDS}")
    figures: dict[str, Any] = {}
    for name in ENDINGS:
        felt = [each[name] for each in rounds]
        longest = {part: _longest(felt, part) for part in ("request", "socket", "stream")}
        table.add_row(name, *("stays open" if each is None else f"{each:.2f}" for each in longest.values()))
        figures[name] = longest
    console.print(table)
    late = [name for name, each in figures.items() if each["request"] > REQUEST_SECONDS or (each["socket"] or 0) > LASTING_SECONDS]
    assert not late, f"felt too late: {late}"
    return figures


def _longest(felt: list[Felt], part: str) -> float | None:
    found = [seconds for each in felt if (seconds := getattr(each, part)) is not None]
    return max(found, default=None)


async def _rounds() -> list[dict[str, Felt]]:
    with temporary_folder() as folder:
        async with own_installation(folder / "home") as opened:
            with serving(opened.settings, folder / "log") as url:
                return [await measured(url) for _ in range(ROUNDS)]
