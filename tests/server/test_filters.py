"""Lists filtered, ordered, walked in both directions; records by id across types; and the way back from a record to its customer."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, new_id
from tenants.session import Actor
from tenants.words import RecordType
from tests.server.conftest import Ask, Stored

PEOPLE = [
    {"name": "张三丰", "external_id": "C0", "phone": "13812345670", "lifecycle": "ACTIVE", "tags": "vip,old", "city": "杭州"},
    {"name": "Jürgen Müller", "external_id": "C1", "email": "Juergen@Example.org", "lifecycle": "LAPSED", "tags": "old", "country": "DE"},
    {"name": "Ada 100%", "external_id": "C2", "national_id": "11010519491231002X", "lifecycle": "ACTIVE", "company": "Analytical_Engines"},
    {"name": "ada b", "external_id": "C3", "phone": "+86 138 1234 5671", "source": "fair", "city": "Berlin"},
]
LIST = """query ($filter: CustomerFilter, $orderBy: [CustomerOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  customers(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { externalId } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture
async def people(stored: Stored, acme: Actor) -> list[str]:
    ids = [await stored(acme, **each) for each in PEOPLE]
    for number, (whose, amount, day) in enumerate([("C0", "10", "01"), ("C0", "250.50", "02"), ("C1", "99.99", "03")]):
        order = {"customer_external_id": whose, "number": f"O{number}", "ordered_at": f"2024-05-{day}", "currency": "EUR"}
        await stored(acme, RecordType.ORDER, **order, **{"lines.product": "Tea", "lines.quantity": "1", "lines.unit_price": amount})
    return ids


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({}, "0123"),
        ({"name": {"eq": "张三丰"}}, "0"),
        ({"name": {"in": ["张三丰", "ada b", "nobody"]}}, "03"),
        ({"name": {"contains": "三"}}, "0"),
        ({"name": {"contains": "ADA"}}, "23"),
        ({"name": {"startsWith": "j"}}, "1"),
        ({"name": {"contains": "%"}}, "2"),
        ({"company": {"contains": "l_e"}}, "2"),
        ({"company": {"contains": "_"}, "name": {"startsWith": "A"}}, "2"),
        ({"company": {"isNull": True}}, "013"),
        ({"company": {"isNull": False}}, "2"),
        ({"lifecycle": {"eq": "ACTIVE"}}, "02"),
        ({"lifecycle": {"in": ["LAPSED", "PROSPECT"]}}, "13"),
        ({"tags": {"has": "vip"}}, "0"),
        ({"tags": {"hasAny": ["vip", "old"]}}, "01"),
        ({"tags": {"hasAll": ["vip", "old"]}}, "0"),
        ({"tags": {"isEmpty": True}}, "23"),
        ({"phone": {"eq": "138 1234 5670"}}, "0"),
        ({"phone": {"in": ["１３８１２３４５６７０", "+8613812345671"]}}, "03"),
        ({"phone": {"isNull": True}}, "12"),
        ({"email": {"eq": "JUERGEN@example.ORG"}}, "1"),
        ({"nationalId": {"eq": "11010519491231002x"}}, "2"),
        ({"not": {"lifecycle": {"eq": "ACTIVE"}}}, "13"),
        ({"not": {"company": {"eq": "x"}}}, "0123"),
        ({"or": [{"name": {"eq": "ada b"}}, {"tags": {"has": "vip"}}]}, "03"),
        ({"or": []}, ""),
        ({"and": []}, "0123"),
        ({"and": [{"lifecycle": {"eq": "ACTIVE"}}, {"city": {"isNull": False}}]}, "0"),
        ({"orders": {"some": {"amount": {"gt": "100"}}}}, "0"),
        ({"orders": {"some": {}}}, "01"),
        ({"orders": {"none": {"amount": {"gt": "100"}}}}, "123"),
        ({"orders": {"every": {"amount": {"gte": "50"}}}}, "123"),
        ({"orders": {"some": {"amount": {"between": {"from": "99.99", "to": "100"}}}}}, "1"),
        ({"orders": {"some": {"orderedAt": {"lt": "2024-05-01T12:00:00+08:00"}}}}, "0"),
        ({"orders": {"some": {"lines": {"some": {"product": {"eq": "Tea"}, "unitPrice": {"lte": 10}}}}}}, "0"),
        ({"orders": {"some": {"customer": {"externalId": {"eq": "C1"}}}}}, "1"),
        ({"version": {"eq": 1}, "verifiedAt": {"isNull": True}}, "0123"),
        ({"flags": {"isEmpty": True}}, "0123"),
        ({"id": {"in": ["cus_1", "ord_" + "0" * 32]}}, ""),
    ],
)
async def test_customers_are_filtered(
    graphql: Ask, people: list[str], acme: Actor, globex: Actor, filter: dict[str, Any], found: str
) -> None:
    answer = await graphql(LIST, as_=acme, filter=filter, orderBy=[{"field": "EXTERNAL_ID"}])
    elsewhere = await graphql(LIST, as_=globex, filter=filter)

    assert "".join(each["externalId"][1:] for each in answer["customers"]["nodes"]) == found
    assert answer["customers"]["totalCount"] == len(found)
    assert elsewhere["customers"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("filter", "code", "words"),
    [
        ({"phone": {"eq": "12"}}, "IMPLAUSIBLE_PHONE", ""),
        ({"email": {"eq": "nobody"}}, "IMPLAUSIBLE_EMAIL", ""),
        ({"name": {"eq": None}}, "INVALID", "isNull"),
        ({"name": None}, "INVALID", "isNull"),
        ({"name": {"contains": "a\x00b"}}, "INVALID", "U+0000"),
        ({"name": {"contains": "a" * 1001}}, "TOO_LARGE", "1,000"),
        ({"name": {"in": ["a"] * 1001}}, "TOO_LARGE", "1,000"),
        ({"createdAt": {"gt": "2024-05-01T00:00:00"}}, "INVALID", "offset"),
        ({"and": [{"name": {"eq": "a"}}] * 51}, "TOO_LARGE", "50"),
        ({"custom": [{"name": "shoe_size", "number": {"gt": 3}}]}, "INVALID", "no custom field"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused_by_its_path(
    graphql: Ask, acme: Actor, filter: dict[str, Any], code: str, words: str
) -> None:
    answer = await graphql(LIST, as_=acme, filter=filter)

    assert answer.codes == [code], answer.errors
    assert words in answer.errors[0]["message"]
    assert answer.errors[0]["extensions"]["field"][0] == "filter"


async def _walk(graphql: Ask, actor: Actor, order: list[dict[str, str]], *, is_backward: bool, size: int) -> str:
    seen, cursor = "", None
    for _ in range(10):
        asked = {"last": size, "before": cursor} if is_backward else {"first": size, "after": cursor}
        page = (await graphql(LIST, as_=actor, orderBy=order, **asked))["customers"]
        found = "".join(each["externalId"][1:] for each in page["nodes"])
        seen = found + seen if is_backward else seen + found
        cursor = page["pageInfo"]["startCursor" if is_backward else "endCursor"]
        assert page["pageInfo"]["hasNextPage" if is_backward else "hasPreviousPage"] is (seen != found)
        if not page["pageInfo"]["hasPreviousPage" if is_backward else "hasNextPage"]:
            return seen
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("is_backward", [False, True])
@pytest.mark.parametrize(
    ("order", "whole"),
    [
        ([], "3210"),
        ([("NAME", "ASC")], "2130"),
        ([("NAME", "DESC")], "0312"),
        ([("CITY", "ASC"), ("EXTERNAL_ID", "DESC")], "3021"),
        ([("CITY", "DESC"), ("EXTERNAL_ID", "ASC")], "0312"),
        ([("LIFECYCLE", "ASC"), ("NAME", "DESC")], "0213"),
        ([("COUNTRY", "DESC"), ("CITY", "ASC")], "1302"),
    ],
)
async def test_a_list_is_walked_in_any_order_in_both_directions(
    graphql: Ask, people: list[str], acme: Actor, order: list[tuple[str, str]], whole: str, is_backward: bool, size: int
) -> None:
    keys = [{"field": field, "direction": direction} for field, direction in order]

    assert await _walk(graphql, acme, keys, is_backward=is_backward, size=size) in (whole, *_ties(order, whole))


def _ties(order: list[tuple[str, str]], whole: str) -> list[str]:
    """Records that an order leaves equal come by id, in the direction of its first key."""
    return {"COUNTRY": ["1320"]}.get(order[0][0], []) if order else []


async def test_a_cursor_holds_while_records_come_and_go(graphql: Ask, stored: Stored, people: list[str], acme: Actor) -> None:
    order = [{"field": "NAME"}]
    first = (await graphql(LIST, as_=acme, orderBy=order, first=2))["customers"]
    await stored(acme, name="Aa", external_id="C7")
    await stored(acme, name="Zz", external_id="C8")
    rest = (await graphql(LIST, as_=acme, orderBy=order, first=10, after=first["pageInfo"]["endCursor"]))["customers"]

    assert [each["externalId"] for each in first["nodes"]] == ["C2", "C1"]
    assert [each["externalId"] for each in rest["nodes"]] == ["C8", "C3", "C0"]


async def test_a_cursor_of_another_order_is_refused(graphql: Ask, people: list[str], acme: Actor) -> None:
    first = (await graphql(LIST, as_=acme, orderBy=[{"field": "NAME"}], first=2))["customers"]
    answer = await graphql(LIST, as_=acme, first=2, after=first["pageInfo"]["endCursor"])

    assert answer.codes == ["INVALID"]


@pytest.mark.parametrize("fields", [["NAME", "NAME"], ["NAME", "CITY", "COUNTRY", "SOURCE"]])
async def test_an_order_has_three_keys_each_of_its_own(graphql: Ask, acme: Actor, fields: list[str]) -> None:
    answer = await graphql(LIST, as_=acme, orderBy=[{"field": each} for each in fields])

    assert (answer.codes, answer.errors[0]["extensions"]["field"]) == (["INVALID"], ["orderBy"])


async def test_first_and_last_together_are_refused(graphql: Ask, acme: Actor) -> None:
    assert (await graphql(LIST, as_=acme, first=2, last=2)).codes == ["INVALID"]


async def test_nested_lists_have_filters_orders_and_directions_of_their_own(graphql: Ask, people: list[str], acme: Actor) -> None:
    document = """query ($id: ID!) { customer(id: $id) {
      big: orders(filter: {amount: {gt: 100}}) { totalCount nodes { number } }
      cheap: orders(orderBy: [{field: AMOUNT}], first: 1) { nodes { number customer { name } } pageInfo { hasNextPage } }
      last: orders(last: 1) { nodes { number lines { nodes { product order { number } } } }
        pageInfo { hasPreviousPage hasNextPage } } } }"""
    answer = await graphql(document, as_=acme, id=people[0])

    assert answer["customer"] == {
        "big": {"totalCount": 1, "nodes": [{"number": "O1"}]},
        "cheap": {"nodes": [{"number": "O0", "customer": {"name": "张三丰"}}], "pageInfo": {"hasNextPage": True}},
        "last": {
            "nodes": [{"number": "O0", "lines": {"nodes": [{"product": "Tea", "order": {"number": "O0"}}]}}],
            "pageInfo": {"hasPreviousPage": True, "hasNextPage": False},
        },
    }


async def test_all_lists_of_the_tenant_stand_at_the_root(graphql: Ask, people: list[str], acme: Actor, globex: Actor) -> None:
    document = """{ orders(filter: {customer: {name: {startsWith: "张"}}}, orderBy: [{field: AMOUNT, direction: DESC}]) {
      nodes { number amount customer { phone { masked } } } } contacts { totalCount } }"""

    assert (await graphql(document, as_=acme))["orders"]["nodes"] == [
        {"number": "O1", "amount": "250.5", "customer": {"phone": {"masked": "+86138****5670"}}},
        {"number": "O0", "amount": "10", "customer": {"phone": {"masked": "+86138****5670"}}},
    ]
    assert (await graphql(document, as_=globex))["orders"]["nodes"] == []


async def test_a_node_is_found_by_its_id_whatever_its_type(graphql: Ask, people: list[str], acme: Actor, globex: Actor) -> None:
    (order,) = (await graphql('{ orders(filter: {number: {eq: "O2"}}) { nodes { id } } }', as_=acme))["orders"]["nodes"]
    ids = [order["id"], people[0], global_id(RecordType.NEED, new_id()), "nonsense", people[3], people[0]]
    document = """query ($ids: [ID!]!, $id: ID!) {
      nodes(ids: $ids) { __typename id ... on Customer { name phone { masked } } ... on Order { number customer { name } } }
      node(id: $id) { id ...N } } fragment N on Node { ... on Customer { externalId } __typename }"""
    answer = await graphql(document, as_=acme, ids=ids, id=people[3])
    elsewhere = await graphql(document, as_=globex, ids=ids, id=people[3])

    ada = {"__typename": "Customer", "id": people[0], "name": "张三丰", "phone": {"masked": "+86138****5670"}}
    assert answer["nodes"][:4] == [
        {"__typename": "Order", "id": order["id"], "number": "O2", "customer": {"name": "Jürgen Müller"}},
        ada,
        None,
        None,
    ]
    assert answer["nodes"][5] == ada
    assert answer["node"] == {"id": people[3], "externalId": "C3", "__typename": "Customer"}
    assert elsewhere["nodes"] == [None] * 6
    assert elsewhere["node"] is None
