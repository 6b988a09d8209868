"""A tenant's own fields: each value checked by the rules its admins have set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from tenants.intake import normalise
from tenants.intake.problems import Code, Fault
from tenants.intake.rules import CustomFieldRule, TenantRules
from tenants.refusals import Invalid

_LONGEST = 1_000


def custom_reader(tenant: TenantRules, target: str, *, is_clearing: bool = False) -> Callable[[str], Any]:
    """The function that makes a cell of `custom.<name>` right: text → JSON value or Fault. One that is retired can only be cleared.

    Raises:
        Invalid: the tenant has no such field.
    """
    name = target.removeprefix("custom.")
    if is_clearing and name in tenant.retired:
        return str
    rule = tenant.custom_fields.get(name)
    if rule is None:
        known = ", ".join(sorted(tenant.custom_fields)) or "none"
        raise Invalid(f"There is no custom field {name}. Your custom fields: {known}.", field=[target])
    return lambda cell: _read(cell, rule)


def _read(cell: str, rule: CustomFieldRule) -> Any:
    match rule.type:
        case "NUMBER":
            return _number(cell, rule)
        case "DATE":
            found = normalise.date(cell, None)
            return found.isoformat() if isinstance(found, date) else found
        case "BOOLEAN":
            return normalise.boolean(cell)
        case "CHOICE":
            return _choice(cell, rule)
        case _:
            return normalise.text(cell, _LONGEST)


def _number(cell: str, rule: CustomFieldRule) -> float | Fault:
    number = normalise.amount(cell, None)
    if not isinstance(number, Decimal):
        return number
    too_small = rule.least is not None and number < rule.least
    too_big = rule.most is not None and number > rule.most
    if too_small or too_big:
        return Fault(Code.CUSTOM_FIELD_RULE, "This number is outside the range set for the field.", f"Write a number {_range(rule)}.")
    return float(number)


def _range(rule: CustomFieldRule) -> str:
    if rule.least is None:
        return f"up to {rule.most}"
    return f"from {rule.least}" if rule.most is None else f"from {rule.least} to {rule.most}"


def _choice(cell: str, rule: CustomFieldRule) -> str | Fault:
    wanted = normalise.text(cell, _LONGEST)
    if isinstance(wanted, Fault):
        return wanted
    for choice in rule.choices:
        if choice.casefold() == wanted.casefold():
            return choice
    return Fault(Code.CUSTOM_FIELD_RULE, "This is not one of the field's choices.", f"Write one of: {', '.join(rule.choices)}.")
