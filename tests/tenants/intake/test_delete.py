"""Records are deleted with what goes with them, as one change-set, and never another tenant's."""

from __future__ import annotations

import asyncio

import pytest

from tenants.ids import global_id, new_id
from tenants.intake.delete import MOST, delete
from tenants.intake.drafts import Action
from tenants.intake.problems import Code
from tenants.intake.rules import KeyKind
from tenants.refusals import Conflict, NotFound, TooLarge
from tenants.session import acting_as
from tenants.words import RecordType

TABLES = ("customer", "customer_key", "contact", "customer_order", "order_line", "interaction", "need", "preference")

LINE = {"product": "tea", "quantity": "2", "unit_price": "3"}
CHILDREN = {
    RecordType.CONTACT: {"name": "Bob", "phone": "13900139000"},
    RecordType.ORDER: {"number": "{}", "ordered_at": "2026-01-05", "lines": [LINE, LINE | {"product": "cup"}]},
    RecordType.INTERACTION: {"channel": "PHONE", "occurred_at": "2026-01-05 10:30", "content": "Likes tea"},
    RecordType.NEED: {"what": "green tea"},
    RecordType.PREFERENCE: {"kind": "drink", "value": "tea"},
}


@pytest.fixture
def household(written):
    """`await household(actor, "A")`: a customer with one of everything; their global ids by record type."""

    async def make(actor, external_id):
        ada = {"external_id": external_id, "name": "Ada", "phone": "13800138000", "email": f"ada.{external_id}@example.org"}
        made = {RecordType.CUSTOMER: (await written(actor, [ada])).record_ids[0]}
        for noun, draft in CHILDREN.items():
            given = {name: external_id if value == "{}" else value for name, value in draft.items()}
            made[noun] = (await written(actor, [{"customer_external_id": external_id, **given}], noun)).record_ids[0]
        return {noun: global_id(noun, id) for noun, id in made.items()}

    return make


async def _counts(actor):
    async with acting_as(actor) as current:
        counts = (current.connection.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", actor.tenant_id) for table in TABLES)
        return {table: await count for table, count in zip(TABLES, counts, strict=True)}


async def _deleted(actor, noun, ids, **more):
    async with acting_as(actor):
        return await delete(noun, ids, **more)


async def test_with_a_customer_goes_all_that_is_its_own(acme, globex, household, changes):
    ada, eve = await household(acme, "A"), await household(acme, "E")
    await household(globex, "A")
    elsewhere = await _counts(globex)

    deleted = await _deleted(acme, RecordType.CUSTOMER, [ada[RecordType.CUSTOMER]])

    found = await changes(acme, deleted.change_set_id)
    assert deleted.counts == {"CUSTOMER": 1, "CONTACT": 1, "ORDER": 1, "ORDER_LINE": 2, "INTERACTION": 1, "NEED": 1, "PREFERENCE": 1}
    assert [each["record_type"] for each in found] == ["CONTACT", "ORDER", "INTERACTION", "NEED", "PREFERENCE", "CUSTOMER"]
    assert {each["action"] for each in found} == {"DELETE"}
    assert all(each["after"] == {} and each["version"] == 2 for each in found)
    assert found[1]["before"]["lines"][1]["product"] == "cup"
    assert found[2]["before"]["content"] == "Likes tea"
    assert (found[5]["before"]["phone"], found[5]["before"]["external_id"]) == ("+8613800138000", "A")
    assert await _counts(acme) == dict.fromkeys(TABLES, 1) | {"order_line": 2, "customer_key": 3}
    assert await _counts(globex) == elsewhere
    assert await _deleted(acme, RecordType.CUSTOMER, [eve[RecordType.CUSTOMER]])
    assert await _counts(acme) == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize("noun", CHILDREN)
async def test_each_noun_is_deleted_alone(acme, household, noun):
    made = await household(acme, "A")

    deleted = await _deleted(acme, noun, [made[noun]])

    left = await _counts(acme)
    assert deleted.counts == ({"ORDER": 1, "ORDER_LINE": 2} if noun is RecordType.ORDER else {noun: 1})
    assert sum(left.values()) == 11 - (3 if noun is RecordType.ORDER else 1)


@pytest.mark.parametrize("noun", [RecordType.CUSTOMER, *CHILDREN])
async def test_another_tenants_record_is_not_found_in_the_words_for_one_that_never_was(acme, globex, household, noun):
    theirs = await household(globex, "A")
    before, words = await _counts(globex), set()

    for id in (theirs[noun], global_id(noun, new_id()), "nonsense", global_id("TENANT", new_id())):
        with pytest.raises(NotFound) as refused:
            await _deleted(acme, noun, [id])
        words.add((refused.value.message, tuple(refused.value.field)))

    assert words == {(f"There is no such {noun.lower()}.", ("id",))}
    assert await _counts(globex) == before


async def test_one_that_is_not_there_keeps_them_all(acme, household):
    made = await household(acme, "A")

    with pytest.raises(NotFound) as refused:
        await _deleted(acme, RecordType.CUSTOMER, [made[RecordType.CUSTOMER], "cus_nonsense"])

    assert refused.value.row == 2
    assert (await _counts(acme))["customer"] == 1


async def test_a_record_that_was_changed_since_is_not_deleted(acme, household, written):
    made = await household(acme, "A")
    id = made[RecordType.CUSTOMER]
    await written(acme, [{"id": id, "city": "Köln"}])

    with pytest.raises(Conflict) as refused:
        await _deleted(acme, RecordType.CUSTOMER, [id], versions=[1])
    deleted = await _deleted(acme, RecordType.CUSTOMER, [id], versions=[2])

    assert refused.value.code == "VERSION_CONFLICT"
    assert deleted.counts["CUSTOMER"] == 1


async def test_any_number_takes_the_same_statements(acme, household, written):
    counts = []
    for names in ("ABC", "D"):
        made = [(await household(acme, name))[RecordType.CUSTOMER] for name in names]
        statements = []
        async with acting_as(acme) as current:
            current.connection.add_query_logger(lambda record, found=statements: found.append(record.query))
            await delete(RecordType.CUSTOMER, made)
        counts.append(len(statements))

    assert counts[0] == counts[1]


async def test_over_a_thousand_at_once_are_refused(acme):
    with pytest.raises(TooLarge):
        await _deleted(acme, RecordType.CUSTOMER, ["cus_x"] * (MOST + 1))


@pytest.mark.parametrize("system", ["", "shop", "z"])
async def test_the_external_id_of_a_deleted_or_renamed_customer_is_free_again_whatever_system_it_came_from(acme, written, system):
    for name in ("", "a", "shop", "shop 2", "z"):
        await written(acme, [{"external_id": "1", "name": name or "own"}], system=name, match_by=(KeyKind.EXTERNAL,))
    rules = {"system": system, "match_by": (KeyKind.EXTERNAL,)}
    id = (await written(acme, [{"external_id": "1", "name": "Ada"}], **rules)).record_ids[0]

    renamed = await written(acme, [{"id": global_id(RecordType.CUSTOMER, id), "external_id": "2"}], system=system)
    anew = await written(acme, [{"external_id": "1", "name": "Eve"}], **rules)
    await _deleted(acme, RecordType.CUSTOMER, [global_id(RecordType.CUSTOMER, id)])
    again = await written(acme, [{"external_id": "2", "name": "Lin"}], **rules)

    assert [each.actions for each in (renamed, anew, again)] == [[Action.UPDATE], [Action.CREATE], [Action.CREATE]]
    async with acting_as(acme) as current:
        assert await current.connection.fetchval("SELECT count(*) FROM customer_key WHERE tenant_id = $1", acme.tenant_id) == 6


async def test_a_contact_made_while_its_customer_is_deleted_goes_with_it_or_finds_none(acme, household, written):
    made = await household(acme, "A")
    contacts = [{"customer_id": made[RecordType.CUSTOMER], "name": f"Bob {n}"} for n in range(3)]

    outcomes = await asyncio.gather(
        _deleted(acme, RecordType.CUSTOMER, [made[RecordType.CUSTOMER]]),
        *(written(acme, [contact], RecordType.CONTACT) for contact in contacts),
    )

    codes = {problem.code for outcome in outcomes[1:] for problem in outcome.problems}
    assert codes <= {Code.BROKEN_LINK}
    assert await _counts(acme) == dict.fromkeys(TABLES, 0)
