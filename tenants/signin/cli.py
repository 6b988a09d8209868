"""`kelu signing-keys`: the keys that access tokens are signed with."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from tenants.installation import open_installation
from tenants.signin.signing_keys import SigningKey
from tenants.signin.signing_keys import rotate as rotate_keys
from tenants.signin.signing_keys import signing_keys as known_keys
from tenants.terminal import say_result, say_rows

signing_keys = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@signing_keys.command("rotate")
def rotate(
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="The other keys retire now: everybody refreshes. For when a key may be known to somebody."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign access tokens with a new key from now on. This happens by itself after KELU_SIGNING_KEY_DAYS.

    The other keys verify for another half hour, which is longer than any of their tokens lasts.

    Example: kelu signing-keys rotate --at-once
    """
    made = asyncio.run(_rotate(at_once))
    told = "The others have retired: their tokens are refused." if at_once else "The others verify for another half hour."
    say_result(as_json, {"id": made.kid, "retiresAt": made.retires_at}, made.kid, told)


async def _rotate(at_once: bool) -> SigningKey:
    async with open_installation():
        return await rotate_keys(at_once=at_once)


@signing_keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys that verify, the one that signs first.

    Example: kelu signing-keys list
    """
    keys = asyncio.run(_known())
    say_rows(as_json, [{"id": key.kid, "createdAt": key.created_at, "retiresAt": key.retires_at} for key in keys])


async def _known() -> list[SigningKey]:
    async with open_installation():
        return await known_keys()
