"""Use: what a tenant has stored and under way, counted by one statement, beside what it may have at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenants.budgets import budgets
from tenants.installation import installation
from tenants.rules.custom_fields import FIELDS_MOST
from tenants.session import session

#: Rows are counted up to here; of a table that has more, this is what is told, and that there are more.
COUNTED_MOST = 1_000_000

_TABLES = {
    "customers": "customer",
    "contacts": "contact",
    "orders": "customer_order",
    "order_lines": "order_line",
    "interactions": "interaction",
    "needs": "need",
    "preferences": "preference",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows: exactly, unless there are more than `COUNTED_MOST`."""

    name: str
    count: int
    is_at_least: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant uses. Bytes are those of the plaintext; `last_active_at` is when a record was last changed or a file sent."""

    rows: list[Counted]
    upload_count: int
    upload_bytes: int
    import_runs: int
    imports_under_way: int
    jobs_waiting: int
    api_keys: int
    members: int
    custom_fields: int
    last_active_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that may not be exceeded, and in what it is counted."""

    name: str
    most: int
    unit: str


async def usage() -> Usage:
    """What the tenant we act in uses."""
    found = await session().connection.fetchrow(_USAGE, session().tenant_id)
    rows = [Counted(name, min(found[name], COUNTED_MOST), found[name] > COUNTED_MOST) for name in _TABLES]
    return Usage(rows, **{name: value for name, value in found.items() if name not in _TABLES})


async def budget_left() -> tuple[int, int]:
    """Points that the tenant has left of its budget, and the whole of it."""
    standing = await budgets().standing_of_tenant(session().tenant_id)
    return standing.remaining, standing.limit


def limits() -> list[Limit]:
    """What the operator allows every tenant."""
    chosen = installation().settings
    return [
        Limit("uploadBytes", chosen.upload_bytes_most, "bytes of one file"),
        Limit("bodyBytes", chosen.body_bytes_most, "bytes of one request"),
        Limit("pageRecords", chosen.page_most, "records of one page"),
        Limit("requestRecords", chosen.nodes_most, "records of one request"),
        Limit("requestPoints", chosen.cost_most, "points of one request"),
        Limit("keyPoints", chosen.budget_key_points, "points of one API key at once"),
        Limit("keyPointsPerSecond", int(chosen.budget_key_per_second), "points that an API key gets back each second"),
        Limit("tenantPoints", chosen.budget_tenant_points, "points of the tenant at once"),
        Limit("tenantPointsPerSecond", int(chosen.budget_tenant_per_second), "points that the tenant gets back each second"),
        Limit("sockets", chosen.sockets_most, "websockets and event streams of one API key in one server process"),
        Limit("customFields", FIELDS_MOST, "fields of the tenant's own"),
    ]


def _counted(table: str) -> str:
    return f"(SELECT count(*) FROM (SELECT FROM {table} WHERE tenant_id = $1 LIMIT {COUNTED_MOST + 1}) AS counted)"


_USAGE = f"""
SELECT {", ".join(f"{_counted(table)} AS {name}" for name, table in _TABLES.items())},
    u.upload_count, u.upload_bytes, i.*, j.*, k.*, m.*, f.*,
    greatest((SELECT c.created_at FROM change_set c WHERE c.tenant_id = $1 ORDER BY c.id DESC LIMIT 1), u.sent_at) AS last_active_at
FROM (SELECT count(*) AS upload_count, coalesce(sum(size), 0)::bigint AS upload_bytes, max(created_at) AS sent_at
      FROM upload WHERE tenant_id = $1) AS u,
     (SELECT count(*) AS import_runs, count(*) FILTER (WHERE status IN ('WAITING', 'READING', 'RUNNING', 'PAUSED')) AS imports_under_way
      FROM import_run WHERE tenant_id = $1) AS i,
     (SELECT count(*) AS jobs_waiting FROM job WHERE tenant_id = $1 AND state IN ('WAITING', 'RUNNING')) AS j,
     (SELECT count(*) AS api_keys FROM api_key WHERE tenant_id = $1 AND revoked_at IS NULL) AS k,
     (SELECT count(*) AS members FROM member WHERE tenant_id = $1 AND status <> 'REMOVED') AS m,
     (SELECT count(*) AS custom_fields FROM custom_field WHERE tenant_id = $1) AS f
"""
