"""`trail`: what the trail costs a single update, with it and without in turn; `attacks`: 10,000 of them on a trail of 100,000 entries."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

from rich.console import Console
from rich.table import Table

from tenants.changes import record as recording
from tenants.changes.change import Change
from tenants.changes.feed import publish, told_of
from tenants.changes.record import Cause
from tenants.encryption import Keyring
from tenants.ids import global_id, new_id
from tenants.intake import intake
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, Session, acting_as, after_commit
from tenants.words import RecordType
from tests.stories.home import own_installation, temporary_folder

_AIM_RATIO = 1.15
_ROUNDS, _UPDATES = 60, 25
_WAYS = ("without", "with")

_ATTACKS = "tests/tenants/trail/test_attacks.py"
_MANY = 10_000


def measure_attacks(console: Console) -> dict[str, Any]:
    """Run the attacks at full length; it fails here as it would in the tests."""
    console.print(f"{_MANY:,} attacks on 100,000 entries …")
    began, used = time.perf_counter(), os.times().children_user
    command = [sys.executable, "-m", "pytest", _ATTACKS, "-q", "-x"]
    subprocess.run(command, check=True, env=os.environ | {"KELU_TRAIL_ATTACKS": str(_MANY)})
    figures = {"attacks": _MANY, "seconds": time.perf_counter() - began, "cpu_seconds": os.times().children_user - used}
    console.print({name: round(figure) for name, figure in figures.items()})
    return figures


def measure(console: Console) -> dict[str, Any]:
    """Compare the time of an update of one customer, committed, with the trail and without; print and return the figures."""
    with temporary_folder() as folder:
        times = asyncio.run(_measure(folder / "home"))
    milliseconds = {way: {"p50": statistics.median(taken), "p95": statistics.quantiles(taken, n=20)[-1]} for way, taken in times.items()}
    ratio = milliseconds["with"]["p50"] / milliseconds["without"]["p50"]
    table = Table("update of one customer", "p50 ms", "p95 ms")
    for way, found in milliseconds.items():
        table.add_row(f"{way} the trail", f"{found['p50']:.3f}", f"{found['p95']:.3f}")
    console.print(table, f"{ratio:.3f} times as long with the trail; aim: {_AIM_RATIO} at most.")
    return {"milliseconds": milliseconds, "ratio": ratio, "aim": _AIM_RATIO, "updates": _ROUNDS * _UPDATES}


async def _measure(home: Any) -> dict[str, list[float]]:
    """Milliseconds of each update, some with and some without in turn."""
    times: dict[str, list[float]] = {way: [] for way in _WAYS}
    async with own_installation(home):
        actor = Actor((await add_tenant("A tenant", country="CN")).id, ActorKind.OPERATOR)
        async with acting_as(actor):
            made = await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": "王小明", "phone": "13812345678"}), IntakeRules())
        assert made.record_ids[0]
        id = global_id(RecordType.CUSTOMER, made.record_ids[0])
        for number in range(_ROUNDS + 2):
            for way in _WAYS[:: 1 if number % 2 else -1]:
                taken = await _updates(actor, id, number, is_with=way == "with")
                times[way] += taken if number > 1 else []
    return times


async def _updates(actor: Actor, id: str, number: int, *, is_with: bool) -> list[float]:
    taken = []
    with ExitStack() as stack:
        if not is_with:
            stack.enter_context(patch.object(intake, "record", _record_alone))
        for turn in range(_UPDATES):
            draft = {"id": id, "city": f"{number}.{turn}.{is_with}"}
            began = time.perf_counter()
            async with acting_as(actor):
                outcome = await take_in(Batch.of_one(RecordType.CUSTOMER, draft), IntakeRules())
            taken.append((time.perf_counter() - began) * 1000)
            assert outcome.change_set_id
    return taken


async def _record_alone(changes: Sequence[Change], cause: Cause, current: Session, keyring: Keyring) -> UUID:
    """What `record` did before there was a trail: the change-set and its changes."""
    id, actor, tenant_id = new_id(), current.actor, current.tenant_id
    values = (actor.kind, actor.id, cause.source, cause.import_run_id, cause.reason, len(changes))
    at = await current.connection.fetchval(_CHANGE_SET, tenant_id, id, *values)
    bodies = [recording._json({"before": change.before, "after": change.after}) for change in changes]
    sealed = keyring.column("change", "body").seal_all([recording.row_id(id, place) for place in range(len(changes))], bodies)
    told = told_of(changes)
    columns = (told.record_types, told.record_ids, told.actions, told.versions, sealed)
    await current.connection.execute(recording._CHANGES, tenant_id, id, *columns)
    after_commit(partial(publish, tenant_id, id, at, told))
    return id


_CHANGE_SET = """
INSERT INTO change_set (tenant_id, id, actor_kind, actor_id, source, import_run_id, reason, changes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING created_at
"""
