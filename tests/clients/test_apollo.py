"""Apollo Client against a live server, as a frontend has it: HTTP for queries and mutations, graphql-ws for subscriptions."""

from __future__ import annotations

from tests.clients.conftest import Ask, Stored
from tests.clients.operations import assert_heard, assert_told, create, listen, look_up, watch

LIST = """query ($first: Int, $after: String) {
  customers(first: $first, after: $after) { edges { cursor node { id name } } pageInfo { hasNextPage endCursor } }
}"""


async def test_a_query_a_mutation_a_page_through_and_subscriptions(ask: Ask, stored: Stored, worker: None, paused_import: str) -> None:
    there = await stored([{"name": f"李小龙 {number}"} for number in range(25)])

    told = ask(
        "apollo",
        query=look_up(there[0]),
        mutation=create("Zoë 娜"),
        list={"query": LIST, "variables": {"first": 10}},
        subscriptions=[watch(paused_import), listen("娜 Zoë")],
    )

    made = told["mutation"]["createCustomer"]["customer"]
    assert told["query"]["customer"] == {"id": there[0], "name": "李小龙 0", "__typename": "Customer"}
    assert made["name"] == "Zoë 娜"
    assert told["pages"] == [10, 10, 6]
    assert [edge["node"]["id"] for edge in told["listed"]["edges"]] == [made["id"], *reversed(there)]
    assert not told["listed"]["pageInfo"]["hasNextPage"]
    progress, changes = told["subscriptions"]
    assert_told(paused_import, progress)
    assert_heard("娜 Zoë", changes)
