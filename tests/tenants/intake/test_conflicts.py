"""A draft made from an older version is refused, and told field by field what it meets."""

from __future__ import annotations

from tenants.ids import global_id
from tenants.intake.drafts import Action
from tenants.intake.problems import Code
from tenants.session import acting_as
from tenants.words import RecordType


def _by_field(outcome):
    return {each.field: (each.yours, each.stored, each.base, each.is_conflicting) for each in outcome.conflicts}


async def _customer(acme, written, **more):
    outcome = await written(acme, [{"external_id": "1", "name": "Ada", "city": "Köln", "phone": "13800138000", "tags": "a", **more}])
    return global_id(RecordType.CUSTOMER, outcome.record_ids[0])


async def test_each_field_is_told_as_yours_stored_and_base(acme, written, stored):
    id = await _customer(acme, written)
    await written(acme, [{"id": id, "city": "Bonn", "phone": "13900139000", "occupation": "poet"}])
    await written(acme, [{"id": id, "city": "Mainz", "phone": None}])

    draft = {"city": "Ulm", "phone": "13800138000", "name": "Ada L.", "occupation": "poet", "tags": None}
    outcome = await written(acme, [{"id": id, "version": "1", **draft}])

    assert outcome.actions == [Action.REJECT]
    assert [(p.field, p.code) for p in outcome.problems] == [("version", Code.VERSION_CONFLICT)]
    assert global_id(RecordType.CUSTOMER, outcome.record_ids[0]) == id
    assert _by_field(outcome) == {
        "city": ("Ulm", "Mainz", "Köln", True),
        "phone": ("+8613800138000", None, "+8613800138000", False),  # you have not changed it: take what is stored
        "name": ("Ada L.", "Ada", "Ada", False),  # nobody else has
        "occupation": ("poet", "poet", None, False),  # both did the same
        "tags": (None, ["a"], ["a"], False),
    }
    assert {each.field: each.sealed for each in outcome.conflicts if each.sealed} == {"phone": ("customer", "phone")}
    assert (await stored(acme))[0]["version"] == 3


async def test_a_base_is_the_value_at_the_version_that_was_read(acme, written):
    id = await _customer(acme, written)
    for city in ("Bonn", "Mainz", "Ulm"):
        await written(acme, [{"id": id, "city": city}])

    bases = {
        version: _by_field(await written(acme, [{"id": id, "version": str(version), "city": "Jena"}]))["city"][2] for version in (1, 2, 3)
    }

    assert bases == {1: "Köln", 2: "Bonn", 3: "Mainz"}


async def test_rows_of_one_batch_each_have_their_own_base(acme, written):
    id = await _customer(acme, written)
    await written(acme, [{"id": id, "city": "Bonn"}])
    await written(acme, [{"id": id, "city": "Mainz"}])

    outcome = await written(acme, [{"id": id, "version": version, "city": "Ulm"} for version in ("1", "2", "3")])

    assert outcome.actions == [Action.REJECT, Action.REJECT, Action.UPDATE]
    assert [(each.row, each.base) for each in outcome.conflicts] == [(1, "Köln"), (2, "Bonn")]


async def test_values_compare_whatever_form_they_are_kept_in(acme, written):
    await _customer(acme, written)
    line = {"product": "tea", "quantity": "2", "unit_price": "3.50"}
    draft = {"customer_external_id": "1", "number": "1", "ordered_at": "2026-01-05T10:00:00+08:00", "amount": "7", "lines": [line]}
    order = global_id(RecordType.ORDER, (await written(acme, [draft], RecordType.ORDER)).record_ids[0])
    await written(
        acme,
        [{"id": order, "ordered_at": "2026-01-06T10:00:00Z", "amount": "8.00", "lines": [line | {"unit_price": "4"}]}],
        RecordType.ORDER,
    )

    same = {"ordered_at": "2026-01-05T02:00:00Z", "amount": "8", "lines": [line | {"unit_price": "5.0"}]}
    outcome = await written(acme, [{"id": order, "version": "1", **same}], RecordType.ORDER)

    told = _by_field(outcome)
    assert told["ordered_at"] == ("2026-01-05T02:00:00+00:00", "2026-01-06T10:00:00+00:00", "2026-01-05T02:00:00+00:00", False)
    assert told["amount"] == ("8", "8", "7", False)
    assert [lines[0]["unit_price"] for lines in told["lines"][:3]] == ["5", "4", "3.5"]
    assert told["lines"][3]


async def test_a_tenants_own_fields_are_told_by_name(acme, written):
    async with acting_as(acme) as current:
        await current.connection.execute(
            """INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES
               ($1, gen_random_uuid(), 'size', 'Size', 'TEXT', false), ($1, gen_random_uuid(), 'income', 'Income', 'NUMBER', true)""",
            acme.tenant_id,
        )
    id = await _customer(acme, written, **{"custom.size": "M", "custom.income": "50"})
    await written(acme, [{"id": id, "custom.size": "L", "custom.income": None}])

    outcome = await written(acme, [{"id": id, "version": "1", "custom.size": "S", "custom.income": "60"}])

    assert _by_field(outcome) == {"custom.size": ("S", "L", "M", True), "custom.income": (60.0, None, 50.0, True)}
    assert {each.field: each.sealed for each in outcome.conflicts} == {"custom.size": None, "custom.income": ("customer", "custom_sealed")}
