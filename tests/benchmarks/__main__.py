"""`make bench`, or `python -m tests.benchmarks [OPTIONS]`: measures, prints tables, and fails if rows are lost or answers differ."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from tests.benchmarks import access, endings, importing, killed, stages, trail
from tests.benchmarks.reading import comparison, growth

#: Each takes what was said and the screen, and returns its figures.
BENCHMARKS: Mapping[str, Callable[[argparse.Namespace, Console], dict[str, Any]]] = {
    "import": lambda said, console: importing.measure(said.rows, console),
    "stages": lambda said, console: stages.measure(said.rows, console),
    "killed": lambda said, console: killed.measure(said.rows, console),
    "reading": lambda said, console: comparison.measure(said.seconds, said.customers, console),
    "endings": lambda said, console: endings.measure(console),
    "growth": lambda said, console: growth.measure(said.seconds, said.customers, console),
    "access": lambda said, console: access.measure(console),
    "trail": lambda said, console: trail.measure(console),
    "attacks": lambda said, console: trail.measure_attacks(console),
}
_UNLESS_SAID = ("import", "stages", "reading", "endings", "growth", "access", "trail")

#: Columns of text where there is no terminal to ask.
_FILE_WIDTH = 120


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the generated file (default: 1,000,000)")
    parser.add_argument("--seconds", type=float, default=2.5, help="seconds that are counted, in each round of reading (default: 2.5)")
    parser.add_argument("--customers", type=int, help="customers of a tenant (default: 5,000 in reading, 1,000,000 in growth)")
    parser.add_argument("--only", choices=BENCHMARKS, help=f"one benchmark (default: {' and '.join(_UNLESS_SAID)})")
    said = parser.parse_args()
    console, figures = (
        Console(width=None if sys.stdout.isatty() else _FILE_WIDTH),
        {"machine": {"processors": os.cpu_count(), "python": platform.python_version()}},
    )
    for name in [said.only] if said.only else _UNLESS_SAID:
        console.rule(name)
        figures[name] = BENCHMARKS[name](said, console)
    if file := os.environ.get("BENCH_JSON"):
        Path(file).write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
