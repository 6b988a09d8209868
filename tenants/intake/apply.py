"""Last step of the road in: a plan's records written, one statement per step however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from asyncpg.exceptions import UniqueViolationError

from tenants.changes.record import Change
from tenants.encryption import Keyring
from tenants.ids import new_ids
from tenants.intake.plan import Plan, Target
from tenants.intake.records import keys_of, plain_text
from tenants.intake.rules import KeyKind, TenantRules, field_of
from tenants.intake.shapes import LINE, SHAPES, Column, Shape
from tenants.session import Session
from tenants.words import RecordType


class Raced(Exception):
    """Somebody else wrote one of these records since we looked; look again."""


async def apply(plan: Plan, current: Session, keyring: Keyring) -> list[Change]:
    """Write what the plan decided, and say what changed.

    Raises:
        Raced: a unique value was taken in the meantime. Nothing of the plan may be committed then.
    """
    new = [target for target in plan.targets.values() if target.is_new]
    edited = [target for target in plan.targets.values() if not target.is_new and target.changed]
    _seal_stale(plan.shape, [*new, *edited], keyring)
    if plan.shape.record_type is RecordType.CUSTOMER:
        await _write_keys(new, edited, plan.tenant, plan.rules.system, current, keyring)
        await _write_tags([*new, *edited], current)
    await _insert(plan.shape, new, current)
    await _update(plan.shape, edited, current)
    if plan.shape.record_type is RecordType.ORDER:
        await _write_lines(new, edited, current)
    return [_change(plan.shape, target) for target in (*new, *edited)]


def _change(shape: Shape, target: Target) -> Change:
    noun = shape.record_type.value
    if target.stored is None:
        lines = {"lines": target.lines} if target.lines is not None else {}
        return Change(noun, target.id, "CREATE", 1, {}, {**target.values, **lines, "flags": target.flags})
    before = {name: target.stored.values.get(name) for name in target.changed} | {"flags": target.stored.flags}
    after = {name: target.values.get(name) for name in target.changed} | {"flags": target.flags}
    if "lines" in target.changed:
        before["lines"], after["lines"] = target.stored.lines, target.lines
    return Change(noun, target.id, "UPDATE", target.stored.version + 1, before, after)


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
        await _execute(current, statement, ids, *_arrays(shape, targets))


async def _update(shape: Shape, targets: Sequence[Target], current: Session) -> None:
    if targets:
        statement, ids = _update_statement(shape.record_type), [target.id for target in targets]
        await _execute(current, statement, ids, *_arrays(shape, targets))


async def _execute(current: Session, statement: str, *arguments: Any) -> None:
    """Write; a unique value that somebody else has taken meanwhile is told by its SQLSTATE, whatever the constraint."""
    try:
        await current.connection.execute(statement, current.tenant_id, *arguments)
    except UniqueViolationError:
        raise Raced from None


async def _write_keys(
    new: Sequence[Target], edited: Sequence[Target], tenant: TenantRules, system: str, current: Session, keyring: Keyring
) -> None:
    """Take the keys of values that changed away, and enter the new ones; sorted, so that two writers cannot deadlock.

    The nil uuid holds a key that is unique in its tenant (see migration 0002).
    """
    gone = sorted(
        (kind, value, target.id)
        for target in edited
        if target.stored and any(field_of(kind) in target.changed for kind in KeyKind)
        for kind, value in keys_of(target.stored.values, target.stored.flags, keyring, system).items()
        if field_of(kind) in target.changed
    )
    if gone:
        await _execute(current, _REMOVE_KEYS, *map(list, zip(*gone, strict=True)))
    keys = [(kind, value, target.id) for target in (*new, *edited) for kind, value in target.keys.items()]
    if keys:
        guarded = [KeyKind.EXTERNAL, *tenant.unique]
        await _execute(current, _ADD_KEYS, *map(list, zip(*keys, strict=True)), guarded)


_REMOVE_KEYS = """
DELETE FROM customer_key k USING unnest($2::text[], $3::bytea[], $4::uuid[]) AS q(kind, value, customer_id)
WHERE k.tenant_id = $1 AND k.kind = q.kind AND k.value = q.value AND k.customer_id = q.customer_id
"""
_ADD_KEYS = """
INSERT INTO customer_key (tenant_id, kind, value, holder, customer_id)
SELECT $1, q.kind, q.value, CASE WHEN q.kind = any($5::text[]) THEN '00000000-0000-0000-0000-000000000000' ELSE q.customer_id END,
       q.customer_id
FROM unnest($2::text[], $3::bytea[], $4::uuid[]) AS q(kind, value, customer_id) ORDER BY q.kind, q.value
"""


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
