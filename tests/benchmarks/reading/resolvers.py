"""The peer as most are written: Strawberry with resolvers and dataloaders. `python -m tests.benchmarks.reading.resolvers PORT`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from tests.benchmarks.reading.pool import open_pool, serve

Info = strawberry.Info[Any, None]

_CONTACTS = """
SELECT k.* FROM unnest($2::uuid[]) AS wanted (id), LATERAL (SELECT id, customer_id, name, job_title, is_primary FROM contact k
    WHERE k.tenant_id = $1 AND k.customer_id = wanted.id ORDER BY k.id DESC LIMIT 10) k
"""
_ORDERS = """
SELECT o.* FROM unnest($2::uuid[]) AS wanted (id), LATERAL (SELECT id, customer_id, number, ordered_at, amount, currency, payment_method,
    status FROM customer_order o WHERE o.tenant_id = $1 AND o.customer_id = wanted.id ORDER BY o.ordered_at DESC, o.id DESC LIMIT 10) o
"""
_CUSTOMER = "id, kind, name, company, occupation, city, country, lifecycle, source, owner, tags, created_at, version"


class Reading:
    """One request: a connection in a transaction with the tenant set, one statement at a time, and its loaders."""

    def __init__(self, pool: Any, tenant: UUID) -> None:
        self.pool, self.tenant = pool, tenant
        self._turn = asyncio.Lock()
        self.contacts = DataLoader(load_fn=lambda ids: self._children(_CONTACTS, Contact, ids))
        self.orders = DataLoader(load_fn=lambda ids: self._children(_ORDERS, Order, ids))

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        async with self._turn:
            found: list[Any] = await self.connection.fetch(statement, self.tenant, *values)
            return found

    async def _children(self, statement: str, type_: Any, ids: Sequence[UUID]) -> list[list[Any]]:
        by_parent: dict[UUID, list[Any]] = defaultdict(list)
        for row in await self.fetch(statement, ids):
            values = dict(row)
            by_parent[values.pop("customer_id")].append(type_(**values))
        return [by_parent[id] for id in ids]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.pool.acquire() as self.connection:
            await self.connection.execute(f"BEGIN READ ONLY; SELECT act_as_tenant('{self.tenant}')")
            try:
                yield
            finally:
                await self.connection.execute("COMMIT")


class InOneTransaction(SchemaExtension):
    async def on_execute(self) -> AsyncIterator[None]:
        async with self.execution_context.context.opened():
            yield


@strawberry.type
class Contact:
    id: UUID
    name: str
    job_title: str | None
    is_primary: bool


@strawberry.type
class Order:
    id: UUID
    number: str
    ordered_at: datetime
    amount: Decimal
    currency: str
    payment_method: str | None
    status: str


@strawberry.type
class Customer:
    id: UUID
    kind: str
    name: str
    company: str | None
    occupation: str | None
    city: str | None
    country: str | None
    lifecycle: str
    source: str | None
    owner: str | None
    tags: list[str]
    created_at: datetime
    version: int

    @strawberry.field
    async def contacts(self, info: Info) -> list[Contact]:
        found: list[Contact] = await info.context.contacts.load(self.id)
        return found

    @strawberry.field
    async def orders(self, info: Info) -> list[Order]:
        found: list[Order] = await info.context.orders.load(self.id)
        return found


@strawberry.type
class CustomerList:
    lifecycle: strawberry.Private[str]
    first: strawberry.Private[int]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        rows = await info.context.fetch("SELECT count(*) FROM customer WHERE tenant_id = $1 AND lifecycle = $2", self.lifecycle)
        count: int = rows[0][0]
        return count

    @strawberry.field
    async def nodes(self, info: Info) -> list[Customer]:
        statement = f"SELECT {_CUSTOMER} FROM customer WHERE tenant_id = $1 AND lifecycle = $3 ORDER BY name, id LIMIT $2"
        return [Customer(**row) for row in await info.context.fetch(statement, self.first, self.lifecycle)]


@strawberry.type
class Group:
    lifecycle: str
    customers: int


@strawberry.type
class Query:
    @strawberry.field
    async def customers(self, info: Info, first: int) -> list[Customer]:
        statement = f"SELECT {_CUSTOMER} FROM customer WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2"
        return [Customer(**row) for row in await info.context.fetch(statement, first)]

    @strawberry.field
    async def customer(self, info: Info, id: UUID) -> Customer | None:
        rows = await info.context.fetch(f"SELECT {_CUSTOMER} FROM customer WHERE tenant_id = $1 AND id = $2", id)
        return Customer(**rows[0]) if rows else None

    @strawberry.field
    def by_lifecycle(self, first: int, lifecycle: str) -> CustomerList:
        return CustomerList(lifecycle=lifecycle, first=first)

    @strawberry.field
    async def customer_stats(self, info: Info) -> list[Group]:
        statement = "SELECT lifecycle, count(*) AS customers FROM customer WHERE tenant_id = $1 GROUP BY lifecycle"
        return [Group(**row) for row in await info.context.fetch(statement)]


class Endpoint(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Reading:
        return Reading(request.app.state.pool, UUID(request.headers["x-tenant"]))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with open_pool() as app.state.pool:
        yield


schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache, InOneTransaction])
app = Starlette(routes=[Route("/graphql", Endpoint(schema, graphql_ide=None), methods=["POST"])], lifespan=_lifespan)

if __name__ == "__main__":
    serve(app)
