"""Which stored record a row means, and what of it is changed."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from tenants.changes.record import row_id
from tenants.ids import global_id
from tenants.intake.drafts import Action
from tenants.intake.problems import Code
from tenants.intake.rules import Fill, KeyKind, OnMatch, OnMissing
from tenants.session import acting_as
from tenants.words import RecordType

BY_EXTERNAL_ID = {"match_by": (KeyKind.EXTERNAL,)}


async def test_the_same_file_again_changes_nothing(acme, taken):
    rows = [
        {"external_id": f"{n}", "name": f"Ada {n}", "phone": f"1380013800{n}", "contact.name": "Bob", "birth_date": "1990-01-0" + str(n)}
        for n in range(1, 6)
    ]
    await taken(acme, rows, **BY_EXTERNAL_ID)

    again = await taken(acme, rows, **BY_EXTERNAL_ID)

    assert again.actions == [Action.UNCHANGED] * 5
    assert again.change_set_id is None
    assert again.records == {"CUSTOMER": {"UNCHANGED": 5}, "CONTACT": {"UNCHANGED": 5}}


async def test_only_what_differs_is_changed_and_written_down(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada", "city": "Paris", "phone": "13800138000"}])

    outcome = await taken(acme, [{"external_id": "1", "name": "Ada", "city": "Lyon", "phone": "13900139000"}], **BY_EXTERNAL_ID)

    async with acting_as(acme) as current:
        cipher = (await current.keyring()).column("change", "body")
        rows = await current.connection.fetch(
            "SELECT * FROM change WHERE tenant_id = $1 AND change_set_id = $2", acme.tenant_id, outcome.change_set_id
        )
    [change] = rows
    body = orjson.loads(cipher.open(row_id(outcome.change_set_id, 0), change["body"]))
    assert (change["action"], change["version"]) == ("UPDATE", 2)
    assert body["before"] == {"city": "Paris", "phone": "+8613800138000", "flags": []}
    assert body["after"] == {"city": "Lyon", "phone": "+8613900139000", "flags": []}


async def test_an_empty_cell_clears_nothing(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada", "city": "Paris"}])

    await taken(acme, [{"external_id": "1", "name": "Ada", "city": ""}], **BY_EXTERNAL_ID)

    assert (await stored(acme))[0]["city"] == "Paris"


async def test_fill_if_empty_leaves_what_is_there(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada", "city": "Paris"}])

    rules = {**BY_EXTERNAL_ID, "fill": Fill.OVERWRITE, "fills": {"city": Fill.IF_EMPTY, "region": Fill.IF_EMPTY}}
    await taken(acme, [{"external_id": "1", "name": "Ada L.", "city": "Lyon", "region": "IDF"}], **rules)

    [customer] = await stored(acme)
    assert (customer["name"], customer["city"], customer["region"]) == ("Ada L.", "Paris", "IDF")


async def test_rows_of_one_person_in_a_batch_are_one_customer_and_the_later_row_wins(acme, taken, stored):
    rows = [
        {"name": "Ada", "phone": "13800138000", "city": "Paris"},
        {"name": "Bob", "phone": "13900139000"},
        {"name": "Ada", "phone": "+86 138 0013 8000", "city": "Lyon", "email": "ada@example.org"},
        {"name": "Ada", "phone": "13800138000"},
    ]

    outcome = await taken(acme, rows, match_by=(KeyKind.PHONE,))

    ada, bob = await stored(acme)
    assert outcome.actions == [Action.CREATE, Action.CREATE, Action.UPDATE, Action.UNCHANGED]
    assert (ada["city"], ada["email"], bob["name"]) == ("Lyon", "ada@example.org", "Bob")
    assert outcome.record_ids == [ada["id"], bob["id"], ada["id"], ada["id"]]


async def test_the_first_key_that_finds_a_record_decides(acme, taken, stored):
    await taken(
        acme, [{"external_id": "1", "name": "Ada", "phone": "13800138000"}, {"external_id": "2", "name": "Bob", "phone": "13900139000"}]
    )

    await taken(acme, [{"external_id": "1", "name": "Ada B.", "phone": "13900139000"}], match_by=(KeyKind.EXTERNAL, KeyKind.PHONE))

    assert [customer["name"] for customer in await stored(acme)] == ["Ada B.", "Bob"]


async def test_a_row_that_could_mean_two_customers_is_refused(acme, taken):
    await taken(acme, [{"name": "Ada", "phone": "13800138000"}, {"name": "Bob", "phone": "13800138000"}])

    outcome = await taken(acme, [{"name": "Eve", "phone": "13800138000"}], match_by=(KeyKind.PHONE,))

    assert [p.code for p in outcome.problems] == [Code.AMBIGUOUS_MATCH]


@pytest.mark.parametrize(
    ("rules", "actions"),
    [
        ({"on_match": OnMatch.SKIP}, [Action.SKIP, Action.CREATE]),
        ({"on_match": OnMatch.REJECT}, [Action.REJECT, Action.CREATE]),
        ({"on_missing": OnMissing.SKIP}, [Action.UPDATE, Action.SKIP]),
        ({"on_missing": OnMissing.REJECT}, [Action.UPDATE, Action.REJECT]),
    ],
)
async def test_the_rules_say_what_a_match_and_a_miss_become(acme, taken, rules, actions):
    await taken(acme, [{"external_id": "1", "name": "Ada"}])

    outcome = await taken(acme, [{"external_id": "1", "name": "Ada B."}, {"external_id": "2", "name": "Bob"}], **BY_EXTERNAL_ID, **rules)

    assert outcome.actions == actions


async def test_a_dry_run_says_what_a_real_run_does_and_writes_nothing(acme, taken, stored):
    rows = [{"external_id": "1", "name": "Ada"}, {"name": ""}, {"external_id": "1", "name": "Ada B."}]

    dry = await taken(acme, rows, dry_run=True, **BY_EXTERNAL_ID)
    nothing = await stored(acme)
    real = await taken(acme, rows, **BY_EXTERNAL_ID)

    assert nothing == []
    assert dry.actions == real.actions == [Action.CREATE, Action.REJECT, Action.UPDATE]
    assert (dry.problems, dry.records) == (real.problems, real.records)


async def test_a_phone_declared_unique_is_one_customer_in_a_tenant_and_another_in_the_next(make_tenant, taken):
    acme, globex = await make_tenant(rules={"unique": ["phone"]}), await make_tenant(rules={"unique": ["phone"]})
    ada = {"name": "Ada", "phone": "+86 138 0013 8000"}

    first = await taken(acme, [ada])
    again = await taken(acme, [ada | {"phone": "13800138000"}])
    elsewhere = await taken(globex, [ada])

    assert (first.actions, elsewhere.actions) == ([Action.CREATE], [Action.CREATE])
    assert [(p.field, p.code) for p in again.problems] == [("phone", Code.DUPLICATE)]
    assert again.record_ids == first.record_ids


async def test_two_writers_of_one_unique_phone_make_one_customer(make_tenant, taken, stored):
    acme = await make_tenant(rules={"unique": ["phone"]})

    outcomes = await asyncio.gather(*(taken(acme, [{"name": f"Ada {n}", "phone": "13800138000"}]) for n in range(20)))

    [customer] = await stored(acme)
    assert sorted(outcome.actions[0] for outcome in outcomes) == [Action.CREATE] + [Action.REJECT] * 19
    assert {outcome.record_ids[0] for outcome in outcomes} == {customer["id"]}


async def test_an_old_version_is_refused(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada"}])
    await taken(acme, [{"external_id": "1", "name": "Ada B."}], **BY_EXTERNAL_ID)

    outcome = await taken(acme, [{"external_id": "1", "name": "Ada C.", "version": "1"}], **BY_EXTERNAL_ID)

    assert [p.code for p in outcome.problems] == [Code.VERSION_CONFLICT]
    assert (await stored(acme))[0]["name"] == "Ada B."


async def test_another_tenants_customer_is_not_found_in_the_same_words(acme, globex, taken):
    mine = await taken(acme, [{"name": "Ada"}])
    foreign = global_id(RecordType.CUSTOMER, mine.record_ids[0])
    random = "cus_" + "0" * 32

    theirs = await taken(globex, [{"id": foreign, "name": "Eve"}])
    nobodys = await taken(globex, [{"id": random, "name": "Eve"}])

    assert theirs.actions == nobodys.actions == [Action.REJECT]
    assert theirs.problems == nobodys.problems
