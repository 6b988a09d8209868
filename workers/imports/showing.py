"""How an import is shown in a terminal: a bar while it runs, then the mapping, the report, and the first problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from tenants.ids import global_id
from tenants.imports import progress
from tenants.intake.problems import Problem, Severity
from workers.imports.direct import Outcome

_COUNTS = ("created", "updated", "unchanged", "skipped", "rejected")
_STEPS = {"WAITING": "waiting for its turn", "READING": "reading", "RUNNING": "taking in", "PAUSED": "paused"}


@contextmanager
def bar(name: str) -> Iterator[Callable[[progress.Progress], None]]:
    """A progress bar on stderr; give it the run now and then. Where stderr is no terminal, nothing is drawn."""
    console = Console(stderr=True)
    columns: Sequence[ProgressColumn] = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        _Rows(),
        TextColumn("{task.fields[speed]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as drawn:
        task = drawn.add_task(name, total=None, speed="", run=None)

        def watch(run: progress.Progress) -> None:
            step = _STEPS.get(run.status, run.status.lower())
            drawn.update(task, description=f"{name}: {step}", total=run.rows_total, completed=run.rows_read, speed=_speed(run), run=run)

        yield watch


class _Rows(ProgressColumn):
    """Rows so far, and what became of them."""

    def render(self, task: Task) -> Text:
        run: progress.Progress | None = task.fields["run"]
        if run is None:
            return Text("")
        if run.rows_total is None:
            return Text(f"{run.rows_staged:,} rows read")
        counts = ", ".join(f"{count:,} {name}" for name in _COUNTS if (count := getattr(run, f"rows_{name}")))
        return Text(f"{run.rows_read:,} of {run.rows_total:,} rows" + (f" ({counts})" if counts else ""))


def _speed(run: progress.Progress) -> str:
    speed = f"{run.rows_per_second:,.0f} rows/s" if run.rows_per_second else ""
    return f"{speed}, {_time(run.seconds_left)} left" if run.seconds_left is not None else speed


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def show(outcome: Outcome) -> None:
    """The mapping, the report and the first problems, on stdout."""
    console, run = Console(), outcome.run
    console.print(mapping_table(run.mapping))
    console.print(_report(run))
    if outcome.problems:
        console.print(_problem_table(outcome.problems, run.mapping))
    if run.rows_rejected:
        console.print("All rejected rows, ready to be corrected and imported again: --rejected FILE.")
    if run.failure_reason:
        console.print(Text(run.failure_reason, style="red"))


def print_mapping(columns: Sequence[dict[str, Any]]) -> None:
    Console().print(mapping_table(columns))


def mapping_table(columns: Sequence[dict[str, Any]]) -> Table:
    """Which column goes to which field, and how that was decided; columns that go nowhere stand out."""
    table = Table("column", "field", "by", title="Columns", title_justify="left")
    for each in columns:
        name = each["header"].strip() or f"#{each['number']}"
        if each["target"]:
            table.add_row(Text(name), Text(each["target"]), each["how"].lower())
        else:
            why = f"says the same as column {each['repeat_of']}" if each["repeat_of"] else each["how"].lower()
            table.add_row(Text(name), Text("not imported", style="yellow"), why)
    return table


def _report(run: progress.Progress) -> Table:
    """What became of the rows; the counts add up to the rows in the file."""
    title = f"{run.file_name}: {run.status.lower()}{' (dry run: nothing was written)' if run.is_dry_run else ''}"
    table = Table("rows", "", title=Text(title), title_justify="left")
    for name in _COUNTS:
        count = getattr(run, f"rows_{name}")
        table.add_row(name, Text(f"{count:,}", style="red" if name == "rejected" and count else "", justify="right"))
    table.add_section()
    table.add_row("sum", Text(f"{run.rows_read:,}", justify="right"))
    table.add_row("rows in the file", Text("not known" if run.rows_total is None else f"{run.rows_total:,}", justify="right"))
    if run.rows_blank:
        table.add_row("and blank ones", Text(f"{run.rows_blank:,}", justify="right"))
    if run.warnings:
        table.add_row("values kept with a warning", Text(f"{run.warnings:,}", justify="right"))
    for noun, counts in run.records.items():
        for action, count in counts.items():
            table.add_row(f"records: {noun.lower()} {action.lower()}", Text(f"{count:,}", justify="right"))
    table.add_row("import", global_id("IMPORT", run.id))
    return table


def _problem_table(problems: Sequence[Problem], mapping: Sequence[dict[str, Any]]) -> Table:
    """What is wrong, where in the file, and what would be right."""
    headers = {each["target"]: each["header"] for each in mapping if each["target"]}
    table = Table("row", "column", "", "what is wrong", "what would be right", title="First problems", title_justify="left")
    for problem in problems:
        style = "red" if problem.severity is Severity.ERROR else "yellow"
        place = headers.get(problem.field, problem.field or "")
        severity = Text(problem.severity.lower(), style=style)
        table.add_row(str(problem.row), Text(place), severity, Text(problem.wrong), Text(problem.right))
    return table
