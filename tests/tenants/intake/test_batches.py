"""A batch given by API: each row has its own outcome, in order, and a wrong one leaves the others in place."""

from __future__ import annotations

import pytest

from tenants.ids import global_id, new_id
from tenants.intake.drafts import Action, Batch
from tenants.intake.intake import take_in
from tenants.intake.problems import Code
from tenants.intake.rules import Fill, IntakeRules, KeyKind, OnMatch, OnMissing
from tenants.session import acting_as
from tenants.words import RecordType

BY_EXTERNAL_ID = {"match_by": (KeyKind.EXTERNAL,)}


def _drafts(first, size, **more):
    return [{"external_id": str(number), "name": f"Ada {number}", **more} for number in range(first, first + size)]


async def test_a_thousand_rows_have_their_outcomes_in_order(acme, written, stored):
    await written(acme, _drafts(0, 400, city="Köln"))
    fates = {
        Action.UNCHANGED: lambda n: {"external_id": str(n), "name": f"Ada {n}"},
        Action.UPDATE: lambda n: {"external_id": str(n), "city": "Bonn"},
        Action.CREATE: lambda n: {"external_id": str(1000 + n), "name": "New"},
        Action.REJECT: lambda n: {"external_id": str(2000 + n), "name": "Bad", "birth_date": "2023-02-31"},
    }
    expected = [list(fates)[n % 4] for n in range(1000)]

    outcome = await written(acme, [fates[action](n % 400) for n, action in enumerate(expected)], **BY_EXTERNAL_ID)

    assert outcome.counts()[Action.REJECT] == 250
    assert outcome.actions[:400] == expected[:400]
    assert {problem.row for problem in outcome.problems} == {n + 1 for n in range(1000) if n % 4 == 3}
    assert all((id is None) == (action is Action.REJECT) for id, action in zip(outcome.record_ids, outcome.actions, strict=True))
    assert sum(each["city"] == "Bonn" for each in await stored(acme)) == 100


@pytest.mark.parametrize(
    ("rules", "actions"),
    [
        ({"on_match": OnMatch.SKIP}, [Action.SKIP, Action.CREATE]),
        ({"on_match": OnMatch.REJECT}, [Action.REJECT, Action.CREATE]),
        ({"on_missing": OnMissing.SKIP}, [Action.UPDATE, Action.SKIP]),
        ({"on_missing": OnMissing.REJECT}, [Action.UPDATE, Action.REJECT]),
        ({"fill": Fill.IF_EMPTY}, [Action.UNCHANGED, Action.CREATE]),
        ({"fill": Fill.IF_EMPTY, "fills": {"city": Fill.OVERWRITE}}, [Action.UPDATE, Action.CREATE]),
    ],
)
@pytest.mark.parametrize("is_dry", [True, False])
async def test_rules_decide_and_a_dry_run_says_the_same(acme, written, stored, rules, actions, is_dry):
    await written(acme, [{"external_id": "1", "name": "Ada", "city": "Köln"}])
    rows = [{"external_id": "1", "city": "Bonn"}, {"external_id": "2", "name": "Eve"}]

    outcome = await written(acme, rows, **BY_EXTERNAL_ID, **rules, dry_run=is_dry)

    assert outcome.actions == actions
    if is_dry:
        assert [(each["name"], each["city"]) for each in await stored(acme)] == [("Ada", "Köln")]


async def test_an_id_of_another_tenant_is_not_found_and_leaves_the_others(acme, globex, written, stored):
    theirs = global_id(RecordType.CUSTOMER, (await written(globex, [{"name": "Eve"}])).record_ids[0])
    ours = global_id(RecordType.CUSTOMER, (await written(acme, [{"name": "Ada"}])).record_ids[0])
    never = global_id(RecordType.CUSTOMER, new_id())

    outcome = await written(acme, [{"id": id, "city": "Köln"} for id in (theirs, ours, never, "con_x")])

    assert outcome.actions == [Action.REJECT, Action.UPDATE, Action.REJECT, Action.REJECT]
    assert {(p.code, p.field, p.wrong, p.right) for p in outcome.problems} == {
        (Code.NOT_FOUND, "id", "There is no such customer.", "Give the id of a customer of yours, or none to make a new one.")
    }
    assert [(each["name"], each["city"]) for each in await stored(globex)] == [("Eve", None)]


async def test_ten_and_a_thousand_rows_take_the_same_statements(acme, written):
    counts = []
    for size in (10, 1000):
        await written(acme, _drafts(size * 10, size // 2, city="Köln"))
        statements = []
        async with acting_as(acme) as current:
            current.connection.add_query_logger(lambda record, found=statements: found.append(record.query))
            drafts = [
                draft | {"phone": None, "version": "9" if n % 5 == 0 else "1"}
                for n, draft in enumerate(_drafts(size * 10, size, city="Bonn"))
            ]
            outcome = await take_in(Batch.of(RecordType.CUSTOMER, drafts), IntakeRules(**BY_EXTERNAL_ID))
        assert {Action.CREATE, Action.UPDATE, Action.REJECT} == set(outcome.actions)
        counts.append(len(statements))

    assert counts[0] == counts[1]
