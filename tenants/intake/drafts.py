"""What goes into the intake and what comes out: a batch of drafts as columns of text, and an outcome per row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tenants.intake.problems import Problem, Severity
from tenants.words import RecordType


@dataclass(slots=True)
class Batch:
    """Drafts of one record type, as columns.

    Args:
        rows: the number of each draft as its sender knows it (line of a file, index of an input); problems name it.
        columns: target (see `intake.fields.targets`, plus `custom.<name>`) → one cell per draft, as text. None and
            "" mean "not given": what is stored stays. In an ORDER batch each row is one line of an order; rows with
            the same `number` are one order.
    """

    record_type: RecordType
    rows: list[int]
    columns: dict[str, list[str | None]]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of_one(cls, record_type: RecordType, values: dict[str, str | None]) -> Batch:
        """A batch of one draft; its row is 1."""
        return cls(record_type, [1], {target: [value] for target, value in values.items() if value is not None})


class Action(StrEnum):
    """What becomes of a row."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    UNCHANGED = "UNCHANGED"
    SKIP = "SKIP"
    REJECT = "REJECT"


@dataclass(slots=True)
class Outcome:
    """What became (or, in a dry run, would become) of each row of a batch, in its order.

    `actions` and `record_ids` stand beside the batch's `rows`; a row rejected as a
    DUPLICATE has the id of the record in its way, any other rejected row none. `records` counts records by
    type and action, e.g. {"ORDER": {"CREATE": 830}, "ORDER_LINE": {"CREATE": 2155}}: rows and records differ where
    several rows make one record or one row makes two.
    """

    actions: list[Action]
    record_ids: list[UUID | None]
    problems: list[Problem]
    records: dict[str, Counter[str]] = field(default_factory=dict)
    change_set_id: UUID | None = None

    def counts(self) -> Counter[Action]:
        """Rows by action; the sum is the number of rows."""
        return Counter(self.actions)

    @property
    def warnings(self) -> int:
        return sum(problem.severity is Severity.WARNING for problem in self.problems)
