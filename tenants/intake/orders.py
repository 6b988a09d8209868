"""What makes sense of an order as a whole: its lines, its total, its date against its customer's birth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tenants.intake.problems import Code, Fault, Severity
from tenants.intake.records import Draft, Line
from tenants.intake.rules import TenantRules
from tenants.intake.shapes import LINE
from tenants.intake.validate import ROUNDING, line_amount

#: A field, what is wrong with it, and the record that is in its way.
Broken = tuple[str | None, Fault, UUID | None]


def completed(lines: list[Line]) -> list[Line]:
    """Lines with all their columns: no discount is a discount of 0, a missing amount is computed."""
    full = ({"discount": Decimal(0), **line, "amount": line.get("amount") or line_amount(line)} for line in lines)
    return [{name: line[name] for name in LINE} for line in full]


def broken_order(draft: Draft, new: Mapping[str, Any], births: Mapping[UUID, str], tenant: TenantRules) -> Broken | None:
    """A total that is not its lines, or a date before the customer was born; the first that is found."""
    amount, at = draft.values.get("amount"), new.get("ordered_at")
    if amount is not None and draft.lines and not _is_sum(amount, draft.lines) and tenant.severity(Code.AMOUNT_MISMATCH) is Severity.ERROR:
        return (
            "amount",
            Fault(Code.AMOUNT_MISMATCH, "The order's amount is not the sum of its lines.", "Correct it, or leave it out."),
            None,
        )
    born = births.get(draft.values["customer_id"]) if "customer_id" in draft.values else None
    if born is not None and isinstance(at, datetime) and _is_before(at, born, tenant):
        fault = Fault(Code.ORDER_BEFORE_BIRTH, "This order is older than its customer.", "Correct one of the two dates.")
        return "ordered_at", fault, None
    return None


def _is_sum(amount: Decimal, lines: list[Line]) -> bool:
    """Within what rounding each line explains."""
    summed = sum((line["amount"] for line in completed(lines)), Decimal(0))
    return abs(amount - summed) <= ROUNDING * max(1, len(lines))


def _is_before(at: datetime, born: str, tenant: TenantRules) -> bool:
    try:
        return at.astimezone(tenant.zone).date() < date.fromisoformat(born)
    except ValueError:  # kept as it was entered
        return False
