"""What goes into the intake and what comes out: a batch of drafts as columns of text, and an outcome per row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from tenants.intake.problems import Problem, Severity
from tenants.words import RecordType

#: A draft as somebody writes it: target → text. What is absent stays as it is stored, None clears it. An order's `lines` are a
#: sequence of rows of their own (without the prefix); given, they replace the stored ones as a whole.
Row: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """Drafts of one record type, as columns.

    Args:
        rows: the number of each draft as its sender knows it (line of a file, index of an input); problems name it.
        columns: target (see `intake.fields.targets`, plus `custom.<name>`) → one cell per draft, as text. None and
            "" mean "not given": what is stored stays. In an ORDER batch each row is one line of an order; rows with
            the same `number` are one order.
        cleared: target → the places (0-based) of drafts that empty it. No cell can say so: what files hold is text.
        lines: each row's place in its order, from 0, where a 0 begins the next order; None: the order's number tells.
    """

    record_type: RecordType
    rows: list[int]
    columns: dict[str, list[str | None]]
    cleared: dict[str, set[int]] = field(default_factory=dict)
    lines: list[int] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, record_type: RecordType, drafts: Sequence[Row]) -> Batch:
        """A batch of drafts, their rows numbered from 1; an order takes as many places as it has lines, and at least one."""
        batch = cls(record_type, [], {}, lines=[] if record_type is RecordType.ORDER else None)
        placed: list[tuple[int, str, str]] = []
        for row, draft in enumerate(drafts, start=1):
            place = len(batch.rows)
            for target, value in draft.items():
                if value is None or (target == "lines" and not value):
                    batch.cleared.setdefault(target, set()).add(place)
                elif target == "lines":
                    placed += ((place + at, f"lines.{name}", text) for at, line in enumerate(value) for name, text in line.items())
                else:
                    placed.append((place, target, value))
            size = max(1, len(draft.get("lines") or ()))
            batch.rows += [row] * size
            if batch.lines is not None:
                batch.lines += range(size)
        for place, target, text in placed:
            batch.columns.setdefault(target, [None] * len(batch.rows))[place] = text
        return batch

    @classmethod
    def of_one(cls, record_type: RecordType, draft: Row) -> Batch:
        """A batch of one draft; its row is 1."""
        return cls.of(record_type, [draft])


class Action(StrEnum):
    """What becomes of a row."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    UNCHANGED = "UNCHANGED"
    SKIP = "SKIP"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field of a draft that was made from an older version than is stored: the three values of a three-way merge.

    Every field the draft gives is told, so that a merge needs no other source; `is_conflicting` only where both sides changed it since
    and not to the same value. Where it is false, take `yours` if it differs from `base`, else `stored`.

    Args:
        row: as the batch numbers it.
        field: a target: `phone`, `custom.size`, or `lines` for all of an order's.
        yours, stored, base: JSON values, dates and decimals as text, None where there is none. `base` is the value at the version
            the draft gives. Those of a sealed field are in clear: whoever passes them on has to mask them.
        sealed: table and column of a field that is sealed, else None.
    """

    row: int
    record_id: UUID
    field: str
    yours: Any
    stored: Any
    base: Any
    is_conflicting: bool
    sealed: tuple[str, str] | None = None


@dataclass(slots=True)
class Outcome:
    """What became (or, in a dry run, would become) of each row of a batch, in its order.

    `actions` and `record_ids` stand beside the batch's `rows`; a row rejected as a DUPLICATE has the id of the record in its way,
    one rejected as a VERSION_CONFLICT that of the record it meant, any other rejected row none. `records` counts records by
    type and action, e.g. {"ORDER": {"CREATE": 830}, "ORDER_LINE": {"CREATE": 2155}}: rows and records differ where
    several rows make one record or one row makes two. `conflicts` has every field that a row with a VERSION_CONFLICT gives;
    `holders` is for nested drafts: by the field of a DUPLICATE, the record in its way.
    """

    actions: list[Action]
    record_ids: list[UUID | None]
    problems: list[Problem]
    records: dict[str, Counter[str]] = field(default_factory=dict)
    change_set_id: UUID | None = None
    conflicts: list[FieldConflict] = field(default_factory=list)
    holders: dict[str, tuple[RecordType, UUID]] = field(default_factory=dict)

    def counts(self) -> Counter[Action]:
        """Rows by action; the sum is the number of rows."""
        return Counter(self.actions)

    @property
    def warnings(self) -> int:
        return sum(problem.severity is Severity.WARNING for problem in self.problems)
