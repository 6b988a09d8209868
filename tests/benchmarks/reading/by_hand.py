"""The rod: the SQL by hand on bare Starlette, one route and one statement a query. `python -m tests.benchmarks.reading.by_hand PORT`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.reading.pool import open_pool, serve

#: A limit is written as a number: behind a parameter PostgreSQL expects a tenth of the table, and plans anew for every request.
_PAGE = """
SELECT json_agg(c) FROM (SELECT c.id, c.name, c.city, c.country, c.lifecycle, c.tags, c.created_at AS "createdAt", c.version,
    (SELECT coalesce(json_agg(k), '[]') FROM (SELECT k.id, k.name, k.job_title AS "jobTitle"
        FROM contact k WHERE k.tenant_id = $1 AND k.customer_id = c.id ORDER BY k.id DESC LIMIT 10) k) AS contacts,
    (SELECT coalesce(json_agg(o), '[]') FROM (SELECT o.id, o.number, o.ordered_at AS "orderedAt", o.amount, o.currency
        FROM customer_order o WHERE o.tenant_id = $1 AND o.customer_id = c.id ORDER BY o.ordered_at DESC, o.id DESC LIMIT 10) o) AS orders
    FROM customer c WHERE c.tenant_id = $1 ORDER BY c.id DESC LIMIT {first}) c
"""
_CUSTOMER = """
SELECT row_to_json(c) FROM (SELECT c.id, c.kind, c.name, c.company, c.occupation, c.city, c.country, c.lifecycle, c.tags,
    c.created_at AS "createdAt", c.version FROM customer c WHERE c.tenant_id = $1 AND c.id = $2) c
"""
_LIST = """
SELECT json_build_object('totalCount', (SELECT count(*) FROM customer WHERE tenant_id = $1 AND lifecycle = $2), 'nodes',
    (SELECT json_agg(c) FROM (SELECT c.id, c.name, c.company, c.city, c.lifecycle FROM customer c
        WHERE c.tenant_id = $1 AND c.lifecycle = $2 ORDER BY c.name, c.id LIMIT {first}) c))
"""
_STATS = """
SELECT json_agg(g) FROM (SELECT lifecycle, count(*) AS customers FROM customer WHERE tenant_id = $1 GROUP BY lifecycle) g
"""


async def page(request: Request) -> Response:
    return await _answered(request, "customers", _PAGE.format(first=int(request.query_params["first"])))


async def customer(request: Request) -> Response:
    return await _answered(request, "customer", _CUSTOMER, UUID(request.query_params["id"]))


async def customers(request: Request) -> Response:
    return await _answered(request, "customers", _LIST.format(first=int(request.query_params["first"])), request.query_params["lifecycle"])


async def stats(request: Request) -> Response:
    return await _answered(request, "customerStats", _STATS)


async def _answered(request: Request, name: str, statement: str, *values: object) -> Response:
    """The statement's JSON as it came, read as the tenant of the header."""
    tenant = UUID(request.headers["x-tenant"])
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(f"BEGIN READ ONLY; SELECT act_as_tenant('{tenant}')")
        try:
            found: Any = await connection.fetchval(statement, tenant, *values)
        finally:
            await connection.execute("COMMIT")
    return Response(f'{{"data":{{"{name}":{found}}}}}', media_type="application/json")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with open_pool() as app.state.pool:
        yield


app = Starlette(
    routes=[Route("/page", page), Route("/customer", customer), Route("/list", customers), Route("/stats", stats)], lifespan=_lifespan
)

if __name__ == "__main__":
    serve(app)
