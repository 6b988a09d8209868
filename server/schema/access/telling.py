"""Parts of roles and rights as this schema tells them."""

from __future__ import annotations

from collections.abc import Mapping

from server.schema.access.granting import field_name
from server.schema.access.types import Condition, FieldGrant, OtherFieldsGrant, PermissionGrant
from tenants.access.permissions import Level, Permission, Scope
from tenants.access.rights import OTHERS, Grant, Test
from tenants.words import RecordType


def permission_grants(scopes: Mapping[Permission, Scope]) -> list[PermissionGrant]:
    return [PermissionGrant(permission=permission, scope=scope) for permission, scope in scopes.items()]


def field_grants(levels: Mapping[tuple[RecordType, str], Level]) -> list[FieldGrant]:
    return [FieldGrant(noun=noun, field=field_name(name), level=level) for (noun, name), level in levels.items()]


def named_levels(grant: Grant) -> list[FieldGrant]:
    return field_grants({(noun, name): level for noun, levels in grant.levels for name, level in levels if name != OTHERS})


def other_levels(grant: Grant) -> list[OtherFieldsGrant]:
    return [OtherFieldsGrant(noun=noun, level=level) for noun, levels in grant.levels for name, level in levels if name == OTHERS]


def condition(noun: RecordType, test: Test) -> Condition:
    values = list(test.values)
    return Condition(noun=noun, field=field_name(test.field), in_=values if test.is_in else None, not_in=None if test.is_in else values)


def conditions(grant: Grant) -> list[Condition]:
    return [condition(noun, test) for noun, tests in grant.tests for test in tests]
