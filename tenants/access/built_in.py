"""The roles every tenant begins with. They are the same everywhere and cannot be edited; a tenant makes its own beside them.

Their ids are fixed, so that a member's list of roles names them as it does any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.access.grants import grant_of
from tenants.access.permissions import NOUNS, ON_RECORDS, Action, Permission
from tenants.access.rights import Grant, rights_of


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role of ours. `word` is its name in settings and commands."""

    id: UUID
    word: str
    description: str
    grant: Grant


_EVERY_FIELD = {noun.value: {"*": "WRITE"} for noun in NOUNS}
_READ_FIELDS = {noun.value: {"*": "READ"} for noun in NOUNS}


def _records(scope: str, *actions: Action, nouns: tuple[str, ...] = tuple(NOUNS)) -> dict[str, str]:
    return {permission.value: scope for permission, (noun, action) in ON_RECORDS.items() if action in actions and noun in nouns}


def _plain(*permissions: Permission) -> dict[str, str]:
    return {permission.value: "ALL" for permission in permissions}


_WRITING = (Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE)
_EVERYTHING = grant_of({"permissions": {permission.value: "ALL" for permission in Permission}, "fields": _EVERY_FIELD})


def _built_in(number: int, word: str, description: str, permissions: dict[str, str], fields: dict[str, Any]) -> BuiltIn:
    return BuiltIn(UUID(int=number), word, description, grant_of({"permissions": permissions, "fields": fields}))


ADMIN = BuiltIn(UUID(int=1), "ADMIN", "Everything: records, people, roles, keys, settings and the trail.", _EVERYTHING)
MANAGER = _built_in(
    2,
    "MANAGER",
    "All records, revealing and imports; sees people and settings, changes neither.",
    _records("ALL", *_WRITING, Action.REVEAL)
    | _plain(Permission.IMPORT_READ, Permission.IMPORT_RUN, Permission.IMPORT_EXPORT, Permission.MEMBER_READ, Permission.SETTINGS_READ),
    _EVERY_FIELD,
)
SALES = _built_in(
    3,
    "SALES",
    "Reads the customers of the own teams; makes, changes and reveals the own ones.",
    _records("TEAM", Action.READ) | _records("OWN", Action.CREATE, Action.UPDATE, Action.REVEAL) | _plain(Permission.MEMBER_READ),
    _EVERY_FIELD | {"CUSTOMER": {"*": "WRITE", "national_id": "MASKED"}},
)
SERVICE = _built_in(
    4,
    "SERVICE",
    "Reads all customers with masked contact data and without amounts; records interactions and needs.",
    _records("ALL", Action.READ) | _records("ALL", Action.CREATE, Action.UPDATE, nouns=("INTERACTION", "NEED")),
    _READ_FIELDS
    | {
        "CUSTOMER": {"*": "READ", "birth_date": "MASKED", "email": "MASKED", "national_id": "NONE", "phone": "MASKED"},
        "CONTACT": {"*": "READ", "email": "MASKED", "phone": "MASKED"},
        "ORDER": {"*": "READ", "amount": "NONE", "lines": "NONE"},
        "INTERACTION": {"*": "WRITE"},
        "NEED": {"*": "WRITE"},
    },
)
PARTNER = _built_in(
    5,
    "PARTNER",
    "A partner's program: reads and writes all records and imports, and reveals where its key says so.",
    _records("ALL", *_WRITING, Action.REVEAL) | _plain(Permission.IMPORT_READ, Permission.IMPORT_RUN, Permission.IMPORT_EXPORT),
    _EVERY_FIELD,
)
AUDITOR = _built_in(
    6,
    "AUDITOR",
    "Reads the trail, people, roles, keys, settings and imports; of records names, contact data and what was said are masks.",
    _records("ALL", Action.READ)
    | _plain(
        Permission.IMPORT_READ,
        Permission.MEMBER_READ,
        Permission.API_KEY_READ,
        Permission.TRAIL_READ,
        Permission.TRAIL_EXPORT,
        Permission.SETTINGS_READ,
    ),
    _READ_FIELDS
    | {
        "CUSTOMER": {
            "*": "READ",
            "address": "MASKED",
            "birth_date": "MASKED",
            "email": "MASKED",
            "name": "MASKED",
            "national_id": "MASKED",
            "phone": "MASKED",
        },
        "CONTACT": {"*": "READ", "email": "MASKED", "name": "MASKED", "phone": "MASKED"},
        "INTERACTION": {"*": "READ", "content": "MASKED", "subject": "MASKED"},
    },
)

BUILT_IN = {role.id: role for role in (ADMIN, MANAGER, SALES, SERVICE, PARTNER, AUDITOR)}
BY_WORD = {role.word: role for role in BUILT_IN.values()}

#: What the operator and a worker may do: all of it.
EVERYTHING = rights_of([_EVERYTHING])

REVEALS = frozenset(permission for permission, (_, action) in ON_RECORDS.items() if action is Action.REVEAL)
