"""The registry of tenants: a tenant begins here, with its rules and its first data key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from tenants.encryption.tenant_keys import create_tenant_key
from tenants.ids import new_id
from tenants.installation import installation
from tenants.intake import normalise
from tenants.intake.fields import FIELDS
from tenants.intake.problems import Code, Severity
from tenants.intake.rules import KeyKind
from tenants.models import Tenant
from tenants.refusals import Invalid
from tenants.session import Actor, ActorKind, acting_as
from tenants.words import RecordType

NAME_LONGEST = 200


async def add_tenant(
    name: str, *, country: str = "CN", time_zone: str = "Asia/Shanghai", currency: str = "CNY", rules: Mapping[str, Any] | None = None
) -> Tenant:
    """Make a tenant and its first data key, in a transaction of its own.

    Args:
        country: ISO 3166-1 alpha-2; phones and postal codes of rows that name no country are read by it.
        time_zone: a name of the IANA database; times without a zone are read in it.
        currency: ISO 4217; of amounts that name none.
        rules: {"unique": ["phone", …], "required": {"CUSTOMER": ["email", …]}, "severities": {"BAD_DATE": "WARNING"}}, each optional.

    Raises:
        Invalid: one of these is wrong.
    """
    values: dict[str, Any] = {
        "name": _checked_name(name),
        "country": _exactly(country, "country", normalise.country, "two letters of ISO 3166-1, such as CN or DE"),
        "time_zone": _checked_zone(time_zone),
        "currency": _exactly(currency, "currency", normalise.currency, "three letters of ISO 4217, such as CNY or EUR"),
        "rules": _checked_rules(rules or {}),
    }
    actor = Actor(new_id(), ActorKind.OPERATOR)
    async with acting_as(actor) as unit:
        tenant = await Tenant.create(id=actor.tenant_id, **values)
        await create_tenant_key(unit.connection, installation().master, actor.tenant_id)
    return tenant


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LONGEST or not name.isprintable():
        raise Invalid(f"A tenant's name has 1 to {NAME_LONGEST} printable characters.", field=["name"])
    return name


def _exactly(code: str, field: str, read: Callable[[str], object], right: str) -> str:
    """A code as it is written in the standard; a word for it, which a cell of a file may hold, is not enough here."""
    if read(code) != code:
        raise Invalid(f"{code!r} is not a {field} we know: write {right}.", field=[field])
    return code


def _checked_zone(time_zone: str) -> str:
    try:
        return ZoneInfo(time_zone).key
    except (KeyError, ValueError, OSError):  # unknown, or not a name at all: a path, a folder of the database
        raise Invalid(f"{time_zone!r} is not a time zone we know: write one such as Asia/Shanghai.", field=["time_zone"]) from None


class _Rules(BaseModel):
    """The rules as `intake.rules` will read them, so that a wrong word is refused here and not at the first import."""

    model_config = ConfigDict(extra="forbid")

    unique: list[KeyKind] = []
    required: dict[RecordType, list[str]] = {}
    severities: dict[Code, Severity] = {}


def _checked_rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    try:
        checked = _Rules.model_validate(rules)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        path = ["rules", *(str(part) for part in first["loc"])]
        raise Invalid(f"The rule {'.'.join(path[1:])} is wrong: {first['msg']}.", field=path) from None
    for noun, names in checked.required.items():
        if unknown := set(names) - {field.name for field in FIELDS[noun]}:
            raise Invalid(f"A {noun.lower()} has no field {', '.join(sorted(unknown))}.", field=["rules", "required", noun])
    return checked.model_dump(mode="json", exclude_unset=True)
