"""The npm client graphql-sse against a live server."""

from __future__ import annotations

from tests.clients.conftest import Ask
from tests.clients.operations import assert_told, watch


async def test_a_subscription_and_a_mutation_go_over_server_sent_events(ask: Ask, worker: None, paused_import: str) -> None:
    told = ask("graphql_sse", subscription=watch(paused_import))

    assert_told(paused_import, [event["data"]["importProgress"] for event in told["subscription"]])
