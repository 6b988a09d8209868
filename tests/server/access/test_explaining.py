"""explainAccess tells by which role, and why, somebody may see or change something, to whoever may know it."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, local_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.access.conftest import MakeMember, MakeRole, Person, make_team
from tests.server.conftest import Answer, Stored

EXPLAIN = """query ($member: ID!, $record: ID!, $field: String) { explainAccess(memberId: $member, recordId: $record, field: $field) {
    isActive isVisible level mayReveal mayUpdate mayDelete
    roles { id name isBuiltIn level decides permissions { permission scope isInScope reaches
        conditions { holds condition { noun field in notIn } } } } } }"""
EAST: dict[str, Any] = {
    "permissions": {"CUSTOMER_READ": "ALL", "CUSTOMER_UPDATE": "OWN", "ORDER_READ": "ALL", "CUSTOMER_REVEAL": "ALL"},
    "fields": {"CUSTOMER": {"*": "WRITE", "phone": "READ", "email": "NONE"}, "ORDER": {"*": "READ", "amount": "NONE"}},
    "conditions": {"CUSTOMER": [{"field": "region", "in": ["华东"]}, {"field": "tags", "notIn": ["secret"]}]},
}
OWN: dict[str, Any] = {"permissions": {"CUSTOMER_READ": "TEAM"}, "fields": {"CUSTOMER": {"*": "MASKED"}}}


async def explained(who: Person, whom: Person, record: str, field: str | None = None) -> Answer:
    return await who.ask(EXPLAIN, member=whom.global_id, record=record, field=field)


async def own(customer: str, whom: Person) -> None:
    async with acting_as(whom.tenant) as unit:
        statement = "UPDATE customer SET owner_id = $3 WHERE tenant_id = $1 AND id = $2"
        await unit.connection.execute(statement, whom.tenant.tenant_id, local_id(RecordType.CUSTOMER, customer), whom.id)


async def test_each_role_says_whether_it_reaches_and_the_sum_which_decides(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    east, masks = await make_role(acme, EAST, "East"), await make_role(acme, OWN, "Own")
    admin, lin, ben = await make_member(acme, "ADMIN"), await make_member(acme, east, masks), await make_member(acme)
    await make_team(acme, "华东", lin, ben)
    inside = await stored(acme, name="张伟", region="华东", tags="vip", phone="13812345678")
    outside = await stored(acme, name="Jürgen", region="Bayern")
    for customer in (inside, outside):
        await own(customer, ben)

    found, other = [(await explained(admin, lin, each, "phone"))["explainAccess"] for each in (inside, outside)]

    assert (found["isVisible"], found["level"], found["mayReveal"], found["mayUpdate"]) == (True, "READ", True, False)
    assert (other["isVisible"], other["level"], other["mayReveal"], other["mayUpdate"]) == (True, "MASKED", False, False)
    assert [(role["name"], role["level"], role["decides"]) for role in found["roles"]] == [("East", "READ", True), ("Own", "MASKED", False)]
    assert [(role["name"], role["decides"]) for role in other["roles"]] == [("East", False), ("Own", True)]
    read = {each["permission"]: each for each in other["roles"][0]["permissions"]}["CUSTOMER_READ"]
    assert (read["scope"], read["isInScope"], read["reaches"]) == ("ALL", True, False)
    assert [(each["condition"]["field"], each["holds"]) for each in read["conditions"]] == [("region", False), ("tags", True)]
    update = {each["permission"]: each for each in found["roles"][0]["permissions"]}["CUSTOMER_UPDATE"]
    assert (update["scope"], update["isInScope"], update["reaches"]) == ("OWN", False, False)
    assert found["roles"][0]["id"] == global_id("ROLE", east)


async def test_what_belongs_to_a_customer_is_seen_with_it_alone(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, await make_role(acme, EAST))
    orders = []
    for region, number in (("华东", "1"), ("Bayern", "2")):
        await stored(acme, name="Ada", external_id=number, region=region)
        lines = {"lines.product": "Tea", "lines.quantity": "1", "lines.unit_price": "5"}
        orders.append(await stored(acme, RecordType.ORDER, customer_external_id=number, number=number, ordered_at="2024-05-01", **lines))

    seen, hidden = [(await explained(admin, lin, each, "amount"))["explainAccess"] for each in orders]
    number = (await explained(admin, lin, orders[0], "number"))["explainAccess"]

    assert (seen["isVisible"], seen["level"]) == (True, "NONE")
    assert (hidden["isVisible"], hidden["level"]) == (False, "NONE")
    assert number["level"] == "READ"
    customer = {each["permission"]: each["reaches"] for each in hidden["roles"][0]["permissions"]}
    assert (customer["ORDER_READ"], customer["CUSTOMER_READ"]) == (True, False)
    async with acting_as(acme) as unit:
        line = await unit.connection.fetchval("SELECT id FROM order_line WHERE tenant_id = $1 LIMIT 1", acme.tenant_id)
    assert (await explained(admin, lin, global_id(RecordType.ORDER_LINE, line)))["explainAccess"]["level"] == "READ"


async def test_who_is_suspended_may_do_nothing(acme: Actor, make_member: MakeMember, stored: Stored) -> None:
    admin, lin = await make_member(acme, "ADMIN"), await make_member(acme, "MANAGER", status="SUSPENDED")
    customer = await stored(acme, name="Ada", phone="13812345678")

    found = (await explained(admin, lin, customer, "phone"))["explainAccess"]

    assert (found["isActive"], found["isVisible"], found["level"], found["mayUpdate"]) == (False, False, "NONE", False)


async def test_nothing_is_explained_to_who_may_not_know(
    acme: Actor, globex: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    manage = {"MEMBER_READ": "ALL", "ROLE_MANAGE": "ALL"}
    blind = await make_role(
        acme, {"permissions": manage | {"CUSTOMER_READ": "ALL"}, "fields": {"CUSTOMER": {"*": "READ", "region": "NONE"}}}
    )
    near = await make_role(acme, {"permissions": manage | {"CUSTOMER_READ": "OWN"}, "fields": {"CUSTOMER": {"*": "READ"}}})
    lin, of_globex = await make_member(acme, await make_role(acme, EAST)), await make_member(globex, "ADMIN")
    customer, foreign = await stored(acme, name="Ada", region="华东"), await stored(globex, name="Eve")
    sales, cannot_see_region, sees_own = [await make_member(acme, role) for role in ("SALES", blind, near)]
    admin = await make_member(acme, "ADMIN")

    assert (await explained(sales, lin, customer)).codes == ["NOT_ALLOWED"]
    assert (await explained(cannot_see_region, lin, customer)).codes == ["NOT_ALLOWED"]
    assert (await explained(sees_own, lin, customer)).codes == ["NOT_FOUND"]
    assert (await explained(admin, lin, foreign)).codes == ["NOT_FOUND"]
    assert (await explained(admin, of_globex, customer)).codes == ["NOT_FOUND"]
    assert (await explained(of_globex, lin, customer)).codes == ["NOT_FOUND"]
    assert (await explained(await make_member(acme, "AUDITOR"), lin, customer)).errors == []


@pytest.mark.parametrize("field", ["salary", "birth_date", "", "*", "orders"])
async def test_an_unknown_field_is_refused(acme: Actor, make_member: MakeMember, stored: Stored, field: str) -> None:
    admin = await make_member(acme, "ADMIN")

    answer = await explained(admin, admin, await stored(acme, name="Ada"), field)

    assert answer.codes == ["INVALID"]
    assert "birthDate" in answer.errors[0]["message"]
