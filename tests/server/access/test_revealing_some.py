"""Who may reveal some of what he sees gets that, and one error that says which of the others is the first."""

from __future__ import annotations

from typing import Any

from tenants.ids import local_id
from tenants.rules.custom_fields import FieldType, create_field
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.access.conftest import MakeMember, MakeRole, Person
from tests.server.conftest import Stored

_OWNED = "UPDATE customer SET owner_id = $3 WHERE tenant_id = $1 AND id = $2"
PHONES = '{ customers { nodes { phone { value(purpose: "Anruf") } } } }'
OWN_FIELDS = '{ customers { nodes { protectedCustom { name value(purpose: "Anruf") } } } }'


async def own(somebody: Person, customer: str) -> None:
    async with acting_as(somebody.tenant) as unit:
        await unit.connection.execute(_OWNED, somebody.tenant.tenant_id, local_id(RecordType.CUSTOMER, customer), somebody.id)


async def test_the_error_is_at_a_value_that_is_not_given(acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored) -> None:
    permissions = {"CUSTOMER_READ": "ALL", "CUSTOMER_REVEAL": "OWN"}
    somebody = await make_member(acme, await make_role(acme, {"permissions": permissions, "fields": {"CUSTOMER": {"*": "READ"}}}))
    await stored(acme, name="李雷", phone="13912345678")
    await own(somebody, await stored(acme, name="王芳", phone="13812345678"))

    answer = await somebody.ask(PHONES)

    nodes: list[dict[str, Any]] = answer.body["data"]["customers"]["nodes"]
    assert nodes == [{"phone": {"value": "+8613812345678"}}, {"phone": {"value": None}}]
    assert [error["path"] for error in answer.errors] == [["customers", "nodes", 1, "phone", "value"]]


async def test_a_field_of_ones_own_that_is_not_given_has_an_error_beside_one_that_is(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    async with acting_as(acme):
        for name in ("allergy", "income"):
            await create_field(name, FieldType.TEXT, {"is_sealed": True}, None)
    permissions = {"CUSTOMER_READ": "ALL", "CUSTOMER_REVEAL": "ALL"}
    levels = {"*": "READ", "custom.income": "MASKED"}
    somebody = await make_member(acme, await make_role(acme, {"permissions": permissions, "fields": {"CUSTOMER": levels}}))
    await stored(acme, name="王芳", **{"custom.allergy": "Nüsse", "custom.income": "1000"})

    answer = await somebody.ask(OWN_FIELDS)

    [node] = answer.body["data"]["customers"]["nodes"]
    assert node["protectedCustom"] == [{"name": "allergy", "value": "Nüsse"}, {"name": "income", "value": None}]
    assert [(error["extensions"]["code"], error["path"]) for error in answer.errors] == [
        ("NOT_ALLOWED", ["customers", "nodes", 0, "protectedCustom", 1, "value"])
    ]
