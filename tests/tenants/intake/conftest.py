"""A shorthand for taking rows in, and for reading back what is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest

from tenants.changes.record import row_id
from tenants.intake.drafts import Batch, Outcome, Row
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType

TakeIn = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def taken() -> TakeIn:
    """`await taken(actor, rows, type, **rules)`: rows are dictionaries of text; the batch's rows are numbered from 1."""

    async def take(actor: Actor, rows: Sequence[dict[str, str]], record_type: RecordType = RecordType.CUSTOMER, **rules: Any) -> Outcome:
        targets = {target for row in rows for target in row}
        columns = {target: [row.get(target) for row in rows] for target in sorted(targets)}
        async with acting_as(actor):
            return await take_in(Batch(record_type, list(range(1, len(rows) + 1)), columns), IntakeRules(**rules))

    return take


@pytest.fixture
def written() -> TakeIn:
    """`await written(actor, drafts, type, **rules)`: drafts as the API gives them, where None clears and an order has `lines`."""

    async def write(actor: Actor, drafts: Sequence[Row], record_type: RecordType = RecordType.CUSTOMER, **rules: Any) -> Outcome:
        async with acting_as(actor):
            return await take_in(Batch.of(record_type, drafts), IntakeRules(**rules))

    return write


@pytest.fixture
def changes() -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    """`await changes(actor, change_set_id)`: the changes of a change-set in their order, bodies open."""

    async def read(actor: Actor, change_set_id: UUID) -> list[dict[str, Any]]:
        async with acting_as(actor, read_only=True) as current:
            body = (await current.keyring()).column("change", "body")
            statement = "SELECT * FROM change WHERE tenant_id = $1 AND change_set_id = $2 ORDER BY position"
            rows = await current.connection.fetch(statement, actor.tenant_id, change_set_id)
            return [{**row, **orjson.loads(body.open(row_id(change_set_id, row["position"]), row["body"]))} for row in rows]

    return read


@pytest.fixture
def stored() -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    """`await stored(actor, table)`: the rows of a table the actor sees, with sealed columns open, in the order they were made."""

    async def read(actor: Actor, table: str = "customer") -> list[dict[str, Any]]:
        async with acting_as(actor, read_only=True) as current:
            keyring = await current.keyring()
            rows = await current.connection.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY id", actor.tenant_id)
            return [{name: _open(keyring, table, name, row) for name in row.keys()} for row in rows]  # noqa: SIM118 - a Record

    return read


def _open(keyring: Any, table: str, name: str, row: Any) -> Any:
    value = row[name]
    return keyring.column(table, name).open(row["id"], value) if isinstance(value, bytes) else value
