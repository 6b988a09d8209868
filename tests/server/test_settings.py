"""A tenant's settings over GraphQL: what an admin may decide, and what then holds for every record that is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tenants.access.built_in import ADMIN, MANAGER, PARTNER
from tenants.api_keys import add_api_key
from tenants.database import connected
from tenants.installation import Installation
from tenants.intake.rules import IntakeRules, OnMatch
from tenants.life import status
from tenants.rules import hold
from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, Stored
from tests.server.deciding import CREATE, CREATE_FIELD, column, take

SETTINGS = """{ tenantSettings { id name country timeZone currency uniqueKeys required { recordType fields } severities { code severity }
  sources lifecycles { lifecycle label } matchBy retention { subject days isApplied } version updatedAt limits { name most unit }
  customFields { name label type isRequired isSealed choices least most isRetired } } }"""
UPDATE = """mutation ($input: UpdateTenantSettingsInput!) { updateTenantSettings(input: $input) {
  settings { version name uniqueKeys sources required { recordType fields } } clashes { key customers customerIds }
  userErrors { code field message conflictsWith } } }"""
Change = Callable[..., Awaitable[Any]]


@pytest.fixture
def change(graphql: Ask) -> Change:
    """Changes settings of an actor's tenant as an admin; the payload."""

    async def ask(actor: Actor, **input: Any) -> Any:
        return (await graphql(UPDATE, as_=actor, input=input))["updateTenantSettings"]

    return ask


async def test_settings_are_read_and_changed_under_one_version(graphql: Ask, change: Change, acme: Actor, globex: Actor) -> None:
    before = (await graphql(SETTINGS, as_=acme))["tenantSettings"]
    elsewhere = (await graphql(SETTINGS, as_=globex))["tenantSettings"]

    changed = await change(acme, version=before["version"], name="青门贸易", country="DE", timeZone="Europe/Berlin", currency="EUR")
    stale = await change(acme, version=before["version"], name="Too late")
    after = (await graphql(SETTINGS, as_=acme))["tenantSettings"]

    assert changed["userErrors"] == []
    assert (after["name"], after["country"], after["timeZone"], after["currency"]) == ("青门贸易", "DE", "Europe/Berlin", "EUR")
    assert after["version"] == before["version"] + 1
    assert [(error["code"], error["field"]) for error in stale["userErrors"]] == [("VERSION_CONFLICT", ["version"])]
    assert stale["settings"] is None
    assert (await graphql(SETTINGS, as_=globex))["tenantSettings"] == elsewhere


async def test_a_change_is_in_the_trail_by_the_names_of_its_fields(graphql: Ask, change: Change, acme: Actor) -> None:
    await change(acme, name="青门贸易", sources=["Messe"])
    await graphql(CREATE_FIELD, as_=acme, input={"name": "size", "label": "Größe", "type": "TEXT"})
    await change(acme, name=" ")

    async with acting_as(acme, read_only=True) as unit:
        rows = await unit.connection.fetch(
            "SELECT t.*, t::text AS said FROM trail_entry t WHERE tenant_id = $1 AND event = 'SETTINGS_CHANGED' ORDER BY id", acme.tenant_id
        )
    assert [row["fields"] for row in rows] == [["name", "sources"], ["custom.size"]]
    assert {(row["actor_kind"], row["subject_type"], row["subject_id"]) for row in rows} == {("API_KEY", "TENANT", acme.tenant_id)}
    assert [each for each in ("青门", "Messe", "Größe") for row in rows if each in row["said"]] == []


async def test_a_change_waits_for_writes_under_way_and_not_for_ever(
    change: Change, acme: Actor, opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "PATIENCE_SECONDS", 1)
    async with connected(opened.servers.app) as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(f"SELECT act_as_tenant('{acme.tenant_id}')")
        await writer.execute("SELECT held_rules_version($1)", acme.tenant_id)
        refused = await change(acme, uniqueKeys=["PHONE"])
        waiting = asyncio.create_task(change(acme, uniqueKeys=["PHONE"]))
        await asyncio.sleep(0.3)
        was_waiting = not waiting.done()
        await transaction.commit()

    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]
    assert was_waiting
    assert (await waiting)["settings"]["uniqueKeys"] == ["PHONE"]


async def test_what_is_unchanged_is_no_new_version(change: Change, acme: Actor) -> None:
    first = await change(acme, sources=["展会"])
    again = await change(acme, sources=["展会"])

    assert again["settings"]["version"] == first["settings"]["version"]


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"name": " "}, "INVALID", ["name"]),
        ({"country": "China"}, "INVALID", ["country"]),
        ({"timeZone": "../Berlin"}, "INVALID", ["timeZone"]),
        ({"currency": "Euro"}, "INVALID", ["currency"]),
        ({"required": [{"recordType": "CUSTOMER", "fields": ["shoeSize"]}]}, "INVALID", ["required"]),
        ({"required": [{"recordType": "NEED", "fields": ["what"]}] * 2}, "INVALID", ["required"]),
        ({"severities": [{"code": "NO_SUCH", "severity": "ERROR"}]}, "INVALID", ["severities"]),
        ({"sources": ["Messe", "messe"]}, "INVALID", ["sources"]),
        ({"sources": ["x" * 201]}, "INVALID", ["sources"]),
        ({"sources": [f"s{n}" for n in range(101)]}, "INVALID", ["sources"]),
        ({"sources": [f"s{n}" for n in range(201)]}, "TOO_LARGE", ["sources"]),
        ({"lifecycles": [{"lifecycle": "ACTIVE", "label": "Prospect"}]}, "INVALID", ["lifecycles"]),
        ({"retention": [{"subject": "UPLOADS", "days": 0}]}, "INVALID", ["retention"]),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_changed(
    graphql: Ask, change: Change, acme: Actor, input: dict[str, Any], code: str, field: list[str]
) -> None:
    before = (await graphql(SETTINGS, as_=acme))["tenantSettings"]

    refused = await change(acme, **{"matchBy": ["PHONE"], **input})

    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [(code, field)]
    assert (await graphql(SETTINGS, as_=acme))["tenantSettings"] == before


async def test_required_fields_sources_and_words_of_ones_own_hold_for_what_is_written_next(
    graphql: Ask, change: Change, acme: Actor
) -> None:
    await change(
        acme,
        required=[{"recordType": "CUSTOMER", "fields": ["birthDate"]}],
        sources=["Messe", "官网"],
        lifecycles=[{"lifecycle": "LAPSED", "label": "流失客户"}],
    )

    async def create(**input: Any) -> Any:
        return (await graphql(CREATE, as_=acme, input={"name": "Ada"} | input))["createCustomer"]

    without = await create()
    elsewhere = await create(birthDate="1990-01-02", source="Zeitung")
    right = await create(birthDate="1990-01-02", source="messe")
    await take(acme, [{"name": "Grace", "birth_date": "1990-01-02", "lifecycle": "流失客户", "external_id": "G"}])

    assert [(error["code"], error["field"]) for error in without["userErrors"]] == [("REQUIRED", ["birthDate"])]
    assert [(error["code"], error["field"]) for error in elsewhere["userErrors"]] == [("UNKNOWN_WORD", ["source"])]
    assert "Messe, 官网" in elsewhere["userErrors"][0]["message"]
    assert right["customer"]["source"] == "Messe"
    assert await column(acme, "SELECT lifecycle FROM customer WHERE tenant_id = $1 AND external_id = 'G'") == ["LAPSED"]


async def test_a_key_is_made_unique_only_where_no_customers_share_it(change: Change, stored: Stored, acme: Actor) -> None:
    ids = [await stored(acme, name=f"Ada {number}", phone="13812345678") for number in range(3)]
    await stored(acme, name="Grace", phone="13912345678")
    before = await column(acme, "SELECT k::text FROM customer_key k WHERE tenant_id = $1 ORDER BY 1")

    refused = await change(acme, uniqueKeys=["EMAIL", "PHONE"], name="Not done by half")
    after = await column(acme, "SELECT k::text FROM customer_key k WHERE tenant_id = $1 ORDER BY 1")
    name = await column(acme, "SELECT name FROM tenant WHERE id = $1")
    allowed = await change(acme, uniqueKeys=["EMAIL"])

    assert refused["clashes"] == [{"key": "PHONE", "customers": 3, "customerIds": ids}]
    assert [(error["code"], error["field"], error["conflictsWith"]) for error in refused["userErrors"]] == [
        ("DUPLICATE", ["uniqueKeys"], ids[0])
    ]
    assert refused["settings"] is None
    assert (after, name) == (before, ["A tenant of a test"])
    assert allowed["settings"]["uniqueKeys"] == ["EMAIL"]


async def test_clashes_are_told_up_to_a_bound(change: Change, acme: Actor) -> None:
    await take(acme, [{"name": f"Ada {n}", "phone": f"+86138{n % 60:08d}"} for n in range(12 * 60)])

    refused = await change(acme, uniqueKeys=["PHONE"])

    assert len(refused["clashes"]) == 50
    assert {(clash["customers"], len(clash["customerIds"])) for clash in refused["clashes"]} == {(12, 10)}


async def test_a_key_that_was_made_unique_is_guarded_and_can_be_taken_back(
    graphql: Ask, change: Change, stored: Stored, acme: Actor
) -> None:
    ada = await stored(acme, name="Ada", phone="13812345678")
    again = {"name": "Eve", "phone": "13812345678"}

    await change(acme, uniqueKeys=["PHONE"])
    refused = (await graphql(CREATE, as_=acme, input=again))["createCustomer"]
    await change(acme, uniqueKeys=[])
    allowed = (await graphql(CREATE, as_=acme, input=again))["createCustomer"]

    assert ada
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("DUPLICATE", ["phone"])]
    assert allowed["userErrors"] == []


async def test_while_writers_write_a_key_is_made_unique_or_not_and_never_by_half(change: Change, acme: Actor) -> None:
    """Writers of one phone and an admin at once: either it became unique and one customer has it, or it did not, and is told."""

    async def write() -> Any:
        return await take(acme, [{"name": "Ada", "phone": "13812345678"}], IntakeRules(on_match=OnMatch.REJECT))

    for _ in range(5):
        *_, told = await asyncio.gather(*(write() for _ in range(6)), change(acme, uniqueKeys=["PHONE"]))
        unique = await column(acme, "SELECT rules ? 'unique' FROM tenant WHERE id = $1")
        held = await column(acme, "SELECT holder::text FROM customer_key WHERE tenant_id = $1 AND kind = 'phone'")

        assert unique == [told["userErrors"] == []]
        assert (len(held) == 1 and held[0].strip("0-") == "") if unique[0] else len(held) > 1
        await change(acme, uniqueKeys=[])
        async with acting_as(acme) as unit:
            for table in ("customer_key", "customer"):
                await unit.connection.execute(f"DELETE FROM {table} WHERE tenant_id = $1", acme.tenant_id)


async def test_customers_are_found_as_the_tenant_has_decided_where_a_write_does_not_say(graphql: Ask, change: Change, acme: Actor) -> None:
    upsert = """mutation ($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { results { status id } } }"""
    rows = {"rows": [{"name": "Ada", "phone": "13812345678"}]}

    async def statuses(**more: Any) -> list[str]:
        answer = await graphql(upsert, as_=acme, input=rows | more)
        return [each["status"] for each in answer["upsertCustomers"]["results"]]

    assert await statuses() == ["CREATED"]
    assert await statuses() == ["CREATED"]
    await change(acme, matchBy=["EMAIL"])
    assert await statuses() == ["CREATED"]
    await change(acme, matchBy=["PHONE"])
    assert await statuses(matchBy=[]) == ["CREATED"]
    async with acting_as(acme) as unit:
        await unit.connection.execute("DELETE FROM customer_key WHERE tenant_id = $1", acme.tenant_id)
    assert await statuses() == ["CREATED"]
    assert await statuses() == ["UNCHANGED"]


async def test_use_is_counted(graphql: Ask, stored: Stored, acme: Actor, globex: Actor) -> None:
    asked = """{ tenantUsage { records { name count isAtLeast } uploadCount uploadBytes importRuns importsUnderWay jobsWaiting apiKeys
      members customFields socketsHere pointsLeft pointsMost lastActiveAt } }"""
    for number in range(3):
        await stored(acme, name=f"Ada {number}", **{"contact.name": "Eve"})
    await stored(globex, name="Grace")

    used = (await graphql(asked, as_=acme))["tenantUsage"]

    counts = {each["name"]: each["count"] for each in used["records"]}
    assert counts == {"customers": 3, "contacts": 3, "orders": 0, "orderLines": 0, "interactions": 0, "needs": 0, "preferences": 0}
    assert (used["apiKeys"], used["members"], used["uploadCount"], used["uploadBytes"], used["jobsWaiting"]) == (1, 0, 0, 0, 0)
    assert 0 < used["pointsLeft"] <= used["pointsMost"]
    assert used["lastActiveAt"] is not None


@pytest.mark.parametrize(("role", "reads", "changes"), [(ADMIN, True, True), (MANAGER, True, False), (PARTNER, False, False)])
async def test_settings_need_their_permissions(graphql: Ask, http: Any, acme: Actor, role: Any, reads: bool, changes: bool) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("of a role", role_ids=[role.id])

    async def ask(document: str, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        return (await http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)).json()

    read = await ask(SETTINGS)
    changed = await ask(UPDATE, input={"name": "Mine"})

    assert (read.get("data") is not None, "errors" not in read) == (reads, reads)
    assert await column(acme, "SELECT name FROM tenant WHERE id = $1") == (["Mine"] if changes else ["A tenant of a test"])
    assert ("NOT_ALLOWED" in str(changed)) is not changes


async def test_a_suspended_tenant_is_answered_as_a_key_that_is_not_valid(http: Any, acme: Actor) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("a key")

    async def asked(key: str) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        return await http.post("/graphql", json={"query": "{ customers { totalCount } }"}, headers=headers)

    before = await asked(secret)
    await status.suspend(acme)
    begun = time.monotonic()
    while (now := await asked(secret)).status_code == 200 and time.monotonic() - begun < 3:
        await asyncio.sleep(0.01)
    took = time.monotonic() - begun
    never = await asked(secret[:-1] + ("0" if secret[-1] != "0" else "1"))

    assert before.status_code == 200
    assert took <= 1.1
    assert (now.status_code, now.json()) == (never.status_code, never.json())
