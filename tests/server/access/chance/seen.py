"""A tenant's records as one member sees them, by the model: a smaller world, of which the plain reference is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.server.access.chance.model import Record, Role, may, shown
from tests.server.reference.store import TABLES, Row, Store


@dataclass(frozen=True)
class Asker:
    """A member with his roles; `who` is himself and those of his teams."""

    id: UUID
    roles: Sequence[Role]
    team: frozenset[UUID]

    @property
    def who(self) -> tuple[UUID, frozenset[UUID]]:
        return self.id, self.team


def noun_of(type_: str) -> str:
    return type_.upper()


def record_of(store: Store, row: Row) -> Record:
    """A row as the model has it."""
    customer = row if row.type == "Customer" else store.find("Customer", row["customer_id"])
    own = {**row.columns, "noun": noun_of(row.type), "owner": customer["owner_id"]}
    return own | {"customer": own if customer is row else record_of(store, customer)}


@dataclass(eq=False)
class SeenRow(Row):
    """A record that is seen. `record` is the model's; of a line it is its order."""

    record: Record = field(default_factory=dict)
    asker: Asker | None = None
    _known: dict[str, str] = field(default_factory=dict)

    def _shown(self, column: str) -> str:
        if self.type == "OrderLine":
            return "value"
        if column not in self._known:
            assert self.asker is not None
            self._known[column] = shown(self.asker.roles, self.record, column, self.asker.who)
        return self._known[column]

    def sees(self, column: str) -> bool:
        return self._shown(column) == "value"

    def masks(self, column: str) -> bool:
        return self._shown(column) != "none"

    def reveals(self, column: str) -> bool:
        assert self.asker is not None
        return self.masks(column) and may(self.asker.roles, "REVEAL", self.record, [column], self.asker.who, "READ")


def seen_by(asker: Asker, store: Store) -> dict[str, list[Row]]:
    """The rows that somebody sees, by type."""
    found: dict[str, list[Row]] = {type_: [] for type_ in TABLES}
    orders: dict[Any, SeenRow] = {}
    for type_ in TABLES:
        for row in store.rows[type_]:
            if type_ == "OrderLine":
                order = orders.get(row["order_id"])
                if order is not None and order.sees("lines"):
                    found[type_].append(SeenRow(type_, row.columns, order.record, asker))
                continue
            made = SeenRow(type_, row.columns, record_of(store, row), asker)
            if made.masks("id"):
                found[type_].append(made)
                if type_ == "Order":
                    orders[row["id"]] = made
    return found
