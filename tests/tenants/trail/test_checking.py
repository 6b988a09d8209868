"""`kelu trail`: verified where it lies, exported, checkpoints and keys; and what each says when something is not as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.database import connected
from tenants.embedded.roles import OWNER, SUPERUSER
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.refusals import Conflict
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.settings import Settings
from tenants.trail import Event, keys, note_alone, verifier
from tenants.trail.checking import all_tenants, check
from tenants.trail.keys import public_keys
from tenants.trail.sealing import seal
from tenants.words import RecordType
from tests.stories.home import environment_of


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(installed: Settings, migrated: Servers) -> AsyncIterator[Any]:
    assert migrated.owner
    if not installed.is_embedded:
        pytest.skip("only an embedded server's superuser is ours")
    async with connected(migrated.owner.replace(OWNER, SUPERUSER)) as connection:
        yield connection


@pytest_asyncio.fixture(loop_scope="session")
async def sealed(acme: Actor) -> Actor:
    """A tenant with two customers made in two change-sets, and a refusal, all sealed."""
    for name in ("王小明", "Zoë Müller"):
        async with acting_as(acme):
            await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": name}), IntakeRules())
    await note_alone(acme, Event.REFUSAL)
    await seal(acme)
    return acme


def run(installed: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kelu", *arguments], capture_output=True, text=True, env=environment_of(installed))


async def test_what_the_commands_print_is_what_the_verifier_takes(installed: Settings, sealed: Actor, tmp_path: Path) -> None:
    tenant, file = global_id("TENANT", sealed.tenant_id), tmp_path / "trail.jsonl"

    verified = json.loads(run(installed, "trail", "verify", "--tenant", tenant, "--json").stdout)
    (tmp_path / "key").write_text(run(installed, "trail", "public-key").stdout.splitlines()[-1])
    (tmp_path / "checkpoint").write_text(run(installed, "trail", "checkpoint", "--tenant", tenant).stdout)
    every = run(installed, "trail", "checkpoint").stdout.splitlines()
    exported = run(installed, "trail", "export", "--tenant", tenant, "--to", str(file), "--json")
    again = run(installed, "trail", "export", "--tenant", tenant, "--to", str(file))
    command = [sys.executable, "-I", verifier.__file__, file, "--key", tmp_path / "key", "--checkpoint", tmp_path / "checkpoint", "--json"]
    outcome = subprocess.run(list(map(str, command)), capture_output=True, text=True)

    entries = verified[0]["entries"]
    assert entries >= 3
    assert (verified[0]["tenant"], verified[0]["faults"]) == (tenant, [])
    assert json.loads(exported.stdout)["entries"] == entries
    assert (tmp_path / "checkpoint").read_text().strip() in every
    assert file.stat().st_mode & 0o777 == 0o600
    assert (again.returncode, "cannot be written" in again.stderr) == (1, True)
    assert json.loads(outcome.stdout) == {"blocks": 1, "entries": entries, "faults": []}
    assert not {"王小明", "Zoë Müller"} & set(file.read_text().split('"'))


async def test_a_changed_entry_is_said_with_its_place_and_ends_with_1(installed: Settings, sealed: Actor, superuser: Any) -> None:
    await superuser.execute(
        "UPDATE trail_entry SET event = 'SIGN_IN' WHERE tenant_id = $1 AND block = 1 AND event = 'REFUSAL'", sealed.tenant_id
    )

    verified = run(installed, "trail", "verify", "--tenant", global_id("TENANT", sealed.tenant_id))

    assert verified.returncode == 1
    assert "1 faults" in verified.stdout
    assert "was changed" in verified.stderr


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("UPDATE change SET body = set_byte(body, 40, get_byte(body, 40) # 1)", "was changed"),
        ("UPDATE change SET action = 'DELETE'", "was changed"),
        ("UPDATE change SET record_id = gen_random_uuid()", "was changed"),
        ("UPDATE change_set SET reason = 'Nothing'", "was changed"),
        ("DELETE FROM change", "was changed"),
        ("DELETE FROM change_set", "was deleted"),
    ],
)
async def test_changes_of_records_are_held_to_what_the_trail_says(sealed: Actor, superuser: Any, attack: str, told: str) -> None:
    before = await check(sealed)
    await superuser.execute(f"{attack} WHERE tenant_id = $1", sealed.tenant_id)

    found = await check(sealed)

    assert before.faults == []
    assert [fault.wrong.endswith(told) for fault in found.faults] == [True, True]


async def test_a_trail_that_is_gone_is_found_by_what_the_file_store_has(sealed: Actor, superuser: Any) -> None:
    for table in ("trail_entry", "trail_block"):
        await superuser.execute(f"DELETE FROM {table} WHERE tenant_id = $1", sealed.tenant_id)

    assert sealed.tenant_id in await all_tenants()
    assert ["cut off" in fault.wrong for fault in (await check(sealed)).faults] == [True]


async def test_a_checkpoint_that_does_not_open_is_said(installed: Settings, opened: Installation, sealed: Actor, globex: Actor) -> None:
    await note_alone(globex, Event.REFUSAL)
    await seal(globex)
    (name,) = opened.files.names(sealed.tenant_id, "trail")
    file = opened.settings.home / "files" / str(sealed.tenant_id) / name
    if not file.exists():
        pytest.skip("the files lie elsewhere")
    written = file.read_bytes()
    file.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))

    printed = run(installed, "trail", "checkpoint")

    assert ["does not open" in fault.wrong for fault in (await check(sealed)).faults] == [True]
    assert f"{global_id('TENANT', sealed.tenant_id)}: its checkpoint does not open." in printed.stderr
    assert str(globex.tenant_id) in printed.stdout
    opened.files.delete(sealed.tenant_id, name)


async def test_a_key_that_somebody_put_there_is_refused(sealed: Actor, superuser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await public_keys()
    monkeypatch.setattr(keys, "_open", {})

    row = await superuser.fetchrow("SELECT * FROM trail_key")
    for forged in ({**row, "public_key": bytes(32)}, {**row, "wrapped": bytes(61)}, {**row, "number": 2}):
        with pytest.raises(Conflict, match="signing key"):
            keys._known(forged)
    assert keys._known(row).public == row["public_key"]
