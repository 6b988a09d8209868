"""Operations that every client does: a query, a mutation, a subscription that ends by itself and one that goes on."""

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


def listen(name: str) -> Operation:
    """Listens to what happens to customers of a name, makes one until it is told of it, and hangs up."""
    return {
        "query": "subscription ($filter: CustomerFilter) { customerChanged(filter: $filter) { action customer { name } } }",
        "variables": {"filter": {"name": {"eq": name}}},
        "until": create(name),
        "events": 1,
    }


def assert_told(import_id: str, results: list[Any]) -> None:
    """What `watch` is told, from paused to done."""
    events = [result["importProgress"] for result in results]
    assert {event["id"] for event in events} == {import_id}
    assert [event["status"] for event in events][:: len(events) - 1] == ["PAUSED", "DONE"]
    assert (events[0]["rowsRead"], events[-1]["rowsRead"]) == (0, 2)


def assert_heard(name: str, results: list[Any]) -> None:
    """What `listen` is told, once."""
    (event,) = [result["customerChanged"] for result in results]
    assert (event["action"], event["customer"]["name"]) == ("CREATE", name)
