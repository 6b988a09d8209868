"""Starters: who started an import, and with whose rights its rows are therefore taken in, as they are now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tenants.access.actors import actor_now
from tenants.access.permissions import Permission
from tenants.refusals import NotAllowed
from tenants.session import Actor, ActorKind, session


async def act_for_starter(run: Any) -> None:
    """From here on the unit of work we are in may do what the run's starter may, and is still the job's.

    Raises:
        NotAllowed: the starter is not active any more, or may not import any more.
    """
    current = session()
    kind = ActorKind(run["started_by_kind"])
    if kind not in (ActorKind.API_KEY, ActorKind.MEMBER):
        return
    starter = await actor_now(current.connection, Actor(current.tenant_id, kind, run["started_by"]))
    if not starter.rights.may(Permission.IMPORT_RUN):
        raise NotAllowed("Who started this import may not import any more.")
    current.actor = replace(current.actor, rights=starter.rights, member_id=starter.member_id, teammates=starter.teammates)
