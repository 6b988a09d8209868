"""Explaining: why a member may see or change a record, or a field of it, or not; role by role, and then all together.

Told to whoever may manage roles or read the trail, and of records that he may read himself: what conditions turn on has
to be shown to him, too, or the explanation would tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from tenants.access.evaluating import Facts, is_visible, level_on, reaches
from tenants.access.grants import TESTED
from tenants.access.holding import Asker, is_in_scope, passes
from tenants.access.members import NO_MEMBER
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, Scope, on
from tenants.access.reach import TABLES
from tenants.access.rights import Grant, Test
from tenants.access.roles import NamedRole, roles_named
from tenants.refusals import NotAllowed, NotFound
from tenants.session import Actor, reading_as, session
from tenants.words import RecordType

_CUSTOMER = RecordType.CUSTOMER

#: Who may ask.
EXPLAINED_TO = (Permission.ROLE_MANAGE, Permission.TRAIL_READ)

NO_RECORD = "There is no such record."

_MEMBER = """
SELECT m.status, m.role_ids, (SELECT array_agg(DISTINCT o.member_id) FROM team_member mine
    JOIN team_member o ON o.tenant_id = $1 AND o.team_id = mine.team_id WHERE mine.tenant_id = $1 AND mine.member_id = m.id) AS teammates
FROM member m WHERE m.tenant_id = $1 AND m.id = $2
"""


@dataclass(frozen=True, slots=True)
class ConditionExplained:
    """A condition of a role, and whether it holds of the record."""

    noun: RecordType
    test: Test
    holds: bool


@dataclass(frozen=True, slots=True)
class PermissionExplained:
    """Whether a role gives a permission on the record: it has it, the record is within its scope, and all its conditions hold."""

    permission: Permission
    scope: Scope | None
    is_in_scope: bool
    conditions: tuple[ConditionExplained, ...]
    reaches: bool


@dataclass(frozen=True, slots=True)
class RoleExplained:
    """What one role says. `level` is that of the field, None where none is asked about; `decides`: it gives what the sum gives."""

    id: UUID
    name: str
    is_built_in: bool
    permissions: tuple[PermissionExplained, ...]
    level: Level | None
    decides: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All roles together. Of a field `level` is the highest that the member has on this record, and `may_reveal` whether a sealed value is
    shown in clear; of the record as a whole both are about reading and revealing at all."""

    is_active: bool
    is_visible: bool
    level: Level | None
    may_update: bool
    may_delete: bool
    may_reveal: bool
    roles: tuple[RoleExplained, ...]


async def explained(actor: Actor, member_id: UUID, noun: RecordType, record_id: UUID, field: str | None) -> Explanation:
    """Why a member may see or change a record, or a field of it.

    Args:
        noun, record_id: any record of the graph; an order's line is told as the field `lines` of its order.
        field: its name as roles have it (`birth_date`, `custom.shoe_size`).

    Raises:
        NotAllowed: the asker may not know.
        NotFound: there is no such member, or no such record that he may read.
    """
    if not any(map(actor.rights.may, EXPLAINED_TO)):
        raise NotAllowed(f"Your roles do not give you {' or '.join(EXPLAINED_TO)}.")
    async with reading_as(actor) as unit:
        row = await unit.connection.fetchrow(_MEMBER, unit.tenant_id, member_id)
        if row is None:
            raise NotFound(NO_MEMBER, field=["memberId"])
        roles = await roles_named(row["role_ids"])
        facts = await _facts(noun, record_id)
    if facts is None:
        raise NotFound(NO_RECORD, field=["recordId"])
    _check_asker(actor, facts, roles)
    who = Asker(member_id, frozenset(row["teammates"] or ()))
    field = "lines" if noun is RecordType.ORDER_LINE else field
    return _sum(roles, row["status"] == "ACTIVE", who, facts, field)


def _check_asker(actor: Actor, facts: Facts, roles: Sequence[NamedRole]) -> None:
    who = Asker(actor.member_id, frozenset(actor.teammates))
    if not is_visible(actor.rights.grants, who, facts):
        raise NotFound(NO_RECORD, field=["recordId"])
    told = {(noun, test.field) for role in roles for noun, tests in role.grant.tests for test in tests if noun in (facts.noun, _CUSTOMER)}
    customer = Facts(_CUSTOMER, facts.owner_id, facts.customer, facts.customer)
    for noun, name in sorted(told | {(_CUSTOMER, "owner")}):
        if level_on(actor.rights, name, who, facts if noun is facts.noun else customer) is not Level.READ:
            raise NotAllowed(f"This turns on {noun.lower()}.{name}, which you may not read here yourself.", field=["recordId"])


async def _facts(noun: RecordType, record_id: UUID) -> Facts | None:
    """The few values of a record, and of its customer, that rights turn on; None where there is no such record."""
    of = RecordType.ORDER if noun is RecordType.ORDER_LINE else noun
    id = "(SELECT order_id FROM order_line WHERE tenant_id = $1 AND id = $2)" if noun is RecordType.ORDER_LINE else "$2"
    joined = "" if of is _CUSTOMER else "JOIN customer c ON c.tenant_id = $1 AND c.id = r.customer_id"
    customer = "r" if of is _CUSTOMER else "c"
    row = await session().connection.fetchrow(
        f"SELECT {customer}.owner_id, {_values(of, 'r')} AS record, {_values(_CUSTOMER, customer)} AS customer "
        f"FROM {TABLES[of]} r {joined} WHERE r.tenant_id = $1 AND r.id = {id}",
        *(session().tenant_id, record_id),
    )
    return None if row is None else Facts(of, row["owner_id"], orjson.loads(row["record"]), orjson.loads(row["customer"]))


def _values(noun: RecordType, alias: str) -> str:
    names = [*sorted(TESTED[noun]), *(["custom"] if noun is _CUSTOMER else [])]
    pairs = ", ".join(f"'{name}', {alias}.{name}" for name in names)
    return f"jsonb_build_object({pairs})"


def _sum(roles: Sequence[NamedRole], is_active: bool, who: Asker, facts: Facts, field: str | None) -> Explanation:
    """What all roles give together; a member who is not active has nothing of it."""
    grants = [role.grant for role in roles]
    visible = is_active and is_visible(grants, who, facts)
    update, delete = on(facts.noun, Action.UPDATE), on(facts.noun, Action.DELETE)
    reveal = Permission.__members__.get(f"{facts.noun}_REVEAL")

    def given(grant: Grant) -> Level:
        return _given(grant, who, facts, field)

    level = max(map(given, grants), key=lambda each: each.height, default=Level.NONE) if visible else Level.NONE
    return Explanation(
        is_active,
        visible,
        None if field is None else level,
        visible and any(reaches(grant, update, who, facts) and _is_at(grant, facts, field, Level.WRITE) for grant in grants),
        visible and any(reaches(grant, delete, who, facts) for grant in grants),
        visible and reveal is not None and any(reaches(grant, reveal, who, facts) and _is_at(grant, facts, field) for grant in grants),
        tuple(_role(role, who, facts, field, visible and given(role.grant) is level is not Level.NONE) for role in roles),
    )


def _given(grant: Grant, who: Asker, facts: Facts, field: str | None) -> Level:
    """How high one role alone brings a field on this record; of the record as a whole READ or nothing."""
    reads, writes = (reaches(grant, on(facts.noun, action), who, facts) for action in (Action.READ, Action.UPDATE))
    if field is None:
        return Level.READ if reads else Level.NONE
    level = grant.level(facts.noun, field)
    if level is Level.WRITE and not writes:
        level = Level.READ
    return level if reads or (writes and level is Level.WRITE) else Level.NONE


def _is_at(grant: Grant, facts: Facts, field: str | None, level: Level = Level.READ) -> bool:
    return field is None or grant.level(facts.noun, field).height >= level.height


def _role(role: NamedRole, who: Asker, facts: Facts, field: str | None, decides: bool) -> RoleExplained:
    asked = [permission for permission, (noun, action) in ON_RECORDS.items() if noun is facts.noun and action is not Action.CREATE]
    if facts.noun is not _CUSTOMER:
        asked.append(Permission.CUSTOMER_READ)
    permissions = tuple(_permission(role.grant, permission, who, facts) for permission in asked)
    level = None if field is None else role.grant.level(facts.noun, field)
    return RoleExplained(role.id, role.name, role.is_built_in, permissions, level, decides)


def _permission(grant: Grant, permission: Permission, who: Asker, facts: Facts) -> PermissionExplained:
    reach, noun = grant.reach(permission), ON_RECORDS[permission][0]
    if reach is None:
        return PermissionExplained(permission, None, False, (), False)
    conditions = tuple(ConditionExplained(noun, test, passes(test, facts.of(noun))) for test in reach.tests)
    inside = is_in_scope(reach, facts.owner_id, who)
    return PermissionExplained(permission, reach.scope, inside, conditions, reaches(grant, permission, who, facts))
