"""`kelu work` and `kelu import`: the workers' own commands."""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from tenants.imports.options import ImportOptions
from tenants.intake.rules import Fill, KeyKind, OnMatch
from tenants.logs import log_as_json
from tenants.servers import servers
from tenants.settings import settings
from tenants.terminal import say_json
from tenants.words import RecordType
from workers.crew import crew, usual_size
from workers.imports import showing
from workers.imports.direct import Wanted, as_json, import_directly, mapping_of

_KEYS = "external, phone, email, national_id"

Processes = Annotated[
    int | None, typer.Option(help="How many worker processes; KELU_WORKER_PROCESSES, or one for each processor.", min=1, max=64)
]
File = Annotated[Path, typer.Argument(help="CSV, TSV, XLSX, XLS, ODS or JSON Lines.", exists=True, dir_okay=False, readable=True)]
Tenant = Annotated[str | None, typer.Option(help="The tenant's id, ten_…. Not needed if KELU_API_KEY holds a key.", envvar="KELU_TENANT")]
Of = Annotated[str | None, typer.Option("--type", help="What each row is: customer, contact, order, … Found out unless said.")]
Map = Annotated[
    list[str] | None,
    typer.Option(help="A column and its field: 'Tel. 2=phone', '#3=city'; 'Fax=-' leaves it out. As often as needed."),
]
Encoding = Annotated[str | None, typer.Option(help="Of a text file: utf-8, gb18030, big5, windows-1252, …")]
Separator = Annotated[str | None, typer.Option(help="The character between cells, or the word tab.")]
SheetName = Annotated[str | None, typer.Option(help="The sheet of a workbook; the first visible one unless said.")]
HeaderRow = Annotated[int | None, typer.Option(help="The row with the columns' names.", min=1)]
MatchBy = Annotated[str | None, typer.Option(help=f"How rows find stored customers, in this order, with commas between: {_KEYS}.")]
Match = Annotated[str, typer.Option(help="What to do with a row whose record is stored: update, skip or reject.")]
Filling = Annotated[str, typer.Option(help="Where a given and a stored value differ: overwrite or if-empty.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Go the whole way and write no record.")]
ShowMapping = Annotated[bool, typer.Option("--show-mapping", help="Only show which column goes to which field.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Rejected = Annotated[Path | None, typer.Option(help="Write the rejected rows here, to be corrected and imported again.", dir_okay=False)]
NoWorker = Annotated[bool, typer.Option("--no-worker", help="Leave the work to a `kelu work` that runs elsewhere.")]

Word = TypeVar("Word", bound=StrEnum)


def work(processes: Processes = None) -> None:
    """Do what was put off: jobs of every tenant, imports above all.

    Starts its own PostgreSQL and Valkey in KELU_HOME unless KELU_DATABASE_URL and KELU_REDIS_URL name others. Run it on as many
    machines as you like; workers that die are started again. Ctrl-C or SIGTERM ends it when the jobs under way are done, in
    15 s at the latest; it may also be killed, and nothing is lost or done twice.

    Example: kelu work --processes 4
    """
    log_as_json(settings().log_level)
    with servers(settings()):
        asyncio.run(_work(processes or usual_size()))


async def _work(processes: int) -> None:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with crew(processes):
        await over.wait()


def import_file(
    file: File,
    tenant: Tenant = None,
    type: Of = None,
    map: Map = None,
    encoding: Encoding = None,
    separator: Separator = None,
    sheet: SheetName = None,
    header_row: HeaderRow = None,
    match_by: MatchBy = None,
    on_match: Match = "update",
    fill: Filling = "overwrite",
    dry_run: DryRun = False,
    show_mapping: ShowMapping = False,
    json: AsJson = False,
    rejected: Rejected = None,
    no_worker: NoWorker = False,
) -> None:
    """Bring a file into a tenant's records.

    Finds out encoding, separator, header and what each column holds, and shows it. Each row is created, updated, unchanged, skipped or
    rejected, and the report accounts for all of them. What is imported again is found unchanged. Ctrl-C cancels; what was taken in stays.
    A dry run looks at some thousand rows at a time: two rows about one customer that are further apart both count as created.

    Exit codes: 0 all rows taken in, 3 some rejected, 1 refused or failed, 2 wrongly called.

    Example: kelu import customers.csv --tenant ten_0198c0… --rejected again.csv
    """
    reading: dict[str, Any] = {"encoding": encoding, "separator": _separator(separator), "sheet": sheet, "header_row": header_row}
    rules = {"match_by": _keys(match_by), "on_match": _word(OnMatch, on_match, "--on-match"), "fill": _word(Fill, fill, "--fill")}
    options = ImportOptions.of(**reading, columns=_columns(map or []), **rules)
    record_type = _word(RecordType, type, "--type") if type else None
    run_import(Wanted(file, tenant, record_type, options, dry_run, rejected, 0 if no_worker else usual_size()), show_mapping, json)


def run_import(wanted: Wanted, only_mapping: bool, is_json: bool) -> None:
    """Do it, print it, and end with the exit code that says how it went."""
    log_as_json("ERROR")
    if only_mapping:
        columns = asyncio.run(mapping_of(wanted)).as_json()
        say_json(columns) if is_json else showing.print_mapping(columns["columns"])
        return
    with showing.bar(wanted.file.name) as watch:
        outcome = asyncio.run(import_directly(wanted, watch))
    say_json(as_json(outcome)) if is_json else showing.show(outcome)
    if outcome.run.status != "DONE":
        raise typer.Exit(1)
    if outcome.run.rows_rejected:
        raise typer.Exit(3)


def _word(words: type[Word], said: str, option: str) -> Word:
    """The member of an enum that somebody wrote in whichever case."""
    for word in words:
        if word.name.casefold() == said.strip().replace("-", "_").casefold():
            return word
    choices = ", ".join(word.name.lower().replace("_", "-") for word in words)
    raise typer.BadParameter(f"“{said}” is none of: {choices}.", param_hint=option)


def _keys(said: str | None) -> list[KeyKind]:
    return [_word(KeyKind, each, "--match-by") for each in said.split(",")] if said else []


def _separator(said: str | None) -> str | None:
    return "\t" if said in ("tab", "\\t") else said


def _columns(said: list[str]) -> dict[str, str]:
    """Columns and their fields; a column's name may have an equals sign in it, a field has none."""
    found: dict[str, str] = {}
    for each in said:
        column, equals, target = each.rpartition("=")
        if not equals or not column or not target.strip():
            raise typer.BadParameter(f"“{each}” is not of the form COLUMN=FIELD.", param_hint="--map")
        found[column] = target.strip()
    return found
