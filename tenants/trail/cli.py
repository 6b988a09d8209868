"""The operator's commands about trails: the public key, checkpoints, exports and whether all is as it was sealed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tenants.cli import AsJson, OfTenant, operator_of
from tenants.encryption import CannotOpen
from tenants.ids import global_id
from tenants.installation import open_installation
from tenants.refusals import Invalid, NotFound
from tenants.session import Actor, ActorKind, acting_as, session
from tenants.terminal import counting, say_json, say_refusal, say_result
from tenants.trail.checking import Checked, all_tenants, check
from tenants.trail.event import Event
from tenants.trail.exporting import lines, sealed_count
from tenants.trail.keys import public_keys
from tenants.trail.sealing import kept_checkpoint
from tenants.trail.writing import note_alone

trail = typer.Typer(no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option("--tenant", help="One tenant, ten_…; all of them unless said.", show_default=False)]
To = Annotated[Path, typer.Option("--to", help="The file to write, with mode 0600; an existing one is never overwritten.", dir_okay=False)]

#: Lines that are written at a time.
_WRITTEN = 1_000


@trail.command("public-key")
def print_public_key(as_json: AsJson = False) -> None:
    """Print the key by which anybody can verify what this installation has sealed: 64 hex digits, one line a key.

    Keep it where the database's administrators cannot reach it. The private part never leaves the installation.

    Example: kelu trail public-key > kelu-trail.key
    """
    keys = [key.hex() for key in asyncio.run(_public_keys())]
    say_result(as_json, {"keys": keys}, "\n".join(keys), "Keep it where the database's administrators cannot reach it.")


async def _public_keys() -> list[bytes]:
    async with open_installation():
        return await public_keys()


@trail.command("checkpoint")
def print_checkpoint(tenant: Tenant = None) -> None:
    """Print the newest checkpoint of a tenant, or of each, from the file store: the last block's number, hash, count and signature.

    One line of JSON each. Kept somewhere else, now and then, they find later whatever was cut off, also where somebody has both the
    database and the file store.

    Example: kelu trail checkpoint >> /mnt/elsewhere/checkpoints.jsonl
    """
    for line in asyncio.run(_checkpoints(tenant)):
        typer.echo(line.decode())


async def _checkpoints(tenant: str | None) -> list[bytes]:
    async with open_installation():
        found = []
        for actor in await _actors(tenant):
            try:
                async with acting_as(actor, read_only=True):
                    found.append(await kept_checkpoint())
            except (CannotOpen, NotFound):  # one tenant's trouble is not the others'
                say_refusal(f"{global_id('TENANT', actor.tenant_id)}: its checkpoint does not open.")
        if not any(found):
            raise NotFound("Nothing has been sealed yet; `kelu work` does so each minute.")
        return [each for each in found if each is not None]


async def _actors(tenant: str | None) -> list[Actor]:
    """The operator, in one tenant or in each that has a trail."""
    return [await operator_of(tenant)] if tenant else [Actor(id, ActorKind.OPERATOR) for id in await all_tenants()]


@trail.command("export")
def export_trail(tenant: OfTenant, to: To, as_json: AsJson = False) -> None:
    """Write a tenant's sealed trail to a file of JSON lines: each block's entries, then the block. What is unsealed is not in it.

    Anybody can verify it with the public key and a checkpoint: python verifier.py FILE --key … --checkpoint …

    Example: kelu trail export --tenant ten_0198c0… --to trail.jsonl
    """
    outcome = asyncio.run(_export(tenant, to))
    note = f"{outcome['entries']:,} entries. The verifier is tenants/trail/verifier.py; it needs nothing else of kelu."
    say_result(as_json, outcome, str(to), note)


async def _export(tenant: str, to: Path) -> dict[str, Any]:
    async with open_installation():
        actor = await operator_of(tenant)
        await note_alone(actor, Event.TRAIL_EXPORTED)
        try:
            descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise Invalid(f"{to} cannot be written: {error.strerror}. Name a new file in a folder that is there.") from None
        with open(descriptor, "wb") as file:
            return {"file": str(to), **await _write(actor, file)}


async def _write(actor: Actor, file: Any) -> dict[str, int]:
    written, waiting = 0, list[bytes]()
    async with acting_as(actor, read_only=True):
        total = await sealed_count()
        with counting("trail", "entries", total) as told:
            async for line in lines(session().connection, actor.tenant_id):
                waiting.append(line)
                if len(waiting) == _WRITTEN:
                    file.write(b"\n".join([*waiting, b""]))
                    told(len(waiting))
                    written, waiting = written + len(waiting), []
            file.write(b"".join(line + b"\n" for line in waiting))
    return {"entries": total, "lines": written + len(waiting)}


@trail.command("verify")
def verify_trails(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Verify trails where they lie: every entry, block and signature, the newest checkpoint in the file store, and the changes of records
    that entries tell of.

    Says what is wrong, and where, and ends with 1; with 0 if all is as it was sealed. Who does not believe this machine exports, and uses
    the verifier that stands alone.

    Example: kelu trail verify --tenant ten_0198c0…
    """
    found = asyncio.run(_verify(tenant))
    if as_json:
        say_json([_as_json(each) for each in found])
    else:
        _say(found)
    if any(each.faults for each in found):
        raise typer.Exit(1)


async def _verify(tenant: str | None) -> list[Checked]:
    async with open_installation():
        with counting("verifying", "lines") as told:
            return [await check(actor, told) for actor in await _actors(tenant)]


def _say(found: list[Checked]) -> None:
    for each in found:
        said = f"{each.blocks:,} blocks, {each.entries:,} entries sealed, {each.unsealed:,} not yet, {len(each.faults):,} faults"
        typer.echo(f"{global_id('TENANT', each.tenant_id)} {said}")
        for fault in each.faults:
            say_refusal(f"  {fault}")
    if not found:
        typer.echo("Nothing has been sealed yet.", err=True)


def _as_json(found: Checked) -> dict[str, Any]:
    counts = {"blocks": found.blocks, "entries": found.entries, "unsealed": found.unsealed}
    return {"tenant": global_id("TENANT", found.tenant_id), **counts, "faults": [fault._asdict() for fault in found.faults]}
