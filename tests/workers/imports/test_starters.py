"""Rows are taken in with the rights of who started the import, as they are at that moment."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from tenants.access.actors import actor_of_member
from tenants.access.built_in import MANAGER, SALES
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tests.stories.journey import counts, finish, look, start
from tests.tenants.signin.members import Somebody, member_of
from tests.workers.working import until, with_settings, working, written


async def importer_of(tenant: Actor, *more: UUID) -> Somebody:
    """A member who may import, and besides what these roles give."""
    id, grants = new_id(), {"permissions": {"IMPORT_RUN": "ALL", "IMPORT_READ": "ALL"}}
    async with acting_as(tenant) as unit:
        statement = "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, '导入', $3)"
        await unit.connection.execute(statement, tenant.tenant_id, id, orjson.dumps(grants).decode())
    return await member_of(tenant, None, id, *more)


async def change(tenant: Actor, member: Somebody, **columns: Any) -> None:
    async with acting_as(tenant) as unit:
        for name, value in columns.items():
            await unit.connection.execute(
                f"UPDATE member SET {name} = $3 WHERE tenant_id = $1 AND id = $2", tenant.tenant_id, member.id, value
            )


async def test_what_the_starters_roles_do_not_reach_is_rejected_row_by_row(acme: Actor, tmp_path: Path) -> None:
    somebody = await importer_of(acme, SALES.id)
    member = await actor_of_member(acme.tenant_id, somebody.id)
    lines = ["external_id,name,owner", f"C1,林小梅,{somebody.email}", "C2,Ada,Somebody else", "C3,Zoë,"]

    async with working():
        run = await finish(acme, await start(member, written(tmp_path / "people.csv", lines)))

    async with acting_as(acme, read_only=True) as unit:
        owners = await unit.connection.fetch("SELECT external_id, owner_id FROM customer WHERE tenant_id = $1 ORDER BY 1", acme.tenant_id)
    assert counts(run) == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    assert [tuple(row) for row in owners] == [("C1", somebody.id), ("C3", somebody.id)]  # who says nobody's has it for his own


@pytest.mark.parametrize("ending", [{"status": "SUSPENDED"}, {"role_ids": [SALES.id]}])
async def test_an_import_ends_within_a_second_of_its_starters_right_to_it(
    opened: Installation, acme: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: dict[str, Any]
) -> None:
    with_settings(opened, monkeypatch, chunk_rows=20)
    somebody = await importer_of(acme, MANAGER.id)
    member = await actor_of_member(acme.tenant_id, somebody.id)
    lines = ["external_id,name", *(f"C{n},Ada {n}" for n in range(20_000))]

    async with working():
        run_id = await start(member, written(tmp_path / "people.csv", lines))
        await until(lambda: _has_begun(acme, run_id))
        await change(acme, somebody, **ending)
        ended = time.monotonic()
        while not (run := await look(acme, run_id)).is_over:
            assert time.monotonic() < ended + 30
            await asyncio.sleep(0.02)
        took = time.monotonic() - ended
        async with acting_as(acme, read_only=True) as unit:
            kept = await unit.connection.fetchval("SELECT count(*) FROM customer WHERE tenant_id = $1", acme.tenant_id)

    assert run.status == "FAILED"
    assert run.failure_reason in ("This member or its tenant is not active.", "Who started this import may not import any more.")
    assert 0 < kept == run.rows_created < 20_000
    assert took < 1


async def _has_begun(actor: Actor, run_id: UUID) -> bool:
    return (await look(actor, run_id)).rows_read > 0
