"""Last step of the road in: a plan's records written, one statement per step however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from tenants.changes.change import Change
from tenants.encryption import Keyring
from tenants.ids import new_ids
from tenants.intake.keys import write_keys
from tenants.intake.plan import Plan
from tenants.intake.records import plain_text
from tenants.intake.shapes import LINE, SHAPES, Column, Shape
from tenants.intake.target import Target
from tenants.intake.writing import write
from tenants.session import Session
from tenants.words import RecordType


async def apply(plan: Plan, current: Session, keyring: Keyring) -> list[Change]:
    """Write what the plan decided, and say what changed.

    Raises:
        Raced: a unique value was taken, or a customer deleted, in the meantime. Nothing of the plan may be committed then.
    """
    new = [target for target in plan.targets.values() if target.is_new]
    edited = [target for target in plan.targets.values() if not target.is_new and target.changed]
    _seal_stale(plan.shape, [*new, *edited], keyring)
    if plan.shape.record_type is RecordType.CUSTOMER:
        await write_keys(new, edited, plan.tenant, current, keyring)
        await _write_tags([*new, *edited], current)
    await _insert(plan.shape, new, current)
    await _update(plan.shape, edited, current)
    if plan.shape.record_type is RecordType.ORDER:
        await _write_lines(new, edited, current)
    return [_change(plan.shape, target) for target in (*new, *edited)]


def _change(shape: Shape, target: Target) -> Change:
    noun, customer_id = shape.record_type.value, owner_of(shape, target.id, target.values)
    if target.stored is None:
        lines = {"lines": target.lines} if target.lines is not None else {}
        return Change(noun, target.id, customer_id, "CREATE", 1, {}, {**target.values, **lines, "flags": target.flags})
    before = {name: target.stored.values.get(name) for name in target.changed} | {"flags": target.stored.flags}
    after = {name: target.values.get(name) for name in target.changed} | {"flags": target.flags}
    if "lines" in target.changed:
        before["lines"], after["lines"] = target.stored.lines, target.lines
    return Change(noun, target.id, customer_id, "UPDATE", target.stored.version + 1, before, after)


def owner_of(shape: Shape, id: UUID, values: dict[str, Any]) -> UUID:
    """The customer a record belongs to; a customer is its own."""
    owner: UUID = id if shape.record_type is RecordType.CUSTOMER else values["customer_id"]
    return owner


def _seal_stale(shape: Shape, targets: Sequence[Target], keyring: Keyring) -> None:
    """Seal again what was changed after its ciphertext was made."""
    for column in shape.sealed:
        stale = [target for target in targets if column.name in target.stale]
        if stale:
            texts = [plain_text(target.values.get(column.name)) for target in stale]
            sealed = keyring.column(shape.table, column.name).seal_all([target.id for target in stale], texts)
            for target, value in zip(stale, sealed, strict=True):
                target.sealed[column.name] = value


def _arrays(shape: Shape, targets: Sequence[Target]) -> list[list[Any]]:
    """Each column's values as they travel; an empty array where there is none at all, which unnest fills up with NULL."""
    columns = (_sent(column, targets) for column in shape.columns)
    return [[] if values.count(None) == len(values) else values for values in columns]


def _sent(column: Column, targets: Sequence[Target]) -> list[Any]:
    name = column.name
    if column.is_sealed:
        return [target.sealed.get(name) for target in targets]
    if name == "flags":
        return [array_literal(target.flags) if target.flags else None for target in targets]
    values = [target.values.get(name) for target in targets]
    if column.sql == "text[]":
        return [array_literal(texts) if texts else None for texts in values]
    return [plain_text(value) if value else None for value in values] if column.sql == "jsonb" else values


def array_literal(texts: Iterable[str]) -> str:
    """PostgreSQL's text form of a text[]."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"


def _unnested(shape: Shape) -> tuple[str, list[str]]:
    """`unnest(…) AS q(id, …)` with parameters from $2 on, and each column's expression in its own type."""
    sent = ["$2::uuid[]", *(f"${place}::{column.sent}[]" for place, column in enumerate(shape.columns, start=3))]
    names = ", ".join(column.name for column in shape.columns)
    casts = [f"q.{c.name}" if c.sent == c.sql else f"coalesce(q.{c.name}::{c.sql}, '{{}}')" for c in shape.columns]
    return f"unnest({', '.join(sent)}) AS q(id, {names})", casts


@cache
def _insert_statement(record_type: RecordType) -> str:
    shape = SHAPES[record_type]
    rows, casts = _unnested(shape)
    names = ", ".join(column.name for column in shape.columns)
    return f"INSERT INTO {shape.table} (tenant_id, id, {names}) SELECT $1, q.id, {', '.join(casts)} FROM {rows}"


@cache
def _update_statement(record_type: RecordType) -> str:
    shape = SHAPES[record_type]
    rows, casts = _unnested(shape)
    sets = ", ".join(f"{column.name} = {cast}" for column, cast in zip(shape.columns, casts, strict=True))
    return f"""UPDATE {shape.table} AS r SET {sets}, updated_at = now(), version = r.version + 1
               FROM {rows} WHERE r.tenant_id = $1 AND r.id = q.id"""


async def _insert(shape: Shape, targets: Sequence[Target], current: Session) -> None:
    if targets:
        statement, ids = _insert_statement(shape.record_type), [target.id for target in targets]
        await write(current, statement, ids, *_arrays(shape, targets))


async def _update(shape: Shape, targets: Sequence[Target], current: Session) -> None:
    if targets:
        statement, ids = _update_statement(shape.record_type), [target.id for target in targets]
        await write(current, statement, ids, *_arrays(shape, targets))


async def _write_tags(targets: Sequence[Target], current: Session) -> None:
    """A tag used for the first time joins the tenant's list of tags."""
    names = sorted({tag for target in targets if "tags" in target.values for tag in target.values["tags"]})
    if names:
        statement = "INSERT INTO tag (tenant_id, name) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING"
        await current.connection.execute(statement, current.tenant_id, names)


async def _write_lines(new: Sequence[Target], edited: Sequence[Target], current: Session) -> None:
    """An order's lines belong to it: where they differ they are replaced as a whole."""
    replaced = [target.id for target in edited if "lines" in target.changed]
    if replaced:
        statement = "DELETE FROM order_line WHERE tenant_id = $1 AND order_id = any($2::uuid[])"
        await current.connection.execute(statement, current.tenant_id, replaced)
    lines = [
        (target.id, position, *(line[name] for name in LINE))
        for target in (*new, *(target for target in edited if "lines" in target.changed))
        for position, line in enumerate(target.lines or (), start=1)
    ]
    if lines:
        columns = map(list, zip(*lines, strict=True))
        await current.connection.execute(_ADD_LINES, current.tenant_id, new_ids(len(lines)), *columns)


_ADD_LINES = """
INSERT INTO order_line (tenant_id, id, order_id, position, product, quantity, unit_price, discount, amount)
SELECT $1, q.* FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[])
       AS q(id, order_id, position, product, quantity, unit_price, discount, amount)
"""
