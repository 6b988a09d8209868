"""Ids of members, teams and roles, as inputs give them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tenants.access.members import NO_MEMBER
from tenants.access.roles import NO_ROLE
from tenants.access.teams import NO_TEAM
from tenants.ids import local_id
from tenants.refusals import NotFound

_NONE = {"MEMBER": NO_MEMBER, "ROLE": NO_ROLE, "TEAM": NO_TEAM}


def id_of(noun: str, id: str, field: str = "id") -> UUID:
    """The uuid behind a global id.

    Raises:
        NotFound: it is no id of this noun.
    """
    found = local_id(noun, id)
    if found is None:
        raise NotFound(_NONE[noun], field=[field])
    return found


def ids_of(noun: str, ids: Iterable[str], field: str) -> list[UUID]:
    return [id_of(noun, id, field) for id in ids]
