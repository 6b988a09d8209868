"""A field that is cleared is emptied; one that is left out stays as it is."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from tenants.ids import global_id
from tenants.intake.drafts import Action
from tenants.intake.problems import Code
from tenants.intake.rules import Fill, KeyKind
from tenants.refusals import Invalid
from tenants.session import acting_as
from tenants.words import RecordType

ADA = {"external_id": "1", "name": "Ada", "phone": "13800138000", "email": "ada@example.org", "city": "Köln", "tags": "vip,new"}


async def _made(acme, written, draft=ADA, record_type=RecordType.CUSTOMER):
    outcome = await written(acme, [draft], record_type)
    assert outcome.actions == [Action.CREATE] * len(outcome.actions), outcome.problems
    return global_id(record_type, outcome.record_ids[0])


async def test_a_cleared_field_is_emptied_and_one_left_out_stays(acme, written, stored, changes):
    id = await _made(acme, written)

    outcome = await written(acme, [{"id": id, "phone": None, "city": None, "tags": None}])

    [customer], [change] = await stored(acme), await changes(acme, outcome.change_set_id)
    assert outcome.actions == [Action.UPDATE]
    assert (customer["phone"], customer["city"], customer["tags"]) == (None, None, [])
    assert (customer["name"], customer["email"], customer["version"]) == ("Ada", "ada@example.org", 2)
    assert change["before"] == {"phone": "+8613800138000", "city": "Köln", "tags": ["vip", "new"], "flags": []}
    assert change["after"] == {"phone": None, "city": None, "tags": [], "flags": []}


async def test_a_cleared_phone_recognises_nobody(acme, written, stored):
    id = await _made(acme, written)
    await written(acme, [{"id": id, "phone": None, "external_id": None}])

    found = await written(acme, [{"name": "Bob", "phone": "13800138000"}], match_by=(KeyKind.PHONE, KeyKind.EXTERNAL))

    assert found.actions == [Action.CREATE]


async def test_a_unique_value_that_was_cleared_is_free_again(make_tenant, written):
    strict = await make_tenant(rules={"unique": ["phone"]})
    id = await _made(strict, written)

    outcome = await written(strict, [{"id": id, "phone": None}, {"name": "Bob", "phone": "13800138000"}])

    assert outcome.actions == [Action.UPDATE, Action.CREATE]


async def test_a_value_given_and_cleared_in_one_batch_leaves_no_key(acme, written, stored):
    rows = [ADA, {"external_id": "1", "phone": None}]

    outcome = await written(acme, rows, match_by=(KeyKind.EXTERNAL,))

    async with acting_as(acme) as current:
        kinds = await current.connection.fetch("SELECT kind FROM customer_key WHERE tenant_id = $1 ORDER BY kind", acme.tenant_id)
    assert outcome.actions == [Action.CREATE, Action.UPDATE]
    assert [row["kind"] for row in kinds] == ["email", "external"]
    assert (await stored(acme))[0]["phone"] is None


async def test_clearing_takes_the_flag_away(acme, written, stored):
    id = await _made(acme, written, {"name": "Ada", "phone": "12 34"})
    assert (await stored(acme))[0]["flags"] == ["phone:IMPLAUSIBLE_PHONE"]

    await written(acme, [{"id": id, "phone": None}])

    assert (await stored(acme))[0]["flags"] == []


async def test_what_is_empty_is_unchanged_by_clearing(acme, written):
    id = await _made(acme, written, {"name": "Ada"})

    outcome = await written(acme, [{"id": id, "phone": None, "city": None, "tags": None}])

    assert (outcome.actions, outcome.change_set_id) == ([Action.UNCHANGED], None)


async def test_clearing_on_a_new_record_is_nothing(acme, written, stored):
    outcome = await written(acme, [{"name": "Ada", "city": None, "kind": None}])

    assert outcome.actions == [Action.CREATE]
    assert [(each["city"], each["kind"]) for each in await stored(acme)] == [(None, "PERSON")]


@pytest.mark.parametrize("field", ["name", "kind", "lifecycle"])
async def test_a_field_that_is_never_empty_cannot_be_cleared(acme, written, stored, field):
    id = await _made(acme, written)

    outcome = await written(acme, [{"id": id, field: None, "city": "Bonn"}])

    assert outcome.actions == [Action.REJECT]
    assert [(p.row, p.field, p.code) for p in outcome.problems] == [(1, field, Code.REQUIRED)]
    assert (await stored(acme))[0]["city"] == "Köln"


async def test_what_the_tenant_requires_cannot_be_cleared(make_tenant, written):
    strict = await make_tenant(rules={"required": {"CUSTOMER": ["email"]}})
    id = await _made(strict, written)

    outcome = await written(strict, [{"id": id, "email": None}])

    assert [(p.field, p.code) for p in outcome.problems] == [("email", Code.REQUIRED)]


async def test_a_field_that_is_filled_only_where_empty_is_not_cleared(acme, written, stored):
    id = await _made(acme, written)

    outcome = await written(acme, [{"id": id, "city": None, "email": None}], fills={"city": Fill.IF_EMPTY})

    [customer] = await stored(acme)
    assert outcome.actions == [Action.UPDATE]
    assert (customer["city"], customer["email"]) == ("Köln", None)


async def test_of_a_tenants_own_fields_the_one_that_is_named_is_cleared(acme, written, stored):
    async with acting_as(acme) as current:
        await current.connection.execute(
            """INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed, is_required) VALUES
               ($1, gen_random_uuid(), 'size', 'Size', 'TEXT', false, false), ($1, gen_random_uuid(), 'shop', 'Shop', 'TEXT', false, false),
               ($1, gen_random_uuid(), 'income', 'Income', 'NUMBER', true, false)""",
            acme.tenant_id,
        )
    id = await _made(acme, written, {"name": "Ada", "custom.size": "M", "custom.shop": "Köln", "custom.income": "50"})

    outcome = await written(acme, [{"id": id, "custom.size": None, "custom.income": None, "custom.shop": "Bonn"}])

    [customer] = await stored(acme)
    assert outcome.actions == [Action.UPDATE]
    assert orjson.loads(customer["custom"]) == {"shop": "Bonn"}
    assert orjson.loads(customer["custom_sealed"]) == {}


@pytest.mark.parametrize("field", ["nonsense", "custom.nonsense", "lines"])
async def test_a_field_that_is_none_is_not_cleared(acme, written, field):
    with pytest.raises(Invalid):
        await written(acme, [{"name": "Ada", field: None}])


async def test_a_record_keeps_its_customer(acme, written):
    await _made(acme, written)
    contact = await _made(acme, written, {"customer_external_id": "1", "name": "Bob", "phone": "13900139000"}, RecordType.CONTACT)

    refused = await written(acme, [{"id": contact, "customer_id": None}], RecordType.CONTACT)
    cleared = await written(acme, [{"id": contact, "phone": None, "customer_id": None, "customer_external_id": "1"}], RecordType.CONTACT)

    assert [(p.field, p.code) for p in refused.problems] == [("customer_id", Code.REQUIRED)]
    assert cleared.actions == [Action.UPDATE]


async def test_lines_are_replaced_as_a_whole_or_taken_away(acme, written, stored):
    await _made(acme, written)
    tea, cup = {"product": "tea", "quantity": "2", "unit_price": "3"}, {"product": "cup", "quantity": "1", "unit_price": "4"}
    draft = {"customer_external_id": "1", "number": "1", "ordered_at": "2026-01-05", "lines": [tea, cup]}
    id = await _made(acme, written, draft, RecordType.ORDER)

    other = await written(acme, [{"id": id, "lines": [cup]}], RecordType.ORDER)
    [order], lines = await stored(acme, "customer_order"), await stored(acme, "order_line")
    assert other.actions == [Action.UPDATE]
    assert ([line["product"] for line in lines], order["amount"]) == (["cup"], Decimal(4))

    left = await written(acme, [{"id": id, "status": "PAID"}], RecordType.ORDER)
    assert left.actions == [Action.UPDATE]
    assert len(await stored(acme, "order_line")) == 1

    await written(acme, [{"id": id, "lines": None}], RecordType.ORDER)
    [order] = await stored(acme, "customer_order")
    assert (await stored(acme, "order_line"), order["amount"]) == ([], Decimal(0))


async def test_a_cleared_amount_is_the_sum_of_the_lines_again(acme, written, stored):
    await _made(acme, written)
    line = {"product": "tea", "quantity": "2", "unit_price": "3"}
    id = await _made(
        acme, written, {"customer_external_id": "1", "number": "1", "ordered_at": "2026-01-05", "lines": [line]}, RecordType.ORDER
    )
    await written(acme, [{"id": id, "amount": "5"}], RecordType.ORDER)

    outcome = await written(acme, [{"id": id, "amount": None}], RecordType.ORDER)

    assert outcome.actions == [Action.UPDATE]
    assert (await stored(acme, "customer_order"))[0]["amount"] == Decimal(6)


async def test_an_order_in_a_file_that_gives_no_lines_keeps_those_it_has(acme, written, taken, stored):
    await _made(acme, written)
    row = {"number": "1", "customer_external_id": "1", "ordered_at": "2026-01-05"}
    await taken(acme, [row | {"lines.product": "tea", "lines.quantity": "2", "lines.unit_price": "3"}], RecordType.ORDER)

    again = await taken(acme, [row | {"status": "PAID", "lines.product": ""}], RecordType.ORDER)

    assert again.actions == [Action.UPDATE]
    assert len(await stored(acme, "order_line")) == 1
