"""Uniqueness: whether two customers may share a key of a kind. The key's holder says so to the one index that finds and guards.

Hold the rules alone before any of this: nobody writes a key by other rules then. A key that is unique is held by the nil uuid, else by
its customer (migration 0002), so declaring a kind unique moves the holders of its keys, in one statement, and the index has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.access.rights import ALL_ROWS
from tenants.intake.rules import KeyKind, field_of
from tenants.refusals import NotAllowed
from tenants.session import session
from tenants.words import RecordType

#: So many shared keys are told, and so many of the customers that share one.
CLASHES_MOST = 50
CUSTOMERS_MOST = 10

#: Moving the holders of a million keys takes some seconds on its way, longer than a request's statements may.
_PATIENCE = "SET LOCAL statement_timeout = '120s'"


@dataclass(frozen=True, slots=True)
class Clash:
    """Customers that share one key: `customer_ids` are the first of `customers`."""

    kind: KeyKind
    customer_ids: Sequence[UUID]
    customers: int


async def clashes(kinds: Sequence[KeyKind]) -> list[Clash]:
    """Stored customers that share a key of one of these kinds: the first 50 keys, with 10 customers each.

    Raises:
        NotAllowed: the actor may not see on every customer what the key is made of; this would tell him.
    """
    if not kinds:
        return []
    rights = session().actor.rights
    for kind in kinds:
        if rights.readable(RecordType.CUSTOMER, field_of(kind)) != ALL_ROWS:
            message = f"To make {kind.name} unique takes roles that let you see it of every customer: those that share one are told."
            raise NotAllowed(message, field=["unique_keys"])
    rows = await session().connection.fetch(_SHARED, session().tenant_id, [kind.value for kind in kinds])
    return [Clash(KeyKind(row["kind"]), row["ids"], row["customers"]) for row in rows]


async def guard(kinds: Sequence[KeyKind]) -> None:
    """No two customers can share a key of these kinds any more. Look for clashes before."""
    await _hold(_GUARD, kinds)


async def release(kinds: Sequence[KeyKind]) -> None:
    """Customers may share keys of these kinds again."""
    await _hold(_RELEASE, kinds)


async def _hold(statement: str, kinds: Sequence[KeyKind]) -> None:
    if kinds:
        current = session()
        await current.connection.execute(_PATIENCE)
        await current.connection.execute(statement, current.tenant_id, [kind.value for kind in kinds])


_SHARED = f"""
SELECT kind, count(*)::int AS customers, (array_agg(customer_id ORDER BY customer_id))[1:{CUSTOMERS_MOST}] AS ids
FROM customer_key WHERE tenant_id = $1 AND kind = any($2::text[])
GROUP BY kind, value HAVING count(*) > 1 ORDER BY kind, 3 LIMIT {CLASHES_MOST}
"""

_NOBODY = "'00000000-0000-0000-0000-000000000000'"
_GUARD = f"UPDATE customer_key SET holder = {_NOBODY} WHERE tenant_id = $1 AND kind = any($2::text[]) AND holder <> {_NOBODY}"
_RELEASE = f"UPDATE customer_key SET holder = customer_id WHERE tenant_id = $1 AND kind = any($2::text[]) AND holder = {_NOBODY}"
