"""What is older than a tenant wants to keep goes by itself, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tenants.imports.runs import progress
from tenants.installation import installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.rules.settings import change_settings
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.stories.journey import bring_in
from tests.workers.working import until, working, written

#: By table: what makes one of its rows old.
AGED = {
    "customer": "updated_at = now() - interval '100 days'",
    "customer_order": "ordered_at = now() - interval '100 days'",
    "interaction": "occurred_at = now() - interval '100 days'",
    "need": "updated_at = now() - interval '100 days'",
    "upload": "created_at = now() - interval '100 days'",
}


async def decide(actor: Actor, **retention: int) -> None:
    async with acting_as(actor):
        assert await change_settings({"retention": retention}, None) == []


async def names(actor: Actor, statement: str) -> list[Any]:
    async with acting_as(actor, read_only=True) as unit:
        return [row[0] for row in await unit.connection.fetch(statement, actor.tenant_id)]


async def aged(actor: Actor, table: str, where: str = "true") -> None:
    async with acting_as(actor) as unit:
        await unit.connection.execute(f"UPDATE {table} SET {AGED[table]} WHERE tenant_id = $1 AND {where}", actor.tenant_id)


async def filled(actor: Actor) -> None:
    """Customers A, B, C; of A two orders, interactions and needs each: one that is over and one that is not."""
    drafts: dict[RecordType, list[dict[str, Any]]] = {
        RecordType.CUSTOMER: [
            {"external_id": "A", "name": "Ada", "lifecycle": "ACTIVE"},
            {"external_id": "B", "name": "Bo", "lifecycle": "LAPSED", "phone": "13812345678", "contact.name": "Eve"},
            {"external_id": "C", "name": "Chen", "lifecycle": "LAPSED"},
        ],
        RecordType.ORDER: [{"number": number, "ordered_at": "2024-05-01", "status": number} for number in ("OPEN", "COMPLETED")],
        RecordType.INTERACTION: [
            {"subject": follow_up, "channel": "PHONE", "occurred_at": "2024-05-01", "follow_up": follow_up}
            for follow_up in ("OPEN", "CLOSED")
        ],
        RecordType.NEED: [{"what": status, "status": status} for status in ("OPEN", "CLOSED")],
    }
    for noun, rows in drafts.items():
        linked = {} if noun is RecordType.CUSTOMER else {"customer_external_id": "A"}
        async with acting_as(actor):
            outcome = await take_in(Batch.of(noun, [row | linked for row in rows]), IntakeRules())
        assert outcome.problems == []


async def rests(actor: Actor) -> bool:
    """Whether the job has done all there was to do."""
    return await names(actor, "SELECT due_at > now() + interval '23 hours' FROM job WHERE tenant_id = $1 AND kind = 'retention'") == [True]


async def test_records_that_are_over_and_too_old_go_with_their_keys_and_a_change_set(acme: Actor, globex: Actor) -> None:
    for actor in (acme, globex):
        await filled(actor)
        for table in ("customer_order", "interaction", "need"):
            await aged(actor, table)
        await aged(actor, "customer", "external_id IN ('A', 'B')")

    await decide(acme, CUSTOMERS=90, ORDERS=90, INTERACTIONS=90, NEEDS=90)
    async with working():
        await until(lambda: rests(acme))

    assert await names(acme, "SELECT external_id FROM customer WHERE tenant_id = $1 ORDER BY 1") == ["A", "C"]
    assert await names(acme, "SELECT count(*) FROM contact WHERE tenant_id = $1") == [0]
    assert await names(acme, "SELECT count(*) FROM customer_key WHERE tenant_id = $1 AND kind = 'phone'") == [0]
    assert await names(acme, "SELECT number FROM customer_order WHERE tenant_id = $1") == ["OPEN"]
    assert await names(acme, "SELECT subject FROM interaction WHERE tenant_id = $1") == ["OPEN"]
    assert await names(acme, "SELECT what FROM need WHERE tenant_id = $1") == ["OPEN"]
    kinds = await names(acme, "SELECT actor_kind FROM change_set WHERE tenant_id = $1 AND reason LIKE 'Kept for%'")
    assert kinds == ["WORKER"] * 4
    assert len(await names(globex, "SELECT id FROM customer WHERE tenant_id = $1")) == 3


@pytest.mark.parametrize("days", [101, None])
async def test_what_is_younger_or_has_no_rule_stays(acme: Actor, days: int | None) -> None:
    await filled(acme)
    for table in ("customer_order", "interaction", "need", "customer"):
        await aged(acme, table)

    await decide(acme, **({"CUSTOMERS": days, "ORDERS": days} if days else {"UPLOADS": 1}))
    async with working():
        await until(lambda: rests(acme))

    assert len(await names(acme, "SELECT id FROM customer WHERE tenant_id = $1")) == 3
    assert len(await names(acme, "SELECT id FROM customer_order WHERE tenant_id = $1")) == 2


async def test_files_go_with_their_imports_once_these_are_over(acme: Actor, tmp_path: Path) -> None:
    async with working():
        old = await bring_in(acme, written(tmp_path / "old.csv", ["external_id,name", "A,Ada"]))
        await aged(acme, "upload")
        young = await bring_in(acme, written(tmp_path / "young.csv", ["external_id,name", "B,Bo"]))
        await decide(acme, UPLOADS=30)
        await until(lambda: rests(acme))

    assert await names(acme, "SELECT name FROM upload WHERE tenant_id = $1") == ["young.csv"]
    assert await names(acme, "SELECT count(*) FROM import_run WHERE tenant_id = $1") == [1]
    assert len(installation().files.names(acme.tenant_id, "uploads")) == 1
    assert await names(acme, "SELECT external_id FROM customer WHERE tenant_id = $1 ORDER BY 1") == ["A", "B"]
    assert (old.rows_created, young.rows_created) == (1, 1)


async def test_an_upload_whose_import_is_under_way_stays(acme: Actor) -> None:
    async with acting_as(acme) as unit:
        await unit.connection.execute(
            "INSERT INTO upload (tenant_id, id, name, size, sha256) VALUES ($1, $1, 'a.csv', 1, 'x')", acme.tenant_id
        )
        await unit.connection.execute(
            "INSERT INTO import_run (tenant_id, id, upload_id, record_type, status) VALUES ($1, $1, $1, 'CUSTOMER', 'PAUSED')",
            acme.tenant_id,
        )
    await aged(acme, "upload")

    await decide(acme, UPLOADS=30)
    async with working():
        await until(lambda: rests(acme))
    async with acting_as(acme, read_only=True):
        assert (await progress(acme.tenant_id)).status == "PAUSED"


async def test_without_a_rule_the_job_is_over_and_a_new_rule_brings_it_back(acme: Actor) -> None:
    states = "SELECT state FROM job WHERE tenant_id = $1 AND kind = 'retention' ORDER BY position"
    await decide(acme, NEEDS=30)
    first = await names(acme, states)
    await decide(acme)
    async with working():
        await until(lambda: _are(acme, states, ["DONE"]))
    await decide(acme, NEEDS=31)
    await decide(acme, NEEDS=32)

    assert first == ["WAITING"]
    assert await names(acme, states) == ["DONE", "WAITING"]
    assert orjson.loads((await names(acme, "SELECT rules FROM tenant WHERE id = $1"))[0])["retention"] == {"NEEDS": 32}


async def _are(actor: Actor, statement: str, wanted: list[str]) -> bool:
    return await names(actor, statement) == wanted


async def test_history_is_only_written_down(acme: Actor) -> None:
    await decide(acme, HISTORY=1)

    assert await names(acme, "SELECT count(*) FROM job WHERE tenant_id = $1") == [0]
