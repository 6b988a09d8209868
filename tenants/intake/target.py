"""A record as a plan leaves it, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tenants.intake.match import Stored
from tenants.intake.records import Line
from tenants.intake.rules import KeyKind


@dataclass(slots=True)
class Target:
    """A record as the plan leaves it: new where `stored` is None.

    Args:
        keys: the keys it is given, new or in place of an old one.
        changed: the fields that differ from what is stored; `stale`: those whose ciphertext in `sealed` is not theirs.
    """

    id: UUID
    stored: Stored | None
    values: dict[str, Any]
    flags: list[str]
    sealed: dict[str, bytes | None]
    keys: dict[KeyKind, bytes] = field(default_factory=dict)
    lines: list[Line] | None = None
    changed: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)

    @property
    def is_new(self) -> bool:
        return self.stored is None
