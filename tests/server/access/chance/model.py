"""What roles mean, as plainly as it can be said: roles as JSON, records as dicts. It knows nothing of how they are decided upon.

A record has its `noun`, the `owner` of its customer, its `customer`, and its fields by name; `who` are a member and those of his teams.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

Role = Mapping[str, Any]
Record = Mapping[str, Any]
Who = tuple[Any, Collection[Any]]

LEVELS = ("NONE", "MASKED", "READ", "WRITE")
SYSTEM = "id version created_at updated_at flags"
#: Seen with the record; seen as a mask at least; shown as they are or not at all.
ALWAYS = {"CUSTOMER": "kind lifecycle tags", "CONTACT": "is_primary", "ORDER": "ordered_at currency status", "NEED": "status"}
ALWAYS |= {"INTERACTION": "channel occurred_at", "PREFERENCE": ""}
NAMES = {"CUSTOMER": "name", "CONTACT": "name", "ORDER": "number", "NEED": "what", "INTERACTION": "", "PREFERENCE": "kind value"}
WHOLE = {"CUSTOMER": "gender country verified_at", "ORDER": "amount payment_method lines", "INTERACTION": "direction follow_up"}
WHOLE |= {"NEED": "expected_at", "CONTACT": "", "PREFERENCE": ""}


def level(role: Role, noun: str, name: str) -> int:
    said = role["fields"].get(noun, {})
    found = LEVELS.index(said.get(name, said.get("*", "NONE")))
    if found == 1 and name in WHOLE[noun].split():
        found = 0
    return max(found, 2 if name in f"{SYSTEM} {ALWAYS[noun]}".split() else 1 if name in NAMES[noun].split() else 0)


def passes(record: Record, test: Mapping[str, Any]) -> bool:
    custom, value = record.get("custom", {}), record.get(test["field"])
    value = custom.get(test["field"].removeprefix("custom.")) if test["field"].startswith("custom.") else value
    return any(each in test.get("in", test.get("notIn")) for each in (value if isinstance(value, list) else [value])) is ("in" in test)


def reaches(role: Role, action: str, record: Record, who: Who) -> bool:
    scope, owner = role["permissions"].get(f"{record['noun']}_{action}"), record["owner"]
    near = scope == "ALL" or (owner is not None and (owner == who[0] or (scope == "TEAM" and owner in who[1])))
    return scope is not None and near and all(passes(record, test) for test in role["conditions"].get(record["noun"], ()))


def shown(roles: Iterable[Role], record: Record, name: str, who: Who) -> str:
    reading = [role for role in roles if reaches(role, "READ", record, who)]
    if not reading or not any(reaches(role, "READ", record["customer"], who) for role in roles):
        return "none"
    return ("none", "masked", "value", "value")[max(level(role, record["noun"], name) for role in reading)]


def may(roles: Iterable[Role], action: str, record: Record, names: Iterable[str], who: Who, least: str = "WRITE") -> bool:
    able = [role for role in roles if reaches(role, action, record, who)]
    return bool(able) and all(any(level(role, record["noun"], name) >= LEVELS.index(least) for role in able) for name in names)


def ever(roles: Iterable[Role], noun: str, name: str, least: str) -> bool:
    read = [role for role in roles if f"{noun}_READ" in role["permissions"]]
    return any(level(role, noun, name) >= LEVELS.index(least) for role in read) and any("CUSTOMER_READ" in r["permissions"] for r in roles)
