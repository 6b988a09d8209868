"""An entry is written with what it tells of, or not at all; and nobody of ours can change it."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tenants.changes.record import Cause, digest
from tenants.ids import new_id
from tenants.intake.delete import delete
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.refusals import NotFound
from tenants.session import Actor, acting_as, session
from tenants.trail import Circumstances, Event, note, note_alone, under
from tenants.words import RecordType

_ENTRIES = "SELECT * FROM trail_entry WHERE tenant_id = $1 ORDER BY id"


async def entries(actor: Actor) -> list[Any]:
    async with acting_as(actor):
        return list(await session().connection.fetch(_ENTRIES, actor.tenant_id))


async def test_an_entry_says_who_did_what_to_what_under_which_circumstances(acme: Actor, globex: Actor) -> None:
    role = new_id()

    with under(Circumstances("ChangeRole", "203.0.113.7", "Quarterly review")):
        async with acting_as(acme):
            id = await note(
                Event.ROLE_CHANGED, subject_type="ROLE", subject_id=role, fields=["name"], details={"members": 3, "von": "Zürich"}
            )

    (entry,) = await entries(acme)
    assert (entry["id"], entry["event"], entry["actor_kind"], entry["block"]) == (id, "ROLE_CHANGED", "OPERATOR", None)
    assert (entry["subject_type"], entry["subject_id"], entry["fields"], entry["details"]) == (
        "ROLE",
        role,
        ["name"],
        '{"members":3,"von":"Zürich"}',
    )
    assert (entry["query"], entry["address"], entry["purpose"]) == ("ChangeRole", "203.0.113.7", "Quarterly review")
    assert await entries(globex) == []


async def test_an_entry_is_undone_with_its_act_and_one_of_the_refusal_stays(acme: Actor) -> None:
    with pytest.raises(NotFound):
        async with acting_as(acme):
            await note(Event.MEMBER_REMOVED)
            await delete(RecordType.CUSTOMER, ["cus_0"])
    await note_alone(acme, Event.REFUSAL, details={"code": "NOT_FOUND"})

    assert [entry["event"] for entry in await entries(acme)] == ["REFUSAL"]


async def test_a_change_set_is_one_entry_with_a_digest_of_its_changes(acme: Actor) -> None:
    async with acting_as(acme):
        await take_in(Batch.of(RecordType.CUSTOMER, [{"name": "王小明"}]), IntakeRules())

    (entry,) = await entries(acme)
    async with acting_as(acme):
        changes = await session().connection.fetch(
            "SELECT * FROM change WHERE tenant_id = $1 AND change_set_id = $2 ORDER BY position", acme.tenant_id, entry["change_set_id"]
        )
    columns = [[row[name] for row in changes] for name in ("record_type", "record_id", "action", "version", "body")]

    assert (entry["event"], entry["record_count"], entry["subject_type"]) == ("MUTATION", 1, "CUSTOMER")
    assert entry["subject_id"] == changes[0]["record_id"]
    assert entry["digest"] == digest(Cause("API"), *columns)
    columns[4][0] += b"x"
    assert entry["digest"] != digest(Cause("API"), *columns)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail_entry SET event = 'OTHER' WHERE tenant_id = $1",
        "DELETE FROM trail_entry WHERE tenant_id = $1",
        "UPDATE trail_block SET total = 0 WHERE tenant_id = $1",
        "DELETE FROM trail_block WHERE tenant_id = $1",
    ],
)
async def test_the_apps_role_cannot_change_what_was_written(acme: Actor, statement: str) -> None:
    await note_alone(acme, Event.REFUSAL)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting_as(acme):
            await session().connection.execute(statement, acme.tenant_id)
