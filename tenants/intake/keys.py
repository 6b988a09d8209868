"""The rows of `customer_key`: written with their customer, taken away with it or with the value they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tenants.encryption import Keyring
from tenants.intake.match import Stored
from tenants.intake.records import external_key, keys_of
from tenants.intake.rules import KeyKind, TenantRules, field_of
from tenants.intake.target import Target
from tenants.intake.writing import write
from tenants.session import Session


async def write_keys(new: Sequence[Target], edited: Sequence[Target], tenant: TenantRules, current: Session, keyring: Keyring) -> None:
    """Take the keys of values that changed away, and enter the new ones; sorted, so that two writers cannot deadlock.

    The nil uuid holds a key that is unique in its tenant (see migration 0002).
    """
    changed = [(each.stored, {kind for kind in KeyKind if field_of(kind) in each.changed}) for each in edited if each.stored]
    await remove_keys([(stored, kinds) for stored, kinds in changed if kinds], current, keyring)
    keys = [(kind, value, target.id) for target in (*new, *edited) for kind, value in target.keys.items()]
    if keys:
        guarded = [KeyKind.EXTERNAL, *tenant.unique]
        await write(current, _ADD, *map(list, zip(*keys, strict=True)), guarded)


async def remove_keys(holders: Sequence[tuple[Stored, set[KeyKind]]], current: Session, keyring: Keyring) -> None:
    """Take away the keys of these kinds that stored customers have."""
    systems: list[str] = []
    if any(KeyKind.EXTERNAL in kinds and stored.values.get("external_id") for stored, kinds in holders):
        systems = await _systems(current)
    gone: list[tuple[KeyKind, bytes, UUID]] = []
    for stored, kinds in holders:
        found = keys_of(stored.values, stored.flags, keyring)
        gone += [(kind, value, stored.id) for kind, value in found.items() if kind in kinds and kind is not KeyKind.EXTERNAL]
        if KeyKind.EXTERNAL in found and KeyKind.EXTERNAL in kinds:
            external_id = stored.values["external_id"]
            gone += [(KeyKind.EXTERNAL, external_key(external_id, system), stored.id) for system in systems]
    if gone:
        await write(current, _REMOVE, *map(list, zip(*sorted(gone), strict=True)))


async def _systems(current: Session) -> list[str]:
    """The source systems that external ids of this tenant come from. A customer does not say which, and its key begins with it."""
    return [bytes(row["system"]).decode() for row in await current.connection.fetch(_SYSTEMS, current.tenant_id)]


#: From the first key of one system to the first key behind all of its keys (0x1f ends a system's name): a descent of the index each.
_SYSTEMS = r"""
WITH RECURSIVE found(value) AS (
    (SELECT value FROM customer_key WHERE tenant_id = $1 AND kind = 'external' ORDER BY value LIMIT 1)
    UNION ALL
    SELECT (SELECT k.value FROM customer_key k WHERE k.tenant_id = $1 AND k.kind = 'external'
            AND k.value >= substring(f.value FROM 1 FOR position('\x1f'::bytea IN f.value) - 1) || '\x20'::bytea
            ORDER BY k.value LIMIT 1)
    FROM found f WHERE f.value IS NOT NULL
)
SELECT substring(value FROM 1 FOR position('\x1f'::bytea IN value) - 1) AS system FROM found WHERE value IS NOT NULL
"""

_REMOVE = """
DELETE FROM customer_key k USING unnest($2::text[], $3::bytea[], $4::uuid[]) AS q(kind, value, customer_id)
WHERE k.tenant_id = $1 AND k.kind = q.kind AND k.value = q.value AND k.customer_id = q.customer_id
"""
_ADD = """
INSERT INTO customer_key (tenant_id, kind, value, holder, customer_id)
SELECT $1, q.kind, q.value, CASE WHEN q.kind = any($5::text[]) THEN '00000000-0000-0000-0000-000000000000' ELSE q.customer_id END,
       q.customer_id
FROM unnest($2::text[], $3::bytea[], $4::uuid[]) AS q(kind, value, customer_id) ORDER BY q.kind, q.value
"""
