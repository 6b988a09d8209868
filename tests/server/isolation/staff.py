"""The people of a tenant: one member, with a role of the tenant's own, in a team."""

from __future__ import annotations

from tenants.access.roles import make_role
from tenants.access.teams import make_team, set_members
from tenants.ids import global_id, new_id
from tenants.session import Actor, acting_as

#: What a request would say of the one record of each noun.
Staff = dict[str, dict[str, str]]


async def settle_staff(actor: Actor, word: str) -> Staff:
    """Make them; `word` stands in every text."""
    member, email = new_id(), f"{word.lower()}@vogel.example.org"
    statement = """INSERT INTO member (tenant_id, id, person_id, email, name, role_ids, status)
        VALUES ($1, $2, $3, $4, $5, $6, 'ACTIVE')"""
    async with acting_as(actor) as unit:
        role = await make_role(f"{word} role", f"{word} description", {"permissions": {"CUSTOMER_READ": "OWN"}})
        await unit.connection.execute(statement, actor.tenant_id, member, new_id(), email, f"{word} member", [role])
        team = await make_team(f"{word} team")
        await set_members(team, [member])
    return {
        "Member": {"id": global_id("MEMBER", member), "name": f"{word} member", "email": email},
        "Role": {"id": global_id("ROLE", role), "name": f"{word} role", "description": f"{word} description"},
        "Team": {"id": global_id("TEAM", team), "name": f"{word} team"},
    }
