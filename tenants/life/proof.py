"""The proof that a tenant is erased: what was removed, that nothing is left, and which keys were destroyed; signed.

It is JSON with sorted keys and without spaces: `{"checkpoint", "files", "finished_at", "keys", "kind": "erasure", "started_at", "tables",
"tenant_id"}`; times in UTC, `tables` by name with the rows removed and left. `signature` is Ed25519 (RFC 8032) over its UTF-8 bytes, by the
key of the trail whose id stands beside it: `kelu trail public-key` prints the public part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tenants.refusals import Conflict, NotFound
from tenants.session import Actor, ActorKind, acting_as, session
from tenants.trail.keys import signing_key


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far the erasure of a tenant is; `proof`, `key_id` and `signature` when it is over."""

    started_at: datetime
    removed: Mapping[str, int]
    files: int
    finished_at: datetime | None
    proof: str | None
    key_id: str | None
    signature: bytes | None


async def prove(left: Mapping[str, int], left_files: int) -> None:
    """Write the proof in the transaction that ends the erasure.

    Raises:
        Conflict: something is left, so the transaction is to be undone and tried again.
    """
    if any(left.values()) or left_files:
        raise Conflict(f"Rows are left in {', '.join(name for name, rows in left.items() if rows) or 'no table, but files'}.")
    current = session()
    found = await current.connection.fetchrow(_READ, current.tenant_id)
    removed, keys = orjson.loads(found["removed"]), orjson.loads(found["keys"])
    finished_at = await current.connection.fetchval("SELECT now()")
    said = {
        "kind": "erasure",
        "tenant_id": str(current.tenant_id),
        "started_at": found["started_at"],
        "finished_at": finished_at,
        "keys": keys,
        "tables": {name: {"removed": removed.get(name, 0), "left": rows} for name, rows in left.items()},
        "files": {"removed": found["files"], "left": left_files},
        "checkpoint": None if found["checkpoint"] is None else orjson.loads(found["checkpoint"]),
    }
    proof = orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    key = await signing_key(current.connection)
    await current.connection.execute(_WRITE, current.tenant_id, finished_at, proof.decode(), key.id, key.sign(proof))


async def erasure_of(tenant_id: UUID) -> Erasure:
    """How far the erasure of a tenant is, or its proof.

    Raises:
        NotFound: no such tenant was ever deleted here.
    """
    async with acting_as(Actor(tenant_id, ActorKind.OPERATOR), read_only=True) as unit:
        found: Any = await unit.connection.fetchrow(_READ, tenant_id)
    if found is None:
        raise NotFound("No such tenant has been deleted here.")
    plain = {name: found[name] for name in ("started_at", "files", "finished_at", "proof", "key_id", "signature")}
    return Erasure(removed=orjson.loads(found["removed"]), **plain)


_READ = "SELECT * FROM erasure WHERE tenant_id = $1"
_WRITE = "UPDATE erasure SET finished_at = $2, proof = $3, key_id = $4, signature = $5 WHERE tenant_id = $1"
