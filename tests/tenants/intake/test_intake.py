"""The road in, end to end on a real database: what is made right, refused, matched, changed and written down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from tenants.changes.record import row_id
from tenants.ids import global_id
from tenants.intake.drafts import Action
from tenants.intake.problems import Code, Severity
from tenants.intake.rules import Fill, KeyKind, OnMatch, OnMissing
from tenants.session import acting_as
from tenants.words import RecordType

BY_EXTERNAL_ID = {"match_by": (KeyKind.EXTERNAL,)}


async def test_a_messy_row_becomes_a_right_record(acme, taken, stored):
    row = {"name": "　张三 ", "phone": "１３８ 0013 8000", "email": "Zhang@EXAMPLE.cn", "gender": "男", "birth_date": "1990年3月7日", "country": "中国"}

    outcome = await taken(acme, [row])

    [customer] = await stored(acme)
    assert outcome.actions == [Action.CREATE]
    assert outcome.problems == []
    assert {name: customer[name] for name in ("name", "phone", "email", "gender", "birth_date", "country", "kind", "lifecycle")} == {
        "name": "张三",
        "phone": "+8613800138000",
        "email": "Zhang@example.cn",
        "gender": "MALE",
        "birth_date": "1990-03-07",
        "country": "CN",
        "kind": "PERSON",
        "lifecycle": "PROSPECT",
    }


async def test_an_implausible_phone_keeps_the_row_and_the_value_flagged(acme, taken, stored):
    outcome = await taken(acme, [{"name": "Ada", "phone": "12 34"}])

    [customer] = await stored(acme)
    assert outcome.actions == [Action.CREATE]
    assert [(p.row, p.field, p.code, p.severity) for p in outcome.problems] == [(1, "phone", Code.IMPLAUSIBLE_PHONE, Severity.WARNING)]
    assert (customer["phone"], customer["flags"]) == ("12 34", ["phone:IMPLAUSIBLE_PHONE"])


async def test_a_corrected_phone_loses_its_flag(acme, taken, stored):
    await taken(acme, [{"external_id": "1", "name": "Ada", "phone": "12 34"}])

    outcome = await taken(acme, [{"external_id": "1", "phone": "13800138000"}], **BY_EXTERNAL_ID)

    [customer] = await stored(acme)
    assert outcome.actions == [Action.UPDATE]
    assert (customer["phone"], customer["flags"], customer["version"]) == ("+8613800138000", [], 2)


async def test_a_tenant_may_have_warnings_refuse_the_row(make_tenant, taken, stored):
    strict = await make_tenant(rules={"severities": {"IMPLAUSIBLE_PHONE": "ERROR"}})

    outcome = await taken(strict, [{"name": "Ada", "phone": "12 34"}, {"name": "Bob"}])

    assert outcome.actions == [Action.REJECT, Action.CREATE]
    assert [customer["name"] for customer in await stored(strict)] == ["Bob"]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"email": "ada@example.org"}, "name", Code.REQUIRED),
        ({"name": " \u3000", "email": "ada@example.org"}, "name", Code.REQUIRED),
        ({"name": "Ada", "phone": "1.38E+10"}, "phone", Code.SPREADSHEET_MANGLED),
        ({"name": "Ada", "birth_date": "2023-02-31"}, "birth_date", Code.BAD_DATE),
        ({"name": "Ada", "gender": "xyzzy"}, "gender", Code.UNKNOWN_WORD),
        ({"name": "Ada", "country": "Atlantis"}, "country", Code.BAD_COUNTRY),
        ({"name": "A\0da"}, "name", Code.BAD_CHARACTER),
        ({"name": "x" * 201}, "name", Code.TOO_LONG),
        ({"name": "Ada", "id": "cus_nonsense"}, "id", Code.NOT_FOUND),
    ],
)
async def test_an_error_refuses_the_row_and_says_where_and_why(acme, taken, stored, row, field, code):
    outcome = await taken(acme, [row])

    assert outcome.actions == [Action.REJECT]
    assert [(p.row, p.field, p.code, p.severity) for p in outcome.problems] == [(1, field, code, Severity.ERROR)]
    assert all(p.wrong and p.right for p in outcome.problems)
    assert await stored(acme) == []


@pytest.mark.parametrize("born", ["1850-01-01", "2150-01-01"])
async def test_an_age_nobody_has_is_a_warning(acme, taken, born):
    outcome = await taken(acme, [{"name": "Ada", "birth_date": born}])

    assert outcome.actions == [Action.CREATE]
    assert [p.code for p in outcome.problems] == [Code.IMPLAUSIBLE_AGE]


async def test_a_company_without_another_name_is_a_customer_by_its_name(acme, taken, stored):
    await taken(acme, [{"company": "Sample GmbH", "contact.name": "Ada", "contact.email": "ada@example.org"}])

    [customer], [contact] = await stored(acme), await stored(acme, "contact")
    assert (customer["name"], customer["kind"]) == ("Sample GmbH", "COMPANY")
    assert (contact["name"], contact["email"], contact["customer_id"]) == ("Ada", "ada@example.org", customer["id"])


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
    await taken(acme, [{"external_id": "1", "name": "Ada", "phone": "13800138000"}, {"external_id": "2", "name": "Bob", "phone": "13900139000"}])

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


async def test_lines_become_orders_linked_to_their_customer(acme, taken, stored):
    await taken(acme, [{"external_id": "A", "name": "Ada"}])
    line = {"number": "1", "customer_external_id": "A", "ordered_at": "2026-01-05"}
    rows = [
        line | {"lines.product": "tea", "lines.quantity": "3", "lines.unit_price": "9,8", "lines.discount": "0"},
        line | {"lines.product": "cup", "lines.quantity": "2", "lines.unit_price": "4.25", "lines.discount": "0.1", "lines.amount": "7.65"},
        line | {"number": "2", "lines.product": "tea", "lines.quantity": "1", "lines.unit_price": "9.80"},
    ]

    first = await taken(acme, rows, RecordType.ORDER)
    again = await taken(acme, rows, RecordType.ORDER)

    one, two = await stored(acme, "customer_order")
    lines = await stored(acme, "order_line")
    assert first.actions == [Action.CREATE] * 3
    assert first.records == {"ORDER": {"CREATE": 2}, "ORDER_LINE": {"CREATE": 3}}
    assert (one["amount"], two["amount"]) == (Decimal("37.05"), Decimal("9.80"))
    assert [(each["position"], each["product"]) for each in lines if each["order_id"] == one["id"]] == [(1, "tea"), (2, "cup")]
    assert again.actions == [Action.UNCHANGED] * 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer_external_id": "nobody"}, Code.BROKEN_LINK),
        ({"lines.amount": "99"}, Code.AMOUNT_MISMATCH),
        ({"lines.quantity": "a few"}, Code.BAD_NUMBER),
        ({"ordered_at": "1989-12-31"}, Code.ORDER_BEFORE_BIRTH),
        ({"ordered_at": ""}, Code.REQUIRED),
    ],
)
async def test_a_wrong_line_refuses_its_whole_order(acme, taken, stored, change, code):
    await taken(acme, [{"external_id": "A", "name": "Ada", "birth_date": "1990-01-01"}])
    row = {"number": "1", "customer_external_id": "A", "ordered_at": "2026-01-05"}
    row |= {"lines.product": "tea", "lines.quantity": "1", "lines.unit_price": "2"} | change

    outcome = await taken(acme, [row, row | {"lines.product": "cup"}], RecordType.ORDER)

    assert outcome.actions == [Action.REJECT, Action.REJECT]
    assert code in {p.code for p in outcome.problems}
    assert {p.row for p in outcome.problems} == {1, 2}
    assert await stored(acme, "customer_order") == []


async def test_lines_that_contradict_each_other_are_refused(acme, taken):
    await taken(acme, [{"external_id": "A", "name": "Ada"}])
    row = {"number": "1", "customer_external_id": "A", "lines.product": "tea", "lines.quantity": "1", "lines.unit_price": "2"}

    outcome = await taken(acme, [row | {"ordered_at": "2026-01-05"}, row | {"ordered_at": "2026-01-06"}], RecordType.ORDER)

    assert outcome.actions == [Action.REJECT, Action.REJECT]
    assert Code.CONTRADICTORY_LINES in {p.code for p in outcome.problems}


@pytest.mark.parametrize(
    ("record_type", "row", "table"),
    [
        (RecordType.CONTACT, {"name": "Bob", "phone": "13900139000", "job_title": "Buyer", "is_primary": "yes"}, "contact"),
        (RecordType.INTERACTION, {"channel": "电话", "occurred_at": "2026-01-05 10:30", "subject": "Tea", "content": "Likes tea"}, "interaction"),
        (RecordType.NEED, {"what": "green tea", "expected_at": "2026-05-01"}, "need"),
        (RecordType.PREFERENCE, {"kind": "drink", "value": "tea"}, "preference"),
    ],
)
async def test_every_noun_walks_the_same_road(acme, globex, taken, stored, record_type, row, table):
    await taken(acme, [{"external_id": "A", "name": "Ada"}])
    linked = row | {"customer_external_id": "A"}

    first = await taken(acme, [linked], record_type)
    again = await taken(acme, [linked], record_type)
    elsewhere = await taken(globex, [linked], record_type)

    assert (first.actions, again.actions, elsewhere.actions) == ([Action.CREATE], [Action.UNCHANGED], [Action.REJECT])
    assert len(await stored(acme, table)) == 1
    assert await stored(globex, table) == []


async def test_an_interaction_of_tomorrow_has_not_happened(acme, taken):
    await taken(acme, [{"external_id": "A", "name": "Ada"}])
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    outcome = await taken(acme, [{"customer_external_id": "A", "channel": "PHONE", "occurred_at": tomorrow}], RecordType.INTERACTION)

    assert [p.code for p in outcome.problems] == [Code.IN_THE_FUTURE]


async def test_custom_fields_follow_the_tenants_rules(acme, taken, stored):
    async with acting_as(acme) as current:
        await current.connection.execute(
            """INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed, choices, most) VALUES
               ($1, gen_random_uuid(), 'size', 'Size', 'CHOICE', false, '{S,M}', NULL),
               ($1, gen_random_uuid(), 'income', 'Income', 'NUMBER', true, '{}', 100)""",
            acme.tenant_id,
        )

    outcome = await taken(
        acme,
        [
            {"name": "Ada", "custom.size": "m", "custom.income": "50"},
            {"name": "Bob", "custom.size": "XL"},
            {"name": "Eve", "custom.income": "101"},
        ],
    )

    [customer] = await stored(acme)
    assert outcome.actions == [Action.CREATE, Action.REJECT, Action.REJECT]
    assert [p.code for p in outcome.problems] == [Code.CUSTOM_FIELD_RULE] * 2
    assert (orjson.loads(customer["custom"]), orjson.loads(customer["custom_sealed"])) == ({"size": "M"}, {"income": 50.0})


async def test_a_batch_of_any_size_takes_the_same_number_of_statements(acme, taken):
    counts = []
    for size in (1, 100):
        rows = [{"external_id": f"{size}-{n}", "name": "Ada", "tags": "vip", "contact.name": "Bob"} for n in range(size)]
        statements: list[str] = []
        async with acting_as(acme) as current:
            current.connection.add_query_logger(lambda record, found=statements: found.append(record.query))
            from tenants.intake.drafts import Batch
            from tenants.intake.intake import take_in
            from tenants.intake.rules import IntakeRules

            columns = {target: [row[target] for row in rows] for target in rows[0]}
            await take_in(Batch(RecordType.CUSTOMER, list(range(size)), columns), IntakeRules(**BY_EXTERNAL_ID))
        counts.append(len(statements))

    assert counts[0] == counts[1]
