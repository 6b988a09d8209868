"""Orders, contacts, interactions, needs, preferences and custom fields on the same road, one statement a step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from tenants.intake.drafts import Action
from tenants.intake.problems import Code
from tenants.intake.rules import KeyKind
from tenants.session import acting_as
from tenants.words import RecordType

BY_EXTERNAL_ID = {"match_by": (KeyKind.EXTERNAL,)}


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
        (
            RecordType.INTERACTION,
            {"channel": "电话", "occurred_at": "2026-01-05 10:30", "subject": "Tea", "content": "Likes tea"},
            "interaction",
        ),
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


async def test_a_contact_without_a_name_refuses_its_customers_row(acme, taken, stored):
    outcome = await taken(acme, [{"name": "Ada", "contact.phone": "13800138000"}, {"name": "Bob"}])

    assert outcome.actions == [Action.REJECT, Action.CREATE]
    assert [(p.row, p.field, p.code) for p in outcome.problems] == [(1, "contact.name", Code.REQUIRED)]
    assert [customer["name"] for customer in await stored(acme)] == ["Bob"]


async def test_a_row_that_would_repeat_anothers_preference_is_refused_alone(acme, taken):
    await taken(acme, [{"external_id": "A", "name": "Ada"}])
    drink = {"customer_external_id": "A", "kind": "drink"}
    first = [drink | {"external_id": "1", "value": "tea"}, drink | {"external_id": "2", "value": "milk"}]
    await taken(acme, first, RecordType.PREFERENCE)

    outcome = await taken(acme, [first[0] | {"value": "milk"}, first[1] | {"kind": "food"}], RecordType.PREFERENCE)

    assert outcome.actions == [Action.REJECT, Action.UPDATE]
    assert [p.code for p in outcome.problems] == [Code.DUPLICATE]


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
