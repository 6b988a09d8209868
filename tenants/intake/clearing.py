"""What a draft empties: a field cleared is not the same as one left out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from tenants.intake.orders import completed
from tenants.intake.records import Draft
from tenants.intake.rules import Fill
from tenants.intake.shapes import Shape
from tenants.intake.target import Target

_CUSTOM = ("custom", "custom_sealed")


def never_empty(draft: Draft, shape: Shape, wanted: Collection[str]) -> str | None:
    """The first field a draft clears that its record has to have: required by us or by the tenant, or never without a value."""
    return next((name for name in sorted(draft.cleared) if name in wanted or name in shape.always), None)


def emptied(draft: Draft, target: Target, new: dict[str, Any], fill: Callable[[str], Fill]) -> dict[str, Any]:
    """What a draft changes, with what it clears: None, or what stands for nothing in the field's type.

    A field that is only filled where it is empty is not cleared. An order's amount, cleared, is the sum of its lines again.
    """
    for name in draft.cleared:
        if fill(name) is Fill.IF_EMPTY or name == "lines":
            continue
        if name.startswith("custom."):
            _without_custom(name.removeprefix("custom."), target, new)
        elif name == "amount":
            lines = draft.lines if draft.lines or "lines" in draft.cleared else target.lines
            amount = sum((line["amount"] for line in completed(lines or [])), Decimal(0))
            if amount != target.values.get(name):
                new[name] = amount
        elif target.values.get(name) not in (None, []):
            new[name] = [] if name == "tags" else None
    return new


def _without_custom(name: str, target: Target, new: dict[str, Any]) -> None:
    for column in _CUSTOM:
        held = new.get(column, target.values.get(column))
        if held and name in held:
            new[column] = {key: value for key, value in held.items() if key != name}
