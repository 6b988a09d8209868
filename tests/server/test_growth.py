"""The number of statements is the same for one record, for ten and for a hundred, whatever is asked or done."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, new_id
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask
from tests.server.test_statements import statements

SIZES = (1, 10, 100)

_EVERYTHING = """{ id name phone { masked value } custom { name value } protectedCustom { name value } flags { code } spending { amount }
  contacts(first: 2) { totalCount nodes { name email { masked } customer { name } } } needs(first: 2) { nodes { what } }
  orders(first: 2) { totalCount pageInfo { endCursor hasNextPage } edges { cursor node { number lines(first: 2) { nodes { product } } } } }
  interactions(first: 2) { nodes { content { value } } } preferences(last: 2) { nodes { kind } } }"""
#: Document → the place in its answer of a list as long as there are customers; `%s` is all that a customer has.
READING = {
    "a page": ("query ($first: Int) { found: customers(first: $first) { totalCount nodes %s } }", "nodes"),
    "edges": ("query ($first: Int) { found: customers(first: $first) { pageInfo { endCursor } edges { cursor node %s } } }", "edges"),
    "filters": (
        """query ($first: Int) { found: customers(first: $first, orderBy: [{field: CITY}, {field: NAME, direction: DESC}],
           filter: {or: [{orders: {some: {lines: {every: {product: {contains: "e"}}}}}}, {custom: [{name: "size", number: {gt: 1}}]}],
           contacts: {none: {name: {eq: "nobody"}}}}) { totalCount nodes %s } }""",
        "nodes",
    ),
    "exact values of what is sealed": (
        "query ($first: Int, $phones: [PhoneNumber!]) { found: customers(first: $first, filter: {phone: {in: $phones}}) { nodes %s } }",
        "nodes",
    ),
    "a search": ('query ($first: Int) { found: customers(first: $first, search: "张三丰") { totalCount nodes %s } }', "nodes"),
    "records by their ids": ("query ($ids: [ID!]!) { found: nodes(ids: $ids) { id ... on Customer %s } }", ""),
    "a record's relatives": (
        """query ($ids: [ID!]!) { found: nodes(ids: $ids) { ... on Customer {
           orders(first: 1) { nodes { customer { contacts(first: 1) { nodes { name } } } } } } } }""",
        "",
    ),
    "statistics": (
        """query ($first: Int) { found: customerSpending(first: $first) { amount customer { name orders(first: 2) { nodes { number } } } }
           customerStats(groupBy: [CITY]) { customers orders { amount } } popularProducts { product amounts { amount } }
           preferencesByRegion { kind customers } }""",
        "",
    ),
}
UPSERT = """mutation ($input: UpsertCustomersInput!) { done: upsertCustomers(input: $input) { counts { created updated }
  results { status customer %s } userErrors { message } } }"""
NESTED = """mutation ($input: CreateCustomerInput!) { done: createCustomer(input: $input) {
  customer { contacts(first: 100) { nodes { name phone { value } } } orders(first: 100) { nodes { number lines { nodes { product } } } } }
  userErrors { message } } }"""


async def _grow(actor: Actor, start: int, end: int) -> list[str]:
    """Customers by their numbers, each with one of everything; their ids."""
    numbers = range(start, end)
    customers = [
        {
            "name": f"张三丰 {n}",
            "phone": _phone(n),
            "city": "杭州" if n % 2 else None,
            "external_id": f"C{n}",
            "custom.size": "4",
            "custom.secret": "x",
        }
        for n in numbers
    ]
    async with acting_as(actor):
        outcome = await take_in(Batch.of(RecordType.CUSTOMER, [{k: v for k, v in each.items() if v} for each in customers]), IntakeRules())
    ids = [global_id(RecordType.CUSTOMER, id) for id in outcome.record_ids if id]
    line = {"product": "Tee", "quantity": "1", "unit_price": "2"}
    order = {"ordered_at": "2026-01-05", "lines": [line, line]}
    drafts: dict[RecordType, dict[str, Any]] = {
        RecordType.CONTACT: {"name": "Eve", "email": "eve@example.org"},
        RecordType.ORDER: order,
        RecordType.INTERACTION: {"channel": "PHONE", "occurred_at": "2026-01-05", "content": "茶"},
        RecordType.NEED: {"what": "tea"},
        RecordType.PREFERENCE: {"kind": "drink", "value": "tea"},
    }
    for noun, draft in drafts.items():
        numbered = {"number": "O{}"} if noun is RecordType.ORDER else {}
        each = [draft | {"customer_id": id} | {k: v.format(n) for k, v in numbered.items()} for n, id in zip(numbers, ids, strict=True)]
        async with acting_as(actor):
            await take_in(Batch.of(noun, each), IntakeRules())
    return ids


def _phone(number: int) -> str:
    return f"1381234{number:04}"


@pytest.fixture
async def fields(acme: Actor) -> Actor:
    async with acting_as(acme) as unit:
        for name, type_, is_sealed in (("size", "NUMBER", False), ("secret", "TEXT", True)):
            columns = "tenant_id, id, name, label, type, is_sealed"
            await unit.connection.execute(
                f"INSERT INTO custom_field ({columns}) VALUES ($1, $2, $3, $3, $4, $5)", acme.tenant_id, new_id(), name, type_, is_sealed
            )
    return acme


@pytest.mark.parametrize("asked", READING)
async def test_what_is_read_costs_as_many_statements_however_much_it_is(graphql: Ask, fields: Actor, asked: str) -> None:
    document, place = READING[asked]
    document, ids, counts = document.replace("%s", _EVERYTHING), list[str](), list[int]()
    for size in SIZES:
        ids += await _grow(fields, len(ids), size)
        given = {"first": size, "ids": ids, "phones": [_phone(n) for n in range(size)]}
        given = {name: value for name, value in given.items() if f"${name}:" in document}
        await graphql(document, as_=fields, may_reveal=True, **given)
        async with statements() as seen:
            answer = await graphql(document, as_=fields, may_reveal=True, **given)
        found = answer["found"][place] if place else answer["found"]
        assert len(found) == size
        counts.append(len(seen))

    assert counts == counts[:1] * len(SIZES)
    # A unit of work, the tenant's rules where a value is looked up, and one that reads; of what is revealed: a unit of work, the lock, what
    # was revealed within the hour, and an entry for each field.
    assert 1 <= counts[0] <= 13


async def test_rows_by_the_hundred_cost_as_many_statements_as_one(graphql: Ask, fields: Actor) -> None:
    counts: dict[str, list[int]] = {"CREATED": [], "UPDATED": []}
    await graphql(UPSERT.replace("%s", _EVERYTHING), as_=fields, may_reveal=True, input={"rows": [{"name": "warm"}]})
    for size in SIZES:
        for status, city in (("CREATED", "杭州"), ("UPDATED", "Köln")):
            rows = [
                {"name": f"R{size}-{n}", "phone": _phone(size * 10 + n), "city": city, "custom": [{"name": "size", "value": "5"}]}
                for n in range(size)
            ]
            async with statements() as seen:
                answer = await graphql(
                    UPSERT.replace("%s", _EVERYTHING), as_=fields, may_reveal=True, input={"rows": rows, "matchBy": ["PHONE"]}
                )
            assert [each["status"] for each in answer["done"]["results"]] == [status] * size
            counts[status].append(len(seen))

    assert counts == {status: each[:1] * len(SIZES) for status, each in counts.items()}


async def test_nested_records_by_the_hundred_cost_as_many_statements_as_one(graphql: Ask, fields: Actor) -> None:
    counts = []
    for size in (1, *SIZES):  # the first makes plans
        contacts = [{"name": f"E{n}", "phone": _phone(n)} for n in range(size)]
        line = {"product": "Tee", "quantity": "1", "unitPrice": "2"}
        orders = [{"number": f"N{len(counts)}-{n}", "orderedAt": "2026-01-05", "lines": [line]} for n in range(size)]
        async with statements() as seen:
            answer = await graphql(NESTED, as_=fields, may_reveal=True, input={"name": "李四", "contacts": contacts, "orders": orders})
        assert len(answer["done"]["customer"]["orders"]["nodes"]) == size, answer["done"]["userErrors"]
        counts.append(len(seen))

    assert counts[1:] == counts[1:2] * len(SIZES)
