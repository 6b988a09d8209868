"""Owners: the member that a customer's owner, written as a name or an e-mail, is; one statement a batch, and none where nobody is named."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.access.permissions import Action, Scope, on
from tenants.intake.records import Draft
from tenants.session import Actor, Session
from tenants.words import RecordType

_MEMBERS = """
SELECT id, name, email FROM member
WHERE tenant_id = $1 AND status = 'ACTIVE' AND (lower(name) = any($2::text[]) OR email = any($2::text[]) OR id = $3)
"""


async def assign_owners(drafts: Sequence[Draft], current: Session) -> None:
    """Say of each customer whose owner is given which active member that is: by e-mail, or by a name that one member alone has.

    Who may make no customers but his own is the owner of a new one that names none.
    """
    default = current.actor.member_id if drafts and _makes_own_alone(current.actor) else None
    names = {draft.values["owner"].lower() for draft in drafts if draft.values.get("owner")}
    found: dict[str, set[object]] = {}
    own_name = None
    if names or default:
        for row in await current.connection.fetch(_MEMBERS, current.tenant_id, list(names), default):
            found.setdefault(row["email"], set()).add(row["id"])
            found.setdefault(row["name"].lower(), set()).add(row["id"])
            own_name = row["name"] if row["id"] == default else own_name
    for draft in drafts:
        if draft.values.get("owner"):
            ids = found.get(draft.values["owner"].lower(), set())
            draft.values["owner_id"] = next(iter(ids)) if len(ids) == 1 else None
        elif "owner" in draft.cleared:
            draft.values["owner_id"] = None
        elif default and own_name and draft.wanted_id is None:
            draft.default_owner = (own_name, default)


def _makes_own_alone(actor: Actor) -> bool:
    """Whether an actor may make customers, and none but those of the own ones or teams."""
    rows = actor.rights.rows(on(RecordType.CUSTOMER, Action.CREATE))
    return bool(rows) and all(reach.scope is not Scope.ALL for reach in rows)
