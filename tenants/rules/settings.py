"""A tenant's settings: who it is, and its rules; read and changed as a whole, under one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tenants.intake.rules import KeyKind
from tenants.refusals import Invalid, NotFound
from tenants.registry import checked_country, checked_currency, checked_name, checked_zone
from tenants.rules.custom_fields import CustomField, custom_fields
from tenants.rules.decided import Decided, decided
from tenants.rules.hold import hold_alone
from tenants.rules.retention import schedule
from tenants.rules.trace import noted
from tenants.rules.uniqueness import Clash, clashes, guard, release
from tenants.session import session

#: What is checked of the settings that are no rules.
_OWN = {"name": checked_name, "country": checked_country, "time_zone": checked_zone, "currency": checked_currency}


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """The settings of the tenant we act in."""

    id: UUID
    name: str
    country: str
    time_zone: str
    currency: str
    rules: Decided
    version: int
    updated_at: datetime
    custom_fields: Sequence[CustomField]


async def tenant_settings() -> TenantSettings:
    """The settings of the tenant we act in."""
    current = session()
    found = await current.connection.fetchrow(_READ, current.tenant_id)
    if found is None:
        raise NotFound("There is no such tenant.")
    stored = {name: value for name, value in found.items() if name != "rules"}
    return TenantSettings(**stored, rules=decided(orjson.loads(found["rules"])), custom_fields=await custom_fields())


async def change_settings(given: Mapping[str, Any], version: int | None) -> list[Clash]:
    """Change what is given of the settings and leave the rest.

    Args:
        given: `name`, `country`, `time_zone`, `currency`, and the fields of `Decided`, each replaced as a whole.
        version: the one the settings were read at; None: whichever there is.

    Returns:
        Customers that share a key which was to be unique. Then nothing is changed.

    Raises:
        Invalid: a value cannot be.
        Conflict: the settings were changed since that version, or writes under way did not end in time.
    """
    await hold_alone(version)
    before = await tenant_settings()
    own = {name: check(given[name]) for name, check in _OWN.items() if name in given}
    rules = _decided(before.rules, given)
    added, gone = set(rules.unique) - set(before.rules.unique), set(before.rules.unique) - set(rules.unique)
    if found := await clashes(sorted(added)):
        return found
    after = {name: getattr(before, name) for name in _OWN} | own
    changed = sorted(
        {name for name in own if own[name] != getattr(before, name)}
        | {name for name in Decided.model_fields if getattr(rules, name) != getattr(before.rules, name)}
    )
    if changed:
        await guard(sorted(added))
        await release(sorted(gone))
        current = session()
        await current.connection.execute(_CHANGE, current.tenant_id, *after.values(), orjson.dumps(rules.stored()).decode())
        if rules.retention != before.rules.retention:
            await schedule(rules, before.version + 1)
        await noted(changed)
    return []


def _decided(before: Decided, given: Mapping[str, Any]) -> Decided:
    said = {name: value for name, value in given.items() if name in Decided.model_fields}
    try:
        found = decided(before.stored() | said)
    except Invalid as refusal:
        raise Invalid(refusal.message, field=refusal.field[1:]) from None
    # External ids are unique by themselves.
    return found.model_copy(update={"unique": [kind for kind in found.unique if kind is not KeyKind.EXTERNAL]})


_READ = "SELECT id, name, country, time_zone, currency, rules, version, updated_at FROM tenant WHERE id = $1"
_CHANGE = """
UPDATE tenant SET name = $2, country = $3, time_zone = $4, currency = $5, rules = $6, version = version + 1, updated_at = now()
WHERE id = $1
"""
