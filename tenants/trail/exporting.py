"""Writes a trail out: each block's entries in their places, then the block, as JSON lines. Holds one block's hashes at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from tenants.session import session
from tenants.trail.form import BLOCK_COLUMNS, ENTRY_COLUMNS, block_line, entry_line

_FETCHED = 500
_BLOCKS_FETCHED = 5


async def lines() -> AsyncIterator[bytes]:
    """The lines of an export, without their line feeds, of what is sealed when the unit of work that only reads begins.

    Entries and blocks are put together by the blocks' numbers, whatever there is of either: an entry of a block that is not there
    is written too, or nobody would find it.
    """
    connection, tenant_id = session().connection, session().tenant_id
    blocks = aiter(connection.cursor(_BLOCKS, tenant_id, prefetch=_BLOCKS_FETCHED))
    block: Any = await anext(blocks, None)
    async for entry in connection.cursor(_ENTRIES, tenant_id, prefetch=_FETCHED):
        while block is not None and block["block"] < entry["block"]:
            yield block_line(block)
            block = await anext(blocks, None)
        yield entry_line(entry)
    while block is not None:
        yield block_line(block)
        block = await anext(blocks, None)


async def sealed_count() -> int:
    """How many entries are sealed, as the newest block counts them."""
    return await session().connection.fetchval(_TOTAL, session().tenant_id) or 0


async def unsealed_count() -> int:
    """How many entries wait for the sealer."""
    count: int = await session().connection.fetchval(_UNSEALED, session().tenant_id)
    return count


_BLOCKS = f"SELECT {BLOCK_COLUMNS} FROM trail_block b WHERE b.tenant_id = $1 ORDER BY b.number"
_ENTRIES = f"SELECT {ENTRY_COLUMNS} FROM trail_entry e WHERE e.tenant_id = $1 AND e.block IS NOT NULL ORDER BY e.block, e.position"
_TOTAL = "SELECT total FROM trail_block WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1"
_UNSEALED = "SELECT count(*) FROM trail_entry WHERE tenant_id = $1 AND block IS NULL"
