"""Rights: what somebody may do, added up from roles, as the planner, the intake and explanations ask for it.

A role gives permissions, each with a scope; levels of fields; and conditions that narrow both to some records. Rights add up record by
record: who sees all customers by one role and phones of the own ones by another sees the phones of the own ones. So what may be done is a
set of rows, `Rows`: all, none, or those within any of several reaches. Rights with the same grants are one object, so that a plan made for
one member serves all who have the same roles; who "I" and "my team" are is bound when a statement runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256

from tenants.access.fields import CUSTOM, SYSTEM, field_of
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, Scope, on
from tenants.words import RecordType

#: The name under which a role says the level of every field it does not name.
OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Test:
    """A condition: a field is one of some values, or (not `is_in`) none of them. A list of tags is one of them if any of its tags is."""

    field: str
    values: tuple[str, ...]
    is_in: bool = True


@dataclass(frozen=True, slots=True)
class Reach:
    """Records of a scope that pass every test."""

    scope: Scope
    tests: tuple[Test, ...] = ()


#: Records within any of these reaches.
Rows = tuple[Reach, ...]
NO_ROWS: Rows = ()
ALL_ROWS: Rows = (Reach(Scope.ALL),)

_WIDTHS = {scope: width for width, scope in enumerate(Scope)}


def rows_of(reaches: Iterable[Reach]) -> Rows:
    """The simplest way to say the same rows: nothing that lies within another, in a fixed order."""
    found = set(reaches)
    kept = [each for each in found if not any(each is not other and _is_within(each, other) for other in found)]
    return tuple(sorted(kept, key=repr))


def is_as_wide(reach: Reach, other: Reach) -> bool:
    """Whether the scope of a reach holds all customers that another's does."""
    return _WIDTHS[other.scope] <= _WIDTHS[reach.scope]


def _is_within(inner: Reach, outer: Reach) -> bool:
    return is_as_wide(outer, inner) and set(outer.tests) <= set(inner.tests)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role gives. Each part is sorted, so that equal roles are equal."""

    permissions: tuple[tuple[Permission, Scope], ...] = ()
    levels: tuple[tuple[RecordType, tuple[tuple[str, Level], ...]], ...] = ()
    tests: tuple[tuple[RecordType, tuple[Test, ...]], ...] = ()

    def scope(self, permission: Permission) -> Scope | None:
        return dict(self.permissions).get(permission)

    def reach(self, permission: Permission) -> Reach | None:
        """The records that a permission reaches by this role alone, or None."""
        scope = self.scope(permission)
        return None if scope is None else Reach(scope, dict(self.tests).get(ON_RECORDS[permission][0], ()))

    def level(self, noun: RecordType, name: str) -> Level:
        """The level of a field. Nothing said is nothing given, but what makes a record a record."""
        if name in SYSTEM:
            return Level.READ
        said, known = dict(dict(self.levels).get(noun, ())), field_of(noun, name)
        level = said.get(name, said.get(OTHERS, Level.NONE))
        if known is None:
            return Level.NONE
        if level is Level.MASKED and not known.is_masked:
            level = Level.NONE
        return max(level, known.least, key=lambda each: each.height)


def custom_names(grants: Iterable[Grant]) -> list[str]:
    """The custom fields (`custom.shoe_size`) that the levels of these grants name, in order; for all others `*` stands."""
    return sorted({name for grant in grants for _, levels in grant.levels for name, _ in levels if name.startswith(CUSTOM)})


@dataclass(frozen=True, eq=False)
class Rights:
    """The sum of grants. Made by `rights_of`: equal grants are one object, which is compared by identity."""

    grants: tuple[Grant, ...]
    _found: dict[object, Rows] = field(default_factory=dict, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same rights in any process."""
        return sha256(repr(self.grants).encode()).hexdigest()

    @cached_property
    def _had(self) -> frozenset[Permission]:
        return frozenset(permission for grant in self.grants for permission, _ in grant.permissions)

    def may(self, permission: Permission) -> bool:
        """Whether a permission is had at all, however far it reaches."""
        return permission in self._had

    def rows(self, permission: Permission, name: str | None = None, level: Level = Level.READ) -> Rows:
        """The records on which a permission is had, and there a level of a field of theirs."""
        key = (permission, name, level)
        if key not in self._found:
            noun = ON_RECORDS[permission][0]
            granting = [grant for grant in self.grants if name is None or grant.level(noun, name).height >= level.height]
            self._found[key] = rows_of(reach for grant in granting if (reach := grant.reach(permission)) is not None)
        return self._found[key]

    def readable(self, noun: RecordType, name: str | None = None, level: Level = Level.READ) -> Rows:
        """The records that may be read, or on which a field may be seen at a level."""
        return self.rows(on(noun, Action.READ), name, level)

    def is_within(self, other: Rights) -> bool:
        """Whether nothing is in these rights that the others do not have: each grant of theirs has one of the others' around it."""
        return all(any(_is_grant_within(grant, around) for around in other.grants) for grant in self.grants)


def _is_grant_within(inner: Grant, outer: Grant) -> bool:
    """Whether one role gives no more than another: permissions and scopes, levels of every field, and conditions no wider.

    Conditions on a noun of which it permits nothing would narrow nothing.
    """
    scopes, tests, around = dict(outer.permissions), dict(inner.tests), dict(outer.tests)
    nouns = {ON_RECORDS[each][0] for each, _ in inner.permissions if each in ON_RECORDS}
    if any(each not in scopes or _WIDTHS[scope] > _WIDTHS[scopes[each]] for each, scope in inner.permissions):
        return False
    if any(noun in nouns and not set(needed) <= set(tests.get(noun, ())) for noun, needed in around.items()):
        return False
    named = {(noun, name) for grant in (inner, outer) for noun, levels in grant.levels for name, _ in levels}
    return all(_said(inner, *each).height <= _said(outer, *each).height for each in named)


def _said(grant: Grant, noun: RecordType, name: str) -> Level:
    said = dict(dict(grant.levels).get(noun, ()))
    return said.get(name, said.get(OTHERS, Level.NONE))


@lru_cache(maxsize=10_000)
def _rights(grants: tuple[Grant, ...]) -> Rights:
    return Rights(grants)


def rights_of(grants: Iterable[Grant]) -> Rights:
    """The sum of these grants; without any, nothing may be done."""
    return _rights(tuple(sorted(set(grants), key=repr)))


NOTHING_GRANTED = rights_of(())


def meet(one: Grant, other: Grant) -> Grant:
    """What both give: permissions of both, each with the narrower scope; of every field the lower level; the conditions of both.

    The sum of the meets of every grant of one with every grant of another is exactly what both sums give.
    """
    scopes = dict(other.permissions)
    permissions = [(each, min(scope, scopes[each], key=lambda s: _WIDTHS[s])) for each, scope in one.permissions if each in scopes]
    levels, tests = [], []
    for noun in RecordType:
        names = sorted({name for grant in (one, other) for name, _ in dict(grant.levels).get(noun, ())} | {OTHERS})
        both = tuple((name, min(_said(one, noun, name), _said(other, noun, name), key=lambda each: each.height)) for name in names)
        if any(level is not Level.NONE for _, level in both):
            levels.append((noun, both))
        needed = tuple(sorted({*dict(one.tests).get(noun, ()), *dict(other.tests).get(noun, ())}, key=repr))
        if needed:
            tests.append((noun, needed))
    return Grant(tuple(permissions), tuple(levels), tuple(tests))


def both(one: Rights, other: Rights) -> Rights:
    """What both may do."""
    return rights_of(meet(mine, theirs) for mine in one.grants for theirs in other.grants)


def without(rights: Rights, permissions: Iterable[Permission]) -> Rights:
    """The rights less some permissions."""
    gone = set(permissions)
    return rights_of(
        Grant(tuple(each for each in grant.permissions if each[0] not in gone), grant.levels, grant.tests) for grant in rights.grants
    )
