"""What a key may be given: a name, roles no wider than who gives them, an end, networks and a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from tenants.access.actors import rights_in_tenant
from tenants.access.built_in import BUILT_IN, REVEALS
from tenants.access.rights import without
from tenants.installation import installation
from tenants.networks import networks_of
from tenants.refusals import Invalid, NotAllowed
from tenants.session import session

NAME_LONGEST = 200
ROLES_MOST = 20
OVERLAP_MOST = timedelta(days=7)


class Limits(TypedDict, total=False):
    """Until when a key is good, from which networks or addresses it may be used, and how many points it may spend a minute."""

    expires_at: datetime | None
    networks: Sequence[str]
    points_per_minute: int | None


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a key's columns, made right.

    Raises:
        Invalid: one that cannot be.
    """
    return {name: _CHECKS[name](value) for name, value in values.items()}


async def checked_roles(role_ids: Sequence[UUID], *, may_reveal: bool, field: Sequence[str] = ("role_ids",)) -> None:
    """See that all that a key would have by these roles is had by who acts.

    Raises:
        Invalid: there is no such role.
        NotAllowed: a role gives more.
    """
    unit = session()
    own = [id for id in role_ids if id not in BUILT_IN]
    found = await unit.connection.fetchval("SELECT count(*) FROM role WHERE tenant_id = $1 AND id = any($2::uuid[])", unit.tenant_id, own)
    if field and found < len(own):
        raise Invalid("There is no such role.", field=field)
    rights = await rights_in_tenant(unit.connection, unit.tenant_id, role_ids)
    if not may_reveal:
        rights = without(rights, REVEALS)
    if not rights.is_within(unit.actor.rights):
        more = "This key's roles give" if not field else "These roles give the key"
        raise NotAllowed(f"{more} more than you may do yourself. A key can do no more than who makes, changes or rotates it.", field=field)


def checked_overlap(overlap: timedelta) -> None:
    if not timedelta() <= overlap <= OVERLAP_MOST:
        raise Invalid(f"The secret a key had is good for 0 to {OVERLAP_MOST.days} days more.", field=["overlap_hours"])


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LONGEST or "\x00" in name:
        raise Invalid(f"An API key's name has 1 to {NAME_LONGEST} characters.", field=["name"])
    return name


def _role_ids(role_ids: Iterable[UUID]) -> list[UUID]:
    found = list(dict.fromkeys(role_ids))
    if not 1 <= len(found) <= ROLES_MOST:
        raise Invalid(f"A key has 1 to {ROLES_MOST} roles: without any it could do nothing.", field=["role_ids"])
    return found


def _expires_at(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at <= datetime.now(UTC):
        raise Invalid("A key expires in the future; to end it now, revoke it.", field=["expires_at"])
    return at


def _networks(texts: Sequence[str]) -> list[str]:
    return [str(each) for each in networks_of(texts)]


def _points_per_minute(points: int | None) -> int | None:
    """A budget of one's own is lower than what every key and the tenant have, and than that of the key that gives it."""
    chosen, own = installation().settings, session().actor.points_per_minute
    most = own or int(60 * min(chosen.budget_key_per_second, chosen.budget_tenant_per_second))
    if points is None:
        return own
    if not 1 <= points <= most:
        raise Invalid(
            f"A key may be held to 1 to {most:,} points a minute; the most is what every key has, or yours.", field=["points_per_minute"]
        )
    return points


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "role_ids": _role_ids,
    "may_reveal": bool,
    "expires_at": _expires_at,
    "networks": _networks,
    "points_per_minute": _points_per_minute,
}
