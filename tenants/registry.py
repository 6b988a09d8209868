"""The registry of tenants: a tenant begins here, with its rules and its first data key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tenants.encryption.tenant_keys import create_tenant_key
from tenants.ids import new_id
from tenants.installation import installation
from tenants.intake import normalise
from tenants.models import Tenant
from tenants.refusals import Invalid
from tenants.rules.decided import decided
from tenants.session import Actor, ActorKind, acting_as

NAME_LONGEST = 200


async def add_tenant(
    name: str, *, country: str = "CN", time_zone: str = "Asia/Shanghai", currency: str = "CNY", rules: Mapping[str, Any] | None = None
) -> Tenant:
    """Make a tenant and its first data key, in a transaction of its own.

    Args:
        country: ISO 3166-1 alpha-2; phones and postal codes of rows that name no country are read by it.
        time_zone: a name of the IANA database; times without a zone are read in it.
        currency: ISO 4217; of amounts that name none.
        rules: {"unique": ["phone", …], "required": {"CUSTOMER": ["email", …]}, …}, in the shape of `rules.decided`.

    Raises:
        Invalid: one of these is wrong.
    """
    values: dict[str, Any] = {
        "name": checked_name(name),
        "country": checked_country(country),
        "time_zone": checked_zone(time_zone),
        "currency": checked_currency(currency),
        "rules": decided(rules or {}).stored(),
    }
    actor = Actor(new_id(), ActorKind.OPERATOR)
    async with acting_as(actor) as unit:
        tenant = await Tenant.create(id=actor.tenant_id, **values)
        await create_tenant_key(unit.connection, installation().master, actor.tenant_id)
    return tenant


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LONGEST or not name.isprintable():
        raise Invalid(f"A tenant's name has 1 to {NAME_LONGEST} printable characters.", field=["name"])
    return name


def checked_country(country: str) -> str:
    return _exactly(country, "country", normalise.country, "two letters of ISO 3166-1, such as CN or DE")


def checked_currency(currency: str) -> str:
    return _exactly(currency, "currency", normalise.currency, "three letters of ISO 4217, such as CNY or EUR")


def _exactly(code: str, field: str, read: Callable[[str], object], right: str) -> str:
    """A code as it is written in the standard; a word for it, which a cell of a file may hold, is not enough here."""
    if read(code) != code:
        raise Invalid(f"{code!r} is not a {field} we know: write {right}.", field=[field])
    return code


def checked_zone(time_zone: str) -> str:
    try:
        return ZoneInfo(time_zone).key
    except (KeyError, ValueError, OSError):  # unknown, or not a name at all: a path, a folder of the database
        raise Invalid(f"{time_zone!r} is not a time zone we know: write one such as Asia/Shanghai.", field=["time_zone"]) from None
