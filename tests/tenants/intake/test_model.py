"""Random batches of givings, clearings and deletions against a model: what is stored, the keys, and the history agree with it."""

from __future__ import annotations

import random
from collections import Counter

import orjson
import pytest

from tenants.changes.record import row_id
from tenants.ids import global_id
from tenants.intake.delete import delete
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules, KeyKind
from tenants.session import acting_as
from tenants.words import RecordType

FIELDS = ("phone", "email", "city", "occupation")


def _value(dice, field):
    number = dice.randrange(20)
    return {"phone": f"+86138001380{number:02d}", "email": f"a{number}@example.org"}.get(field, f"{field} {number}")


def _drafts(dice, count):
    """Drafts that each name one of twelve customers, give some fields, clear some and leave the others out."""
    for _ in range(count):
        draft = {"external_id": str(dice.randrange(12)), "name": f"Ada {dice.randrange(9)}"}
        for field in FIELDS:
            fate = dice.choice(("give", "clear", "leave"))
            if fate != "leave":
                draft[field] = _value(dice, field) if fate == "give" else None
        yield draft


def _apply(model, draft):
    customer = model.setdefault(draft["external_id"], dict.fromkeys(FIELDS))
    customer.update({name: value for name, value in draft.items() if name != "external_id"})


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_given_cleared_and_deleted_the_records_their_keys_and_their_history_agree(acme, stored, seed):
    dice, model, ids = random.Random(seed), {}, {}
    for _ in range(8):
        drafts = list(_drafts(dice, dice.randrange(1, 15)))
        async with acting_as(acme):
            outcome = await take_in(Batch.of(RecordType.CUSTOMER, drafts), IntakeRules(match_by=(KeyKind.EXTERNAL,)))
        for draft, id in zip(drafts, outcome.record_ids, strict=True):
            _apply(model, draft)
            ids[draft["external_id"]] = id
        for name in dice.sample(sorted(model), k=len(model) // 4):
            async with acting_as(acme):
                await delete(RecordType.CUSTOMER, [global_id(RecordType.CUSTOMER, ids.pop(name))])
            del model[name]

        found = {each["external_id"]: {name: each[name] for name in ("name", *FIELDS)} for each in await stored(acme)}
        assert found == {name: {"name": each["name"], **{field: each[field] for field in FIELDS}} for name, each in model.items()}
        await _check_keys(acme, model)
    await _check_history(acme, model, ids)


async def _check_keys(acme, model):
    async with acting_as(acme, read_only=True) as current:
        rows = await current.connection.fetch("SELECT kind FROM customer_key WHERE tenant_id = $1", acme.tenant_id)
    expected = Counter(external=len(model))
    for kind in ("phone", "email"):
        expected[kind] = sum(each[kind] is not None for each in model.values())
    assert Counter(row["kind"] for row in rows) == +expected


async def _check_history(acme, model, ids):
    """Each record's changes, in order: versions without a gap, each beginning where the last ended, the last ending in what is stored."""
    async with acting_as(acme, read_only=True) as current:
        body = (await current.keyring()).column("change", "body")
        rows = await current.connection.fetch("SELECT * FROM change WHERE tenant_id = $1 ORDER BY record_id, version", acme.tenant_id)
    histories = {}
    for row in rows:
        change = orjson.loads(body.open(row_id(row["change_set_id"], row["position"]), row["body"]))
        histories.setdefault(row["record_id"], []).append((row["action"], row["version"], change["before"], change["after"]))
    for id, history in histories.items():
        state = {}
        for place, (action, version, before, after) in enumerate(history, start=1):
            assert version == place
            told = before.keys() - {"flags"}
            assert {name: state.get(name) or None for name in told} == {name: before[name] or None for name in told}
            state = {} if action == "DELETE" else state | after
        external = next((name for name, each in ids.items() if each == id), None)
        assert {name: state.get(name) for name in FIELDS} == (
            {name: model[external][name] for name in FIELDS} if external else dict.fromkeys(FIELDS)
        )
