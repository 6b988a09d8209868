"""Customers by the thousand over GraphQL: a result for each row, in order, and a wrong row rejected alone."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.ids import global_id, new_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.conftest import MakeTenant
from tests.server.conftest import Ask
from tests.server.test_statements import statements
from tests.server.writes import codes, done, made, update

UPSERT = """mutation ($input: UpsertCustomersInput!) { done: upsertCustomers(input: $input) {
  results { row status id problems { code field severity wrong right } conflicts { field yours stored base isConflicting }
    customer { id name city phone { masked } } }
  counts { created updated unchanged skipped rejected } changeSetId userErrors { code field message } } }"""

BY_EXTERNAL_ID = {"matchBy": ["EXTERNAL"]}


async def _count(graphql: Ask, actor: Actor) -> int:
    count: int = (await graphql("{ customers { totalCount } }", as_=actor))["customers"]["totalCount"]
    return count


async def test_a_thousand_rows_are_answered_in_order(graphql: Ask, acme: Actor, globex: Actor) -> None:
    await done(graphql, UPSERT, acme, {"rows": [{"name": f"Ada {n}", "externalId": f"{n}", "city": "Köln"} for n in range(500)]})
    fates: list[tuple[str, Any]] = [
        ("UNCHANGED", lambda n: {"externalId": f"{n}", "city": "Köln"}),
        ("UPDATED", lambda n: {"externalId": f"{n + 1}", "city": None}),
        ("CREATED", lambda n: {"externalId": f"new {n}", "name": "新客户"}),
        ("REJECTED", lambda n: {"externalId": f"bad {n}", "name": "Bad", "birthDate": "2023-02-31"}),
    ]
    rows = [fates[n % 4][1](n // 2) for n in range(1000)]

    payload = await done(graphql, UPSERT, acme, BY_EXTERNAL_ID | {"rows": rows})

    results = payload["results"]
    assert payload["userErrors"] == []
    assert payload["counts"] == {"created": 250, "updated": 250, "unchanged": 250, "skipped": 0, "rejected": 250}
    assert [(each["row"], each["status"]) for each in results] == [(n + 1, fates[n % 4][0]) for n in range(1000)]
    assert [each["customer"] and each["customer"]["id"] for each in results] == [each["id"] for each in results]
    assert [each["customer"]["city"] for each in results[:3]] == ["Köln", None, None]
    assert [(problem["code"], problem["field"]) for each in results[:4] for problem in each["problems"]] == [("BAD_DATE", ["birthDate"])]
    assert payload["changeSetId"].startswith("chg_")
    assert (await _count(graphql, acme), await _count(graphql, globex)) == (750, 0)


async def test_over_a_thousand_rows_are_refused_as_a_whole(graphql: Ask, acme: Actor) -> None:
    payload = await done(graphql, UPSERT, acme, {"rows": [{"name": "Ada"}] * 1001})

    assert (payload["results"], payload["counts"], codes(payload)) == ([], None, [("TOO_LARGE", ["rows"])])
    assert await _count(graphql, acme) == 0


async def test_no_rows_are_no_results(graphql: Ask, acme: Actor) -> None:
    payload = await done(graphql, UPSERT, acme, {"rows": []})

    assert (payload["results"], payload["changeSetId"], payload["userErrors"]) == ([], None, [])


@pytest.mark.parametrize(
    ("rules", "statuses"),
    [
        ({}, ["UPDATED", "CREATED"]),
        ({"onMatch": "SKIP"}, ["SKIPPED", "CREATED"]),
        ({"onMatch": "REJECT"}, ["REJECTED", "CREATED"]),
        ({"onMissing": "SKIP"}, ["UPDATED", "SKIPPED"]),
        ({"onMissing": "REJECT"}, ["UPDATED", "REJECTED"]),
        ({"fill": "IF_EMPTY"}, ["UNCHANGED", "CREATED"]),
        ({"fill": "IF_EMPTY", "fills": [{"field": "city", "fill": "OVERWRITE"}]}, ["UPDATED", "CREATED"]),
    ],
)
@pytest.mark.parametrize("is_dry", [True, False])
async def test_rules_decide_and_a_dry_run_tells_without_writing(
    graphql: Ask, acme: Actor, rules: dict[str, Any], statuses: list[str], is_dry: bool
) -> None:
    ada = await made(graphql, acme, name="Ada", externalId="1", city="Köln")
    rows = [{"externalId": "1", "city": "Bonn"}, {"externalId": "2", "name": "Eve", "city": "Ulm"}]

    payload = await done(graphql, UPSERT, acme, BY_EXTERNAL_ID | {"rows": rows, "rules": rules, "dryRun": is_dry})

    first, second = payload["results"]
    assert [each["status"] for each in payload["results"]] == statuses
    assert first["id"] == ada
    if is_dry:
        assert (first["customer"]["city"], second["id"], second["customer"], payload["changeSetId"]) == ("Köln", None, None, None)
        assert await _count(graphql, acme) == 1


async def test_an_id_of_another_tenant_is_not_found_and_leaves_the_others(graphql: Ask, acme: Actor, globex: Actor) -> None:
    theirs, ours = await made(graphql, globex, name="Eve"), await made(graphql, acme, name="Ada")
    never = global_id(RecordType.CUSTOMER, new_id())

    payload = await done(graphql, UPSERT, acme, {"rows": [{"id": id, "city": "Köln"} for id in (theirs, ours, never, "x")]})

    rejected = [each | {"row": 0} for each in payload["results"] if each["status"] == "REJECTED"]
    assert [each["status"] for each in payload["results"]] == ["REJECTED", "UPDATED", "REJECTED", "REJECTED"]
    assert rejected == [rejected[0]] * 3
    assert (rejected[0]["id"], rejected[0]["customer"], rejected[0]["problems"][0]["code"]) == (None, None, "NOT_FOUND")
    assert (await graphql("{ customers { nodes { name city } } }", as_=globex))["customers"]["nodes"] == [{"name": "Eve", "city": None}]


async def test_a_row_that_stands_in_anothers_way_names_it(graphql: Ask, make_tenant: MakeTenant) -> None:
    acme = await make_tenant(rules={"unique": ["email"]})
    ada = await made(graphql, acme, name="Ada", email="ada@example.org")

    payload = await done(graphql, UPSERT, acme, {"rows": [{"name": "Eve", "email": "ada@example.org"}, {"name": "Lin", "phone": "12 34"}]})

    first, second = payload["results"]
    assert (first["status"], first["id"], first["problems"][0]["field"]) == ("REJECTED", ada, ["email"])
    assert (second["status"], [(each["code"], each["severity"]) for each in second["problems"]]) == (
        "CREATED",
        [("IMPLAUSIBLE_PHONE", "WARNING")],
    )


async def test_a_row_gives_and_clears_every_kind_of_field(graphql: Ask, acme: Actor) -> None:
    async with acting_as(acme) as unit:
        for name in ("size", "shop"):
            columns = "tenant_id, id, name, label, type"
            await unit.connection.execute(
                f"INSERT INTO custom_field ({columns}) VALUES ($1, $2, $3, '', 'TEXT')", acme.tenant_id, new_id(), name
            )
    custom = [{"name": "size", "value": "M"}, {"name": "shop", "value": "Köln"}]
    given = {"name": "Ada", "kind": "PERSON", "gender": "FEMALE", "tags": ["vip"], "custom": custom, "externalId": "1", "birthDate": None}
    selection = "customer { kind gender tags custom { name value } }"
    document = UPSERT.replace("customer { id name city phone { masked } }", selection)
    change = {"externalId": "1", "gender": None, "tags": [], "custom": [{"name": "size", "value": None}, {"name": "shop"}]}

    [made], [changed] = [(await done(graphql, document, acme, BY_EXTERNAL_ID | {"rows": [row]}))["results"] for row in (given, change)]

    assert made["customer"] == {"kind": "PERSON", "gender": "FEMALE", "tags": ["vip"], "custom": [custom[1], custom[0]]}
    assert changed["customer"] == {"kind": "PERSON", "gender": None, "tags": [], "custom": [custom[1]]}


async def test_an_older_version_is_told_in_its_row(graphql: Ask, acme: Actor) -> None:
    ada, eve = await made(graphql, acme, name="Ada", city="Köln"), await made(graphql, acme, name="Eve", city="Köln")
    await done(graphql, update("Customer"), acme, {"id": ada, "city": "Bonn"})

    payload = await done(graphql, UPSERT, acme, {"rows": [{"id": id, "version": 1, "city": "Ulm"} for id in (eve, ada)]})

    first, second = payload["results"]
    assert (first["status"], first["conflicts"]) == ("UPDATED", [])
    assert (second["status"], second["id"], second["customer"]["city"]) == ("REJECTED", ada, "Bonn")
    assert second["conflicts"] == [{"field": ["city"], "yours": "Ulm", "stored": "Bonn", "base": "Köln", "isConflicting": True}]


@pytest.mark.parametrize("field", ["nowhere", "tenantId", "customer_id", ""])
async def test_a_rule_for_a_field_that_is_none_is_refused(graphql: Ask, acme: Actor, field: str) -> None:
    rules = {"fills": [{"field": field, "fill": "IF_EMPTY"}]}

    payload = await done(graphql, UPSERT, acme, {"rows": [{"name": "Ada"}], "rules": rules})

    assert codes(payload) == [("INVALID", ["rules", "fills"])]
    assert await _count(graphql, acme) == 0


async def test_any_number_of_rows_takes_the_same_statements(graphql: Ask, acme: Actor) -> None:
    counts = []
    for size in (1, 10, 500):
        rows = [{"name": f"Ada {n}", "externalId": f"{size}-{n}", "phone": "13800138000", "tags": ["a"]} for n in range(size)]
        async with statements() as sent:
            await done(graphql, UPSERT, acme, BY_EXTERNAL_ID | {"rows": rows})
        counts.append(len(sent))

    assert counts[1] == counts[2] > 5
