"""`kelu demo`: two tenants, three messy files through the real server and worker, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.syntax import Syntax
from rich.table import Table

from kelu.admin import first_admin, show_admin
from kelu.client import Client, wait_until_ready
from kelu.examples import EXAMPLES, IDEMPOTENCY_KEY, SUBSCRIPTION
from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.installation import open_installation
from tenants.refusals import Refusal
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tenants.settings import Settings, settings

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """A tenant of the demo with its files, in the order they are imported, and their record types."""

    name: str
    country: str
    time_zone: str
    currency: str
    files: tuple[tuple[str, str], ...]


EUROPE = Sample("Kontor Europa (demo)", "DE", "Europe/Berlin", "EUR", (("kunden_europa.csv", "CUSTOMER"), ("orders.xlsx", "ORDER")))
CHINA = Sample("华东贸易（演示）", "CN", "Asia/Shanghai", "CNY", (("客户.csv", "CUSTOMER"),))

START = """mutation ($upload: ID!, $type: RecordType!) {
  startImport(input: {uploadId: $upload, recordType: $type}) { import { id } userErrors { message } } }"""
PROGRESS = """query ($id: ID!) { import(id: $id) {
  status failureReason rowsTotal rowsRead rowsCreated rowsUpdated rowsUnchanged rowsSkipped rowsRejected warnings
  mapping { column target how } problems(first: 20) { row field severity wrong right } } }"""
OVER = {"DONE", "FAILED", "CANCELLED"}


def demo(
    exit: Annotated[bool, typer.Option("--exit", help="End when everything has been shown, instead of going on serving.")] = False,
) -> None:
    """Show Kelu at work: two tenants, messy sample files imported by a real worker, a query and its answer.

    Starts its own PostgreSQL and Valkey in KELU_HOME unless KELU_DATABASE_URL and KELU_REDIS_URL name others. Run again,
    it imports the same files once more: every row is then found to be known already.

    Example: kelu demo --exit
    """
    chosen, console = settings(), Console()
    asyncio.run(_show(chosen, console, exit or not sys.stdin.isatty()))


async def _show(chosen: Settings, console: Console, is_over_after: bool) -> None:
    console.rule("Kelu demo")
    with console.status("Starting PostgreSQL and Valkey …"):
        installation = open_installation(chosen)
        await installation.__aenter__()
    try:
        secrets = [(sample, await _tenant_with_key(chosen, sample)) for sample in (EUROPE, CHINA)]
        admin = await first_admin(Path(chosen.home) / "demo-admin.json", secrets[0][1][0])
        port = free_port(chosen)
        with command("work"), command("serve", "--port", str(port)):
            address = f"http://{chosen.host}:{port}"
            with console.status("Starting the server and the worker …"):
                await asyncio.to_thread(wait_until_ready, address)
            for sample, (tenant_id, secret) in secrets:
                await asyncio.to_thread(show_tenant, console, Client(address, secret), sample, tenant_id, secret)
            _, (_, secret) = secrets[0]
            await asyncio.to_thread(show_examples, console, Client(address, secret), address, secret)
            await asyncio.to_thread(show_admin, console, address, admin)
            if not is_over_after:
                await _serve_on(console, address)
    finally:
        await installation.__aexit__(None, None, None)
    console.print("[green]The demo ended well.[/]")


async def _tenant_with_key(chosen: Settings, sample: Sample) -> tuple[UUID, str]:
    """The sample's tenant, made once a home, and a new API key for it."""
    notes = Path(chosen.home) / "demo.json"
    known = orjson.loads(notes.read_bytes()) if notes.exists() else {}
    if sample.name not in known:
        tenant = await add_tenant(sample.name, country=sample.country, time_zone=sample.time_zone, currency=sample.currency)
        known[sample.name] = tenant.id.hex
        notes.write_bytes(orjson.dumps(known))
    tenant_id = UUID(known[sample.name])
    async with acting_as(Actor(tenant_id, ActorKind.OPERATOR)):
        _, secret = await add_api_key("demo")
    return tenant_id, secret


def show_tenant(console: Console, client: Client, sample: Sample, tenant_id: UUID, secret: str) -> None:
    """Import a tenant's files and print what came of each."""
    console.rule(sample.name)
    console.print(f"tenant   {global_id('TENANT', tenant_id)}\nAPI key  {secret}   (shown once)\n")
    for name, record_type in sample.files:
        outcome = import_file(console, client, SAMPLES / name, record_type)
        console.print(mapping_table(outcome))
        console.print(outcome_table(name, outcome))
        if outcome["problems"]:
            console.print(problem_table(outcome))


def show_examples(console: Console, client: Client, address: str, secret: str) -> None:
    """A page of queries to paste, each with the answer it has just had.

    Raises:
        RuntimeError: one was not answered.
    """
    console.rule("Queries to paste")
    for number, example in enumerate(EXAMPLES, 1):
        document = example.document.replace(IDEMPOTENCY_KEY, str(uuid4()))
        console.print(f"[bold]{number}. {example.title}[/]", highlight=False)
        console.print(Syntax(document, "graphql", background_color="default", word_wrap=True))
        if example.variables:
            console.print("variables", orjson.dumps(example.variables).decode(), highlight=False)
        console.print_json(orjson.dumps(client.graphql(document, **example.variables)).decode())
    console.print("[bold]And over a websocket, or as text/event-stream:[/]", Syntax(SUBSCRIPTION, "graphql", background_color="default"))
    console.print(f"GraphiQL: {address}/graphql in a browser, with this API key: {secret}", highlight=False, soft_wrap=True)


def import_file(console: Console, client: Client, file: Path, record_type: str) -> dict[str, Any]:
    """Upload a file, start its import, and follow it with a progress bar; the finished import is returned.

    Raises:
        Refusal: the import was refused or failed.
    """
    started = client.graphql(START, upload=client.upload(file), type=record_type)["startImport"]
    if started["userErrors"]:
        raise Refusal(started["userErrors"][0]["message"])
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} rows"), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(file.name, total=None)
        while True:
            run: dict[str, Any] = client.graphql(PROGRESS, id=started["import"]["id"])["import"]
            progress.update(bar, completed=run["rowsRead"], total=run["rowsTotal"])
            if run["status"] in OVER:
                break
            time.sleep(0.2)
    if run["status"] != "DONE":
        raise Refusal(f"The import of {file.name} ended as {run['status']}: {run['failureReason']}")
    return run


def mapping_table(run: dict[str, Any]) -> Table:
    """Which column became which field, and how that was decided."""
    table = Table("column", "field", "by", title="Columns", title_justify="left")
    for each in run["mapping"]:
        table.add_row(each["column"], each["target"] or "[yellow]not imported[/]", each["how"].lower())
    return table


def outcome_table(name: str, run: dict[str, Any]) -> Table:
    """The counts of an import; they add up to the rows in the file."""
    counted = ("rowsRead", "rowsCreated", "rowsUpdated", "rowsUnchanged", "rowsSkipped", "rowsRejected", "warnings")
    table = Table("rows", "created", "updated", "unchanged", "skipped", "rejected", "warnings", title=name, title_justify="left")
    table.add_row(*(str(run[each]) for each in counted))
    return table


def problem_table(run: dict[str, Any]) -> Table:
    """What is wrong, where, and what would be right."""
    table = Table("row", "field", "", "what is wrong", "what would be right", title="Problems", title_justify="left")
    for each in run["problems"]:
        colour = "red" if each["severity"] == "ERROR" else "yellow"
        table.add_row(str(each["row"]), each["field"] or "", f"[{colour}]{each['severity'].lower()}[/]", each["wrong"], each["right"])
    return table


def free_port(chosen: Settings) -> int:
    """The port of the settings, or any free one where it is taken."""
    for port in (chosen.port, 0):
        with contextlib.suppress(OSError), socket.create_server((chosen.host, port)) as probe:
            found: int = probe.getsockname()[1]
            return found
    raise Refusal(f"No port is free on {chosen.host}.")


@contextlib.contextmanager
def command(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `kelu` command as a child process, its output in a log of its own, ended with us."""
    log = Path(settings().home) / "logs" / f"demo-{words[0]}.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen([sys.executable, "-m", "kelu", *words], stdout=output, stderr=output, env=os.environ.copy())
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


async def _serve_on(console: Console, address: str) -> None:
    console.print(f"\nServing on {address}/graphql with the keys above. Ctrl-C ends it.")
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()
