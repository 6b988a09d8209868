"""What a superuser of the database may try on a sealed trail: each attack changes the tables, and says at which block at the earliest.

They know the format as well as we do, make up whole blocks, and sign them with a key of their own; what they have not got is the
installation's private key and the file store.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.encryption.signing import SigningKey
from tenants.trail.form import BLOCK_COLUMNS, ENTRY_COLUMNS, entry_line, header_line, sha256


@dataclass(slots=True)
class Target:
    """The trail that is attacked: its blocks, of so many entries each; another tenant's trail, of one block; and the attacker's means."""

    connection: Any
    tenant_id: UUID
    other_id: UUID
    blocks: int
    entries: int
    chance: random.Random
    key: SigningKey

    def block(self, last: int = 0) -> int:
        """Some block; `last`: one of so many at the end."""
        return self.chance.randint(max(1, self.blocks + 1 - last) if last else 1, self.blocks)

    def place(self) -> int:
        return self.chance.randrange(self.entries)

    async def run(self, statement: str, *values: Any) -> int:
        """How many rows it touched."""
        return int((await self.connection.execute(statement, self.tenant_id, *values)).split()[-1])


Attack = Callable[[Target], Awaitable[int]]

_TEXTS = ("event", "actor_kind", "subject_type", "query", "purpose", "address", "details")
_UUIDS = ("id", "actor_id", "member_id", "subject_id", "change_set_id")

#: Each column of an entry, and what is put there instead.
CHANGED = {
    **{name: f"coalesce({name}, '') || 'X'" for name in _TEXTS},
    **dict.fromkeys(_UUIDS, "gen_random_uuid()"),
    "tenant_id": "gen_random_uuid()",
    "at": "at + interval '1 microsecond'",
    "fields": "coalesce(fields, '{}') || 'salary'::text",
    "records": "coalesce(records, '{}') || gen_random_uuid()",
    "record_count": "coalesce(record_count, 0) - 1",
    "digest": "coalesce(digest, '') || '\\x00'",
    "block": "block + 1",
    "position": "position + 1",
}
_NULLABLE = [name for name in CHANGED if name not in ("id", "tenant_id", "at", "event", "actor_kind", "block", "position")]

#: Each column of a block, likewise.
CHANGED_BLOCK = {
    "number": "number + 1",
    "sealed_at": "sealed_at - interval '1 hour'",
    "entries": "entries - 1",
    "total": "total - 1",
    "key_id": "key_id || '0'",
    "tenant_id": "gen_random_uuid()",
    **{name: f"set_byte({name}, 3, get_byte({name}, 3) # 1)" for name in ("previous", "entries_hash", "hashes", "hash", "signature")},
}
_ONE = "WHERE tenant_id = $1 AND block = $2 AND position = $3"
_BLOCK = "WHERE tenant_id = $1 AND number = $2"


async def change_a_column(target: Target) -> int:
    block, name = target.block(), target.chance.choice(list(CHANGED))
    assert await target.run(f"UPDATE trail_entry SET {name} = {CHANGED[name]} {_ONE}", block, target.place()) == 1
    return block


async def empty_a_column(target: Target) -> int:
    while True:
        block, name = target.block(), target.chance.choice(_NULLABLE)
        if await target.run(f"UPDATE trail_entry SET {name} = NULL {_ONE} AND {name} IS NOT NULL", block, target.place()):
            return block


async def change_a_block(target: Target) -> int:
    block, name = target.block(), target.chance.choice(list(CHANGED_BLOCK))
    assert await target.run(f"UPDATE trail_block SET {name} = {CHANGED_BLOCK[name]} {_BLOCK}", block) == 1
    return block


async def delete_entries(target: Target) -> int:
    block, first = target.block(), target.place()
    last = first + target.chance.choice((0, 0, 0, 1, 5))
    await target.run("DELETE FROM trail_entry WHERE tenant_id = $1 AND block = $2 AND position BETWEEN $3 AND $4", block, first, last)
    return block


async def unseal_an_entry(target: Target) -> int:
    """Make it look new: it would be sealed again, later."""
    block = target.block()
    assert await target.run(f"UPDATE trail_entry SET block = NULL, position = NULL {_ONE}", block, target.place()) == 1
    return block


async def insert_an_entry(target: Target) -> int:
    """A copy of another one with an id of its own: at the end of a block, at a place that is taken, or in a block that is not there."""
    block = target.block()
    into, position = target.chance.choice([(block, target.entries), (block, target.place()), (target.blocks + 1, 0)])
    copied = [name for name in CHANGED if name not in ("id", "block", "position")]
    insert = f"INSERT INTO trail_entry (id, block, position, {', '.join(copied)}) SELECT gen_random_uuid(), $4, $5, {', '.join(copied)}"
    assert await target.run(f"{insert} FROM trail_entry {_ONE}", block, target.place(), into, position) == 1
    return min(into, target.blocks)


async def swap_two(target: Target) -> int:
    """Two entries take each other's places, in one block or across two."""
    one, other = target.block(), target.block()
    other = one if target.chance.random() < 0.5 else other
    first, second = target.chance.sample(range(target.entries), 2)
    swap = """
    UPDATE trail_entry SET (block, position) = (SELECT b.block, b.position FROM trail_entry b
        WHERE b.tenant_id = $1 AND ((b.block = $2 AND b.position = $3) OR (b.block = $4 AND b.position = $5)) AND b.id <> trail_entry.id)
    WHERE tenant_id = $1 AND ((block = $2 AND position = $3) OR (block = $4 AND position = $5))
    """
    assert await target.run(swap, one, first, other, second) == 2
    return min(one, other)


async def shift_places(target: Target) -> int:
    """Delete an entry, close the gap, and count again."""
    block, place = target.block(), target.place()
    await target.run(f"DELETE FROM trail_entry {_ONE}", block, place)
    await target.run("UPDATE trail_entry SET position = position - 1 WHERE tenant_id = $1 AND block = $2 AND position > $3", block, place)
    await _seal_anew(target, block, await _choose_signature(target))
    return block


async def cut_off(target: Target) -> int:
    """The end is gone: what is left is as it once was, and signed."""
    block = target.block(last=5)
    await target.run("DELETE FROM trail_entry WHERE tenant_id = $1 AND block >= $2", block)
    await target.run("DELETE FROM trail_block WHERE tenant_id = $1 AND number >= $2", block)
    return block


async def unseal_the_end(target: Target) -> int:
    block = target.block(last=3)
    await target.run("UPDATE trail_entry SET block = NULL, position = NULL WHERE tenant_id = $1 AND block >= $2", block)
    await target.run("DELETE FROM trail_block WHERE tenant_id = $1 AND number >= $2", block)
    return block


async def drop_a_block(target: Target) -> int:
    """A block and its entries are gone; or only one of the two."""
    block, what = target.block(), target.chance.choice(("both", "block", "entries"))
    if what != "block":
        await target.run("DELETE FROM trail_entry WHERE tenant_id = $1 AND block = $2", block)
    if what != "entries":
        await target.run(f"DELETE FROM trail_block {_BLOCK}", block)
    return block


async def drop_a_block_and_count_again(target: Target) -> int:
    block = target.block(last=4)
    for table, column in (("trail_entry", "block"), ("trail_block", "number")):
        await target.run(f"DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2", block)
        await target.run(f"UPDATE {table} SET {column} = {column} - 1 WHERE tenant_id = $1 AND {column} > $2", block)
    signature = await _choose_signature(target)
    for number in range(block, target.blocks):
        await _seal_anew(target, number, signature)
    return block


async def rewrite_history(target: Target) -> int:
    """Change an entry and seal its block anew, and perhaps all that come behind it, with whatever signature there is to be had."""
    block, signature = target.block(last=4), await _choose_signature(target)
    assert await target.run(f"UPDATE trail_entry SET purpose = 'Nothing happened' {_ONE}", block, target.place()) == 1
    for number in range(block, target.blocks + 1 if target.chance.random() < 0.7 else block + 1):
        await _seal_anew(target, number, signature)
    return block


async def replay_a_block(target: Target) -> int:
    """An older block once more, in the place of another or behind the last one; its entries as copies."""
    old = target.block()
    new = target.blocks + 1 if target.chance.random() < 0.3 else target.block()
    if new == old:
        new = target.blocks + 1
    await target.run("DELETE FROM trail_entry WHERE tenant_id = $1 AND block = $2", new)
    await target.run(f"DELETE FROM trail_block {_BLOCK}", new)
    copied = ", ".join(name for name in CHANGED if name not in ("id", "block"))
    insert = f"INSERT INTO trail_entry (id, block, {copied}) SELECT gen_random_uuid(), $3, {copied}"
    await target.run(f"{insert} FROM trail_entry WHERE tenant_id = $1 AND block = $2", old, new)
    columns = ", ".join(name for name in CHANGED_BLOCK if name != "number")
    again = (
        f"INSERT INTO trail_block (number, {columns}) SELECT $3::bigint, {columns} FROM trail_block WHERE tenant_id = $1 AND number = $2"
    )
    await target.run(again, old, new)
    return min(new, target.blocks)


async def take_anothers_block(target: Target) -> int:
    """A block of another tenant's trail, signed as it is, in the place of one of this."""
    block = target.block()
    await target.run("DELETE FROM trail_entry WHERE tenant_id = $1 AND block = $2", block)
    await target.run(f"DELETE FROM trail_block {_BLOCK}", block)
    for table, column in (("trail_entry", "block"), ("trail_block", "number")):
        await target.run(f"UPDATE {table} SET tenant_id = $1, {column} = $3 WHERE tenant_id = $2 AND {column} = 1", target.other_id, block)
    return block


async def append_a_block(target: Target) -> int:
    """A block of one's own behind the last one, well made but for the signature."""
    number = target.blocks + 1
    insert = """
    INSERT INTO trail_entry (tenant_id, id, event, actor_kind, block, position) SELECT $1, gen_random_uuid(), 'REVEAL', 'MEMBER', $2, n
    FROM generate_series(0, 2) AS n
    """
    await target.run(insert, number)
    columns = ", ".join(name for name in CHANGED_BLOCK if name != "number")
    copy = f"INSERT INTO trail_block (number, {columns}) SELECT $3::bigint, {columns} FROM trail_block {_BLOCK}"
    await target.run(copy, number - 1, number)
    await _seal_anew(target, number, await _choose_signature(target))
    return target.blocks


async def swap_two_blocks(target: Target) -> int:
    one, other = target.chance.sample(range(1, target.blocks + 1), 2)
    for table, column in (("trail_entry", "block"), ("trail_block", "number")):
        swap = f"UPDATE {table} SET {column} = CASE {column} WHEN $2 THEN $3 ELSE $2 END WHERE tenant_id = $1 AND {column} IN ($2, $3)"
        await target.run(swap.replace("$2", "$2::bigint").replace("$3", "$3::bigint"), one, other)
    return min(one, other)


ATTACKS: dict[Attack, int] = {
    change_a_column: 40,
    empty_a_column: 10,
    change_a_block: 12,
    delete_entries: 10,
    unseal_an_entry: 3,
    insert_an_entry: 6,
    swap_two: 6,
    shift_places: 3,
    cut_off: 3,
    unseal_the_end: 1,
    drop_a_block: 3,
    drop_a_block_and_count_again: 2,
    rewrite_history: 4,
    replay_a_block: 2,
    take_anothers_block: 1,
    append_a_block: 3,
    swap_two_blocks: 1,
}

Signature = Callable[[bytes, str], tuple[str, str]]


async def _choose_signature(target: Target) -> Signature:
    """How a header is signed: with a key of one's own, by its name or by the right one's; with some other block's signature; with noise."""
    right = await target.connection.fetchval("SELECT key_id FROM trail_block WHERE tenant_id = $1 AND number = 1", target.tenant_id)
    way = target.chance.randrange(4)

    def sign(header: bytes, old: str) -> tuple[str, str]:
        if way == 0:
            return target.key.id, target.key.sign(header.replace(right.encode(), target.key.id.encode())).hex()
        return right, (target.key.sign(header).hex(), old, os.urandom(64).hex())[way - 1]

    return sign


async def _seal_anew(target: Target, number: int, signature: Signature) -> None:
    """Make a block of what entries there are now under its number, behind the one before it, as the sealer would."""
    connection, tenant_id = target.connection, target.tenant_id
    rows = await connection.fetch(
        f"SELECT {ENTRY_COLUMNS} FROM trail_entry e WHERE tenant_id = $1 AND e.block = $2 ORDER BY e.position", tenant_id, number
    )
    one = f"SELECT {BLOCK_COLUMNS} FROM trail_block WHERE tenant_id = $1 AND number = $2"
    block, before = dict(await connection.fetchrow(one, tenant_id, number)), await connection.fetchrow(one, tenant_id, number - 1)
    hashes = b"".join(sha256(entry_line(row)) for row in rows)
    block |= {"entries": len(rows), "entries_hash": sha256(hashes).hex(), "hashes": hashes.hex()}
    block |= {"previous": before["hash"] if before else "0" * 64, "total": (before["total"] if before else 0) + len(rows)}
    block["key_id"], block["signature"] = signature(header_line(block), block["signature"])
    block["hash"] = sha256(header_line(block)).hex()
    await target.run(
        """
        UPDATE trail_block SET entries = $3, total = $4, key_id = $5, previous = decode($6, 'hex'), entries_hash = decode($7, 'hex'),
            hashes = decode($8, 'hex'), hash = decode($9, 'hex'), signature = decode($10, 'hex') WHERE tenant_id = $1 AND number = $2
        """,
        number,
        *(block[name] for name in ("entries", "total", "key_id", "previous", "entries_hash", "hashes", "hash", "signature")),
    )
