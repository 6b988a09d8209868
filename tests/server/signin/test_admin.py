"""What a tenant's admins do about signing in, over GraphQL."""

from __future__ import annotations

from typing import Any

import httpx

from tenants.access.built_in import AUDITOR, MANAGER, SALES
from tenants.ids import global_id
from tenants.session import Actor
from tests.server.signin.conftest import bearer, count, sign_in
from tests.tenants.signin.members import MakeMember

PROVIDER = "{ issuer clientId emailDomains defaultRoleIds makesMembers redirectUrl startUrl }"
SET = f"""mutation ($input: SetIdentityProviderInput!) {{
  setIdentityProvider(input: $input) {{ identityProvider {PROVIDER} userErrors {{ code field }} }} }}"""
REMOVE = f"mutation {{ removeIdentityProvider {{ identityProvider {PROVIDER} userErrors {{ code }} }} }}"
READ = f"{{ identityProvider {PROVIDER} }}"
LIST = "query ($member: ID!) { memberSessions(member: $member) { id method device address createdAt usedAt endsAt } }"
END = "mutation ($member: ID!) { endMemberSessions(input: {memberId: $member}) { ended userErrors { code } } }"
GIVEN = {"issuer": "https://login.example.org", "clientId": "kelu", "clientSecret": "x y z", "emailDomains": ["example.cn"]}


async def ask(http: httpx.AsyncClient, access: str, document: str, **variables: Any) -> dict[str, Any]:
    answer = await http.post("/graphql", json={"query": document, "variables": variables}, headers=bearer(access))
    found: dict[str, Any] = answer.json()
    return found


async def test_an_admin_sets_reads_and_removes_the_provider_and_its_secret_is_never_told(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    admin, elsewhere = [(await sign_in(http, await make_member(each), **{"as": "bearer"}))["accessToken"] for each in (acme, globex)]
    roles = [global_id("ROLE", SALES.id)]

    made = await ask(http, admin, SET, input=GIVEN | {"defaultRoleIds": roles, "makesMembers": True})
    read = await ask(http, admin, READ)

    assert made["data"]["setIdentityProvider"] == {"identityProvider": read["data"]["identityProvider"], "userErrors": []}
    assert read["data"]["identityProvider"]["redirectUrl"].endswith(f"/auth/oidc/{global_id('TENANT', acme.tenant_id)}/callback")
    assert read["data"]["identityProvider"]["defaultRoleIds"] == roles
    assert "x y z" not in str([made, read])
    assert (await ask(http, elsewhere, READ))["data"] == {"identityProvider": None}
    assert (await ask(http, elsewhere, REMOVE))["data"]["removeIdentityProvider"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert (await ask(http, admin, REMOVE))["data"]["removeIdentityProvider"] == {"identityProvider": None, "userErrors": []}
    assert (await ask(http, admin, READ))["data"] == {"identityProvider": None}


async def test_nobody_else_does(http: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    for role in (MANAGER, SALES, AUDITOR):
        access = (await sign_in(http, await make_member(acme, None, role.id), **{"as": "bearer"}))["accessToken"]
        for document, variables in ((SET, {"input": GIVEN}), (REMOVE, {}), (LIST, {"member": "mem_x"}), (END, {"member": "mem_x"})):
            assert "NOT_ALLOWED" in str(await ask(http, access, document, **variables)), (role.word, document)
    assert (await ask(http, access, READ))["data"] == {"identityProvider": None}  # an auditor sees the settings


async def test_an_admin_sees_and_ends_the_sessions_of_a_member_of_his(
    http: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    seller = await make_member(acme, None, SALES.id)
    tokens = await sign_in(http, seller, **{"as": "bearer"})
    admin, elsewhere = [(await sign_in(http, await make_member(each), **{"as": "bearer"}))["accessToken"] for each in (acme, globex)]

    assert (await ask(http, elsewhere, LIST, member=tokens["member"]))["data"] == {"memberSessions": []}
    assert (await ask(http, elsewhere, END, member=tokens["member"]))["data"]["endMemberSessions"] == {"ended": 0, "userErrors": []}
    listed = (await ask(http, admin, LIST, member=tokens["member"]))["data"]["memberSessions"]
    assert [(each["id"], each["method"]) for each in listed] == [(tokens["session"], "PASSWORD")]
    assert await count(http, **bearer(tokens["accessToken"])) == 200
    assert (await ask(http, admin, END, member=tokens["member"]))["data"]["endMemberSessions"] == {"ended": 1, "userErrors": []}

    assert await count(http, **bearer(tokens["accessToken"])) == 401
