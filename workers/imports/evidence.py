"""What whole columns show that no cell does: in which order dates are written, and with which decimal mark amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.imports.options import ImportOptions
from tenants.intake.fields import Type, targets
from tenants.intake.normalise.amounts import AmountEvidence, DecimalMark
from tenants.intake.normalise.dates import DateEvidence, DateOrder
from tenants.words import RecordType


@dataclass(slots=True)
class Evidence:
    """By target, for the columns that hold dates and amounts."""

    dates: dict[str, DateEvidence] = field(default_factory=dict)
    amounts: dict[str, AmountEvidence] = field(default_factory=dict)

    @classmethod
    def of(cls, record_type: RecordType, mapped: Mapping[str, int], stored: Mapping[str, Any]) -> Evidence:
        """What was seen of a file so far; `stored` is what `as_json` gave, or empty at the beginning."""
        known = targets(record_type)
        types = {target: known[target].type for target in mapped if target in known}
        dates, amounts = stored.get("dates", {}), stored.get("amounts", {})
        return cls(
            {target: DateEvidence.from_json(dates.get(target, {})) for target, kind in types.items() if kind in (Type.DATE, Type.DATETIME)},
            {target: AmountEvidence.from_json(amounts.get(target, {})) for target, kind in types.items() if kind is Type.DECIMAL},
        )

    def see(self, columns: Sequence[Sequence[str]], mapped: Mapping[str, int]) -> None:
        """Take some rows into account, given as columns."""
        observers: dict[str, DateEvidence | AmountEvidence] = {**self.dates, **self.amounts}
        for target, seen in observers.items():
            for cell in filter(None, columns[mapped[target]]):
                seen.see(cell)

    def as_json(self) -> dict[str, Any]:
        return {
            "dates": {target: seen.to_json() for target, seen in self.dates.items()},
            "amounts": {target: seen.to_json() for target, seen in self.amounts.items()},
        }

    def date_orders(self, options: ImportOptions) -> dict[str, DateOrder]:
        """The order of each column whose order is known; the sender's word is above what the column shows."""
        found = {target: options.date_order or seen.order() for target, seen in self.dates.items()}
        return {target: order for target, order in found.items() if order}

    def decimal_marks(self, options: ImportOptions) -> dict[str, DecimalMark]:
        """As `date_orders`, for amounts."""
        found = {target: options.decimal_mark or seen.mark() for target, seen in self.amounts.items()}
        return {target: mark for target, mark in found.items() if mark}
