"""Statistics: what is counted is what is stored, by currency, in the tenant's own time, and in no other tenant."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.session import Actor
from tenants.words import RecordType
from tests.server.conftest import Ask, Stored

ORDERS = [
    ("A", "EUR", "100", "2024-05-01", "PAID"),
    ("A", "EUR", "50.5", "2024-05-11", "OPEN"),
    ("A", "CNY", "7", "2024-06-01", "PAID"),
    ("B", "EUR", "20", "2024-06-02", "PAID"),
    ("B", "EUR", "900", "2024-06-03", "CANCELLED"),
]


@pytest.fixture
async def shop(stored: Stored, acme: Actor) -> Actor:
    await stored(acme, name="A", external_id="A", lifecycle="ACTIVE", country="DE", region="Bayern", source="fair", tags="vip,old")
    await stored(acme, name="B", external_id="B", lifecycle="ACTIVE", country="CN", region="浙江", tags="vip")
    await stored(acme, name="C", external_id="C", lifecycle="LAPSED", country="CN", region="浙江", source="fair")
    for number, (whose, currency, price, day, status) in enumerate(ORDERS):
        order = {"customer_external_id": whose, "number": f"O{number}", "ordered_at": day, "currency": currency, "status": status}
        await stored(acme, RecordType.ORDER, **order, **{"lines.product": "Tea", "lines.quantity": "2", "lines.unit_price": _half(price)})
    for whose in ("B", "C"):
        await stored(acme, RecordType.PREFERENCE, customer_external_id=whose, kind="language", value="zh")
    await stored(acme, RecordType.PREFERENCE, customer_external_id="A", kind="language", value="de")
    return acme


def _half(price: str) -> str:
    return str(float(price) / 2)


@pytest.mark.parametrize(
    ("groups", "filter", "counted"),
    [
        ([], {}, [{"customers": 3}]),
        (["LIFECYCLE"], {}, [{"lifecycle": "ACTIVE", "customers": 2}, {"lifecycle": "LAPSED", "customers": 1}]),
        (["SOURCE"], {}, [{"source": "fair", "customers": 2}, {"source": None, "customers": 1}]),
        (["COUNTRY", "REGION"], {"country": {"eq": "CN"}}, [{"country": "CN", "region": "浙江", "customers": 2}]),
        (["TAG"], {}, [{"tag": "vip", "customers": 2}, {"tag": "old", "customers": 1}]),
        (["LIFECYCLE"], {"orders": {"some": {}}}, [{"lifecycle": "ACTIVE", "customers": 2}]),
        (["LIFECYCLE"], {"name": {"eq": "nobody"}}, []),
    ],
)
async def test_customers_are_counted_by_groups(
    graphql: Ask, shop: Actor, globex: Actor, groups: list[str], filter: dict[str, Any], counted: list[dict[str, Any]]
) -> None:
    fields = " ".join(each.lower() for each in groups)
    arguments = "groupBy: $by, filter: $filter"
    document = f"query ($by: [CustomerGrouping!]!, $filter: CustomerFilter) {{ customerStats({arguments}) {{ {fields} customers }} }}"
    answer = await graphql(document, as_=shop, by=groups, filter=filter)
    elsewhere = await graphql(document, as_=globex, by=groups, filter=filter)

    assert answer["customerStats"] == counted
    assert elsewhere["customerStats"] == []


async def test_customers_are_grouped_by_the_month_of_the_tenants_own_time(graphql: Ask, shop: Actor) -> None:
    answer = await graphql(
        "{ customerStats(groupBy: [CREATED_YEAR, CREATED_MONTH, CREATED_DAY]) { createdYear createdMonth createdDay customers } }", as_=shop
    )

    (group,) = answer["customerStats"]
    assert group["createdDay"].startswith(group["createdMonth"])
    assert group["createdMonth"].startswith(group["createdYear"])
    assert (len(group["createdDay"]), group["customers"]) == (10, 3)


async def test_orders_are_added_up_by_currency(graphql: Ask, shop: Actor) -> None:
    document = """{ customerStats(groupBy: [LIFECYCLE]) { lifecycle
      orders { currency orders customers amount average firstOrderedAt lastOrderedAt } } }"""
    active, lapsed = (await graphql(document, as_=shop))["customerStats"]

    assert [{**each, "firstOrderedAt": "", "lastOrderedAt": ""} for each in active["orders"]] == [
        _totals("CNY", 1, 1, "7", "7"),
        _totals("EUR", 3, 2, "170.5", "56.8333"),
    ]
    assert active["orders"][1]["firstOrderedAt"] < active["orders"][1]["lastOrderedAt"]
    assert lapsed["orders"] == []


def _totals(currency: str, orders: int, customers: int, amount: str, average: str) -> dict[str, Any]:
    found: dict[str, Any] = {"currency": currency, "orders": orders, "customers": customers, "amount": amount, "average": average}
    return found | {"firstOrderedAt": "", "lastOrderedAt": ""}


async def test_a_customers_spending_is_by_currency_with_frequency_and_recency(graphql: Ask, shop: Actor) -> None:
    document = """{ customers(filter: {externalId: {in: ["A", "C"]}}, orderBy: [{field: NAME}]) { nodes { name
      spending { currency orders amount average daysSinceLast daysBetween } } }
      customerSpending(filter: {country: {eq: "DE"}}) { customer { name } currency orders amount } }"""
    answer = await graphql(document, as_=shop)

    ada, nobody = answer["customers"]["nodes"]
    assert nobody["spending"] == []
    assert [(each["currency"], each["orders"], each["amount"], each["daysBetween"]) for each in ada["spending"]] == [
        ("CNY", 1, "7", None),
        ("EUR", 2, "150.5", 10),
    ]
    assert all(each["daysSinceLast"] > 300 for each in ada["spending"])
    assert answer["customerSpending"] == [
        {"customer": {"name": "A"}, "currency": "EUR", "orders": 2, "amount": "150.5"},
        {"customer": {"name": "A"}, "currency": "CNY", "orders": 1, "amount": "7"},
    ]


async def test_products_and_preferences_are_counted(graphql: Ask, shop: Actor, globex: Actor) -> None:
    document = """{ popularProducts { product orders customers quantity amounts { currency amount } }
      preferencesByRegion { country region kind value customers } }"""
    answer, elsewhere = await graphql(document, as_=shop), await graphql(document, as_=globex)

    assert answer["popularProducts"] == [
        {"product": "Tea", "orders": 4, "customers": 2, "quantity": "8", "amounts": [_amount("CNY", "7"), _amount("EUR", "170.5")]}
    ]
    assert answer["preferencesByRegion"] == [
        {"country": "CN", "region": "浙江", "kind": "language", "value": "zh", "customers": 2},
        {"country": "DE", "region": "Bayern", "kind": "language", "value": "de", "customers": 1},
    ]
    assert elsewhere.body["data"] == {"popularProducts": [], "preferencesByRegion": []}


def _amount(currency: str, amount: str) -> dict[str, str]:
    return {"currency": currency, "amount": amount}


@pytest.mark.parametrize(("first", "is_fine"), [(0, False), (1, True), (1000, True), (1001, False)])
async def test_a_report_is_bounded(graphql: Ask, acme: Actor, first: int, is_fine: bool) -> None:
    answer = await graphql("query ($first: Int) { popularProducts(first: $first) { product } }", as_=acme, first=first)

    assert answer.codes == ([] if is_fine else ["INVALID"])
