"""The road out: any selection of the graph, as the caller may see it."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, new_id
from tenants.session import Actor
from tenants.words import RecordType
from tests.server.conftest import Ask, Stored

ORDERS = "query ($id: ID!, $first: Int, $after: String) { customer(id: $id) { orders(first: $first, after: $after) { %s } } }"


async def _ordering(stored: Stored, actor: Actor, orders: int) -> str:
    """A customer with orders O1, O2, … a day apart, each of one line."""
    id = await stored(actor, name="Ada", external_id="A1")
    for number in range(1, orders + 1):
        line = {"lines.product": "Tea", "lines.quantity": "2", "lines.unit_price": "3.50"}
        order = {"customer_external_id": "A1", "number": f"O{number}", "ordered_at": f"2024-05-{number:02}", **line}
        await stored(actor, RecordType.ORDER, **order)
    return id


async def test_a_customer_is_read_as_it_was_taken_in(graphql: Ask, stored: Stored, acme: Actor) -> None:
    values = {"name": "Ada", "phone": "138 1234 5678", "birth_date": "1990-03-05", "tags": "vip,new", "city": "杭州", "lifecycle": "ACTIVE"}
    id = await stored(acme, **values)

    plain = "__typename id name tags city lifecycle gender custom { name } flags { code } verifiedAt version phone { masked }"
    fields = f"{plain} birthDate {{ masked }}"
    answer = await graphql(f"query ($id: ID!) {{ customer(id: $id) {{ {fields} }} }}", as_=acme, id=id)

    assert answer["customer"] == {
        "__typename": "Customer",
        "id": id,
        "name": "Ada",
        "tags": ["vip", "new"],
        "city": "杭州",
        "lifecycle": "ACTIVE",
        "gender": None,
        "custom": [],
        "flags": [],
        "verifiedAt": None,
        "version": 1,
        "phone": {"masked": "+86138****5678"},
        "birthDate": {"masked": "1990-**-**"},
    }


async def test_nested_lists_are_read_with_aliases_fragments_and_conditions(graphql: Ask, stored: Stored, acme: Actor) -> None:
    id = await _ordering(stored, acme, 3)

    document = """
    query ($id: ID!, $withLines: Boolean!, $short: Boolean = true) {
      one: customer(id: $id) { ...Named  last: orders(first: 1) { nodes { ...Order } }  all: orders { totalCount nodes { number } } }
      customer(id: $id) { ...Named @skip(if: $short) ... on Customer { name city @include(if: $withLines) } }
      __typename
    }
    fragment Named on Node { id ... { __typename } }
    fragment Order on Order {
      number amount currency orderedAt
      lines @include(if: $withLines) { nodes { position product quantity unitPrice amount } }
    }"""
    with_lines = await graphql(document, as_=acme, id=id, withLines=True)
    without = await graphql(document, as_=acme, id=id, withLines=False, short=False)

    line = {"position": 1, "product": "Tea", "quantity": "2", "unitPrice": "3.5", "amount": "7"}
    order = {"number": "O3", "amount": "7", "currency": "CNY", "orderedAt": "2024-05-02T16:00:00+00:00"}
    everything = {"totalCount": 3, "nodes": [{"number": "O3"}, {"number": "O2"}, {"number": "O1"}]}
    named = {"id": id, "__typename": "Customer"}
    assert with_lines.body["data"] == {
        "one": {**named, "last": {"nodes": [{**order, "lines": {"nodes": [line]}}]}, "all": everything},
        "customer": {"name": "Ada", "city": None},
        "__typename": "Query",
    }
    assert list(with_lines["one"]) == ["id", "__typename", "last", "all"]
    assert without["one"] == {**named, "last": {"nodes": [order]}, "all": everything}
    assert without["customer"] == {**named, "name": "Ada"}


async def test_fields_asked_for_twice_are_merged(graphql: Ask, stored: Stored, acme: Actor) -> None:
    id = await stored(acme, name="Ada", email="ada@example.org")

    document = """query ($id: ID!) { customer(id: $id) { name email { masked } } ...More }
    fragment More on Query { customer(id: $id) { email { m: masked } } }"""
    answer = await graphql(document, as_=acme, id=id)

    assert answer["customer"] == {"name": "Ada", "email": {"masked": "a***@example.org", "m": "a***@example.org"}}


async def test_a_value_kept_as_entered_is_flagged_by_the_name_of_its_field(graphql: Ask, stored: Stored, acme: Actor) -> None:
    id = await stored(acme, name="Ada", national_id="12", phone="12")

    answer = await graphql("query ($id: ID!) { customer(id: $id) { flags { field code } nationalId { masked } } }", as_=acme, id=id)

    assert {"field": "nationalId", "code": "BAD_NATIONAL_ID"} in answer["customer"]["flags"]
    assert {"field": "phone", "code": "IMPLAUSIBLE_PHONE"} in answer["customer"]["flags"]


@pytest.mark.parametrize("customers", [0, 1, 2, 5])
async def test_a_list_is_walked_page_by_page_newest_first(graphql: Ask, stored: Stored, acme: Actor, customers: int) -> None:
    made = [await stored(acme, name=f"Customer {number}") for number in range(customers)]

    document = """query ($after: String) { customers(first: 2, after: $after) {
      edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"""
    seen: list[str] = []
    after = None
    for _ in range(4):
        page: dict[str, Any] = (await graphql(document, as_=acme, after=after))["customers"]
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        assert page["totalCount"] == customers
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [edge["node"]["id"] for edge in page["edges"]]
        ends = [page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]]
        assert ends == ([page["edges"][0]["cursor"], page["edges"][-1]["cursor"]] if page["edges"] else [None, None])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == list(reversed(made))


async def test_a_nested_list_goes_on_behind_its_cursor(graphql: Ask, stored: Stored, acme: Actor) -> None:
    id = await _ordering(stored, acme, 3)

    first = await graphql(ORDERS % "nodes { number } pageInfo { endCursor hasNextPage }", as_=acme, id=id, first=2)
    page = first["customer"]["orders"]
    rest = await graphql(ORDERS % "edges { node { number } }", as_=acme, id=id, first=2, after=page["pageInfo"]["endCursor"])

    assert page["nodes"] == [{"number": "O3"}, {"number": "O2"}]
    assert page["pageInfo"]["hasNextPage"] is True
    assert rest["customer"]["orders"]["edges"] == [{"node": {"number": "O1"}}]


async def test_another_tenants_record_is_not_found_in_the_words_of_one_that_never_was(
    graphql: Ask, stored: Stored, acme: Actor, globex: Actor
) -> None:
    hidden = await stored(acme, name="Ada", phone="13812345678")
    ids = [hidden, global_id(RecordType.CUSTOMER, new_id()), hidden.replace("cus_", "ord_"), "cus_1", "", "\x00", "' OR 1=1 --"]

    document = "query ($id: ID!) { customer(id: $id) { name phone { masked } } customers { totalCount nodes { name } } }"
    answers = [await graphql(document, as_=globex, id=id) for id in ids]

    assert all(answer.body == answers[0].body for answer in answers)
    assert answers[0].codes == ["NOT_FOUND"]
    assert answers[0].body["data"] == {"customer": None, "customers": {"totalCount": 0, "nodes": []}}
    assert (await graphql(document, as_=acme, id=hidden))["customer"]["name"] == "Ada"


async def test_a_cursor_is_good_in_its_own_list_of_its_own_tenant_only(graphql: Ask, stored: Stored, acme: Actor, globex: Actor) -> None:
    id = await _ordering(stored, acme, 2)
    await stored(globex, name="Grace")
    both = "query ($id: ID!) { customers { edges { cursor } } customer(id: $id) { orders { edges { cursor } } } }"
    answer = await graphql(both, as_=acme, id=id)
    of_customers, of_orders = answer["customers"]["edges"][0]["cursor"], answer["customer"]["orders"]["edges"][0]["cursor"]

    document = "query ($after: String) { customers(after: $after) { nodes { id } } }"
    foreign = await graphql(document, as_=globex, after=of_customers)
    wrong = [of_orders, of_customers[:-2] + "AA", "", "x", "é", of_customers * 20]
    refused = [foreign, *[await graphql(document, as_=acme, after=each) for each in wrong]]

    assert (await graphql(document, as_=acme, after=of_customers))["customers"] == {"nodes": []}
    for each in refused:
        assert each.codes == ["INVALID"]
        assert each.errors[0]["message"] == "This cursor is not one of this list in this order."
        assert each.body.get("data") is None


@pytest.mark.parametrize(("first", "is_fine"), [(1, True), (100, True), (None, True), (0, False), (101, False), (-1, False)])
async def test_a_page_has_one_to_a_hundred_records(graphql: Ask, acme: Actor, first: int | None, is_fine: bool) -> None:
    answer = await graphql("query ($first: Int) { customers(first: $first) { totalCount } }", as_=acme, first=first)

    assert answer.codes == ([] if is_fine else ["INVALID"])


async def test_an_answer_has_a_bounded_number_of_records(graphql: Ask, acme: Actor) -> None:
    document = (
        "query ($a: Int, $b: Int) { customers(first: $a) { nodes { orders(first: $b) { nodes { lines(first: $b) { nodes { id } } } } } } }"
    )

    assert (await graphql(document, as_=acme, a=100, b=9)).codes == []
    assert (await graphql(document, as_=acme, a=100, b=10)).codes == ["TOO_LARGE"]


async def test_an_estimate_is_what_the_request_then_costs(graphql: Ask, acme: Actor) -> None:
    document = "query ($first: Int) { customers(first: $first) { totalCount nodes { orders(first: 5) { nodes { number } } } } }"
    asking = """query ($text: String!, $variables: JSON) { __typename customers { totalCount }
      estimate(document: $text, variables: $variables) { cost costLimit records recordsLimit isWithinLimits } }"""
    estimated = (await graphql(asking, as_=acme, text=document, variables={"first": 20}))["estimate"]
    answer = await graphql(document, as_=acme, first=20)

    assert estimated == {"cost": 131, "costLimit": 20_000, "records": 120, "recordsLimit": 10_000, "isWithinLimits": True}
    assert answer.extensions["cost"]["requested"] == estimated["cost"]
    assert (await graphql(asking, as_=acme, text=document, variables={"first": 100}))["estimate"]["records"] == 600


@pytest.mark.parametrize("document", ["{ nothing }", "{", "{ customers(first: 101) { totalCount } }"])
async def test_an_estimate_of_what_would_be_refused_says_why(graphql: Ask, acme: Actor, document: str) -> None:
    answer = await graphql("query ($text: String!) { estimate(document: $text) { cost } }", as_=acme, text=document)

    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["message"].startswith("This document would be refused: ")


async def test_a_page_of_which_nothing_is_included_is_an_empty_object(graphql: Ask, acme: Actor) -> None:
    document = "{ customers { ... @skip(if: true) { totalCount } } orders { ... @include(if: false) { nodes { id } } } }"
    answer = await graphql(document, as_=acme)

    assert answer.body["data"] == {"customers": {}, "orders": {}}


async def test_a_page_info_of_which_only_its_name_is_asked_reads_nothing(graphql: Ask, acme: Actor) -> None:
    document = '{ customers(first: 3) { pageInfo { __typename } } orders(filter: {number: {eq: "O1"}}) { pageInfo { __typename } } }'
    answer = await graphql(document, as_=acme)

    assert answer.body["data"] == {key: {"pageInfo": {"__typename": "PageInfo"}} for key in ("customers", "orders")}
