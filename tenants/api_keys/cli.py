"""The operator's commands for API keys: `kelu apikey add`, `list`, `change`, `rotate`, `cut`, `revoke`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from tenants import api_keys
from tenants.access.built_in import BUILT_IN, BY_WORD
from tenants.cli import AsJson, OfTenant, operator_of
from tenants.ids import global_id, local_id
from tenants.installation import open_installation
from tenants.models import ApiKey, Role
from tenants.refusals import Invalid, NotFound
from tenants.session import acting_as
from tenants.terminal import say_result, say_rows

app = typer.Typer(no_args_is_help=True)

T = TypeVar("T")

KeyId = Annotated[str, typer.Argument(help="The key's id, key_… (not its secret).")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="What it may do: ADMIN MANAGER SALES SERVICE PARTNER AUDITOR, or a role's id or name.")
]
Networks = Annotated[
    list[str] | None, typer.Option("--network", help="Where it may be used: 203.0.113.0/24, 2001:db8::/32 or an address; up to 50.")
]
Expires = Annotated[str | None, typer.Option(help="Until when it is good: 2030-12-31, 2030-12-31T18:00Z, or 90d for so many days.")]
Rate = Annotated[int | None, typer.Option(help="Points it may spend a minute, fewer than other keys.", min=1)]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the key is for; shown in lists.")],
    tenant: OfTenant,
    role: Roles = None,
    expires: Expires = None,
    network: Networks = None,
    rate: Rate = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="With it, sealed values (phones, e-mails …) can be read in clear.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an API key to a tenant and print its secret, this once: only a hash of it is kept.

    A program sends it with each request: Authorization: Bearer kelu_…. Without --role it is a PARTNER's: it reads and writes all records.

    Example: kelu apikey add "web shop" --tenant ten_0198c0… --role PARTNER --network 203.0.113.0/24 --expires 365d
    """

    async def act() -> tuple[ApiKey, str]:
        values: dict[str, Any] = {"expires_at": until(expires), "networks": network or [], "points_per_minute": rate}
        return await api_keys.add_api_key(name, role_ids=await role_ids(role or ["PARTNER"]), may_reveal=reveal, **values)

    added, secret = _done(tenant, act)
    id = global_id("API_KEY", added.id)
    result = {"id": id, "name": added.name, "mayReveal": reveal, "secret": secret}
    say_result(as_json, result, secret, f"This is the only time the secret is shown. To end it: kelu apikey revoke {id} --tenant {tenant}")


@app.command("list")
def list_keys(tenant: OfTenant, as_json: AsJson = False) -> None:
    """List the API keys of a tenant, without their secrets.

    Example: kelu apikey list --tenant ten_0198c0…
    """

    async def act() -> list[dict[str, Any]]:
        names = {role.id: role.name for role in await Role.all()} | {id: role.word for id, role in BUILT_IN.items()}
        return [_shown(each, names) for each in await ApiKey.all().order_by("id")]

    say_rows(as_json, _done(tenant, act, read_only=True))


@app.command("change")
def change(
    id: KeyId,
    tenant: OfTenant,
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    role: Roles = None,
    expires: Annotated[str | None, typer.Option(help="Until when it is good, as for `add`; `never` takes the end away.")] = None,
    network: Annotated[
        list[str] | None, typer.Option("--network", help="As for `add`, in place of all it had; `any` takes them away.")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Points it may spend a minute; 0: as many as other keys.", min=0)] = None,
    reveal: Annotated[bool | None, typer.Option("--reveal/--no-reveal", help="Whether sealed values can be read in clear.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what an API key may do, or how long, from where and how fast. What is not said stays as it is.

    Example: kelu apikey change key_0198c1… --tenant ten_0198c0… --network 203.0.113.0/24 --network 2001:db8::/32
    """

    key_id = _key_id(id)

    async def act() -> None:
        changes: dict[str, Any] = {
            "name": name,
            "role_ids": await role_ids(role) if role else None,
            "may_reveal": reveal,
            "expires_at": until(expires),
            "networks": [] if network == ["any"] else network,
            "points_per_minute": rate,
        }
        taken_away = {"expires_at": None} if expires == "never" else {}
        said = {field: value for field, value in changes.items() if value is not None} | taken_away
        await api_keys.change(key_id, said | ({"points_per_minute": None} if rate == 0 else {}))

    _done(tenant, act)
    say_result(as_json, {"id": id, "changed": True}, id, "Changed.")


@app.command("rotate")
def rotate(
    id: KeyId,
    tenant: OfTenant,
    overlap: Annotated[
        float, typer.Option("--overlap-hours", help="How long the secret it had is good besides, in hours, 168 at most.", min=0, max=168)
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Give an API key a new secret and print it, this once. The one it had stays good for the overlap, so that its program can be told.

    Example: kelu apikey rotate key_0198c1… --tenant ten_0198c0… --overlap-hours 48
    """
    key_id = _key_id(id)
    secret = _done(tenant, lambda: api_keys.rotate(key_id, timedelta(hours=overlap)))
    note = f"This is the only time the secret is shown. To end the one before sooner: kelu apikey cut {id} --tenant {tenant}"
    say_result(as_json, {"id": id, "secret": secret, "overlapHours": overlap}, secret, note)


@app.command("cut")
def cut(id: KeyId, tenant: OfTenant, as_json: AsJson = False) -> None:
    """End the secrets an API key had before it was rotated, without waiting for their overlap.

    Example: kelu apikey cut key_0198c1… --tenant ten_0198c0…
    """
    key_id = _key_id(id)
    _done(tenant, lambda: api_keys.end_former_secrets(key_id))
    say_result(as_json, {"id": id, "formerSecretsEnded": True}, id, "Only its newest secret is good now.")


@app.command("revoke")
def revoke(id: KeyId, tenant: OfTenant, as_json: AsJson = False) -> None:
    """End an API key: from now on it is refused, with keys that it made. It cannot be taken back.

    Example: kelu apikey revoke key_0198c1… --tenant ten_0198c0…
    """
    key_id = _key_id(id)
    _done(tenant, lambda: api_keys.revoke(key_id))
    say_result(as_json, {"id": id, "revoked": True}, id, "Revoked.")


def until(text: str | None) -> datetime | None:
    """A moment as it is said on a command line: a date, a date with a time, or a number of days from now.

    Raises:
        Invalid: it is none.
    """
    if text is None or text == "never":
        return None
    try:
        if text.endswith("d"):
            return datetime.now(UTC) + timedelta(days=int(text[:-1]))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Invalid(f"{text[:60]!r} is no moment. Write 2030-12-31, 2030-12-31T18:00Z, or 90d for so many days.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def role_ids(said: list[str]) -> list[UUID]:
    """Roles by the words of built-in ones, by id, or by name.

    Raises:
        Invalid: there is no such role.
    """
    own = {role.name: role.id for role in await Role.all()}
    found = []
    for each in said:
        id = BY_WORD[each.upper()].id if each.upper() in BY_WORD else local_id("ROLE", each) or own.get(each)
        if id is None:
            raise Invalid(f"There is no role {each[:60]!r}. The built-in ones are {', '.join(BY_WORD)}.")
        found.append(id)
    return found


def _shown(key: ApiKey, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": global_id("API_KEY", key.id),
        "name": key.name,
        "roles": " ".join(names.get(id, global_id("ROLE", id)) for id in key.role_ids),
        "mayReveal": key.may_reveal,
        "networks": " ".join(map(str, key.networks)),
        "pointsPerMinute": key.points_per_minute,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
        "lastAddress": key.last_address,
        "createdAt": key.created_at,
        "revokedAt": key.revoked_at,
    }


def _key_id(id: str) -> UUID:
    key_id = local_id("API_KEY", id)
    if key_id is None:
        raise NotFound("There is no such API key.")
    return key_id


def _done(tenant: str, act: Callable[[], Awaitable[T]], *, read_only: bool = False) -> T:
    """What an act in a tenant gives, done by the operator."""

    async def run() -> T:
        async with open_installation(), acting_as(await operator_of(tenant), read_only=read_only):
            return await act()

    return asyncio.run(run())
