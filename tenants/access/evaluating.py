"""Evaluating: what each role gives on one record, decided in Python from the record's own values, for explanations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.access.holding import Asker, is_in_scope, passes
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, on
from tenants.access.rights import Grant, Rights
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a record: whose customer it is, and what conditions can be about, of itself and of its customer."""

    noun: RecordType
    owner_id: UUID | None
    record: Mapping[str, Any]
    customer: Mapping[str, Any]

    def of(self, noun: RecordType) -> Mapping[str, Any]:
        return self.record if noun is self.noun else self.customer


def reaches(grant: Grant, permission: Permission, who: Asker, facts: Facts) -> bool:
    """Whether one role alone gives a permission on a record, or on its customer."""
    reach, noun = grant.reach(permission), ON_RECORDS[permission][0]
    return reach is not None and is_in_scope(reach, facts.owner_id, who) and all(passes(test, facts.of(noun)) for test in reach.tests)


def is_visible(grants: Iterable[Grant], who: Asker, facts: Facts) -> bool:
    """Whether roles together show a record: its customer has to be shown, too."""
    found = list(grants)
    needed = {on(facts.noun, Action.READ), Permission.CUSTOMER_READ}
    return all(any(reaches(grant, permission, who, facts) for grant in found) for permission in needed)


def level_on(rights: Rights, name: str, who: Asker, facts: Facts) -> Level:
    """The level of a field on a record for reading: NONE, MASKED or READ."""
    if not is_visible(rights.grants, who, facts):
        return Level.NONE
    read = on(facts.noun, Action.READ)
    levels = [grant.level(facts.noun, name) for grant in rights.grants if reaches(grant, read, who, facts)]
    return min(max(levels, key=lambda each: each.height), Level.READ, key=lambda each: each.height)
