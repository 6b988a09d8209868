"""A tenant is deleted: nothing of it is left, nothing that was sealed opens, and nobody else's is touched."""

from __future__ import annotations

import asyncio
import hashlib
import time
from uuid import UUID

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenants import jobs
from tenants.api_keys import add_api_key, authenticate
from tenants.database import connected
from tenants.encryption import CannotOpen
from tenants.encryption.tenant_keys import recall
from tenants.installation import Installation, installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.life import erasing, status
from tenants.life.erasing import erase_tenant
from tenants.life.forgetting import hearing, tell
from tenants.life.marking import mark, seal_the_end
from tenants.life.proof import Erasure, erasure_of
from tenants.life.tables import tables_of_tenants
from tenants.refusals import Conflict, NotAllowed, NotFound
from tenants.servers import Servers
from tenants.session import Actor, ActorKind, acting_as, known_keyring
from tenants.trail.exporting import lines
from tenants.trail.keys import public_keys
from tenants.trail.verifier import Fault, Verifier
from tenants.words import RecordType
from tests.conftest import MakeTenant
from tests.tenants.life.rows_left import digests, rows_of_tenant
from tests.tenants.rows import ROWS, insert_all
from tests.workers.working import until, working


async def filled(make_tenant: MakeTenant, migrated: Servers, customers: int = 30) -> Actor:
    """A tenant with a row in every table, real customers, files and a key."""
    actor = await make_tenant()
    assert migrated.owner
    async with connected(migrated.owner) as connection, connection.transaction():
        await insert_all(
            connection, actor.tenant_id, [table for table in ROWS if table not in ("tenant", "tenant_key", "erasure", "trail_block")]
        )
    async with acting_as(actor) as unit:
        drafts = [{"name": f"张{n}", "phone": f"138{n:08d}", "contact.name": "Eve"} for n in range(customers)]
        await take_in(Batch.of(RecordType.CUSTOMER, drafts), IntakeRules())
        keyring = await unit.keyring()
    for name in ("uploads/one", "imports/two/three"):
        await asyncio.to_thread(installation().files.put, keyring, name, [b"some rows"])
    return actor


async def delete(actor: Actor) -> Erasure:
    """As the command does it, here."""
    await status.suspend(actor)
    job_id = await mark(actor.tenant_id, await seal_the_end(actor, "the test is over"))
    while (found := await erasure_of(actor.tenant_id)).finished_at is None:
        await turn(actor, job_id)
    return found


async def turn(actor: Actor, job_id: UUID) -> None:
    worker = Actor(actor.tenant_id, ActorKind.WORKER, job_id)
    async with acting_as(worker):
        claim = await jobs.claim(job_id)
    if claim is None:
        await asyncio.sleep(0.05)
    else:
        await erase_tenant(worker, claim)


async def test_nothing_of_a_deleted_tenant_is_left_and_others_are_untouched(make_tenant: MakeTenant, migrated: Servers) -> None:
    gone, stays = [await filled(make_tenant, migrated) for _ in range(2)]
    before, elsewhere = await rows_of_tenant(migrated, gone.tenant_id), await digests(migrated, stays.tenant_id)
    files = installation().files.names(stays.tenant_id, "")

    erasure = await delete(gone)

    after = await rows_of_tenant(migrated, gone.tenant_id)
    assert {table for table, rows in before.items() if not rows} == {"erasure", "trail_block"}
    assert {table for table, rows in after.items() if rows} == {"erasure"}
    assert installation().files.names(gone.tenant_id, "") == []
    assert await digests(migrated, stays.tenant_id) == elsewhere
    assert installation().files.names(stays.tenant_id, "") == files
    async with acting_as(stays):
        assert (await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": "Ada"}), IntakeRules())).record_ids[0]
    removed = orjson.loads(erasure.proof or "")["tables"]
    assert {table: told["left"] for table, told in removed.items()} == dict.fromkeys(before.keys() - {"erasure"}, 0)
    # The trail and the jobs have got some more rows until it was over.
    assert {table for table, rows in before.items() if removed.get(table, {"removed": 0})["removed"] != len(rows)} <= {
        *("trail_entry", "trail_block", "job", "erasure")
    }


async def test_the_proof_is_signed_by_the_key_of_the_trail_and_holds_its_last_checkpoint(
    make_tenant: MakeTenant, migrated: Servers
) -> None:
    actor = await filled(make_tenant, migrated)
    async with acting_as(actor, read_only=True) as unit:
        wrapped = await unit.connection.fetchval("SELECT wrapped FROM tenant_key WHERE tenant_id = $1", actor.tenant_id)

    erasure = await delete(actor)

    assert erasure.proof is not None
    assert erasure.signature is not None
    public = Ed25519PublicKey.from_public_bytes((await public_keys())[-1])
    public.verify(erasure.signature, erasure.proof.encode())
    with pytest.raises(InvalidSignature):
        public.verify(erasure.signature, erasure.proof.replace('"left":0', '"left":1').encode())
    told = orjson.loads(erasure.proof)
    assert told["tenant_id"] == str(actor.tenant_id)
    assert [key["fingerprint"] for key in told["keys"]] == [hashlib.sha256(wrapped).hexdigest()[:32]]
    assert told["files"] == {"removed": 3, "left": 0}  # the last checkpoint of the trail was a file, too
    assert told["checkpoint"]["tenant_id"] == str(actor.tenant_id)
    assert "张" not in erasure.proof


async def test_an_export_of_the_trail_verifies_against_the_proof_of_a_tenant_that_is_gone(make_tenant: MakeTenant) -> None:
    actor = await make_tenant()
    for reason in ("unpaid", "unpaid again"):
        await status.suspend(actor, reason)
        await status.resume(actor)
    await status.suspend(actor)
    checkpoint = await seal_the_end(actor, "contract ended")
    async with acting_as(actor, read_only=True) as unit:
        export = [line async for line in lines(unit.connection, actor.tenant_id)]

    job_id = await mark(actor.tenant_id, checkpoint)
    while (erasure := await erasure_of(actor.tenant_id)).finished_at is None:
        await turn(actor, job_id)

    kept = orjson.loads(erasure.proof or "")["checkpoint"]
    assert [len(await _faults(actor, kept, told)) > 0 for told in (export, export[1:], export[:-1])] == [False, True, True]
    assert any(b"TENANT_DELETED" in line and b"contract ended" in line for line in export)


async def _faults(actor: Actor, checkpoint: dict[str, object], export: list[bytes]) -> list[Fault]:
    verifier = Verifier(await public_keys(), checkpoint, str(actor.tenant_id))
    for line in export:
        verifier.take(line)
    return verifier.finish()


async def test_what_was_sealed_cannot_be_opened_any_more(make_tenant: MakeTenant, opened: Installation) -> None:
    actor = await make_tenant()
    async with acting_as(actor) as unit:
        await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": "Ada", "phone": "13812345678"}), IntakeRules())
        keyring = await unit.keyring()
        row = await unit.connection.fetchrow("SELECT id, phone FROM customer WHERE tenant_id = $1", actor.tenant_id)
    assert keyring.column("customer", "phone").open(row["id"], row["phone"]) == "+8613812345678"  # control

    await status.suspend(actor)
    await mark(actor.tenant_id, None)

    assert known_keyring(actor.tenant_id) is None
    async with acting_as(actor, read_only=True) as unit:
        with pytest.raises(NotFound):
            await unit.keyring()
    # Not with a new key under the same master key either.
    again = await make_tenant()
    async with acting_as(again) as unit:
        other = await unit.keyring()
    with pytest.raises(CannotOpen):
        other.column("customer", "phone").open(row["id"], row["phone"])


async def test_other_processes_forget_the_keys_within_a_second(make_tenant: MakeTenant, opened: Installation) -> None:
    actors = [await make_tenant() for _ in range(2)]
    await asyncio.sleep(1.1)  # a key that is younger is not kept: its transaction might be undone

    async with hearing():
        await asyncio.sleep(0.2)
        for actor in actors:
            async with acting_as(actor, read_only=True) as unit:
                await unit.keyring()
        known = [recall(actor.tenant_id, opened.master.name) is not None for actor in actors]
        await tell(actors[0].tenant_id)
        await until(lambda: recall(actors[0].tenant_id, opened.master.name) is None, seconds=1)

    assert known == [True, True]
    assert recall(actors[1].tenant_id, opened.master.name) is not None


async def test_erasing_that_is_stopped_anywhere_goes_on_and_counts_everything_once(
    make_tenant: MakeTenant, migrated: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ROWS_AT_ONCE", 7)
    actor = await filled(make_tenant, migrated)
    before = {table: len(rows) for table, rows in (await rows_of_tenant(migrated, actor.tenant_id)).items()}
    await status.suspend(actor)
    job_id = await mark(actor.tenant_id, None)
    stops = 0

    while (erasure := await erasure_of(actor.tenant_id)).finished_at is None:
        task = asyncio.create_task(turn(actor, job_id))
        await asyncio.sleep(0.005 + 0.005 * stops)
        if not task.done() and stops < 12:
            task.cancel()
            stops += 1
            await asyncio.gather(task, return_exceptions=True)
            async with acting_as(actor) as unit:  # as if its lease were over
                await unit.connection.execute("UPDATE job SET due_at = now() WHERE tenant_id = $1 AND id = $2", actor.tenant_id, job_id)
        else:
            await task

    assert stops > 3
    removed = orjson.loads(erasure.proof or "")["tables"]
    same = before.keys() - {"erasure", "job", "trail_entry", "trail_block"}
    assert {table: removed[table]["removed"] for table in same} == {table: before[table] for table in same}
    assert {table for table, rows in (await rows_of_tenant(migrated, actor.tenant_id)).items() if rows} == {"erasure"}


async def test_a_worker_erases_what_was_only_marked(make_tenant: MakeTenant, migrated: Servers) -> None:
    actor = await filled(make_tenant, migrated)
    await status.suspend(actor)
    await mark(actor.tenant_id, None)

    async with working():
        await until(lambda: _is_finished(actor), seconds=30)

    assert {table for table, rows in (await rows_of_tenant(migrated, actor.tenant_id)).items() if rows} == {"erasure"}


async def _is_finished(actor: Actor) -> bool:
    return (await erasure_of(actor.tenant_id)).finished_at is not None


async def test_whoever_is_in_the_midst_of_writing_is_waited_for(make_tenant: MakeTenant, migrated: Servers, opened: Installation) -> None:
    actor = await make_tenant()
    async with connected(opened.servers.app) as straggler:
        transaction = straggler.transaction()
        await transaction.start()
        await straggler.execute(f"SELECT act_as_tenant('{actor.tenant_id}')")
        await status.suspend(actor)
        job_id = await mark(actor.tenant_id, None)
        until_ = time.monotonic() + 4
        while time.monotonic() < until_:
            await turn(actor, job_id)
        waiting = (await erasure_of(actor.tenant_id)).finished_at is None
        await straggler.execute("INSERT INTO tag (tenant_id, name) VALUES ($1, 'late')", actor.tenant_id)
        await transaction.commit()
    while (erasure := await erasure_of(actor.tenant_id)).finished_at is None:
        await turn(actor, job_id)

    assert waiting
    assert orjson.loads(erasure.proof or "")["tables"]["tag"] == {"removed": 1, "left": 0}
    assert (await rows_of_tenant(migrated, actor.tenant_id))["tag"] == []


async def test_a_tenant_that_is_being_deleted_can_neither_be_resumed_nor_marked_twice(make_tenant: MakeTenant) -> None:
    actor = await make_tenant()
    first = await mark(actor.tenant_id, None)
    second = await mark(actor.tenant_id, None)

    assert first == second
    for act in (status.resume, status.suspend):
        with pytest.raises(Conflict):
            await act(actor)


async def test_a_deleted_tenants_key_is_as_unknown_as_one_that_never_was(make_tenant: MakeTenant) -> None:
    actor = await make_tenant()
    async with acting_as(actor):
        _, secret = await add_api_key("a key")
    await authenticate(secret)

    await delete(actor)

    with pytest.raises(NotAllowed, match="not valid"):
        await authenticate(secret)


async def test_a_table_that_erasing_forgets_is_found_by_these_tests(
    make_tenant: MakeTenant, migrated: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without_tags(connection: object) -> list[str]:
        return [name for name in await tables_of_tenants(connection) if name != "tag"]

    monkeypatch.setattr(erasing, "tables_of_tenants", without_tags)
    actor = await filled(make_tenant, migrated)

    await delete(actor)

    assert {table for table, rows in (await rows_of_tenant(migrated, actor.tenant_id)).items() if rows} == {"erasure", "tag"}
