"""One statement reads the whole tree, however many records there are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from tortoise import connections

from tenants.database import connected
from tenants.installation import installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask, Stored

RELATIONS = "customer|contact|customer_order|order_line|interaction|need|preference|import_run|upload"
EVERYTHING = """{ customers { totalCount pageInfo { endCursor hasNextPage } edges { cursor node { id name phone { masked } flags { code }
  contacts { nodes { name email { masked } } } orders { totalCount nodes { number lines { nodes { product } pageInfo { hasNextPage } } } }
  interactions { nodes { content { masked } } } needs { nodes { what } } preferences { edges { cursor node { kind } } } } } }
  imports { nodes { id fileName rowsRead } } }"""


#: A connection that was not used before asks for what it has not met; which connection is used is chance.
_BESIDES = ("typeinfo_tree", "pg_catalog.pg_type", "'jit'", "door_api_key")


@asynccontextmanager
async def statements() -> AsyncIterator[list[str]]:
    """Statements sent over any connection of the pools; not those by which asyncpg learns a type, or a key is looked up once a second."""
    seen: list[str] = []

    def note(record: Any) -> None:
        if not any(each in record.query for each in _BESIDES):
            seen.append(record.query)

    raw = []
    for pool in (connections.get("default")._pool, installation().readers):
        held = [await pool.acquire() for _ in range(max(1, pool.get_size()))]
        raw += [connection._con for connection in held]
        for connection in held:
            connection.add_query_logger(note)
        for connection in held:
            await pool.release(connection)
    try:
        yield seen
    finally:
        for connection in raw:
            connection._query_loggers.clear()


def _reads(statements: list[str]) -> Iterator[str]:
    return (statement for statement in statements if re.search(rf"\bFROM ({RELATIONS})\b", statement))


@pytest.mark.parametrize("customers", [1, 4])
async def test_a_tree_of_any_size_is_one_statement(graphql: Ask, stored: Stored, acme: Actor, customers: int) -> None:
    for number in range(customers):
        await stored(acme, name=f"Customer {number}", external_id=f"C{number}", phone=f"1381234{number:04}")
        order = {"customer_external_id": f"C{number}", "number": f"O{number}", "ordered_at": "2024-05-01"}
        line = {"lines.product": "Tea", "lines.quantity": "1", "lines.unit_price": "1"}
        await stored(acme, RecordType.ORDER, **order, **line)

    await graphql(EVERYTHING, as_=acme)
    async with statements() as seen:
        answer = await graphql(EVERYTHING, as_=acme)

    assert answer["customers"]["totalCount"] == customers
    assert len(list(_reads(seen))) == 1


async def test_every_relation_of_a_statement_is_bound_to_the_tenant(graphql: Ask, acme: Actor) -> None:
    await graphql(EVERYTHING, as_=acme)
    async with statements() as seen:
        await graphql(EVERYTHING, as_=acme)

    (statement,) = _reads(seen)
    assert len(aliases(statement)) > 10
    assert unbound(statement) == []


def aliases(statement: str) -> list[str]:
    """What the relations of a statement are called in it."""
    return re.findall(rf"\b(?:FROM|JOIN) (?:{RELATIONS}) (\w+)", statement)


def unbound(statement: str) -> list[str]:
    """Relations of a statement that it does not bind to the tenant."""
    return [alias for alias in aliases(statement) if not re.search(rf"\b{alias}\.tenant_id = \$1\b", statement)]


async def test_a_customers_contacts_are_found_without_walking_everybodys(graphql: Ask, acme: Actor, migrated: Servers) -> None:
    async with acting_as(acme):
        customers: dict[str, list[str | None]] = {"name": ["Ada"] * 100, "external_id": [f"C{n}" for n in range(100)]}
        await take_in(Batch(RecordType.CUSTOMER, [*range(100)], customers), IntakeRules())
        links: list[str | None] = [f"C{n % 100}" for n in range(1000)]
        contacts: dict[str, list[str | None]] = {"customer_external_id": links, "name": [f"Eve {n}" for n in range(1000)]}
        await take_in(Batch(RecordType.CONTACT, [*range(1000)], contacts), IntakeRules())
    async with connected(str(migrated.owner)) as owner:
        await owner.execute("ANALYZE customer, contact")  # as autovacuum does in its own time

    async with statements() as seen:
        await graphql("{ customers(first: 100) { nodes { contacts(first: 10) { nodes { name } } } } }", as_=acme)

    (statement,) = _reads(seen)
    values = [100 for _ in set(re.findall(r"\$[2-9]::int", statement))]
    async with acting_as(acme) as unit:
        explained = await unit.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", acme.tenant_id, *values)
    (plan,) = orjson.loads(explained)

    assert sum(_dropped(plan["Plan"])) < 1000


def _dropped(node: dict[str, Any]) -> Iterator[float]:
    """How many rows each step of a plan read in vain."""
    yield node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
    for below in node.get("Plans", ()):
        yield from _dropped(below)
