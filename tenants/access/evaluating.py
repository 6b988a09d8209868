"""Evaluating: whether a role reaches one record, decided in Python from the record's own values.

It says what `reach` compiles to SQL, written a second time on purpose: the two are held against each other by tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from tenants.access.fields import CUSTOM
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, Scope, on
from tenants.access.rights import Grant, Rights, Test
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Who:
    """Whose customers are the own ones, and who is in a team with him; nobody's are the own ones of nobody."""

    member_id: UUID | None
    teammates: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a record: whose customer it is, and what conditions can be about, of itself and of its customer."""

    noun: RecordType
    owner_id: UUID | None
    record: Mapping[str, Any]
    customer: Mapping[str, Any]

    def of(self, noun: RecordType) -> Mapping[str, Any]:
        return self.record if noun is self.noun else self.customer


def is_in_scope(scope: Scope, who: Who, owner_id: UUID | None) -> bool:
    """Whether a customer that somebody owns, or nobody, is within a scope."""
    if scope is Scope.ALL:
        return True
    own = {who.member_id} if scope is Scope.OWN else {who.member_id, *who.teammates}
    return owner_id is not None and owner_id in own


def holds(test: Test, values: Mapping[str, Any]) -> bool:
    """Whether a condition holds of a record's values; of none `in` does not hold and `notIn` does."""
    if test.field == "tags":
        is_one = not set(test.values).isdisjoint(values["tags"] or ())
    elif test.field.startswith(CUSTOM):
        found = (values["custom"] or {}).get(test.field.removeprefix(CUSTOM))
        is_one = found is not None and (found if isinstance(found, str) else orjson.dumps(found).decode()) in test.values
    else:
        is_one = values[test.field] in test.values
    return is_one is test.is_in


def reaches(grant: Grant, permission: Permission, who: Who, facts: Facts) -> bool:
    """Whether one role alone gives a permission on a record, or on its customer."""
    reach, noun = grant.reach(permission), ON_RECORDS[permission][0]
    return reach is not None and is_in_scope(reach.scope, who, facts.owner_id) and all(holds(test, facts.of(noun)) for test in reach.tests)


def is_visible(grants: Iterable[Grant], who: Who, facts: Facts) -> bool:
    """Whether roles together show a record: its customer has to be shown, too."""
    found = list(grants)
    needed = {on(facts.noun, Action.READ), Permission.CUSTOMER_READ}
    return all(any(reaches(grant, permission, who, facts) for grant in found) for permission in needed)


def level_on(rights: Rights, name: str, who: Who, facts: Facts) -> Level:
    """The level of a field on a record for reading: NONE, MASKED or READ."""
    if not is_visible(rights.grants, who, facts):
        return Level.NONE
    read = on(facts.noun, Action.READ)
    levels = [grant.level(facts.noun, name) for grant in rights.grants if reaches(grant, read, who, facts)]
    return min(max(levels, key=lambda each: each.height), Level.READ, key=lambda each: each.height)
