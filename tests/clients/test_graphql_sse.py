"""The npm client graphql-sse against a live server."""

from __future__ import annotations

from tests.clients.conftest import Ask
from tests.clients.operations import assert_heard, assert_told, listen, watch


async def test_subscriptions_and_mutations_go_over_server_sent_events(ask: Ask, worker: None, paused_import: str) -> None:
    told = ask("graphql_sse", subscriptions=[watch(paused_import), listen("娜 Zoë")])

    progress, changes = ([event["data"] for event in events] for events in told["subscriptions"])
    assert_told(paused_import, progress)
    assert_heard("娜 Zoë", changes)
