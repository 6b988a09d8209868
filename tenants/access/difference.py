"""Differences: what somebody gains and loses when roles change, in words that a trail or an admin can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.access.fields import CUSTOM, FIELDS
from tenants.access.permissions import NOUNS, ON_RECORDS, Level, Permission, Scope
from tenants.access.rights import OTHERS, Grant, Rights, Test, custom_names
from tenants.words import RecordType

#: How many differences of one kind a trail's entry spells out; of more it says the count.
TOLD_MOST = 60

_HEIGHTS: dict[Any, int] = {**{scope: height for height, scope in enumerate(Scope)}, **{level: level.height for level in Level}}


@dataclass(frozen=True, slots=True)
class Difference:
    """What is had afterwards and was not before, and the other way round: permission → widest scope, (noun, field) → highest level."""

    gained: Mapping[Permission, Scope]
    lost: Mapping[Permission, Scope]
    levels_gained: Mapping[tuple[RecordType, str], Level]
    levels_lost: Mapping[tuple[RecordType, str], Level]
    tests_gained: frozenset[tuple[RecordType, Test]] = frozenset()
    tests_lost: frozenset[tuple[RecordType, Test]] = frozenset()

    def told(self) -> dict[str, Any]:
        """For the trail: words and counts. Of a condition the field is named and how many values it has, never the values."""
        parts = {
            "gained": [*map(_said, self.gained.items()), *map(_said_level, self.levels_gained.items())],
            "lost": [*map(_said, self.lost.items()), *map(_said_level, self.levels_lost.items())],
            "conditions_added": sorted(map(_said_test, self.tests_gained)),
            "conditions_dropped": sorted(map(_said_test, self.tests_lost)),
        }
        told: dict[str, Any] = {name: found[:TOLD_MOST] for name, found in parts.items() if found}
        return told | {f"{name}_in_all": len(found) for name, found in parts.items() if len(found) > TOLD_MOST}


def difference(before: Rights, after: Rights) -> Difference:
    """What lies between two sums of roles, each permission and field by itself: as far, and as high, as any role goes."""
    scopes = widest(before), widest(after)
    names = named_fields((*before.grants, *after.grants))
    levels = highest(before, names), highest(after, names)
    tests = [{(noun, test) for grant in rights.grants for noun, found in grant.tests for test in found} for rights in (before, after)]
    return Difference(
        _above(scopes[1], scopes[0]),
        _above(scopes[0], scopes[1]),
        _above(levels[1], levels[0]),
        _above(levels[0], levels[1]),
        frozenset(tests[1] - tests[0]),
        frozenset(tests[0] - tests[1]),
    )


def widest(rights: Rights) -> dict[Permission, Scope]:
    """Each permission that is had, with the widest scope any role gives it."""
    found: dict[Permission, Scope] = {}
    for grant in rights.grants:
        for permission, scope in grant.permissions:
            found[permission] = max(found.get(permission, scope), scope, key=_HEIGHTS.__getitem__)
    return dict(sorted(found.items()))


def named_fields(grants: Iterable[Grant]) -> list[tuple[RecordType, str]]:
    """The fields of every noun, with the custom ones that these roles name; `custom.*` stands for those they do not."""
    known = [(noun, name) for noun in NOUNS for name in FIELDS[noun]]
    return [*known, *((RecordType.CUSTOMER, name) for name in sorted([*custom_names(grants), f"{CUSTOM}{OTHERS}"]))]


def highest(rights: Rights, names: Iterable[tuple[RecordType, str]]) -> dict[tuple[RecordType, str], Level]:
    """Of each field the highest level of any role that gives anything on its noun; a field without one is left out."""
    touched = [
        (grant, {ON_RECORDS[permission][0] for permission, _ in grant.permissions if permission in ON_RECORDS}) for grant in rights.grants
    ]
    found: dict[tuple[RecordType, str], Level] = {}
    for noun, name in names:
        levels = [grant.level(noun, name) for grant, nouns in touched if noun in nouns]
        level = max(levels, key=lambda each: each.height, default=Level.NONE)
        if level is not Level.NONE:
            found[noun, name] = level
    return found


def _above(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> dict[Any, Any]:
    """What one has and the other does not have, or not as far."""
    return {name: word for name, word in one.items() if name not in other or _HEIGHTS[word] > _HEIGHTS[other[name]]}


def _said(each: tuple[Permission, Scope]) -> str:
    return f"{each[0]} {each[1]}" if each[0] in ON_RECORDS else str(each[0])


def _said_level(each: tuple[tuple[RecordType, str], Level]) -> str:
    (noun, name), level = each
    return f"{noun}.{name} {level}"


def _said_test(each: tuple[RecordType, Test]) -> str:
    noun, test = each
    return f"{noun}.{test.field} {'in' if test.is_in else 'not in'} {len(test.values)}"
