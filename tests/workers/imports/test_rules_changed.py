"""The tenant's rules change while its file is taken in: each chunk goes by rules that hold when it is written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tenants.imports.runs import progress
from tenants.installation import Installation
from tenants.rules.settings import change_settings, tenant_settings
from tenants.session import Actor, acting_as
from tests.stories.journey import finish, look, start
from tests.workers.working import until, with_settings, working, written
from workers.imports import rows

ROWS = 600


async def decide(actor: Actor, **given: Any) -> bool:
    async with acting_as(actor):
        return await change_settings(given, None) == []


async def test_keys_are_guarded_as_the_rules_say_in_the_end_whenever_they_changed(
    opened: Installation, acme: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(opened, monkeypatch, chunk_rows=25)
    anew = 0
    once = rows._import_rows

    async def counted(*given: Any) -> None:
        nonlocal anew
        try:
            await once(*given)
        except rows.RulesChanged:
            anew += 1
            raise

    monkeypatch.setattr(rows, "_import_rows", counted)
    lines = ["external_id,name,phone", *(f"C{n},Ada {n},138{n:08d}" for n in range(ROWS))]
    async with working():
        run_id = await start(acme, written(tmp_path / "people.csv", lines))
        await until(lambda: _has_begun(acme, run_id))
        changes = 0
        while not (await look(acme, run_id)).is_over:
            changes += await decide(acme, unique=["phone"] if changes % 2 == 0 else [])
            await asyncio.sleep(0.01)
        run = await finish(acme, run_id)

    async with acting_as(acme, read_only=True) as unit:
        settings = await tenant_settings()
        held = await unit.connection.fetch(
            "SELECT (holder <> customer_id) AS is_guarded, count(*) FROM customer_key WHERE tenant_id = $1 AND kind = 'phone' GROUP BY 1",
            acme.tenant_id,
        )
    assert (run.rows_created, run.rows_rejected) == (ROWS, 0)
    assert changes > 2
    assert anew > 0
    assert [tuple(row) for row in held] == [(settings.rules.unique != [], ROWS)]


async def _has_begun(actor: Actor, run_id: Any) -> bool:
    async with acting_as(actor, read_only=True):
        return (await progress(run_id)).rows_read > 0
