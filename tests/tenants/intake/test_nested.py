"""A customer with contacts and orders in one act: all of it or nothing, and each problem with its path."""

from __future__ import annotations

import pytest

from tenants.intake.drafts import Action
from tenants.intake.nested import take_in_nested
from tenants.intake.problems import Severity
from tenants.intake.rules import IntakeRules, OnMatch
from tenants.session import acting_as
from tenants.words import RecordType

LINE = {"product": "tea", "quantity": "2", "unit_price": "3"}
TABLES = ("customer", "customer_key", "contact", "customer_order", "order_line", "change_set")


@pytest.fixture
def nested():
    async def take(actor, customer, contacts=(), orders=(), **rules):
        rules = {"on_match": OnMatch.REJECT, "only_by_id": True} | rules
        async with acting_as(actor):
            return await take_in_nested(customer, {RecordType.CONTACT: contacts, RecordType.ORDER: orders}, IntakeRules(**rules))

    return take


async def _counts(actor):
    async with acting_as(actor) as current:
        return [await current.connection.fetchval(f"SELECT count(*) FROM {each} WHERE tenant_id = $1", actor.tenant_id) for each in TABLES]


async def test_all_of_it_is_one_change_set(acme, globex, nested, stored, changes):
    orders = [
        {"number": "1", "ordered_at": "2026-01-05", "lines": [LINE, LINE]},
        {"number": "2", "ordered_at": "2026-01-06", "amount": "5"},
    ]

    outcome = await nested(
        acme, {"name": "Ada", "phone": "13800138000"}, [{"name": "Bob"}, {"name": "Lin", "email": "lin@example.cn"}], orders
    )

    [customer] = await stored(acme)
    assert (outcome.actions, outcome.record_ids) == ([Action.CREATE], [customer["id"]])
    assert outcome.records == {"CUSTOMER": {"CREATE": 1}, "CONTACT": {"CREATE": 2}, "ORDER": {"CREATE": 2}, "ORDER_LINE": {"CREATE": 2}}
    assert {each["customer_id"] for table in ("contact", "customer_order") for each in await stored(acme, table)} == {customer["id"]}
    assert [each["record_type"] for each in await changes(acme, outcome.change_set_id)] == [
        "CUSTOMER",
        "CONTACT",
        "CONTACT",
        "ORDER",
        "ORDER",
    ]
    assert await _counts(globex) == [0] * 6


async def test_every_error_is_told_with_its_path_and_nothing_is_written(acme, nested):
    contacts = [{"name": "Bob"}, {"email": "x@example.org"}, {"name": "Lin", "phone": "1.39E+10"}]
    orders = [
        {"number": "1", "ordered_at": "2026-01-05", "lines": [LINE, LINE | {"quantity": "a few"}]},
        {"number": "2", "ordered_at": "05/04/2026"},
        {"ordered_at": "2026-01-05", "lines": [{"product": "tea"}]},
    ]

    outcome = await nested(acme, {"name": "", "city": "Köln"}, contacts, orders)

    assert outcome.actions == [Action.REJECT]
    assert {(p.field, p.code.value) for p in outcome.problems if p.severity is Severity.ERROR} == {
        ("name", "REQUIRED"),
        ("contacts.1.name", "REQUIRED"),
        ("contacts.2.phone", "SPREADSHEET_MANGLED"),
        ("orders.0.lines.1.quantity", "BAD_NUMBER"),
        ("orders.1.ordered_at", "AMBIGUOUS_DATE"),
        ("orders.2.lines.0.quantity", "REQUIRED"),
    }
    assert await _counts(acme) == [0] * 6


async def test_a_number_that_is_taken_undoes_the_customer_and_names_the_order_in_its_way(acme, nested):
    first = await nested(acme, {"name": "Ada"}, (), [{"number": "1", "ordered_at": "2026-01-05"}])
    before = await _counts(acme)

    outcome = await nested(acme, {"name": "Eve"}, [{"name": "Bob"}], [{"number": "1", "ordered_at": "2026-01-05"}])

    assert first.actions == [Action.CREATE]
    assert outcome.actions == [Action.REJECT]
    assert [(p.field, p.code) for p in outcome.problems] == [("orders.0.number", "DUPLICATE")]
    assert outcome.holders["orders.0.number"][0] is RecordType.ORDER
    assert outcome.change_set_id is None
    assert await _counts(acme) == before


async def test_a_warning_deep_inside_keeps_the_value_as_entered(acme, nested, stored):
    outcome = await nested(acme, {"name": "Ada"}, [{"name": "Bob", "phone": "12 34"}])

    assert outcome.actions == [Action.CREATE]
    assert [(p.field, p.severity) for p in outcome.problems] == [("contacts.0.phone", Severity.WARNING)]
    assert (await stored(acme, "contact"))[0]["flags"] == ["phone:IMPLAUSIBLE_PHONE"]


async def test_an_order_older_than_the_customer_it_comes_with_is_found(acme, nested):
    outcome = await nested(acme, {"name": "Ada", "birth_date": "1990-01-01"}, (), [{"number": "1", "ordered_at": "1989-12-31"}])

    assert [(p.field, p.code) for p in outcome.problems] == [("orders.0.ordered_at", "ORDER_BEFORE_BIRTH")]


async def test_two_contacts_of_one_name_are_two_people(acme, nested, stored):
    await nested(acme, {"name": "Ada"}, [{"name": "王伟"}, {"name": "王伟"}])

    assert [each["name"] for each in await stored(acme, "contact")] == ["王伟", "王伟"]


async def test_any_number_takes_the_same_statements(acme, nested):
    counts = []
    for size in (1, 50):
        statements = []
        async with acting_as(acme) as current:
            current.connection.add_query_logger(lambda record, found=statements: found.append(record.query))
            contacts = [{"name": f"Bob {n}"} for n in range(size)]
            orders = [{"number": f"{size}-{n}", "ordered_at": "2026-01-05", "lines": [LINE] * size} for n in range(size)]
            nested_ = {RecordType.CONTACT: contacts, RecordType.ORDER: orders}
            await take_in_nested({"name": "Ada"}, nested_, IntakeRules(on_match=OnMatch.REJECT, only_by_id=True))
        counts.append(len(statements))

    assert counts[0] == counts[1]


async def test_a_dry_run_writes_nothing_and_says_what_would_be(acme, nested):
    outcome = await nested(acme, {"name": "Ada"}, [{"name": "Bob"}], dry_run=True)

    assert outcome.actions == [Action.CREATE]
    assert outcome.records == {"CUSTOMER": {"CREATE": 1}, "CONTACT": {"CREATE": 1}}
    assert await _counts(acme) == [0] * 6
