"""Why somebody may see or change something: `explainAccess`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from server.reads.declaring import argument, computed
from server.schema.access.granting import stored_name
from server.schema.access.ids import id_of
from server.schema.access.telling import condition
from server.schema.access.types import Condition
from tenants.access.explaining import EXPLAINED_TO, NO_RECORD, Explanation, PermissionExplained, RoleExplained, explained
from tenants.access.permissions import NOUNS, Level, Permission, Scope
from tenants.ids import PREFIXES, global_id, local_id
from tenants.refusals import NotFound
from tenants.session import Actor
from tenants.words import RecordType

if TYPE_CHECKING:
    from server.reads.execute import Road


@strawberry.type(description="A condition of a role, and whether it holds of the record.")
class ConditionExplanation:
    condition: Condition = strawberry.field(description="The condition.")
    holds: bool = strawberry.field(description="Whether it holds.")


@strawberry.type(
    description="Whether a role gives a permission on the record: it has it, the record is within its scope, and all conditions hold."
)
class PermissionExplanation:
    permission: Permission = strawberry.field(description="The permission. That on the customer counts for what belongs to it, too.")
    scope: Scope | None = strawberry.field(description="How far the role gives it; null where it does not.")
    is_in_scope: bool = strawberry.field(description="Whether the record is that near to the member.")
    conditions: list[ConditionExplanation] = strawberry.field(description="The role's conditions on such records.")
    reaches: bool = strawberry.field(description="Whether the role gives the permission on this record.")


@strawberry.type(description="What one role of the member says about the record.")
class RoleExplanation:
    id: strawberry.ID = strawberry.field(description="The role.")
    name: str = strawberry.field(description="Its name.")
    is_built_in: bool = strawberry.field(description="Whether every tenant has it.")
    permissions: list[PermissionExplanation] = strawberry.field(description="On the record, and where it belongs to one on its customer.")
    level: Level | None = strawberry.field(
        description="What the role says of the field, wherever it reaches; null where none is asked about."
    )
    decides: bool = strawberry.field(
        description="Whether it is by this role, or as much by it as by another, that the member has what he has."
    )


@strawberry.type(description="What a member may do with a record, or with a field of it, and by which of his roles.")
class AccessExplanation:
    is_active: bool = strawberry.field(description="Whether the member may act at all.")
    is_visible: bool = strawberry.field(description="Whether he may see the record, and the customer it belongs to.")
    level: Level | None = strawberry.field(description="What he may do with the field on this record; null where none is asked about.")
    may_reveal: bool = strawberry.field(description="Whether he may see what is sealed in clear: the field, or something of the record.")
    may_update: bool = strawberry.field(description="Whether he may change the field, or something of the record.")
    may_delete: bool = strawberry.field(description="Whether he may delete the record.")
    roles: list[RoleExplanation] = strawberry.field(description="His roles, built-in ones first.")


async def explain(road: Road, actor: Actor, memberId: str, recordId: str, field: str | None = None) -> AccessExplanation:
    """
    Raises:
        NotFound, NotAllowed, Invalid: as `tenants.access.explaining.explained`, or there is no such field.
    """
    noun = next((each for each in (*NOUNS, RecordType.ORDER_LINE) if recordId.startswith(f"{PREFIXES[each]}_")), None)
    record_id = local_id(noun, recordId) if noun is not None else None
    if noun is None or record_id is None:
        raise NotFound(NO_RECORD, field=["recordId"])
    of = RecordType.ORDER if noun is RecordType.ORDER_LINE else noun
    name = None if field is None else stored_name(of, field, ["field"], with_system=True)
    return _explanation(await explained(actor, id_of("MEMBER", memberId, "memberId"), noun, record_id, name))


def _explanation(found: Explanation) -> AccessExplanation:
    return AccessExplanation(
        is_active=found.is_active,
        is_visible=found.is_visible,
        level=found.level,
        may_reveal=found.may_reveal,
        may_update=found.may_update,
        may_delete=found.may_delete,
        roles=[_role(role) for role in found.roles],
    )


def _role(role: RoleExplained) -> RoleExplanation:
    return RoleExplanation(
        id=strawberry.ID(global_id("ROLE", role.id)),
        name=role.name,
        is_built_in=role.is_built_in,
        permissions=[_permission(each) for each in role.permissions],
        level=role.level,
        decides=role.decides,
    )


def _permission(found: PermissionExplained) -> PermissionExplanation:
    return PermissionExplanation(
        permission=found.permission,
        scope=found.scope,
        is_in_scope=found.is_in_scope,
        conditions=[ConditionExplanation(condition=condition(each.noun, each.test), holds=each.holds) for each in found.conditions],
        reaches=found.reaches,
    )


@strawberry.type
class ExplanationQueries:
    explain_access: AccessExplanation = computed(
        explain,
        "Why a member may see or change a record, or a field of it, or not: role by role, and all together. For who may manage roles or "
        "read the trail; of records that you may read yourself, with all that the roles' conditions turn on.",
        [
            argument("memberId", strawberry.ID, "Whose access."),
            argument("recordId", strawberry.ID, "To which record: a customer, or what belongs to one."),
            argument("field", str | None, "To which field, by its name in this schema or as `custom.shoe_size`; none: to the record."),
        ],
        permission=EXPLAINED_TO,
    )
