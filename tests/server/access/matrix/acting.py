"""What else a role does: every mutation that is about no record of customers, once for each of those it could be about."""

from __future__ import annotations

from typing import Any

from tenants.access.built_in import SERVICE
from tenants.ids import global_id
from tests.server.access.matrix.world import Words, World
from tests.server.access.matrix.writing import done

_SERVICE = global_id("ROLE", SERVICE.id)
_PROVIDER = {"issuer": "https://login.example.org", "clientId": "kelu", "clientSecret": "x", "emailDomains": ["example.org"]}

#: In their order: what is asked, whose ids it is about ("" for none), the name of the input's id, and what else it says.
#: Sessions end and members are removed at the end.
ACTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "startImport": ("upload", "uploadId", {"recordType": "CUSTOMER"}),
    "cancelImport": ("cancel", "", {}),
    "pauseImport": ("pause", "", {}),
    "resumeImport": ("resume", "", {}),
    "inviteMember": ("", "", {"email": "neu@vogel.example.org", "name": "韩梅梅", "roleIds": [_SERVICE]}),
    "setMemberRoles": ("Member", "id", {"roleIds": [_SERVICE]}),
    "suspendMember": ("Member", "", {}),
    "resumeMember": ("Member", "", {}),
    "createRole": ("", "", {"name": "Neue Rolle", "permissions": [{"permission": "CUSTOMER_READ", "scope": "OWN"}]}),
    "updateRole": ("Role", "id", {"name": "Andere Rolle"}),
    "deleteRole": ("Role", "id", {}),
    "createTeam": ("", "", {"name": "华南"}),
    "updateTeam": ("Team", "id", {"name": "{column} 华北"}),
    "setTeamMembers": ("Team", "id", {"memberIds": []}),
    "deleteTeam": ("Team", "id", {}),
    "createApiKey": ("", "", {"name": "Laden", "roleIds": [_SERVICE]}),
    "updateApiKey": ("ApiKey", "id", {"name": "Netzladen"}),
    "rotateApiKey": ("ApiKey", "id", {}),
    "endFormerSecrets": ("ApiKey", "", {}),
    "revokeApiKey": ("ApiKey", "", {}),
    "setIdentityProvider": ("", "", _PROVIDER),
    "removeIdentityProvider": ("", "", {}),
    "updateTenantSettings": ("", "", {"name": "Teehaus"}),
    "createCustomField": ("", "", {"name": "size", "type": "NUMBER"}),
    "updateCustomField": ("", "", {"name": "note", "label": "Notiz"}),
    "deleteCustomField": ("", "", {"name": "size"}),
    "removeMember": ("removed", "", {}),
    "endMemberSessions": ("Member", "memberId", {}),
}


def _filled(value: Any, place: int) -> Any:
    return value.format(column=place) if isinstance(value, str) else value


async def acts(world: World) -> dict[str, Words]:
    """What becomes of each."""
    return {name: await _act(world, name) for name in ACTS}


async def _act(world: World, name: str) -> Words:
    of, named, given = ACTS[name]
    if name == "removeIdentityProvider":
        answer = await world.ask("mutation { removeIdentityProvider { userErrors { code } } }")
        wrong = answer["data"][name]["userErrors"]
        return (wrong[0]["code"] if wrong else "DONE", "-", "-", "-")
    if not of:
        return (*await done(world, name, [given]), "-", "-", "-")
    ids = {**world.ids, **world.extra}[of]
    if not named:
        return tuple(await done(world, name, ids, argument="id"))
    filled = [
        {key: each.format(column=place) if isinstance(each, str) else each for key, each in given.items()} for place in range(len(ids))
    ]
    inputs = [None if id is None else {named: id, **filled[place]} for place, id in enumerate(ids)]
    if name == "endMemberSessions":  # one's own are the last: nothing is answered after that
        return tuple(reversed(await done(world, name, inputs[::-1])))
    return tuple(await done(world, name, inputs))
