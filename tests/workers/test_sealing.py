"""The sealer's clock: every tenant with something new is sealed by some worker, and one that cannot be is nobody else's trouble."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tenants.installation import Installation
from tenants.session import Actor, acting_as, session
from tenants.trail import Event, note_alone
from tenants.trail.exporting import unsealed_count
from tenants.trail.sealing import last_block
from tests.conftest import MakeTenant
from tests.workers.working import until, with_settings, working
from workers import sealing
from workers.sealing import Sealer


async def waiting(actor: Actor) -> int:
    async with acting_as(actor, read_only=True):
        return await unsealed_count()


async def blocks(actor: Actor) -> int:
    async with acting_as(actor, read_only=True):
        return int((await last_block() or {"block": 0})["block"])


async def test_all_tenants_are_sealed_on_however_many_pages_they_come(make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_PAGE", 2)
    tenants = [await make_tenant() for _ in range(5)]
    for actor in tenants:
        await note_alone(actor, Event.REFUSAL)

    async with working():
        await Sealer().ring()
        for actor in tenants:
            await until(lambda actor=actor: _is_sealed(actor))

    assert [await blocks(actor) for actor in tenants] == [1] * 5


async def _is_sealed(actor: Actor) -> bool:
    return await waiting(actor) == 0


async def test_one_clock_rings_in_each_interval(opened: Installation, acme: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    rung = []

    async def ring(self: Sealer) -> None:
        rung.append(self)
        raise OSError("Stop here.")

    monkeypatch.setattr(Sealer, "ring", ring)
    with_settings(opened, monkeypatch, seal_seconds=30)
    await opened.bell.delete(sealing._TURN)

    await sealing.take_turn(Sealer())
    await sealing.take_turn(Sealer())

    assert len(rung) == 1
    assert 0 < await opened.bell.pttl(sealing._TURN) <= 30_000
    await opened.bell.delete(sealing._TURN)


async def test_a_tenant_that_cannot_be_sealed_is_said_and_the_next_one_is(
    acme: Actor, globex: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for actor in (acme, globex):
        await note_alone(actor, Event.REFUSAL)
    async with acting_as(acme):  # behind the last number there is, none comes
        await session().connection.execute(
            """
            INSERT INTO trail_block (tenant_id, number, sealed_at, entries, total, previous, entries_hash, hashes, hash, key_id, signature)
            VALUES ($1, 9223372036854775807, now(), 1, 1, $2, $2, $2, $2, 'x', $2::bytea || $2)
            """,
            acme.tenant_id,
            bytes(32),
        )

    with capture_logs() as logs:
        async with working():
            await Sealer().ring()
            await until(lambda: _is_sealed(globex))
            await until(lambda: any(each["event"] == "trail.not_sealed" for each in logs))

    assert await waiting(acme) == 1
    assert {each["tenant"] for each in logs if each["event"] == "trail.not_sealed"} == {str(acme.tenant_id)}
