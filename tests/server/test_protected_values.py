"""Sealed values on their way out: masked for everybody, in clear for a key that may reveal, and then noted."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tenants.ids import local_id, new_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask, Stored, reveals

PHONES = "{ customers { nodes { name phone { masked value } } } }"


async def test_a_value_in_clear_needs_the_permission_and_is_noted_without_itself(graphql: Ask, stored: Stored, acme: Actor) -> None:
    await stored(acme, name="Ada", phone="13812345678")
    await stored(acme, name="Grace", phone="13912345678")
    await stored(acme, name="Lin")

    with capture_logs() as logs:
        answer = await graphql(PHONES, as_=acme, may_reveal=True)

    assert [node["phone"] for node in answer["customers"]["nodes"]] == [
        None,
        {"masked": "+86139****5678", "value": "+8613912345678"},
        {"masked": "+86138****5678", "value": "+8613812345678"},
    ]
    assert await reveals(acme) == [(["phone"], "test")]
    assert "1381234" not in str(logs)


async def test_without_the_permission_the_value_is_null_and_one_error_says_where(graphql: Ask, stored: Stored, acme: Actor) -> None:
    await stored(acme, name="Ada", phone="13812345678")
    await stored(acme, name="Grace", phone="13912345678")
    await stored(acme, name="Lin")

    answer = await graphql(PHONES, as_=acme)

    assert [node["phone"] for node in answer.body["data"]["customers"]["nodes"]] == [
        None,
        {"masked": "+86139****5678", "value": None},
        {"masked": "+86138****5678", "value": None},
    ]
    assert answer.codes == ["NOT_ALLOWED"]
    assert answer.errors[0]["path"] == ["customers", "nodes", 1, "phone", "value"]
    assert "13812345678" not in str(answer.body)


@pytest.mark.parametrize("may_reveal", [True, False])
async def test_protected_values_of_nested_records_are_opened_too(graphql: Ask, stored: Stored, acme: Actor, may_reveal: bool) -> None:
    await stored(acme, name="Ada", external_id="A1")
    spoken = {"customer_external_id": "A1", "channel": "PHONE", "occurred_at": "2024-05-01", "content": "Wants tea"}
    await stored(acme, RecordType.INTERACTION, **spoken)
    await stored(acme, RecordType.CONTACT, customer_external_id="A1", name="Eve", email="eve@example.org")

    document = """{ customers { edges { node { __typename
      contacts { nodes { name a: email { masked } b: email { __typename masked } } }
      interactions { edges { cursor node { said: content { masked clear: value } } } } } } } }"""
    answer = await graphql(document, as_=acme, may_reveal=may_reveal)

    node: dict[str, Any] = answer.body["data"]["customers"]["edges"][0]["node"]
    contact = {"name": "Eve", "a": {"masked": "e***@example.org"}, "b": {"__typename": "ProtectedText", "masked": "e***@example.org"}}
    said = {"masked": "W***", "clear": "Wants tea" if may_reveal else None}
    assert node["contacts"]["nodes"] == [contact]
    assert node["interactions"]["edges"][0]["node"] == {"said": said}
    assert list(node) == ["__typename", "contacts", "interactions"]
    path = ["customers", "edges", 0, "node", "interactions", "edges", 0, "node", "said", "clear"]
    assert [error["path"] for error in answer.errors] == ([] if may_reveal else [path])


async def test_a_tenants_own_fields_are_shown_and_its_sealed_ones_masked(graphql: Ask, stored: Stored, acme: Actor) -> None:
    async with acting_as(acme) as unit:
        for name, type_, is_sealed in (("shoe_size", "NUMBER", False), ("nickname", "TEXT", True)):
            columns = "tenant_id, id, name, label, type, is_sealed"
            await unit.connection.execute(
                f"INSERT INTO custom_field ({columns}) VALUES ($1, $2, $3, $3, $4, $5)", acme.tenant_id, new_id(), name, type_, is_sealed
            )
    await stored(acme, name="Ada", **{"custom.shoe_size": "43.5", "custom.nickname": "Lovelace"})

    document = "{ customers { nodes { custom { name value } protectedCustom { name masked value } } } }"
    answer = await graphql(document, as_=acme)
    revealed = await graphql(document, as_=acme, may_reveal=True)

    node = answer.body["data"]["customers"]["nodes"][0]
    assert node["custom"] == [{"name": "shoe_size", "value": 43.5}]
    assert node["protectedCustom"] == [{"name": "nickname", "masked": "L***", "value": None}]
    assert answer.errors[0]["path"] == ["customers", "nodes", 0, "protectedCustom", 0, "value"]
    assert revealed["customers"]["nodes"][0]["protectedCustom"][0]["value"] == "Lovelace"


async def test_a_sealed_value_moved_to_another_record_is_a_bug_and_not_shown(graphql: Ask, stored: Stored, acme: Actor) -> None:
    ada, grace = [await stored(acme, name=name, phone=phone) for name, phone in (("Ada", "13812345678"), ("Grace", "13912345678"))]
    async with acting_as(acme) as unit:
        moved = "UPDATE customer SET phone = (SELECT phone FROM customer WHERE tenant_id = $1 AND id = $2) WHERE tenant_id = $1 AND id = $3"
        ids = [local_id(RecordType.CUSTOMER, id) for id in (ada, grace)]
        await unit.connection.execute(moved, acme.tenant_id, *ids)

    answer = await graphql("query ($id: ID!) { customer(id: $id) { phone { masked } } }", as_=acme, id=grace)

    assert answer.body.get("data") is None
    assert answer.codes == ["INTERNAL"]
    assert "5678" not in str(answer.body)


async def test_an_error_says_where_in_the_answer_its_record_stands(graphql: Ask, stored: Stored, acme: Actor) -> None:
    ada, lin, grace = [await stored(acme, **each) for each in ({"name": "Ada", "phone": "13812345678"}, {"name": "Lin"}, {"name": "Grace"})]
    phone = "phone { value }"
    found = await graphql(
        f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Customer {{ {phone} }} }} }}", as_=acme, ids=["cus_x", lin, ada]
    )
    update = f'mutation ($id: ID!) {{ done: updateCustomer(input: {{id: $id, city: "Köln"}}) {{ who: customer {{ {phone} }} }} }}'
    changed = await graphql(update, as_=acme, id=ada)
    rows = [{"id": "cus_x"}, {"id": grace, "city": "杭州"}, {"id": ada, "city": "杭州"}]
    upsert = (
        f"mutation ($input: UpsertCustomersInput!) {{ upsertCustomers(input: $input) {{ each: results {{ customer {{ {phone} }} }} }} }}"
    )
    many = await graphql(upsert, as_=acme, input={"rows": rows})

    assert [error["path"] for error in found.errors] == [["nodes", 2, "phone", "value"]]
    assert [error["path"] for error in changed.errors] == [["done", "who", "phone", "value"]]
    assert [error["path"] for error in many.errors] == [["upsertCustomers", "each", 2, "customer", "phone", "value"]]
