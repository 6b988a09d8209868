"""The operator's commands: tenants, master keys, the schema, and what is set and running.

What a script wants is on stdout, alone; what a person is told besides is on stderr.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import SecretStr

from tenants import database
from tenants.embedded import operator_script
from tenants.encryption.masters import create_master_key_file
from tenants.ids import global_id, local_id
from tenants.installation import open_installation
from tenants.models import Tenant
from tenants.refusals import Invalid, NotFound
from tenants.registry import add_tenant
from tenants.servers import servers
from tenants.session import Actor, ActorKind, acting_as
from tenants.settings import Settings
from tenants.settings import settings as read_settings
from tenants.status import Status, find_status
from tenants.terminal import say_json, say_refusal, say_result, say_rows, say_table

tenant = typer.Typer(no_args_is_help=True)
key = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
OfTenant = Annotated[str, typer.Option("--tenant", help="The tenant's id, ten_….", envvar="KELU_TENANT", show_default=False)]


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's schema up to this version of kelu.

    Runs as the owner of the tables (KELU_DATABASE_OWNER_URL). Each step is one transaction, so it may be interrupted and run
    again, and two at once take turns. The embedded database is migrated by itself whenever it is opened.

    Example: KELU_DATABASE_OWNER_URL=postgresql://kelu_owner@db/kelu kelu migrate
    """
    with servers(read_settings()) as found:
        if found.owner is None:
            raise Invalid("KELU_DATABASE_OWNER_URL is not set, and only the owner of the tables can change them.")
        applied = asyncio.run(database.migrate(found.owner)).applied
    say_result(as_json, {"applied": applied}, "\n".join(applied), "Applied." if applied else "The schema is current; nothing to do.")


@tenant.command("add")
def add_a_tenant(
    name: Annotated[str, typer.Argument(help="What the tenant is called; for people, and it may change.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1, two letters: how phones and postal codes are read that name no country.")],
    time_zone: Annotated[str, typer.Option(help="IANA time zone: in which times without a zone are read.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, three letters: of amounts that name none.")],
    rules: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with the tenant's rules: what is unique and required, and what is an error.", exists=True, dir_okay=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a tenant, with a data key of its own, and print its id.

    The rules file may hold, each optional: {"unique": ["phone"], "required": {"CUSTOMER": ["email"]}, "severities": {"BAD_DATE":
    "WARNING"}, "sources": ["fair"], "lifecycles": {"LAPSED": "lost"}, "match_by": ["phone"], "retention": {"UPLOADS": 90}}.

    Example: kelu tenant add "Blue Door Trading" --country CN --time-zone Asia/Shanghai --currency CNY
    """
    added = asyncio.run(_add_tenant(name, country, time_zone, currency, rules_in(rules)))
    id = global_id("TENANT", added.id)
    say_result(as_json, {"id": id, "name": added.name}, id, f"Next: kelu apikey add NAME --tenant {id}")


async def _add_tenant(name: str, country: str, time_zone: str, currency: str, rules: dict[str, Any] | None) -> Tenant:
    async with open_installation():
        return await add_tenant(name, country=country, time_zone=time_zone, currency=currency, rules=rules)


def rules_in(file: Path | None) -> dict[str, Any] | None:
    """The rules a JSON file holds; their words are checked by the registry.

    Raises:
        Invalid: it is not JSON, or not an object.
    """
    if file is None:
        return None
    try:
        rules = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{file} is not JSON: {error}.") from None
    if not isinstance(rules, dict):
        raise Invalid(f'{file} holds no rules: a JSON object such as {{"unique": ["phone"]}} is wanted.')
    return rules


async def operator_of(tenant: str) -> Actor:
    """The operator, acting in a tenant.

    Raises:
        NotFound: there is none with this id.
    """
    id = local_id("TENANT", tenant)
    if id is not None:
        actor = Actor(id, ActorKind.OPERATOR)
        async with acting_as(actor, read_only=True):
            if await Tenant.exists(id=id):
                return actor
    raise NotFound("There is no such tenant.")


@key.command("new")
def new_master_key(
    file: Annotated[Path, typer.Argument(help="The file to make; an existing one is never overwritten.")], as_json: AsJson = False
) -> None:
    """Make a master key in a file that only you can read (mode 0600), for KELU_MASTER_KEY_FILE.

    Every sealed value is sealed under it in the end, so keep a copy where the database is not: without it, nothing sealed can
    be read again. The embedded mode makes one by itself.

    Example: kelu key new /etc/kelu/master.key
    """
    create_master_key_file(file)
    say_result(as_json, {"file": str(file)}, str(file), "Keep a copy elsewhere: without this key, nothing sealed can be read again.")


def roles() -> None:
    """Print the SQL that makes a PostgreSQL of your own ready for kelu.

    It makes roles, a database and an extension. A superuser runs it once; it may be run again. Then give kelu_owner and kelu_app
    a way to log in, and set KELU_DATABASE_OWNER_URL and KELU_DATABASE_URL.

    Example: kelu roles | psql -h db -U postgres
    """
    typer.echo(operator_script(), nl=False)


def settings(as_json: AsJson = False) -> None:
    """List every setting: its variable, its value and where that is from, its meaning.

    Secrets are not shown, only that they are set.

    Example: KELU_PORT=9000 kelu settings
    """
    rows = settings_listed(read_settings())
    say_rows(as_json, rows if as_json else [{name: row[name] for name in ("variable", "value", "origin", "meaning")} for row in rows])


def settings_listed(chosen: Settings) -> list[dict[str, Any]]:
    """A row for each setting. A URL with credentials in it is said to be set, and no more."""
    rows = []
    for name, field in type(chosen).model_fields.items():
        value = getattr(chosen, name)
        said = "(set, not shown)" if isinstance(value, SecretStr) else None if value is None else str(value)
        origin = "environment" if name in chosen.model_fields_set else "default"
        rows.append({"name": name, "variable": f"KELU_{name.upper()}", "value": said, "origin": origin, "meaning": field.description})
    return rows


def status(as_json: AsJson = False) -> None:
    """Say what is running, where, and whether the schema is current.

    Starts nothing and changes nothing. Ends with 1 if something is wrong, and says what to do about it.

    Example: kelu status --json
    """
    found = asyncio.run(find_status(read_settings()))
    say_status(as_json, found)
    if found.problems:
        raise typer.Exit(1)


def say_status(as_json: bool, found: Status) -> None:
    if as_json:
        say_json(asdict(found))
        return
    say_table([{"what": name, "found": getattr(found, name)} for name in ("mode", "home", "postgresql", "valkey", "schema")])
    for problem in found.problems:
        say_refusal(problem)
