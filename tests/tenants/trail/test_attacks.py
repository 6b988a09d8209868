"""Random attacks by a superuser of the database on a long trail: the verifier finds every one, and without the chain it would not.

Each attack is done in the database and undone by a savepoint, and the verifier is given what an export then says. It works from left to
right and forgets no fault, so it begins here where it would have been before the first block that was touched, and ends at its first
fault: were that block named too late, it would find nothing, and the test fail. Some attacks go all the way, to a file and the program
that stands alone. KELU_TRAIL_ATTACKS says how many there are; `python -m tests.benchmarks --only attacks` does 10,000.
"""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from tenants.database import connected
from tenants.embedded.roles import OWNER, SUPERUSER
from tenants.encryption.signing import SigningKey
from tenants.ids import new_ids
from tenants.registry import add_tenant
from tenants.servers import Servers
from tenants.session import Actor, ActorKind, acting_as, session
from tenants.settings import Settings
from tenants.trail import sealing, verifier
from tenants.trail.exporting import lines
from tenants.trail.keys import public_keys
from tenants.trail.sealing import kept_checkpoint, seal
from tenants.trail.verifier import Verifier
from tests.tenants.trail.attacks import ATTACKS, Attack, Target

_ENTRIES = 100_000
_BLOCK = 200
_ATTACKS = int(os.environ.get("KELU_TRAIL_ATTACKS", "500"))
_WHOLE = 2


class Unchained(Verifier):
    """The control: entries are compared with the hashes of their block, and nobody asks who wrote those."""

    def chain_faults(self, block: Mapping[str, Any]) -> Iterable[str]:
        self.tenant_id, self._has_met_checkpoint = block["tenant_id"], True
        return ()


class Examined:
    """A trail with the state in which a verifier is before each of its blocks."""

    def __init__(self, target: Target, kind: type[Verifier], keys: list[bytes], checkpoint: dict[str, Any]) -> None:
        self.target, self.states = target, [kind(keys, checkpoint)]

    async def read(self) -> Examined:
        walking = copy.copy(self.states[0])
        async for line in lines(self.target.connection, self.target.tenant_id):
            walking.take(line)
            if walking.blocks == len(self.states):
                self.states.append(copy.copy(walking))
        assert walking.finish() == []
        return self

    async def finds(self, attack: Attack) -> bool:
        """Whether the verifier, given the trail after the attack, finds anything."""
        trial = self.target.connection.transaction()
        await trial.start()
        try:
            first = await attack(self.target)
            resumed = copy.copy(self.states[first - 1])
            resumed.faults, resumed._found = [], []
            async for line in lines(self.target.connection, self.target.tenant_id, first, fetched=_BLOCK + 1):
                resumed.take(line)
                if resumed.faults:
                    return True
            return bool(resumed.finish())
        finally:
            await trial.rollback()


async def nothing_at_all(target: Target) -> int:
    """No attack: what is as it was is not called wrong, wherever the verifier begins."""
    return target.block(last=20)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trail(installed: Settings, migrated: Servers, opened: object) -> AsyncIterator[tuple[Target, list[bytes], dict[str, Any]]]:
    """A sealed trail of 100,000 entries and one of another tenant, and a connection that may do everything, in a transaction."""
    acme, globex = [Actor((await add_tenant("A tenant", country="CN")).id, ActorKind.OPERATOR) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "BLOCK_MOST", _BLOCK)
        for actor, count in ((acme, _ENTRIES), (globex, _BLOCK)):
            await write(actor, count)
            await seal(actor, blocks_most=_ENTRIES)
    async with acting_as(acme, read_only=True):
        checkpoint = orjson.loads(await kept_checkpoint() or b"")
    keys = await public_keys()
    assert migrated.owner
    async with connected(migrated.owner.replace(OWNER, SUPERUSER) if installed.is_embedded else migrated.owner) as connection:
        trial = connection.transaction()
        await trial.start()
        await connection.execute(_WITHOUT_GUARDS)
        key = SigningKey(os.urandom(32))
        yield Target(connection, acme.tenant_id, globex.tenant_id, _ENTRIES // _BLOCK, _BLOCK, random.Random(4), key), keys, checkpoint
        await trial.rollback()


async def write(actor: Actor, count: int) -> None:
    """So many entries of every kind: every second one has something in every column."""
    async with acting_as(actor):
        await session().connection.execute(_WRITE, actor.tenant_id, new_ids(count))


async def test_every_attack_is_found(trail: tuple[Target, list[bytes], dict[str, Any]]) -> None:
    target, keys, checkpoint = trail
    examined = await Examined(target, Verifier, keys, checkpoint).read()

    attacks = [*ATTACKS, *target.chance.choices(list(ATTACKS), list(ATTACKS.values()), k=_ATTACKS - len(ATTACKS))]
    missed = Counter([attack.__name__ for attack in attacks if not await examined.finds(attack)])

    assert len(attacks) == _ATTACKS
    assert missed == Counter()
    assert not any([await examined.finds(nothing_at_all) for _ in range(20)])


async def test_without_the_chain_attacks_are_missed(trail: tuple[Target, list[bytes], dict[str, Any]]) -> None:
    target, keys, checkpoint = trail
    examined = await Examined(target, Unchained, keys, checkpoint).read()

    missed = {attack.__name__ for attack in ATTACKS if not await examined.finds(attack)}

    assert missed >= {"cut_off", "rewrite_history", "append_a_block"}


async def test_the_program_that_stands_alone_finds_them_in_a_file(
    trail: tuple[Target, list[bytes], dict[str, Any]], tmp_path: Path
) -> None:
    target, keys, checkpoint = trail
    kept = tmp_path / "checkpoint.json"
    kept.write_bytes(orjson.dumps(checkpoint))

    whole = await run(target, None, keys, kept)
    attacked = {attack.__name__: await run(target, attack, keys, kept) for attack in target.chance.sample(list(ATTACKS), _WHOLE)}

    assert (whole.returncode, json.loads(whole.stdout)["entries"]) == (0, _ENTRIES)
    assert {name: outcome.returncode for name, outcome in attacked.items()} == dict.fromkeys(attacked, 1)
    assert all(json.loads(outcome.stdout)["faults"] for outcome in attacked.values())


async def run(target: Target, attack: Attack | None, keys: list[bytes], checkpoint: Path) -> subprocess.CompletedProcess[str]:
    """The verifier over a file, as somebody else would run it: by itself, without this project on the path."""
    file = checkpoint.with_name("export.jsonl")
    trial = target.connection.transaction()
    await trial.start()
    try:
        if attack:
            await attack(target)
        with file.open("wb") as written:
            async for line in lines(target.connection, target.tenant_id):
                written.write(line + b"\n")
    finally:
        await trial.rollback()
    command = [sys.executable, "-I", verifier.__file__, file, "--key", keys[-1].hex(), "--checkpoint", checkpoint, "--json"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=file.parent)


#: What would keep a superuser from a few of the attacks, they take away first.
_WITHOUT_GUARDS = """
DO $$
DECLARE guard record;
BEGIN
    FOR guard IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
        WHERE conrelid IN ('trail_entry'::regclass, 'trail_block'::regclass) AND contype IN ('c', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', guard.of, guard.conname);
    END LOOP;
END $$;
DROP INDEX trail_entry_sealed;
CREATE INDEX trail_entry_sealed ON trail_entry (tenant_id, block, position);
CREATE INDEX trail_block_of ON trail_block (tenant_id, number);
ALTER TABLE trail_entry DISABLE ROW LEVEL SECURITY;
ALTER TABLE trail_block DISABLE ROW LEVEL SECURITY;
ANALYZE trail_entry, trail_block;
"""
_WRITE = """
INSERT INTO trail_entry (tenant_id, id, event, actor_kind, actor_id, member_id, subject_type, subject_id, change_set_id, query, fields,
    records, record_count, purpose, address, details, digest)
SELECT $1, n.id, (array['MUTATION', 'REVEAL', 'SIGN_IN', 'ROLE_CHANGED'])[1 + n.place % 4], 'MEMBER', n.id, n.id, 'CUSTOMER', n.id,
    CASE WHEN n.place % 2 = 0 THEN n.id END, CASE WHEN n.place % 2 = 0 THEN 'UpdateCustomer' END,
    CASE WHEN n.place % 2 = 0 THEN array['phone', '地址'] END, CASE WHEN n.place % 2 = 0 THEN array[n.id] END, n.place::integer,
    CASE WHEN n.place % 2 = 0 THEN 'Rückruf 回访' END, '203.0.113.7', CASE WHEN n.place % 2 = 0 THEN '{"count":3}' END,
    sha256(n.id::text::bytea)
FROM unnest($2::uuid[]) WITH ORDINALITY AS n (id, place)
"""
