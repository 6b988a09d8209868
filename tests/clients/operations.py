"""Operations that every client does: a query, a mutation, and a subscription that ends by itself."""

from __future__ import annotations

from typing import Any

Operation = dict[str, Any]


def look_up(id: str) -> Operation:
    return {"query": "query ($id: ID!) { customer(id: $id) { id name } }", "variables": {"id": id}}


def create(name: str) -> Operation:
    return {
        "query": "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id name } userErrors { code } } }",
        "variables": {"input": {"name": name}},
    }


def watch(paused_import: str) -> Operation:
    """Follows a paused import and resumes it once it is told of it, so there is always something to follow."""
    return {
        "query": "subscription ($id: ID!) { importProgress(id: $id) { id status rowsRead } }",
        "variables": {"id": paused_import},
        "onFirst": {
            "query": "mutation ($id: ID!) { resumeImport(id: $id) { import { id } userErrors { code } } }",
            "variables": {"id": paused_import},
        },
    }


def assert_told(import_id: str, events: list[dict[str, Any]]) -> None:
    """`events` are `importProgress` of `watch`, from paused to done."""
    assert {event["id"] for event in events} == {import_id}
    assert [event["status"] for event in events][:: len(events) - 1] == ["PAUSED", "DONE"]
    assert (events[0]["rowsRead"], events[-1]["rowsRead"]) == (0, 2)
