"""The sealer: closes blocks of what is not sealed yet, a unit of work each, and keeps the last one's checkpoint outside of the database.

One sealer works on a tenant at a time (an advisory lock of the transaction). A block's number and its entries' places, hashes and signature
are committed together, so a sealer that is killed leaves no block half closed. What is committed while a block is being closed comes into
the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.encryption.signing import SigningKey
from tenants.installation import installation
from tenants.session import Actor, acting_as, session
from tenants.trail.form import CHECKPOINT_COLUMNS, ENTRY_COLUMNS, FIRST_PREVIOUS, checkpoint_line, entry_line, header_line, sha256
from tenants.trail.keys import signing_key

#: Entries of a block, at most; more of them are more blocks.
BLOCK_MOST = 2_000
#: Entries that are fetched at a time: one may name thousands of records.
_FETCHED = 50

_FOLDER = "trail"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealer did: how many blocks of how many entries, and whether some are left (or another sealer is at it)."""

    blocks: int
    entries: int
    is_done: bool


async def seal(actor: Actor, *, blocks_most: int = 100) -> Sealed:
    """Close blocks until nothing is left to be sealed, or so many are closed; then keep the checkpoint."""
    counts: list[int] = []
    while len(counts) < blocks_most:
        async with acting_as(actor):
            count = await _close_block() if await _is_our_turn() else None
        if not count:
            break
        counts.append(count)
    await keep_checkpoint(actor)
    return Sealed(len(counts), sum(counts), is_done=not counts or counts[-1] < BLOCK_MOST)


async def keep_checkpoint(actor: Actor) -> None:
    """Write the last block's checkpoint to the file store, under today's name. Whoever else seals just now does it instead."""
    async with acting_as(actor):
        if await _is_our_turn() and (last := await last_block()) is not None:
            keyring, name = await session().keyring(), f"{_FOLDER}/{last['sealed_at'][:10]}"
            await asyncio.to_thread(installation().files.put, keyring, name, [checkpoint_line(last)])


async def kept_checkpoint() -> bytes | None:
    """The newest checkpoint in the file store, as it was written; None if there is none.

    Raises:
        CannotOpen: it is not the file that was written.
    """
    files, tenant_id = installation().files, session().tenant_id
    names = await asyncio.to_thread(files.names, tenant_id, _FOLDER)
    if not names:
        return None
    keyring = await session().keyring()
    return b"".join(await asyncio.to_thread(lambda: list(files.blocks(keyring, names[-1]))))


async def last_block() -> dict[str, Any] | None:
    """The newest block, in its written form, without its entries' hashes."""
    row = await session().connection.fetchrow(_LAST, session().tenant_id)
    return dict(row) if row else None


async def _is_our_turn() -> bool:
    # A tenant with much to be sealed has come by it just now, and the planner does not know yet: it would sort all of it for each block,
    # where the index has it in order.
    await session().connection.execute("SET LOCAL enable_sort = off")
    taken: bool = await session().connection.fetchval(_TAKE_TURN, session().tenant_id)
    return taken


async def _close_block() -> int:
    """Close one block of the oldest entries that are in none; how many there were."""
    connection, tenant_id = session().connection, session().tenant_id
    last = await last_block() or {"block": 0, "total": 0, "hash": FIRST_PREVIOUS}
    number, ids, hashes = last["block"] + 1, list[UUID](), list[bytes]()
    async for row in connection.cursor(_UNSEALED, tenant_id, BLOCK_MOST, prefetch=_FETCHED):
        hashes.append(sha256(entry_line(row, number, len(ids))))
        ids.append(UUID(row["id"]))
    if not ids:
        return 0
    block: dict[str, Any] = {"block": number, "entries": len(ids), "total": last["total"] + len(ids), "previous": last["hash"]}
    block |= {"tenant_id": str(tenant_id), "sealed_at": await connection.fetchval(_NOW), "hashes": b"".join(hashes)}
    _sign(block, await signing_key(connection))
    if await connection.execute(_PLACE, tenant_id, number, ids, ids[0], ids[-1]) != f"UPDATE {len(ids)}":
        raise RuntimeError("An entry that is being sealed was sealed by another, past the lock.")
    await connection.execute(_INSERT, tenant_id, *(block[name] for name in _STORED))
    return len(ids)


def _sign(block: dict[str, Any], key: SigningKey) -> None:
    block |= {"key_id": key.id, "entries_hash": hashlib.sha256(block["hashes"]).hexdigest()}
    header = header_line(block)
    block |= {"hash": sha256(header).hex(), "signature": key.sign(header).hex()}


_STORED = ("block", "sealed_at", "entries", "total", "previous", "entries_hash", "hashes", "hash", "key_id", "signature")
_TAKE_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('kelu trail ' || $1::uuid::text, 0))"
_NOW = "SELECT (to_json(clock_timestamp() AT TIME ZONE 'UTC') #>> '{}') || 'Z'"
_LAST = f"SELECT {CHECKPOINT_COLUMNS} FROM trail_block WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1"
_UNSEALED = f"SELECT {ENTRY_COLUMNS} FROM trail_entry e WHERE tenant_id = $1 AND e.block IS NULL ORDER BY e.id LIMIT $2"
#: They are in order, and their range keeps the database from looking at all that is unsealed.
_PLACE = """
UPDATE trail_entry e SET block = $2, position = sealed.place - 1 FROM unnest($3::uuid[]) WITH ORDINALITY AS sealed (id, place)
WHERE e.tenant_id = $1 AND e.id = sealed.id AND e.block IS NULL AND e.id BETWEEN $4 AND $5
"""
_INSERT = """
INSERT INTO trail_block (tenant_id, number, sealed_at, entries, total, previous, entries_hash, hashes, hash, key_id, signature)
VALUES ($1, $2, $3::text::timestamptz, $4, $5, decode($6, 'hex'), decode($7, 'hex'), $8, decode($9, 'hex'), $10, decode($11, 'hex'))
"""
