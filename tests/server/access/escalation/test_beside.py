"""What is told beside the graph: files, settings, deletions, answers that are given again, and how many attempts there are in all."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tenants.access.actors import BELIEVED_SECONDS
from tenants.access.built_in import ADMIN, AUDITOR, BY_WORD, SALES
from tenants.access.permissions import NOUNS
from tenants.ids import global_id, new_id
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.server.access.attempts import ATTEMPTS
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.access.conftest import rows as stored_rows
from tests.server.access.escalation import assigning, hidden, looking, rows, test_keys, writing
from tests.server.conftest import Stored

_FIELDS = {noun.value: {"*": "WRITE"} for noun in NOUNS}
_SETTINGS = {"SETTINGS_READ": "ALL", "SETTINGS_MANAGE": "ALL"}


@pytest.mark.parametrize("role", ["SALES", "SERVICE", "AUDITOR", None])
async def test_files_are_taken_and_given_to_who_imports_only(
    acme: Actor, http: httpx.AsyncClient, make_member: MakeMember, role: str | None
) -> None:
    """What an import refused is whole rows of a file, with all that is in them."""
    who, manager = await make_member(acme, *([role] if role else [])), await make_member(acme, "MANAGER")
    bearer, allowed = ({"Authorization": f"Bearer {each.secret}"} for each in (who, manager))
    run = global_id("IMPORT", new_id())

    assert (await http.post("/uploads?name=a.csv", content=b"name\nAda\n", headers=bearer)).status_code == 403
    assert (await http.get(f"/imports/{run}/rejected.csv", headers=bearer)).status_code == 403
    # The control.
    assert (await http.post("/uploads?name=a.csv", content=b"name\nAda\n", headers=allowed)).status_code == 201
    assert (await http.get(f"/imports/{run}/rejected.csv", headers=allowed)).status_code == 404


_PROVIDER = """mutation ($input: SetIdentityProviderInput!) { done: setIdentityProvider(input: $input) {
    identityProvider { issuer } userErrors { code } } }"""


@pytest.mark.parametrize("role", [ADMIN.id, AUDITOR.id, SALES.id])
async def test_who_manages_settings_alone_lets_nobody_in_as_more(
    make_tenant: MakeTenant, make_role: MakeRole, make_member: MakeMember, role: UUID
) -> None:
    tenant = await make_tenant()
    who = await make_member(tenant, await make_role(tenant, {"permissions": {"SETTINGS_READ": "ALL", "SETTINGS_MANAGE": "ALL"}}))
    given = {"issuer": "https://login.example.org", "clientId": "kelu", "clientSecret": "x y z", "emailDomains": ["example.cn"]}
    more = given | {"defaultRoleIds": [global_id("ROLE", role)], "makesMembers": True}

    assert (await who.ask(_PROVIDER, input=more))["done"] == {"identityProvider": None, "userErrors": [{"code": "NOT_ALLOWED"}]}


_UNIQUE = """mutation ($input: UpdateTenantSettingsInput!) { done: updateTenantSettings(input: $input) {
    clashes { key customers customerIds } userErrors { code conflictsWith } } }"""


@pytest.mark.parametrize("key", ["PHONE", "EMAIL", "NATIONAL_ID"])
@pytest.mark.parametrize("how", ["without customers", "of the own ones", "of a mask"])
async def test_who_may_not_see_a_key_is_not_told_who_shares_it(
    acme: Actor, make_role: MakeRole, make_member: MakeMember, stored: Stored, key: str, how: str
) -> None:
    permissions = {"without customers": {}, "of the own ones": {"CUSTOMER_READ": "OWN"}, "of a mask": {"CUSTOMER_READ": "ALL"}}[how]
    masks = {"CUSTOMER": {"*": "READ", "phone": "MASKED", "email": "MASKED", "national_id": "MASKED"}}
    grants = {"permissions": _SETTINGS | permissions, "fields": masks if how == "of a mask" else _FIELDS}
    for name in ("Ada", "Eve"):
        await stored(acme, name=name, phone="13812345678", email="ada@example.org", national_id="11010119900307109X")
    who, admin = await make_member(acme, await make_role(acme, grants)), await make_member(acme, "ADMIN")

    told, control = [(await each.ask(_UNIQUE, input={"uniqueKeys": [key]}))["done"] for each in (who, admin)]

    assert told == {"clashes": [], "userErrors": [{"code": "NOT_ALLOWED", "conflictsWith": None}]}
    assert [clash["customers"] for clash in control["clashes"]] == [2]


_DELETE = """mutation ($input: DeleteInput!) { done: deleteCustomer(input: $input) {
    deletedCounts { recordType count } userErrors { code message } } }"""


@pytest.mark.parametrize("hides", ["orders", "lines", "everything", "others' than paid ones"])
async def test_a_deletion_does_not_count_what_is_hidden(acme: Actor, make_role: MakeRole, make_member: MakeMember, hides: str) -> None:
    grants: dict[str, Any] = {"permissions": {"CUSTOMER_READ": "ALL", "CUSTOMER_DELETE": "ALL"}, "fields": _FIELDS}
    if hides != "everything":
        grants["permissions"] |= {"CONTACT_READ": "ALL", "NEED_READ": "ALL"}
    if hides in ("lines", "others' than paid ones"):
        grants["permissions"] |= {"ORDER_READ": "ALL"}
    if hides == "lines":
        grants["fields"] = _FIELDS | {"ORDER": {"*": "WRITE", "lines": "NONE"}}
    if hides == "others' than paid ones":
        grants["conditions"] = {"ORDER": [{"field": "status", "in": ["PAID"]}]}
    who, admin = await make_member(acme, await make_role(acme, grants)), await make_member(acme, "ADMIN")
    line = {"product": "Tee", "quantity": "1", "unitPrice": "5"}
    counts = []
    for asker, number, has in ((who, "a", True), (who, "b", False), (admin, "c", True), (admin, "d", False)):
        lines = [line, line] if has and hides == "lines" else [line]
        orders = [{"number": f"{number}{n}", "orderedAt": "2024-05-01", "lines": lines} for n in range(2 if has or hides == "lines" else 0)]
        make = "mutation ($input: CreateCustomerInput!) { done: createCustomer(input: $input) { customer { id } userErrors { code } } }"
        made = (await admin.ask(make, input={"name": "Ada", "orders": orders}))["done"]
        counts.append((await asker.ask(_DELETE, input={"id": made["customer"]["id"]}))["done"])

    assert counts[0]["userErrors"] == []
    assert counts[0] == counts[1]
    assert counts[2] != counts[3]  # the control


async def test_an_answer_is_given_again_to_who_may_still_see_it_only(acme: Actor, make_role: MakeRole, make_member: MakeMember) -> None:
    role = await make_role(acme, {"permissions": {"CUSTOMER_READ": "ALL", "CUSTOMER_CREATE": "ALL"}, "fields": _FIELDS}, "Wide")
    first, second, boss = await make_member(acme, role), await make_member(acme, role), await make_member(acme, "ADMIN")
    document = """mutation { done: createCustomer(input: {name: "Ada", city: "杭州"}, idempotencyKey: "once") {
        customer { id city } userErrors { code } } }"""

    answer = (await first.ask(document))["done"]

    assert (await first.ask(document))["done"] == answer  # the control
    assert (await second.ask(document)).codes == ["IDEMPOTENCY_MISMATCH"]
    assert (await boss.ask(document)).codes == ["IDEMPOTENCY_MISMATCH"]
    less = {"fields": [{"noun": "CUSTOMER", "field": "city", "level": "NONE"}], "otherFields": [{"noun": "CUSTOMER", "level": "WRITE"}]}
    assert (await boss.done("updateRole", id=global_id("ROLE", role), **less))["userErrors"] == []
    await asyncio.sleep(BELIEVED_SECONDS + 0.1)
    again = await first.ask(document)
    assert again.codes
    assert "杭州" not in str(again.body)


_INVITE = """mutation ($input: InviteMemberInput!) { done: inviteMember(input: $input) { member { id } userErrors { code } } }"""


@pytest.mark.parametrize("role", [*BY_WORD, "another noun", "a wider scope", "no condition", "a field in clear", "everything", "foreign"])
async def test_nobody_invites_an_accomplice_to_more_than_he_has(
    acme: Actor, globex: Actor, make_role: MakeRole, make_member: MakeMember, role: str
) -> None:
    small = test_keys.ROLES["small"] | {"permissions": {"CUSTOMER_READ": "TEAM", "MEMBER_READ": "ALL", "MEMBER_MANAGE": "ALL"}}
    who = await make_member(acme, await make_role(acme, small))
    grants = test_keys.ROLES.get(role, {"permissions": {}})
    wider = BY_WORD[role].id if role in BY_WORD else await make_role(globex if role == "foreign" else acme, grants)
    before = await rows_of(acme)

    answer = await who.ask(_INVITE, input={"email": "li@example.cn", "name": "李娜", "roleIds": [global_id("ROLE", wider)]})

    codes = answer.codes or [error["code"] for error in answer["done"]["userErrors"]]
    assert codes
    assert set(codes) <= {"NOT_ALLOWED", "NOT_FOUND", "INVALID"}, answer.body
    assert role == "foreign" or codes == ["NOT_ALLOWED"]
    assert await rows_of(acme) == before


async def rows_of(tenant: Actor) -> list[dict[str, Any]]:
    return await stored_rows(tenant, "SELECT id, email, role_ids, status FROM member WHERE tenant_id = $1 ORDER BY id")


def test_there_are_many_attempts_and_each_is_another() -> None:
    """An attempt is what is sent, by somebody with certain rights."""
    attempts = {
        "to give or get rights": {(each.who, each.act, str(each.input)) for each in ATTEMPTS},
        "to widen a key": {(each.who, each.act, str(each.input)) for each in test_keys.ATTEMPTS},
        "to say whose": {("admin", each.document, str(each.variables)) for each in assigning.ASSIGNMENTS},
        "to look": {(spy, each.document, str(each.variables)) for each in looking.LOOKS for spy in hidden.SPIES},
        "to find out by writing": {(spy, each.document, str(each.variables)) for each in writing.WRITES for spy in hidden.WRITERS},
        "to count": {(spy, each.document, str(each.variables)) for each in rows.LOOKS for spy in rows.SPIES},
    }

    assert all(len(each) >= 100 for each in attempts.values()), {name: len(each) for name, each in attempts.items()}
    assert sum(map(len, attempts.values())) >= 5_000
