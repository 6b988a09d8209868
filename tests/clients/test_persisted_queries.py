"""Automatic persisted queries as Apollo Client does them: the first one to ask sends the query once, everybody after it a hash."""

from __future__ import annotations

from uuid import uuid4

from tests.clients.conftest import Ask, Stored
from tests.clients.operations import Operation


def new_query(id: str) -> Operation:
    """A query nobody has asked before: its own name makes it another text."""
    return {"query": f"query Q{uuid4().hex} ($id: ID!) {{ customer(id: $id) {{ name }} }}", "variables": {"id": id}}


async def test_a_query_is_sent_once_and_its_hash_from_then_on(ask: Ask, stored: Stored) -> None:
    (there,) = await stored([{"name": "欧阳娜娜"}])

    told = ask("apollo_persisted", query=new_query(there))

    hash_alone = {"method": "POST", "hasQuery": False, "hasHash": True}
    assert told["data"] == [{"customer": {"name": "欧阳娜娜", "__typename": "Customer"}}] * 3
    assert told["requests"] == [[hash_alone, hash_alone | {"hasQuery": True}], [hash_alone], [hash_alone | {"method": "GET"}]]


async def test_a_hash_that_is_not_the_querys_own_is_refused(ask: Ask, stored: Stored) -> None:
    (there,) = await stored([{"name": "欧阳娜娜"}])

    told = ask("apollo_persisted", query=new_query(there), hash="0" * 64)

    assert told == {"errors": ["INVALID"]}
