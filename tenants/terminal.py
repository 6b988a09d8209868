"""What commands print: a script's answer on stdout, alone, and what a person is told besides on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 200


@contextmanager
def counting(name: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; tell it how many more are done. Where stderr is no terminal, nothing is drawn."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as drawn:
        task = drawn.add_task(name, total=total)
        yield lambda done: drawn.advance(task, done)


def say_result(as_json: bool, result: dict[str, Any], line: str, note: str) -> None:
    """A result: as JSON, or as the one line a script wants of it, with a note to people."""
    if as_json:
        say_json(result)
        return
    if line:
        typer.echo(line)
    typer.echo(note, err=True)


def say_rows(as_json: bool, rows: list[dict[str, Any]]) -> None:
    """Rows with the same names each: as JSON, or as a table."""
    if as_json:
        say_json(rows)
    else:
        say_table(rows)


def say_table(rows: list[dict[str, Any]]) -> None:
    """A table; its first column, which names the row, is never cut."""
    table = Table(box=None)
    for position, name in enumerate(rows[0] if rows else ["(none)"]):
        table.add_column(name, no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


def say_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def say_refusal(line: str) -> None:
    """A line in red on stderr, as it is: no markup, no wrapping."""
    Console(stderr=True, soft_wrap=True).print(line, style="red", markup=False, highlight=False)


def _cell(value: object) -> Text:
    """A value as it is, never as rich's markup."""
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%SZ}")
    return Text("" if value is None else str(value))
