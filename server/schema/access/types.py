"""Members, teams and roles, as they are read."""

from __future__ import annotations

from datetime import datetime

import strawberry

from server.reads.declaring import identity, items, newest, stored, stored_in
from server.schema.pages import Connection, Node
from server.schema.values import stored_as
from tenants.access.built_in import BUILT_IN
from tenants.access.members import ROLES_OF_MEMBER_MOST
from tenants.access.permissions import Level, Permission, Scope
from tenants.access.teams import MEMBERS_OF_TEAM_MOST, TEAMS_OF_MEMBER_MOST
from tenants.people.members import MemberStatus
from tenants.words import RecordType

#: A field as this schema calls it, from the name it has in a role.
_FIELD = """CASE WHEN {row}.field LIKE 'custom.%' THEN {row}.field
    ELSE lower(left({row}.field, 1)) || substr(replace(initcap({row}.field), '_', ''), 2) END"""
_ROLE_ID = "'rol_' || replace({row}.id::text, '-', '')"

_FIELD_TEXT = "The field by its name in this schema, `birthDate`; one of your tenant's own as `custom.shoe_size`."


@strawberry.type(description="A permission, and how far it reaches.")
class PermissionGrant:
    permission: Permission = stored("What may be done.", "{row}.key")
    scope: Scope = stored("Whose records; ALL where it is had or not.", "{row}.value")


@strawberry.type(description="What may be done with one field.")
class FieldGrant:
    noun: RecordType = stored("Whose field it is.")
    field: str = stored(_FIELD_TEXT, _FIELD)
    level: Level = stored("What may be done with it.")


@strawberry.type(description="What may be done with the fields of a noun that are not named.")
class OtherFieldsGrant:
    noun: RecordType = stored("Whose fields they are.")
    level: Level = stored("What may be done with them.")


@strawberry.type(description="A condition that a role puts on a noun's records: of them it reaches those of which all conditions hold.")
class Condition:
    noun: RecordType = stored("Whose records.")
    field: str = stored("By its name in this schema. Of tags it is enough that one is among the values.", _FIELD)
    in_: list[str] | None = stored_as("in", "{row}.value->'in'", "It is one of these; null where `notIn` is given.")
    not_in: list[str] | None = stored_as("notIn", "{row}.value->'notIn'", "It is none of these.")


_NAMED = "(SELECT n.key AS noun, f.key AS field, f.value AS level FROM jsonb_each({row}.grants->'fields') n, jsonb_each_text(n.value) f"
_CONDITIONS = """(SELECT n.key AS noun, c.value->>'field' AS field, c.value, c.place
    FROM jsonb_each({row}.grants->'conditions') n, jsonb_array_elements(n.value) WITH ORDINALITY AS c(value, place)) AS {item}"""

_PERMISSIONS_TEXT = "What may be done by it, by name."
_FIELDS_TEXT = "The levels of fields it names, by noun and field."
_OTHERS_TEXT = "The level of the fields it does not name, by noun; NONE for a noun that is not here."
_CONDITIONS_TEXT = "Its conditions, by noun."


@stored_in("role", "ROLE", Permission.MEMBER_READ)
@strawberry.type(description="A role that your tenant has made. What several roles give adds up, record by record.")
class Role(Node):
    id: strawberry.ID = identity()
    name: str = stored("Up to 200 characters; unique in your tenant.")
    description: str = stored("Up to 1,000 characters; may be empty.")
    permissions: list[PermissionGrant] = items("jsonb_each_text({row}.grants->'permissions') AS {item}", "{item}.key", _PERMISSIONS_TEXT)
    fields: list[FieldGrant] = items(f"{_NAMED} WHERE f.key <> '*') AS {{item}}", "{item}.noun, {item}.field", _FIELDS_TEXT)
    other_fields: list[OtherFieldsGrant] = items(f"{_NAMED} WHERE f.key = '*') AS {{item}}", "{item}.noun", _OTHERS_TEXT)
    conditions: list[Condition] = items(_CONDITIONS, "{item}.noun, {item}.place", _CONDITIONS_TEXT)
    member_count: int = stored(
        "How many members have it, those who are not removed.",
        "(SELECT count(*)::int FROM member m WHERE m.tenant_id = $1 AND {row}.id = any(m.role_ids) AND m.status <> 'REMOVED')",
    )
    created_at: datetime = stored("When it was made.")
    updated_at: datetime = stored("When it was last changed.")
    version: int = stored("Counts its changes, from 1.")


@strawberry.type(description="A role that every tenant begins with. It cannot be changed.")
class BuiltInRole:
    id: strawberry.ID = strawberry.field(description="Its id, the same in every tenant.")
    name: str = strawberry.field(description="ADMIN, MANAGER, SALES, SERVICE, PARTNER or AUDITOR.")
    description: str = strawberry.field(description="Whom it is for.")
    permissions: list[PermissionGrant] = strawberry.field(description=_PERMISSIONS_TEXT)
    fields: list[FieldGrant] = strawberry.field(description=_FIELDS_TEXT)
    other_fields: list[OtherFieldsGrant] = strawberry.field(description=_OTHERS_TEXT)
    conditions: list[Condition] = strawberry.field(description=_CONDITIONS_TEXT)


@strawberry.type(description="A role by its name.")
class RoleName:
    id: strawberry.ID = stored("The role's id.", _ROLE_ID)
    name: str = stored("Its name.")
    is_built_in: bool = stored("Whether every tenant has it; else it is one of your own.")


@strawberry.type(description="A team by its name.")
class TeamName:
    id: strawberry.ID = stored("The team's id.", "'tea_' || replace({row}.id::text, '-', '')")
    name: str = stored("Its name.")


@strawberry.type(description="A member by its name.")
class MemberName:
    id: strawberry.ID = stored("The member's id.", "'mem_' || replace({row}.id::text, '-', '')")
    name: str = stored("Its name.")


_BUILT_IN = ", ".join(f"('{role.id}'::uuid, '{role.word}')" for role in BUILT_IN.values())
_ROLES = f"""(SELECT b.id, b.name, true AS is_built_in FROM (VALUES {_BUILT_IN}) AS b(id, name) WHERE b.id = any({{row}}.role_ids)
    UNION ALL SELECT r.id, r.name, false FROM role r WHERE r.tenant_id = $1 AND r.id = any({{row}}.role_ids)) AS {{item}}"""
_TEAMS = """(SELECT t.id, t.name FROM team_member i JOIN team t ON t.tenant_id = $1 AND t.id = i.team_id
    WHERE i.tenant_id = $1 AND i.member_id = {row}.id) AS {item}"""
_MEMBERS = """(SELECT m.id, m.name FROM team_member i JOIN member m ON m.tenant_id = $1 AND m.id = i.member_id
    WHERE i.tenant_id = $1 AND i.team_id = {row}.id) AS {item}"""


@stored_in("member", "MEMBER", Permission.MEMBER_READ)
@strawberry.type(description="Somebody of your tenant, with the roles he has in it.")
class Member(Node):
    id: strawberry.ID = identity()
    name: str = stored("Up to 200 characters.")
    email: str = stored("By which he was invited, in small letters.")
    status: MemberStatus = stored("Whether he may act.")
    roles: list[RoleName] = items(_ROLES, "{item}.is_built_in DESC, {item}.name", f"His roles, at most {ROLES_OF_MEMBER_MOST}.")
    teams: list[TeamName] = items(_TEAMS, "{item}.name", f"The teams he is in, at most {TEAMS_OF_MEMBER_MOST}.")
    created_at: datetime = stored("When he was invited.")
    updated_at: datetime = stored("When his roles or his status were last changed.")
    version: int = stored("Counts these changes, from 1.")


@stored_in("team", "TEAM", Permission.MEMBER_READ)
@strawberry.type(description="Members who see one another's customers, where a role reaches as far as the team.")
class Team(Node):
    id: strawberry.ID = identity()
    name: str = stored("Up to 200 characters; unique in your tenant.")
    members: list[MemberName] = items(_MEMBERS, "{item}.name, {item}.id", f"Who is in it, at most {MEMBERS_OF_TEAM_MOST}.")
    created_at: datetime = stored("When it was made.")
    updated_at: datetime = stored("When it was last changed.")
    version: int = stored("Counts its changes, from 1.")


@strawberry.type
class AccessQueries:
    members: Connection[Member] = newest("The members of your tenant, newest first; those who were removed too.")
    roles: Connection[Role] = newest("The roles your tenant has made, newest first; `builtInRoles` has the others.")
    teams: Connection[Team] = newest("The teams of your tenant, newest first.")
