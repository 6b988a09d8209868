"""`make bench`, or `python -m tests.benchmarks [--rows N] [--only NAME]`: measures, prints tables, and fails if rows are lost."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from tests.benchmarks import importing, killed, stages

#: Each takes the rows wanted and the screen, and returns its figures.
BENCHMARKS: Mapping[str, Callable[[int, Console], dict[str, Any]]] = {
    "import": importing.measure,
    "stages": stages.measure,
    "killed": killed.measure,
}
_UNLESS_SAID = ("import", "stages")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the generated file (default: 1,000,000)")
    parser.add_argument("--only", choices=BENCHMARKS, help=f"one benchmark (default: {' and '.join(_UNLESS_SAID)})")
    said = parser.parse_args()
    console, figures = Console(), {"machine": {"processors": os.cpu_count(), "python": platform.python_version()}}
    for name in [said.only] if said.only else _UNLESS_SAID:
        console.rule(name)
        figures[name] = BENCHMARKS[name](said.rows, console)
    if file := os.environ.get("BENCH_JSON"):
        Path(file).write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
