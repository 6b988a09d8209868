"""Binding: the values a request has for a statement's parameters. Here cursors are checked, and sealed values digested to be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from server.reads import cursors
from server.reads.conditions import LookedUp
from server.reads.lists import Asked
from server.reads.parameters import Allowed, Limit, Parameter, Position, RecordId, RecordIds, Value, Words
from server.reads.plan import Page, Plan
from tenants.access.reach import value_for
from tenants.encryption import Keyring
from tenants.intake.lookups import digests
from tenants.intake.rules import TenantRules
from tenants.refusals import Invalid
from tenants.session import Actor, Session


async def bound(
    parameters: Sequence[Parameter],
    plan: Plan,
    lists: Sequence[Asked],
    ids: Sequence[Sequence[UUID]],
    unit: Session | None,
    keyring: Keyring | None,
    actor: Actor,
) -> list[Any]:
    """The values of a statement's parameters, in their order.

    Args:
        ids: the uuids that each root asks for.
        unit: the unit of work we are in; None where nothing has to be looked up (`needs_unit`).
        keyring: needed where there is a cursor; else opened here if a sealed value is looked up.

    Raises:
        Invalid: a cursor of another list, a value that cannot be one of its field, a custom field there is not.
    """
    values = await condition_values(lists, unit)
    positions = _positions(plan, lists, keyring)
    return [allowed(each, actor) if isinstance(each, Allowed) else _value(each, lists, ids, values, positions) for each in parameters]


def allowed(parameter: Allowed, actor: Actor) -> object:
    """What rights depend on: who asks, or what a role says."""
    return value_for(actor.asker, parameter.value)


def _value(
    parameter: Parameter,
    lists: Sequence[Asked],
    ids: Sequence[Sequence[UUID]],
    values: Sequence[list[Any]],
    positions: dict[tuple[int, str], list[str | None]],
) -> object:
    match parameter:
        case Limit(number):
            return lists[number].limit
        case RecordId(root):
            return ids[root][0] if ids[root] else None
        case RecordIds(root):
            return ids[root]
        case Words(number):
            return lists[number].search
        case Value(number, place):
            return values[number][place]
        case Position(number, side, place):
            return positions[number, side][place]
        case Allowed():
            raise AssertionError("what rights depend on is bound by `allowed`")


def _positions(plan: Plan, lists: Sequence[Asked], keyring: Keyring | None) -> dict[tuple[int, str], list[str | None]]:
    found: dict[tuple[int, str], list[str | None]] = {}
    for page, asked in zip(plan.lists, lists, strict=True):
        if isinstance(page, Page) and asked.has_cursor:
            assert keyring is not None
            for side in ("after", "before"):
                text = getattr(asked, side)
                if text is not None:
                    found[page.number, side] = cursors.position(keyring, page, text, side)
    return found


def needs_unit(lists: Sequence[Asked]) -> bool:
    """Whether a condition cannot be bound without the tenant's rules: for a sealed value, or a field of the tenant's own."""
    return any(each.customs or any(isinstance(value, LookedUp) for value in each.values) for each in lists)


async def condition_values(lists: Sequence[Asked], unit: Session | None) -> list[list[Any]]:
    """The values of each list's condition, with what is looked up in sealed fields as digests."""
    if not needs_unit(lists):
        return [asked.values for asked in lists]
    assert unit is not None
    tenant, keyring = await TenantRules.load(), await unit.keyring()
    _check_customs(set[str]().union(*(asked.customs for asked in lists)), tenant)
    return [[_digested(value, tenant, keyring) for value in asked.values] for asked in lists]


def _digested(value: Any, tenant: TenantRules, keyring: Keyring) -> Any:
    if not isinstance(value, LookedUp):
        return value
    return digests(value.key, value.texts, tenant, keyring, value.path)


def _check_customs(names: set[str], tenant: TenantRules) -> None:
    for name in sorted(names):
        rule = tenant.custom_fields.get(name)
        if rule is None:
            raise Invalid(f"There is no custom field {name[:40]}.", field=["filter", "custom"])
        if rule.is_sealed:
            raise Invalid(
                f"The custom field {name} is encrypted: what it says cannot be tested.", field=["filter", "custom"], code="SEALED_FIELD"
            )
