"""The npm client graphql-ws against a live server."""

from __future__ import annotations

import pytest

from tests.clients import node
from tests.clients.conftest import Ask, Stored
from tests.clients.operations import assert_heard, assert_told, create, listen, look_up, watch


async def test_a_query_a_mutation_and_subscriptions_go_over_one_socket(ask: Ask, stored: Stored, worker: None, paused_import: str) -> None:
    (there,) = await stored([{"name": "欧阳娜娜"}])

    told = ask("graphql_ws", query=look_up(there), mutation=create("Zoë 娜"), subscriptions=[watch(paused_import), listen("娜 Zoë")])

    assert [each["data"] for each in told["query"]] == [{"customer": {"id": there, "name": "欧阳娜娜"}}]
    (made,) = told["mutation"]
    assert (made["data"]["createCustomer"]["customer"]["name"], made["data"]["createCustomer"]["userErrors"]) == ("Zoë 娜", [])
    progress, changes = ([event["data"] for event in events] for events in told["subscriptions"])
    assert_told(paused_import, progress)
    assert_heard("娜 Zoë", changes)
    assert told["connections"] == 1


@pytest.mark.parametrize("key", ["", "kelu_nonsense"])
def test_a_wrong_key_is_refused_with_4403_and_not_tried_again(served: str, key: str) -> None:
    told = node.run("graphql_ws", url=served, key=key, query=look_up("cus_1"))

    assert told == {"failure": {"code": 4403, "reason": "Forbidden"}, "connections": 1}
