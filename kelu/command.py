"""The command `kelu`: puts the rooms' commands together, and turns what goes wrong into a line a person can act on.

Exit codes: 0 done · 1 refused, and the line says why · 2 wrongly called · 70 a bug of ours · 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from inspect import cleandoc
from typing import Annotated, Any

import typer

from kelu.failures import report


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of them: its name, where it is (`module:function` or `module:group`), and its help in one line.

    The line stands here, too, so that `kelu --help` need not import the rooms; a test holds the two together.
    """

    name: str
    place: str
    summary: str

    def load(self) -> Any:
        """The function or the typer group, its room imported."""
        module, name = self.place.split(":")
        return getattr(import_module(module), name)


COMMANDS = (
    Command(
        "demo", "kelu.demo:demo", "Show Kelu at work: two tenants, messy sample files imported by a real worker, a query and its answer."
    ),
    Command(
        "serve",
        "server.cli:serve",
        "Serve the GraphQL API at /graphql (GraphiQL in a browser, websockets, event streams), POST /uploads, /healthz and /readyz.",
    ),
    Command("work", "workers.cli:work", "Do what was put off: jobs of every tenant, imports above all."),
    Command("import", "workers.cli:import_file", "Bring a file into a tenant's records."),
    Command("tenant", "tenants.life.cli:tenant", "Tenants: the companies whose customers' records are kept here."),
    Command("apikey", "tenants.api_keys.cli:app", "API keys: how a partner's program proves which tenant it acts for."),
    Command("member", "tenants.people.cli:member", "Members: the people of a tenant, who sign in with a password of their own."),
    Command("trail", "tenants.trail.cli:trail", "The trail: what happened in a tenant, sealed, exported and verified."),
    Command("key", "tenants.cli:key", "Master keys: what every sealed value is sealed under in the end."),
    Command("signing-keys", "tenants.signin.cli:signing_keys", "Signing keys: what the access tokens of members are signed with."),
    Command("migrate", "tenants.cli:migrate", "Bring the database's schema up to this version of kelu."),
    Command("roles", "tenants.cli:roles", "Print the SQL that makes a PostgreSQL of your own ready for kelu."),
    Command("settings", "tenants.cli:settings", "List every setting: its variable, its value and where that is from, its meaning."),
    Command("status", "tenants.cli:status", "Say what is running, where, and whether the schema is current."),
    Command("schema", "server.cli:schema", "Print the GraphQL schema, as schema.graphql holds it."),
)

HELP = """Kelu keeps the customer records of many companies right.

Nothing has to be installed or configured first: PostgreSQL and Valkey are started as they are needed, in the folder KELU_HOME
(.kelu here, if that is not set). `kelu demo` shows all of it; `kelu COMMAND --help` explains a command, with an example.
"""


def main() -> None:
    """The entry point: run the command line, and end the process with its exit code."""
    arguments = sys.argv[1:]
    logging.getLogger("arq.connections").setLevel(logging.ERROR)  # it says each retry; the last one is said by us
    try:
        compose(named(arguments))(args=arguments, prog_name="kelu")
    except Exception as error:  # the one place where everything that nobody caught becomes a line and an exit code
        sys.exit(report(error, named(arguments)))


def named(arguments: list[str]) -> str:
    """The command that a command line names, or '' if none; options before it are all switches."""
    return next((argument for argument in arguments if not argument.startswith("-")), "")


def compose(wanted: str = "") -> typer.Typer:
    """The whole command line. Only the wanted command is imported; the others are there with their name and summary."""
    app = typer.Typer(help=flowing(HELP), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(common_options)
    for command in COMMANDS:
        add(app, command, command.load() if command.name == wanted else _stub)
    return app


def add(app: typer.Typer, command: Command, loaded: Any) -> None:
    """Put a command, or a group of them, into the app, with its docstring as the help."""
    if loaded is _stub:
        app.command(command.name, help=command.summary)(loaded)
    elif isinstance(loaded, typer.Typer):
        for each in loaded.registered_commands:
            each.help = flowing(each.callback.__doc__)
        app.add_typer(loaded, name=command.name, help=command.summary)
    else:
        app.command(command.name, help=flowing(loaded.__doc__))(loaded)


def flowing(docstring: str | None) -> str:
    """A docstring for terminals of any width: its paragraphs, each on one line."""
    paragraphs = cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _stub() -> None:
    raise RuntimeError("A command that was not named on the command line cannot be run.")


def common_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where a bug happened, and log everything: KELU_LOG_LEVEL=DEBUG.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=lambda wanted: _version(wanted), is_eager=True)
    ] = False,
) -> None:
    if debug:
        os.environ["KELU_LOG_LEVEL"] = "DEBUG"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("kelu"))
        raise typer.Exit
