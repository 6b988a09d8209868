"""Attempts to get or give more than one has, as the requests that somebody would send: a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from tenants.access.built_in import BUILT_IN, BY_WORD
from tenants.access.fields import FIELDS
from tenants.access.permissions import ON_RECORDS, Permission
from tenants.ids import global_id
from tenants.words import RecordType

#: What the chief may do, who manages members and roles, but is no admin. His role has a condition and hides fields.
CHIEF = {
    "permissions": {
        **{"MEMBER_READ": "ALL", "MEMBER_MANAGE": "ALL", "ROLE_MANAGE": "ALL"},
        **{"CUSTOMER_READ": "TEAM", "CUSTOMER_UPDATE": "OWN", "CUSTOMER_CREATE": "OWN", "NEED_READ": "OWN"},
    },
    "fields": {
        "CUSTOMER": {
            "*": "READ",
            "phone": "MASKED",
            "region": "NONE",
            "national_id": "NONE",
            "custom.level": "READ",
            "custom.secret": "NONE",
        },
        "NEED": {"*": "READ"},
    },
    "conditions": {"CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}]},
}
ACTIVE = {"noun": "CUSTOMER", "field": "lifecycle", "in": ["ACTIVE"]}
READ = {"permission": "CUSTOMER_READ", "scope": "OWN"}
NOBODY = {"member": f"mem_{'7' * 32}", "role": f"rol_{'7' * 32}", "team": f"tea_{'7' * 32}"}


@dataclass(frozen=True)
class Attempt:
    """A request by somebody of the world. `{name}` in an id is that of somebody or something of it. `codes` it may be refused by."""

    label: str
    who: str
    act: str
    input: dict[str, Any]
    codes: tuple[str, ...] = ("NOT_ALLOWED",)


def _wider_grants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every way in which a role can be more than the chief's."""
    for permission in Permission:
        if permission not in CHIEF["permissions"]:
            yield f"{permission}", {"permissions": [{"permission": permission.value}], "conditions": [ACTIVE]}
    for permission, scope in CHIEF["permissions"].items():
        if Permission(permission) in ON_RECORDS:
            for wider in ("TEAM", "ALL")[("OWN", "TEAM").index(scope) :]:
                yield f"{permission} {wider}", {"permissions": [{"permission": permission, "scope": wider}], "conditions": [ACTIVE]}
    for field, known in FIELDS[RecordType.CUSTOMER].items():
        has = CHIEF["fields"]["CUSTOMER"].get(field, "READ")
        for level in ("MASKED", "READ", "WRITE"):
            if ("NONE", "MASKED", "READ", "WRITE").index(level) > ("NONE", "MASKED", "READ", "WRITE").index(has) and (
                level != "MASKED" or known.is_masked
            ):
                yield f"{field} {level}", _fields(to_camel_case(field), level)
    yield "custom.secret READ", _fields("custom.secret", "READ")
    yield "custom.level WRITE", _fields("custom.level", "WRITE")
    yield "other fields WRITE", {"permissions": [READ], "conditions": [ACTIVE], "otherFields": [{"noun": "CUSTOMER", "level": "WRITE"}]}
    yield "what others hide", {"permissions": [READ], "conditions": [ACTIVE], "otherFields": [{"noun": "CUSTOMER", "level": "READ"}]}
    yield "another noun's fields", {"permissions": [], "conditions": [ACTIVE], "otherFields": [{"noun": "ORDER", "level": "READ"}]}
    for label, conditions in {
        "no condition": [],
        "a wider condition": [ACTIVE | {"in": ["ACTIVE", "PROSPECT"]}],
        "another condition": [{"noun": "CUSTOMER", "field": "lifecycle", "notIn": ["LAPSED"]}],
        "a hidden field's condition": [ACTIVE, {"noun": "CUSTOMER", "field": "region", "in": ["华东"]}],
        "a hidden field's absence": [ACTIVE, {"noun": "CUSTOMER", "field": "region", "notIn": ["华东"]}],
        "a hidden custom field's condition": [ACTIVE, {"noun": "CUSTOMER", "field": "custom.secret", "in": ["yes"]}],
        "an unreadable noun's condition": [ACTIVE, {"noun": "ORDER", "field": "status", "in": ["OPEN"]}],
    }.items():
        yield label, {"permissions": [READ], "conditions": conditions}


def _fields(field: str, level: str) -> dict[str, Any]:
    return {"permissions": [READ], "conditions": [ACTIVE], "fields": [{"noun": "CUSTOMER", "field": field, "level": level}]}


def _roles() -> Iterator[Attempt]:
    for label, grants in _wider_grants():
        yield Attempt(f"make a role: {label}", "chief", "createRole", {"name": "Wider", **grants})
        yield Attempt(f"widen the accomplice's role: {label}", "chief", "updateRole", {"id": "{small}", **grants})
    for role in ("{chief role}", "{big}", "{shared}", "{of key}"):
        yield Attempt(f"rename {role}", "chief", "updateRole", {"id": role, "name": "Mine"})
        yield Attempt(f"narrow {role}", "chief", "updateRole", {"id": role, "permissions": []})
        yield Attempt(f"widen {role}", "chief", "updateRole", {"id": role, "permissions": [{"permission": "CUSTOMER_DELETE"}]})
        yield Attempt(f"delete {role}", "chief", "deleteRole", {"id": role})
    for word in BY_WORD:
        for who in ("chief", "boss"):
            yield Attempt(f"change {word}", who, "updateRole", {"id": f"{{{word}}}", "permissions": []}, ("INVALID",))
            yield Attempt(f"delete {word}", who, "deleteRole", {"id": f"{{{word}}}"}, ("INVALID",))
            yield Attempt(f"pose as {word}", who, "createRole", {"name": f" {word.lower()} ", "permissions": []}, ("INVALID",))
    for id in ("{foreign role}", NOBODY["role"], "{accomplice}", "rol_1", "", "{foreign member}"):
        yield Attempt(f"change {id}", "boss", "updateRole", {"id": id, "name": "Ours"}, ("NOT_FOUND",))
        yield Attempt(f"delete {id}", "boss", "deleteRole", {"id": id}, ("NOT_FOUND",))
    stale = {"id": "{small}", "version": 99}
    yield Attempt("change by an old version", "boss", "updateRole", stale | {"permissions": []}, ("VERSION_CONFLICT",))
    yield Attempt("delete by an old version", "boss", "deleteRole", stale, ("VERSION_CONFLICT",))


def _invalid() -> Iterator[Attempt]:
    """What is no grant at all: unknown words are refused before anything is done, and by the domain with a place."""
    for label, grants in {
        "an unknown field": _fields("salary", "READ"),
        "a stored name": _fields("birth_date", "READ"),
        "what everybody may read": _fields("id", "NONE"),
        "a star": _fields("*", "READ"),
        "an unknown custom field": _fields("custom.salary", "READ"),
        "another tenant's custom field": _fields("custom.foreign", "READ"),
        "no name of a custom field": _fields("custom.", "READ"),
        "a kind that is hidden": _fields("kind", "NONE"),
        "a mask of a gender": _fields("gender", "MASKED"),
        "a scope of what has none": {"permissions": [{"permission": "MEMBER_READ", "scope": "OWN"}]},
        "a permission twice": {"permissions": [READ, READ | {"scope": "ALL"}]},
        "a field twice": {"fields": [{"noun": "CUSTOMER", "field": "phone", "level": level} for level in ("NONE", "WRITE")]},
        "an order line's field": {"fields": [{"noun": "ORDER_LINE", "field": "product", "level": "READ"}]},
        "a condition on a name": {"conditions": [{"noun": "CUSTOMER", "field": "name", "in": ["Ada"]}]},
        "a condition on a phone": {"conditions": [{"noun": "CUSTOMER", "field": "phone", "in": ["+8613812345678"]}]},
        "a condition on a sealed field": {"conditions": [{"noun": "CUSTOMER", "field": "custom.sealed", "in": ["x"]}]},
        "a condition on a number": {"conditions": [{"noun": "CUSTOMER", "field": "custom.shoe_size", "in": ["42"]}]},
        "both ways": {"conditions": [{"noun": "CUSTOMER", "field": "region", "in": ["a"], "notIn": ["b"]}]},
        "neither way": {"conditions": [{"noun": "CUSTOMER", "field": "region"}]},
        "of nothing": {"conditions": [{"noun": "CUSTOMER", "field": "region", "in": []}]},
        "too many values": {"conditions": [{"noun": "CUSTOMER", "field": "region", "in": [str(each) for each in range(101)]}]},
        "too many conditions": {"conditions": [{"noun": "CUSTOMER", "field": "region", "in": [str(each)]} for each in range(11)]},
        "a NUL": {"conditions": [{"noun": "CUSTOMER", "field": "region", "in": ["a\0"]}]},
    }.items():
        yield Attempt(f"make a role: {label}", "boss", "createRole", {"name": "Odd", **grants}, ("INVALID",))
    yield from _misnamed()


def _misnamed() -> Iterator[Attempt]:
    """Names that are none, and inputs with words or fields that the schema does not have."""
    for name in ("", " ", "a" * 201, "a\0b", "two\nlines"):
        yield Attempt(f"a name {name[:9]!r}", "boss", "createRole", {"name": name}, ("INVALID",))
    yield Attempt("a name that is taken", "boss", "createRole", {"name": "Small"}, ("DUPLICATE",))
    for label, input in {
        "an unknown permission": {"name": "Odd", "permissions": [{"permission": "EVERYTHING"}]},
        "an unknown scope": {"name": "Odd", "permissions": [{"permission": "CUSTOMER_READ", "scope": "TENANT"}]},
        "an unknown level": {"name": "Odd", "fields": [{"noun": "CUSTOMER", "field": "phone", "level": "OWN"}]},
        "an unknown noun": {"name": "Odd", "otherFields": [{"noun": "TENANT", "level": "READ"}]},
        "a tenant": {"name": "Odd", "tenantId": "{foreign tenant}"},
        "an id": {"name": "Odd", "id": "{chief role}"},
        "raw grants": {"name": "Odd", "grants": {"permissions": {"CUSTOMER_READ": "ALL"}}},
        "a condition of SQL": {"name": "Odd", "conditions": [{"noun": "CUSTOMER", "field": "region", "sql": "true"}]},
    }.items():
        yield Attempt(f"mass assignment: {label}", "boss", "createRole", input, ("",))


def _members() -> Iterator[Attempt]:
    for who, own in (("chief", "{chief}"), ("boss", "{boss}"), ("god", "{god}")):
        for role in (*BY_WORD, "small", "big", "chief role"):
            yield Attempt(f"give oneself {role}", who, "setMemberRoles", {"id": own, "roleIds": [f"{{{role}}}"]})
        yield Attempt("leave oneself nothing", who, "setMemberRoles", {"id": own, "roleIds": []})
        for act in ("suspendMember", "resumeMember", "removeMember"):
            yield Attempt(f"{act} oneself", who, act, {"id": own})
    for role in (*BY_WORD, "big", "god role"):
        for whom in ("accomplice", "invited", "plain"):
            yield Attempt(f"give {whom} {role}", "chief", "setMemberRoles", {"id": f"{{{whom}}}", "roleIds": ["{small}", f"{{{role}}}"]})
    for whom in ("boss", "god", "second"):
        yield Attempt(f"take all from {whom}", "chief", "setMemberRoles", {"id": f"{{{whom}}}", "roleIds": []})
        yield Attempt(f"give {whom} little", "chief", "setMemberRoles", {"id": f"{{{whom}}}", "roleIds": ["{small}"]})
        for act in ("suspendMember", "resumeMember", "removeMember"):
            yield Attempt(f"{act} {whom}", "chief", act, {"id": f"{{{whom}}}"})
    for role in ("{foreign role}", NOBODY["role"], "{accomplice}", "rol_", "small"):
        yield Attempt(f"give {role}", "boss", "setMemberRoles", {"id": "{accomplice}", "roleIds": [role]}, ("NOT_FOUND",))
    for id in ("{foreign member}", NOBODY["member"], "{small}", "mem_", ""):
        yield Attempt(f"roles of {id}", "boss", "setMemberRoles", {"id": id, "roleIds": []}, ("NOT_FOUND",))
        for act in ("suspendMember", "resumeMember", "removeMember"):
            yield Attempt(f"{act} {id}", "boss", act, {"id": id}, ("NOT_FOUND",))
    yield Attempt("roles of a removed one", "boss", "setMemberRoles", {"id": "{removed}", "roleIds": ["{small}"]}, ("CONFLICT",))
    for act in ("suspendMember", "resumeMember", "removeMember"):
        yield Attempt(f"{act} a removed one", "boss", act, {"id": "{removed}"}, ("CONFLICT",))
    for act in ("suspendMember", "resumeMember"):
        yield Attempt(f"{act} an invited one", "boss", act, {"id": "{invited}"}, ("CONFLICT",))
    yield Attempt("an old version", "boss", "setMemberRoles", {"id": "{plain}", "roleIds": [], "version": 99}, ("VERSION_CONFLICT",))
    yield Attempt("demote the last admin", "god", "setMemberRoles", {"id": "{boss}", "roleIds": ["{god role}"]}, ("LAST_ADMIN",))
    for act in ("suspendMember", "removeMember"):
        yield Attempt(f"{act} the last admin", "god", act, {"id": "{boss}"}, ("LAST_ADMIN",))
    mass = {"status": "ACTIVE", "tenantId": "{foreign tenant}", "email": "a@b.example", "personId": "x", "permissions": []}
    for name, value in mass.items():
        yield Attempt(f"mass assignment: {name}", "boss", "setMemberRoles", {"id": "{plain}", "roleIds": [], name: value}, ("",))


def _invitations() -> Iterator[Attempt]:
    def invite(label: str, who: str, roles: list[str], *codes: str, **more: Any) -> Attempt:
        input = {"email": "yang.mei@vogel.example.org", "name": "杨梅", "roleIds": roles} | more
        return Attempt(f"invite: {label}", who, "inviteMember", input, codes or ("NOT_ALLOWED",))

    for role in (*BY_WORD, "big", "god role"):
        yield invite(f"as {role}", "chief", [f"{{{role}}}"])
        yield invite(f"as {role} and more", "chief", ["{small}", f"{{{role}}}"])
    yield invite("who was invited by somebody who may do more", "chief", ["{small}"], email="invited.admin@vogel.example.org")
    yield invite("as a role of another tenant", "boss", ["{foreign role}"], "NOT_FOUND")
    yield invite("as nobody's role", "boss", [NOBODY["role"]], "NOT_FOUND")
    yield invite("as a member", "boss", ["{accomplice}"], "NOT_FOUND")
    yield invite("as nothing", "boss", [], "INVALID")
    yield invite("an active member", "boss", ["{small}"], "CONFLICT", email="{boss's email}")
    yield invite("a suspended member", "boss", ["{small}"], "CONFLICT", email="{second's email}")
    for email in ("", "a", "a@b", "a@@b.example", "a\0@b.example", f"{'a' * 250}@b.example", "a@b.example\nBcc: c@d.example"):
        yield invite(f"to {email[:20]!r}", "boss", ["{small}"], "INVALID", email=email)
    for name in ("", " ", "a" * 201, "a\0"):
        yield invite(f"a name {name[:5]!r}", "boss", ["{small}"], "INVALID", name=name)
    for field in ("tenantId", "personId", "status", "id"):
        yield invite(f"mass assignment of {field}", "boss", ["{small}"], "", **{field: "{foreign tenant}"})


def _teams() -> Iterator[Attempt]:
    yield Attempt("join a team oneself", "chief", "setTeamMembers", {"id": "{rich}", "memberIds": ["{owner}", "{chief}"]})
    yield Attempt("bring somebody into one's own team", "chief", "setTeamMembers", {"id": "{mine}", "memberIds": ["{chief}", "{plain}"]})
    yield Attempt("send an accomplice", "chief", "setTeamMembers", {"id": "{rich}", "memberIds": ["{owner}", "{spy}"]})
    yield Attempt("send him alone first", "chief", "setTeamMembers", {"id": "{empty}", "memberIds": ["{spy}", "{plain}"]})
    yield Attempt("make who is in a team a spy", "chief", "setMemberRoles", {"id": "{owner}", "roleIds": ["{team role}"]})
    wider = {"permissions": [READ | {"scope": "TEAM"}], "conditions": [ACTIVE]}
    yield Attempt("make the role of who is in a team a spy's", "chief", "updateRole", {"id": "{small}", **wider})
    yield Attempt("take an admin out", "chief", "setTeamMembers", {"id": "{admins}", "memberIds": []})
    yield Attempt("take an admin in", "chief", "setTeamMembers", {"id": "{empty}", "memberIds": ["{boss}"]})
    yield Attempt("delete the admins' team", "chief", "deleteTeam", {"id": "{admins}"})
    for id in ("{foreign team}", NOBODY["team"], "{small}", "tea_", ""):
        yield Attempt(f"fill {id}", "boss", "setTeamMembers", {"id": id, "memberIds": []}, ("NOT_FOUND",))
        yield Attempt(f"rename {id}", "boss", "updateTeam", {"id": id, "name": "Ours"}, ("NOT_FOUND",))
        yield Attempt(f"delete {id}", "boss", "deleteTeam", {"id": id}, ("NOT_FOUND",))
    for id in ("{foreign member}", NOBODY["member"], "{rich}", ""):
        yield Attempt(f"put {id} in", "boss", "setTeamMembers", {"id": "{empty}", "memberIds": [id]}, ("NOT_FOUND",))
    yield Attempt("put a removed one in", "boss", "setTeamMembers", {"id": "{empty}", "memberIds": ["{removed}"]}, ("CONFLICT",))
    for act, more in {"setTeamMembers": {"memberIds": []}, "updateTeam": {"name": "New"}, "deleteTeam": {}}.items():
        yield Attempt(f"{act} by an old version", "boss", act, {"id": "{rich}", "version": 99, **more}, ("VERSION_CONFLICT",))
    yield Attempt("two teams of one name", "boss", "createTeam", {"name": "Rich"}, ("DUPLICATE",))
    yield Attempt("mass assignment: a tenant", "boss", "createTeam", {"name": "New", "tenantId": "{foreign tenant}"}, ("",))


def _without_permission() -> Iterator[Attempt]:
    """Everything, by everybody who manages nothing."""
    acts: dict[str, dict[str, Any]] = {
        "createRole": {"name": "New", "permissions": []},
        "updateRole": {"id": "{small}", "name": "New"},
        "deleteRole": {"id": "{small}"},
        "setMemberRoles": {"id": "{plain}", "roleIds": []},
        **{act: {"id": "{accomplice}"} for act in ("suspendMember", "removeMember")},
        "resumeMember": {"id": "{second}"},
        "inviteMember": {"email": "yang.mei@vogel.example.org", "name": "杨梅", "roleIds": ["{small}"]},
        "createTeam": {"name": "New"},
        "updateTeam": {"id": "{empty}", "name": "New"},
        "deleteTeam": {"id": "{empty}"},
        "setTeamMembers": {"id": "{empty}", "memberIds": ["{plain}"]},
    }
    for who in ("manager", "sales", "service", "partner", "auditor", "plain", "narrow key"):
        for act, input in acts.items():
            yield Attempt(f"{who}: {act}", who, act, input)


ATTEMPTS = [*_roles(), *_invalid(), *_members(), *_invitations(), *_teams(), *_without_permission()]
BUILT_IN_IDS = {role.word: global_id("ROLE", role.id) for role in BUILT_IN.values()}
