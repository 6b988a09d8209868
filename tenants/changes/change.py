"""One record's change, as the intake tells it and the change-set keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Change:
    """One record before and after. `version` is the one it has after; a deletion counts as one. `customer_id`: whose record it is."""

    record_type: str
    record_id: UUID
    customer_id: UUID
    action: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]
