"""The trail over GraphQL: what a tenant's auditor asks it, and who may not."""

from __future__ import annotations

import httpx
import pytest

from tenants.access.built_in import AUDITOR, PARTNER
from tenants.api_keys import add_api_key
from tenants.ids import global_id, local_id, new_id
from tenants.session import Actor, acting_as
from tenants.trail import Circumstances, Event, note, under
from tenants.trail.keys import public_keys
from tenants.trail.sealing import seal
from tenants.trail.verifier import Verifier
from tests.server.conftest import Ask, KeyOf, Stored
from tests.server.test_imports import started
from tests.tenants.signin.members import Somebody, member_of

CREATE = 'mutation NewCustomer { createCustomer(input: {name: "王小明", phone: "13812345678"}) { customer { id } userErrors { message } } }'
EVENTS = """query ($filter: AuditEventFilter) { auditEvents(filter: $filter, first: 20) { totalCount nodes {
    id at event actorKind actor member subjectType subject changeSet query fields records recordCount purpose address details block position
} } }"""


async def test_a_mutation_is_an_event_that_names_query_customer_and_key(graphql: Ask, acme: Actor, globex: Actor) -> None:
    made = (await graphql(CREATE, as_=acme, operation="NewCustomer"))["createCustomer"]["customer"]["id"]

    (event,) = (await graphql(EVENTS, as_=acme, filter={"event": {"eq": "MUTATION"}}))["auditEvents"]["nodes"]

    assert (event["subject"], event["query"], event["recordCount"], event["block"]) == (made, "NewCustomer", 1, None)
    assert (event["actorKind"], event["actor"][:4], event["changeSet"][:4]) == ("API_KEY", "key_", "chg_")
    assert "13812345678" not in str(event)
    assert "王小明" not in str(event)
    assert (await graphql(EVENTS, as_=globex, filter={"subject": {"eq": made}}))["auditEvents"]["totalCount"] == 0


async def test_events_are_found_by_who_what_when_and_where_they_are_sealed(graphql: Ask, acme: Actor) -> None:
    role, record = new_id(), new_id()
    with under(Circumstances("Roles", "203.0.113.7", "Review")):
        async with acting_as(acme):
            id = await note(
                Event.ROLE_CHANGED, subject_type="ROLE", subject_id=role, records=[record], fields=["name"], details={"members": 2}
            )
    await seal(acme)

    async def found(**tests: object) -> list[str]:
        answer = await graphql(EVENTS, as_=acme, filter={"event": {"eq": "ROLE_CHANGED"}, **tests})
        return [local_id("TRAIL_ENTRY", each["id"]) == id for each in answer["auditEvents"]["nodes"]]

    (event,) = (await graphql(EVENTS, as_=acme, filter={"event": {"eq": "ROLE_CHANGED"}}))["auditEvents"]["nodes"]
    assert (event["fields"], event["records"], event["details"]) == (["name"], [record.hex], '{"members":2}')
    assert (event["block"], event["position"], event["address"], event["purpose"]) == (1, 0, "203.0.113.7", "Review")
    for test in (
        {"subject": {"eq": global_id("ROLE", role)}},
        {"actorKind": {"eq": "OPERATOR"}},
        {"actor": {"isNull": True}},
        {"at": {"gte": "2020-01-01T00:00:00Z"}},
        {"block": {"eq": 1}},
        {"purpose": {"contains": "view"}},
        {"query": {"in": ["Roles"]}},
    ):
        assert await found(**test) == [True], test
        assert await found(**{"not": test}) == [], test


async def test_only_who_has_the_permission_reads_the_trail(http: httpx.AsyncClient, graphql: Ask, stored: Stored, acme: Actor) -> None:
    await stored(acme, name="Ada")
    async with acting_as(acme):
        keys = {role.word: (await add_api_key("k", role_ids=[role.id]))[1] for role in (AUDITOR, PARTNER)}

    answers = {
        word: (await http.post("/graphql", json={"query": EVENTS}, headers={"Authorization": f"Bearer {key}"})).json()
        for word, key in keys.items()
    }

    assert answers["AUDITOR"]["data"]["auditEvents"]["totalCount"] >= 1
    assert [error["extensions"]["code"] for error in answers["PARTNER"]["errors"]] == ["NOT_ALLOWED"]
    assert "data" not in answers["PARTNER"] or answers["PARTNER"]["data"] is None
    refusals = (await graphql(EVENTS, as_=acme, filter={"event": {"eq": "REFUSAL"}}))["auditEvents"]["nodes"]
    assert [each["actorKind"] for each in refusals] == ["API_KEY"]


@pytest.mark.parametrize("order", ["AT", "EVENT", "ACTOR", "SUBJECT", "BLOCK"])
async def test_events_are_ordered_as_asked(graphql: Ask, stored: Stored, acme: Actor, order: str) -> None:
    for number in range(3):
        await stored(acme, name=f"Customer {number}")
    asked = f"{{ auditEvents(orderBy: [{{field: {order}, direction: ASC}}]) {{ nodes {{ at event actor subject block }} }} }}"

    nodes = (await graphql(asked, as_=acme))["auditEvents"]["nodes"]

    values = [node[order.lower()] for node in nodes if node[order.lower()] is not None]
    assert len(nodes) >= 3
    assert values == sorted(values)


async def test_an_import_from_the_file_to_its_rejected_rows_is_in_the_trail(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]
    for act in ("pauseImport", "resumeImport", "cancelImport"):
        assert not (await graphql(f'mutation {{ {act}(id: "{id}") {{ userErrors {{ message }} }} }}', as_=acme))[act]["userErrors"]
    await http.get(f"/imports/{id}/rejected.csv", headers={"Authorization": f"Bearer {await key_of(acme)}"})

    nodes = (await graphql(EVENTS, as_=acme, filter={"subjectType": {"in": ["IMPORT", "UPLOAD"]}}))["auditEvents"]["nodes"]

    assert [(node["event"], node["details"]) for node in nodes[::-1][2:]] == [
        ("IMPORT_PAUSED", '{"status":"PAUSED"}'),
        ("IMPORT_RESUMED", '{"status":"WAITING"}'),
        ("IMPORT_ENDED", '{"status":"CANCELLED"}'),
        ("EXPORT", '{"what":"rejected rows"}'),
    ]
    assert [(node["event"], node["query"]) for node in nodes[::-1][:1]] == [("UPLOADED", "POST /uploads")]
    assert (nodes[-2]["event"], nodes[-2]["subject"]) == ("IMPORT_STARTED", id)
    assert nodes[0]["query"] == "GET /imports/{id}/rejected.csv"


async def test_an_auditor_downloads_what_anybody_can_verify(http: httpx.AsyncClient, stored: Stored, acme: Actor, globex: Actor) -> None:
    await stored(acme, name="王小明", phone="13812345678")
    await stored(globex, name="Zoë")
    for each in (acme, globex):
        await seal(each)
    auditor, partner = await member_of(acme, None, AUDITOR.id), await member_of(acme, None, PARTNER.id)

    async def download(member: Somebody, first: object = 1) -> httpx.Response:
        headers = {"Authorization": f"Bearer {(await member.sign_in()).access}"}
        return await http.get("/trail.jsonl", params={"from": str(first)}, headers=headers)

    told, refused, later = await download(auditor), await download(partner), await download(auditor, 2)
    verifier = Verifier(await public_keys())
    for line in told.content.splitlines():
        verifier.take(line)

    assert (verifier.finish(), verifier.blocks, verifier.tenant_id) == ([], 1, str(acme.tenant_id))
    assert (refused.status_code, refused.json()["code"], later.content) == (403, "NOT_ALLOWED", b"")
    for wrong in ("0", "-1", "x", "٣", "9" * 30):
        assert (await download(auditor, wrong)).json()["code"] == "INVALID"
