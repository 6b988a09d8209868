"""`kelu tenant suspend`, `resume`, `use`, `delete` and `proof`, as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tenants.api_keys import add_api_key, authenticate
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.life.proof import erasure_of
from tenants.refusals import NotFound
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.conftest import MakeTenant
from tests.stories.home import environment_of
from tests.tenants.life.rows_left import rows_of_tenant
from tests.workers.working import until, working

Kelu = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-m", "kelu", "tenant"]


@pytest.fixture
def kelu(opened: Installation) -> Kelu:
    """`kelu tenant …` on the installation of the tests, without a terminal."""

    def run(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        more = {"stdin": subprocess.DEVNULL, **more}
        return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, env=environment_of(opened.settings), **more)

    return run


def named(actor: Actor) -> str:
    return global_id("TENANT", actor.tenant_id)


async def left_of(migrated: Servers, actor: Actor) -> set[str]:
    """The tables that still hold rows of a tenant."""
    return {table for table, rows in (await rows_of_tenant(migrated, actor.tenant_id)).items() if rows}


async def test_a_tenant_is_suspended_and_resumed(kelu: Kelu, acme: Actor) -> None:
    first, second = kelu("suspend", named(acme), "--reason", "unpaid"), kelu("suspend", named(acme), "--json")
    async with acting_as(acme, read_only=True) as unit:
        status = await unit.connection.fetchval("SELECT status FROM tenant WHERE id = $1", acme.tenant_id)
    resumed = kelu("resume", named(acme))

    assert (first.returncode, first.stdout.strip(), first.stderr.strip()) == (0, named(acme), "Suspended.")
    assert orjson.loads(second.stdout) == {"id": named(acme), "status": "SUSPENDED"}
    assert status == "SUSPENDED"
    assert (resumed.returncode, resumed.stderr.strip()) == (0, "Resumed.")


@pytest.mark.parametrize("command", ["suspend", "resume", "delete"])
@pytest.mark.parametrize("id", ["ten_" + "0" * 32, "cus_" + "0" * 32, "nonsense"])
def test_a_tenant_that_is_not_there_is_refused(kelu: Kelu, command: str, id: str) -> None:
    refused = kelu(command, id)

    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", "kelu: There is no such tenant.\n")


def test_there_is_no_proof_of_what_was_not_deleted(kelu: Kelu, acme: Actor) -> None:
    refused = kelu("proof", named(acme))

    assert (refused.returncode, refused.stderr) == (1, "kelu: No such tenant has been deleted here.\n")


async def test_use_is_listed_for_one_tenant_and_for_all(kelu: Kelu, acme: Actor, globex: Actor) -> None:
    async with acting_as(acme):
        await add_api_key("a key")
        await take_in(Batch.of(RecordType.CUSTOMER, [{"name": "张三", "contact.name": "Eve"}, {"name": "Ada"}]), IntakeRules())

    one, every, shown = kelu("use", "--tenant", named(acme), "--json"), kelu("use", "--json"), kelu("use", "--tenant", named(acme))

    (used,) = orjson.loads(one.stdout)
    assert (used["id"], used["status"], used["api_keys"], used["members"], used["upload_bytes"]) == (named(acme), "ACTIVE", 1, 0, 0)
    assert (used["records"]["customers"], used["records"]["contacts"], used["records"]["orders"]) == (2, 1, 0)
    assert used["last_active_at"] is not None
    listed = {each["id"]: each for each in orjson.loads(every.stdout)}
    assert listed[named(acme)] == used
    assert listed[named(globex)]["records"]["customers"] == 0
    assert shown.returncode == 0
    assert named(acme) in shown.stdout


async def test_a_tenant_is_deleted_and_the_proof_printed_whenever_it_is_asked_for(kelu: Kelu, acme: Actor, migrated: Servers) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("a key")
        await take_in(Batch.of(RecordType.CUSTOMER, [{"name": f"Ada {n}", "phone": f"138{n:08d}"} for n in range(50)]), IntakeRules())

    deleted = kelu("delete", named(acme), "--yes", "--reason", "contract ended")
    printed, again, as_json = kelu("proof", named(acme)), kelu("delete", named(acme), "--yes"), kelu("proof", named(acme), "--json")

    assert deleted.returncode == 0, deleted.stderr
    proof, signature = deleted.stdout.splitlines()
    assert orjson.loads(proof)["tables"]["customer"] == {"removed": 50, "left": 0}
    assert printed.stdout == again.stdout == deleted.stdout
    told = orjson.loads(as_json.stdout)
    assert (told["signed"], f"{told['keyId']} {told['signature']}") == (proof, signature)
    assert await left_of(migrated, acme) == {"erasure"}
    with pytest.raises(Exception, match="not valid"):
        await authenticate(secret)


async def test_what_is_not_waited_for_is_left_to_a_worker(kelu: Kelu, acme: Actor, migrated: Servers) -> None:
    marked = kelu("delete", named(acme), "--yes", "--no-wait", "--json")
    under_way = kelu("proof", named(acme))
    async with working():
        await until(lambda: _is_finished(acme), seconds=30)

    assert (marked.returncode, orjson.loads(marked.stdout)["finished"]) == (0, False)
    assert under_way.returncode == 1
    assert kelu("proof", named(acme)).returncode == 0
    assert await left_of(migrated, acme) == {"erasure"}


async def _is_finished(actor: Actor) -> bool:
    return (await erasure_of(actor.tenant_id)).finished_at is not None


async def test_without_a_terminal_deleting_has_to_be_said_aloud(kelu: Kelu, acme: Actor) -> None:
    refused = kelu("delete", named(acme))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--yes" in refused.stderr
    async with acting_as(acme, read_only=True) as unit:
        assert await unit.connection.fetchval("SELECT status FROM tenant WHERE id = $1", acme.tenant_id) == "ACTIVE"


@pytest.mark.parametrize(("typed", "code"), [("A tenant of a tes", 1), ("", 1), ("A tenant of a test", 0)])
async def test_deleting_asks_for_the_tenants_name(opened: Installation, acme: Actor, migrated: Servers, typed: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "delete", named(acme)), stdin=theirs, stdout=-1, stderr=-1, env=environment_of(opened.settings)
    )
    os.close(theirs)
    os.write(ours, f"{typed}\n".encode() + (b"\x04" if not typed else b""))
    _, said = await asyncio.wait_for(process.communicate(), 60)
    os.close(ours)

    assert process.returncode == code, said
    assert (await left_of(migrated, acme) == {"erasure"}) is (code == 0)


async def test_a_server_of_ones_own_needs_the_owner_to_delete(opened: Installation, acme: Actor) -> None:
    servers = {"KELU_DATABASE_URL": opened.servers.app, "KELU_REDIS_URL": opened.servers.redis}
    home = opened.settings.home
    more = {"KELU_MASTER_KEY_FILE": str(home / "keys" / "master.key"), "KELU_FILES_URL": (home / "files").as_uri()}
    bare = {name: value for name, value in os.environ.items() if not name.startswith("KELU_")}

    refused = subprocess.run(
        [*COMMAND, "delete", named(acme), "--yes"], capture_output=True, text=True, timeout=60, env=bare | servers | more
    )

    assert refused.returncode == 1
    assert "KELU_DATABASE_OWNER_URL" in refused.stderr
    async with acting_as(acme, read_only=True) as unit:
        assert await unit.connection.fetchval("SELECT status FROM tenant WHERE id = $1", acme.tenant_id) == "ACTIVE"


async def test_deleting_that_is_killed_in_the_midst_goes_on_when_it_is_run_again(
    kelu: Kelu, opened: Installation, make_tenant: MakeTenant, migrated: Servers
) -> None:
    actor, other = await make_tenant(), await make_tenant()
    for each in (actor, other):
        async with acting_as(each) as unit:
            await unit.connection.execute(
                "INSERT INTO tag (tenant_id, name) SELECT $1, 'tag ' || n FROM generate_series(1, 60000) n", each.tenant_id
            )
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "delete", named(actor), "--yes"), stdin=subprocess.DEVNULL, env=environment_of(opened.settings)
    )
    while await _removed(actor) < 5_000:
        await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    halfway = await _removed(actor)

    under_way, done = kelu("proof", named(actor)), kelu("delete", named(actor), "--yes")

    assert 0 < halfway < 60_000
    assert under_way.returncode == 1
    assert "so far" in under_way.stderr
    assert done.returncode == 0, done.stderr
    assert orjson.loads(done.stdout.splitlines()[0])["tables"]["tag"] == {"removed": 60_000, "left": 0}
    assert await left_of(migrated, actor) == {"erasure"}
    assert len((await rows_of_tenant(migrated, other.tenant_id))["tag"]) == 60_000


async def _removed(actor: Actor) -> int:
    try:
        return (await erasure_of(actor.tenant_id)).removed.get("tag", 0)
    except NotFound:
        return 0
