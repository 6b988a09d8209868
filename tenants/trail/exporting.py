"""Writes a trail out: each block's entries in their places, then the block, as JSON lines. Holds one block's hashes at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from tenants.session import session
from tenants.trail.form import BLOCK_COLUMNS, ENTRY_COLUMNS, block_line, entry_line

_BLOCKS_FETCHED = 5

#: Where no entry comes before.
_FIRST = (-(2**63), -(2**31), UUID(int=0))


async def lines(connection: Any, tenant_id: UUID, first: int = 1, fetched: int = 500) -> AsyncIterator[bytes]:
    """The lines of an export from the first block wanted, without their line feeds; in a transaction whose statements see one moment.

    Entries and blocks are put together by the blocks' numbers, whatever there is of either: an entry of a block that is not there
    is written too, or nobody would find it. `fetched` entries are held at a time.
    """
    blocks = _blocks(connection, tenant_id, first)
    block: Any = await anext(blocks, None)
    async for entry in _entries(connection, tenant_id, first, fetched):
        while block is not None and block["block"] < entry["block"]:
            yield block_line(block)
            block = await anext(blocks, None)
        yield entry_line(entry)
    while block is not None:
        yield block_line(block)
        block = await anext(blocks, None)


async def _entries(connection: Any, tenant_id: UUID, first: int, fetched: int) -> AsyncIterator[Any]:
    """In their order, a page at a time: each is found in the index, however long the trail is. Those without a place come first."""
    for row in await connection.fetch(_NOWHERE, tenant_id):
        yield row
    after = _FIRST if first == 1 else (first, *_FIRST[1:])
    while rows := await connection.fetch(_ENTRIES, tenant_id, *after, fetched):
        for row in rows:
            yield row
        after = (rows[-1]["block"], rows[-1]["position"], UUID(rows[-1]["id"]))


async def _blocks(connection: Any, tenant_id: UUID, first: int) -> AsyncIterator[Any]:
    after, key = (_FIRST[0] if first == 1 else first), ""
    while rows := await connection.fetch(_BLOCKS, tenant_id, after, key, _BLOCKS_FETCHED):
        for row in rows:
            yield row
        after, key = rows[-1]["block"], rows[-1]["hash"]


async def sealed_count() -> int:
    """How many entries are sealed, as the newest block counts them."""
    return await session().connection.fetchval(_TOTAL, session().tenant_id) or 0


async def unsealed_count() -> int:
    """How many entries wait for the sealer."""
    count: int = await session().connection.fetchval(_UNSEALED, session().tenant_id)
    return count


_ENTRIES = f"""
SELECT {ENTRY_COLUMNS} FROM trail_entry e
WHERE e.tenant_id = $1 AND (e.block, e.position) >= ($2, $3) AND (e.block, e.position, e.id) > ($2, $3, $4)
ORDER BY e.block, e.position, e.id LIMIT $5
"""
#: The table's own rules keep them out; who may change the table may put some in.
_NOWHERE = f"SELECT {ENTRY_COLUMNS} FROM trail_entry e WHERE e.tenant_id = $1 AND e.block IS NOT NULL AND e.position IS NULL LIMIT 1000"
_BLOCKS = f"""
SELECT {BLOCK_COLUMNS} FROM trail_block b
WHERE b.tenant_id = $1 AND (b.number, encode(b.hash, 'hex')) > ($2, $3) AND b.number >= $2 ORDER BY b.number, encode(b.hash, 'hex') LIMIT $4
"""
_TOTAL = "SELECT total FROM trail_block WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1"
_UNSEALED = "SELECT count(*) FROM trail_entry WHERE tenant_id = $1 AND block IS NULL"
