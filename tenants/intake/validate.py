"""Second step of the road in: what one row must make sense of by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tenants.intake.cleaning import Clean
from tenants.intake.problems import Code, Fault, Severity
from tenants.intake.rules import TenantRules
from tenants.words import RecordType

#: Ages a living customer may have, in years.
OLDEST = 130

#: Clocks of different machines agree to within this.
_CLOCKS_DIFFER = timedelta(minutes=5)

#: Sums may differ from what was multiplied by as much as rounding each line to cents explains.
ROUNDING = Decimal("0.01")

_LINES_NEED = ("product", "quantity", "unit_price")


def validate(clean: Clean, tenant: TenantRules) -> None:
    """Check each sound row by itself; problems and refusals go into `clean`."""
    if clean.record_type is RecordType.CUSTOMER:
        _ages(clean, tenant)
    elif clean.record_type is RecordType.ORDER:
        _line_amounts(clean, tenant)
    elif clean.record_type is RecordType.INTERACTION:
        _not_in_the_future(clean, tenant)


def _given(clean: Clean, target: str) -> Iterator[tuple[int, Any]]:
    for place, value in enumerate(clean.values.get(target, ())):
        if value is not None:
            yield place, value


def _ages(clean: Clean, tenant: TenantRules) -> None:
    today = datetime.now(tenant.zone).date()
    fault = Fault(
        Code.IMPLAUSIBLE_AGE, f"This birth date makes an age that is not between 0 and {OLDEST}.", "Write the date as yyyy-mm-dd."
    )
    for place, born in _given(clean, "birth_date"):
        if isinstance(born, date) and not 0 <= age(born, today) <= OLDEST:
            clean.tell(place, "birth_date", fault, tenant.severity(fault.code))


def age(born: date, today: date) -> int:
    """Whole years between two days; negative for a birth in the future."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _not_in_the_future(clean: Clean, tenant: TenantRules) -> None:
    latest = datetime.now(UTC) + _CLOCKS_DIFFER
    fault = Fault(Code.IN_THE_FUTURE, "This interaction has not happened yet.", "Write when it happened, or make it a need.")
    for place, at in _given(clean, "occurred_at"):
        if at > latest:
            clean.tell(place, "occurred_at", fault, tenant.severity(fault.code))


def _line_amounts(clean: Clean, tenant: TenantRules) -> None:
    columns = {name: clean.values.get(f"lines.{name}") for name in (*_LINES_NEED, "discount", "amount")}
    if not any(columns.values()):
        return
    for place in range(len(clean.rows)):
        line = {name: column[place] for name, column in columns.items() if column and column[place] is not None}
        if line and place not in clean.refused:
            _line(clean, place, line, tenant)


def _line(clean: Clean, place: int, line: dict[str, Any], tenant: TenantRules) -> None:
    for name in _LINES_NEED:
        if name not in line:
            clean.tell(place, f"lines.{name}", required(name), Severity.ERROR)
            return
    discount = line.get("discount", Decimal(0))
    if not 0 <= discount <= 1:
        fault = Fault(Code.BAD_NUMBER, "A discount is a fraction from 0 to 1.", "Write 0.15 for fifteen per cent.")
        clean.tell(place, "lines.discount", fault, Severity.ERROR)
    elif "amount" in line and abs(line["amount"] - line_amount(line)) > ROUNDING:
        fault = Fault(
            Code.AMOUNT_MISMATCH,
            "The amount is not quantity × unit price less the discount.",
            "Correct one of them, or leave the amount out.",
        )
        clean.tell(place, "lines.amount", fault, tenant.severity(fault.code))


def line_amount(line: dict[str, Any]) -> Decimal:
    """quantity × unit price × (1 − discount), to four decimals."""
    exact: Decimal = line["quantity"] * line["unit_price"] * (1 - line.get("discount", Decimal(0)))
    return exact.quantize(Decimal("0.0001"))


def required(name: str) -> Fault:
    return Fault(Code.REQUIRED, f"The field {name} is missing and required.", f"Give a value for {name}.")
