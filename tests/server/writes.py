"""What the tests of mutations share: a document for each noun, and a customer to hang records on."""

from __future__ import annotations

from typing import Any

from tenants.session import Actor
from tests.server.conftest import Ask

ERRORS = "userErrors { code field message row conflictsWith }"

#: Of each noun that belongs to a customer: what a new one needs, another value, and the table it lies in.
CHILDREN: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "Contact": ({"name": "Bob", "phone": "13900139000", "jobTitle": "Buyer"}, {"jobTitle": "Head of buying"}, "contact"),
    "Order": ({"number": "O1", "orderedAt": "2026-01-05", "status": "PAID"}, {"status": "SHIPPED"}, "customer_order"),
    "Interaction": ({"channel": "PHONE", "occurredAt": "2026-01-05T10:30:00Z", "subject": "Tea"}, {"subject": "Cups"}, "interaction"),
    "Need": ({"what": "green tea", "productInterest": "Tea", "expectedAt": "2030-05-01"}, {"status": "MATCHED"}, "need"),
    "Preference": ({"kind": "drink", "value": "tea", "externalId": "P1"}, {"value": "milk"}, "preference"),
}


def create(noun: str, selection: str = "id version") -> str:
    return _document("create", noun, f"{_key(noun)} {{ {selection} }}")


def update(noun: str, selection: str = "id version") -> str:
    return _document("update", noun, f"{_key(noun)} {{ {selection} }} conflicts {{ field yours stored base isConflicting }}")


def delete(noun: str) -> str:
    document = _document("delete", noun, "deletedId deletedCounts { recordType count }")
    return document.replace(f"Delete{noun}Input", "DeleteInput")


def _document(act: str, noun: str, payload: str) -> str:
    name = f"{act}{noun}"
    return f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ done: {name}(input: $input) {{ {payload} {ERRORS} }} }}"


def _key(noun: str) -> str:
    return f"{noun[0].lower()}{noun[1:]}"


async def done(graphql: Ask, document: str, as_: Actor, input: dict[str, Any], **more: Any) -> Any:
    """The payload of the document's one mutation."""
    return (await graphql(document, as_=as_, input=input, **more))["done"]


async def made(graphql: Ask, as_: Actor, noun: str = "Customer", **input: Any) -> str:
    """A new record's id."""
    payload = await done(graphql, create(noun), as_, input)
    assert payload["userErrors"] == [], payload
    id: str = payload[_key(noun)]["id"]
    return id


def codes(payload: Any) -> list[tuple[str, list[str] | None]]:
    return [(error["code"], error["field"]) for error in payload["userErrors"]]
