"""previewRoleChange tells before a change whom it is about, and on how many records what is gained and lost; and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id
from tenants.installation import installation
from tenants.session import Actor
from tests.server.access.conftest import MakeMember, MakeRole, rows
from tests.server.access.test_explaining import own
from tests.server.conftest import Stored

PREVIEW = """query ($input: PreviewRoleChangeInput!) { previewRoleChange(input: $input) { memberCount isComplete
    changes { permissionsGained { permission scope } permissionsLost { permission scope }
        fieldsGained { field level } fieldsLost { field level } }
    records { noun gained lost fields { field gained lost } }
    members { id name records { noun gained lost fields { field gained lost } } } } }"""
READ: dict[str, Any] = {"permissions": {"CUSTOMER_READ": "OWN"}, "fields": {"CUSTOMER": {"*": "READ", "city": "NONE", "phone": "MASKED"}}}


def customers(found: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in found["records"] if each["noun"] == "CUSTOMER")


async def test_a_wider_role_tells_how_many_members_and_records_gain_what(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    role = await make_role(acme, READ)
    admin, lin, ben = await make_member(acme, "ADMIN"), await make_member(acme, role), await make_member(acme, role)
    for place, region in enumerate(["华东", "华东", "Bayern"]):
        customer = await stored(acme, name=f"Customer {place}", region=region)
        if place == 0:
            await own(customer, lin)
    before = await rows(acme, "SELECT * FROM role WHERE tenant_id = $1")
    change = {
        "id": global_id("ROLE", role),
        "permissions": [{"permission": "CUSTOMER_READ"}],
        "fields": [{"noun": "CUSTOMER", "field": "phone", "level": "NONE"}],
        "conditions": [{"noun": "CUSTOMER", "field": "region", "in": ["华东"]}],
    }

    found = (await admin.ask(PREVIEW, input={"role": change}))["previewRoleChange"]

    assert (found["memberCount"], found["isComplete"]) == (2, True)
    assert found["changes"]["permissionsGained"] == [{"permission": "CUSTOMER_READ", "scope": "ALL"}]
    assert found["changes"]["fieldsGained"] == [{"field": "city", "level": "READ"}]
    assert found["changes"]["fieldsLost"] == [{"field": "phone", "level": "MASKED"}]
    by_member = {member["id"]: customers(member) for member in found["members"]}
    assert (by_member[lin.global_id]["gained"], by_member[lin.global_id]["lost"]) == (1, 0)
    assert (by_member[ben.global_id]["gained"], by_member[ben.global_id]["lost"]) == (2, 0)
    fields = {each["field"]: (each["gained"], each["lost"]) for each in by_member[lin.global_id]["fields"]}
    assert (fields["city"], fields["phone"], fields["email"]) == ((2, 0), (0, 1), (1, 0))
    assert customers(found)["gained"] == 3
    assert await rows(acme, "SELECT * FROM role WHERE tenant_id = $1") == before
    assert await rows(acme, "SELECT 1 FROM trail_entry WHERE tenant_id = $1 AND event LIKE 'ROLE%'") == []


async def test_other_roles_of_a_member_tell_what_he_loses(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "MANAGER")
    role = await make_role(acme, READ)
    await own(await stored(acme, name="Ada", phone="13812345678"), lin)
    await stored(acme, name="Eve")

    found = (await admin.ask(PREVIEW, input={"member": {"id": lin.global_id, "roleIds": [global_id("ROLE", role)]}}))["previewRoleChange"]

    assert (found["memberCount"], customers(found)["gained"], customers(found)["lost"]) == (1, 0, 1)
    lost = {each["field"]: each["lost"] for each in customers(found)["fields"]}
    assert (lost["phone"], lost["city"], lost["name"]) == (2, 2, 2)
    assert {"permission": "IMPORT_RUN", "scope": "ALL"} in found["changes"]["permissionsLost"]


async def test_a_change_that_would_be_refused_is_not_previewed(
    acme: Actor, globex: Actor, make_member: MakeMember, make_role: MakeRole
) -> None:
    manage = {"MEMBER_READ": "ALL", "MEMBER_MANAGE": "ALL", "ROLE_MANAGE": "ALL", "CUSTOMER_READ": "ALL"}
    chief_role = await make_role(acme, {"permissions": manage, "fields": {"CUSTOMER": {"*": "READ", "region": "NONE"}}})
    small, foreign = await make_role(acme, {"permissions": {"CUSTOMER_READ": "ALL"}}), await make_role(globex, {})
    hidden = {"permissions": {"CUSTOMER_READ": "ALL"}, "conditions": {"CUSTOMER": [{"field": "region", "in": ["华东"]}]}}
    by_region = await make_role(acme, hidden)
    chief, admin, lin = await make_member(acme, chief_role), await make_member(acme, "ADMIN"), await make_member(acme, by_region)
    read, region = [{"permission": "CUSTOMER_READ"}], [{"noun": "CUSTOMER", "field": "region", "in": ["华东"]}]

    async def codes(**input: Any) -> list[str]:
        return (await chief.ask(PREVIEW, input=input)).codes

    assert await codes(role={"id": global_id("ROLE", small), "permissions": [{"permission": "CUSTOMER_DELETE"}]}) == ["NOT_ALLOWED"]
    assert await codes(role={"id": global_id("ROLE", small), "permissions": read, "conditions": region}) == ["NOT_ALLOWED"]
    assert await codes(role={"id": global_id("ROLE", by_region), "conditions": []}) == ["NOT_ALLOWED"]
    assert await codes(role={"id": global_id("ROLE", chief_role), "permissions": []}) == ["NOT_ALLOWED"]
    assert await codes(role={"id": global_id("ROLE", foreign), "permissions": []}) == ["NOT_FOUND"]
    assert await codes(member={"id": lin.global_id, "roleIds": []}) == ["NOT_ALLOWED"]
    assert await codes(member={"id": admin.global_id, "roleIds": []}) == ["NOT_ALLOWED"]
    assert await codes(member={"id": chief.global_id, "roleIds": []}) == ["NOT_ALLOWED"]
    assert await codes() == await codes(role={"id": "x"}, member={"id": "x", "roleIds": []}) == ["INVALID"]
    assert await codes(role={"id": global_id("ROLE", small), "permissions": []}) == []


async def test_what_was_not_counted_in_time_says_so(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = await make_role(acme, READ)
    admin, _ = await make_member(acme, "ADMIN"), await make_member(acme, role)
    await stored(acme, name="Ada")
    monkeypatch.setattr("tenants.access.previewing.COUNTING_SECONDS", 0.0)

    input = {"role": {"id": global_id("ROLE", role), "permissions": [{"permission": "CUSTOMER_READ"}]}}
    found = (await admin.ask(PREVIEW, input=input))["previewRoleChange"]

    assert (found["isComplete"], customers(found)["gained"], customers(found["members"][0])["lost"]) == (False, None, None)


async def test_one_preview_of_a_tenant_is_counted_at_a_time(
    acme: Actor, globex: Actor, make_member: MakeMember, make_role: MakeRole
) -> None:
    askers = [(await make_member(tenant, "ADMIN"), await make_role(tenant, READ)) for tenant in (acme, globex)]
    async with installation().readers.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('kelu preview ' || $1::uuid, 0))", acme.tenant_id)
        ours, theirs = [
            await admin.ask(PREVIEW, input={"role": {"id": global_id("ROLE", role), "permissions": []}}) for admin, role in askers
        ]

    assert (ours.codes, theirs.codes) == (["RATE_LIMITED"], [])
    admin, role = askers[0]
    assert (await admin.ask(PREVIEW, input={"role": {"id": global_id("ROLE", role), "permissions": []}})).codes == []
