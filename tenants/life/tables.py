"""Every table of tenants' rows, as the catalogue has them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: The tenant itself and its jobs go in the last transaction; the erasure is what stays.
LAST = ("job", "tenant")
STAYS = "erasure"

#: Tables with the policy that every table of tenants is made with (tests/tenants/catalogue.py), and those that each refers to.
_TABLES = """
SELECT c.relname AS name, array_remove(array_agg(DISTINCT p.relname), NULL)::text[] AS parents
FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
LEFT JOIN pg_class p ON p.oid = k.confrelid AND p.oid <> c.oid
WHERE c.relnamespace = 'public'::regnamespace AND EXISTS (SELECT FROM pg_policy y WHERE y.polrelid = c.oid AND y.polname = 'tenant_only')
GROUP BY c.relname ORDER BY c.relname
"""


async def tables_of_tenants(connection: Any) -> list[str]:
    """All of them but what stays, each before those it refers to, so that removing its rows drags no others along; the tenant last."""
    rows = await connection.fetch(_TABLES)
    found = _ordered({row["name"]: row["parents"] for row in rows if row["name"] != STAYS})
    return [name for name in found if name not in LAST] + list(LAST)


def _ordered(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Children first; by name where it does not matter.

    Raises:
        ValueError: tables refer to each other in a circle.
    """
    left, found = dict(parents), list[str]()
    while left:
        ready = [name for name in sorted(left) if not any(name in left[other] for other in left if other != name)]
        if not ready:
            raise ValueError(f"Tables refer to each other in a circle: {', '.join(sorted(left))}.")
        found += ready
        for name in ready:
            del left[name]
    return found
