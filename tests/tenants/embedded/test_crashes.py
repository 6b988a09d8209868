"""Whatever is killed, and whenever: the next start finds its way, or says why not."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from arq.connections import RedisSettings, create_pool

from tenants.embedded import Embedded, EmbeddedFailed, HomeRefused, Urls
from tenants.embedded.accounts import postgres_account
from tenants.embedded.locks import is_free

#: Holds a backend for about a second in a loop that does not look whether the postmaster lives.
BUSY = """
import asyncio, sys, asyncpg
async def work():
    connection = await asyncpg.connect(sys.argv[1])
    print("busy", flush=True)
    await connection.execute("DO $$ BEGIN FOR i IN 1..30000000 LOOP END LOOP; END $$")
asyncio.run(work())
"""


def test_a_killed_user_leaves_servers_that_the_next_one_uses_and_stops(made, start, probe):
    victim = start(made)
    victim.urls()
    before = probe.postmaster(made)

    victim.child.kill()
    victim.child.wait()
    running = before.is_running()
    with Embedded(made) as urls:
        after, answer = probe.postmaster(made), probe.query(urls.app, "SELECT 1")

    assert running
    assert after == before
    assert answer == 1
    assert probe.nothing_runs(made)


def test_users_killed_anywhere_in_a_first_start_are_no_obstacle_to_the_next(tmp_path, start, probe):
    home = tmp_path / "home"

    for seconds in (0.5, 0.7, 0.9, 0.6):
        victim = start(home)
        time.sleep(seconds)
        victim.child.kill()
        victim.child.wait()

    with Embedded(home) as urls:
        assert probe.query(urls.app, "SELECT 1") == 1
    assert probe.nothing_runs(home)


def test_a_killed_postgresql_is_recovered_by_an_immediate_start_even_with_a_statement_running(made, probe):
    with Embedded(made) as urls:
        probe.query(urls.owner, "CREATE TABLE survived AS SELECT 1 AS one")
        busy = subprocess.Popen(
            [sys.executable, "-c", BUSY, urls.app], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        assert busy.stdout is not None
        busy.stdout.readline()
        probe.postmaster(made).send_signal(signal.SIGKILL)

        with Embedded(made) as again:
            survived = probe.query(again.owner, "SELECT one FROM survived")
            probe.query(again.owner, "DROP TABLE survived")

    busy.wait(10)
    assert survived == 1
    assert probe.nothing_runs(made)


def test_a_process_id_file_that_names_another_living_process_is_no_obstacle(made, probe):
    stranger = subprocess.Popen(["sleep", "60"], **postgres_account().privileges())
    stale = f"{stranger.pid}\n/proc/self/cwd\n1\n5432\n.\n"
    (made / "postgres" / "postmaster.pid").write_text(stale)
    (made / "postgres" / ".s.PGSQL.5432.lock").write_text(stale)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(made / "valkey" / "valkey.sock"))

    with Embedded(made, patience_seconds=10) as urls:
        answer = probe.query(urls.app, "SELECT 1")

    assert answer == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("server", ["valkey", "postgres"])
def test_a_last_user_killed_while_stopping_the_servers_is_no_obstacle(made, start, probe, server):
    victim = start(made)
    victim.urls()

    victim.child.stdin.close()
    while "stopping" not in (made / f"{server}.lock").read_text():
        time.sleep(0.0005)
    victim.child.kill()
    victim.child.wait()
    with Embedded(made) as urls:
        answers = [probe.query(urls.app, "SELECT 1") for _ in range(20)]
        probe.valkey(urls)

    assert answers == [1] * 20
    assert probe.nothing_runs(made)


def test_a_postgresql_found_on_its_way_out_is_waited_for_and_started_again(made, start, probe):
    victim = start(made)
    victim.urls()
    victim.child.kill()
    victim.child.wait()

    probe.postmaster(made).send_signal(signal.SIGINT)
    time.sleep(0.02)
    with Embedded(made) as again:
        answer = probe.query(again.app, "SELECT 1")

    assert answer == 1


def test_a_killed_valkey_comes_back_with_what_it_was_told(made, probe):
    async def push(urls: Urls) -> None:
        redis = await create_pool(RedisSettings.from_dsn(urls.redis))
        await redis.set("bell", "rung")
        await redis.aclose()

    async def read(urls: Urls) -> bytes:
        redis = await create_pool(RedisSettings.from_dsn(urls.redis))
        value = await redis.getdel("bell")
        await redis.aclose()
        return bytes(value)

    with Embedded(made) as urls:
        asyncio.run(push(urls))
        probe.valkey(urls).kill()

        with Embedded(made) as again:
            assert asyncio.run(read(again)) == b"rung"


def test_a_half_made_cluster_is_made_again(tmp_path, probe):
    home = tmp_path / "home"
    half = home / "postgres.new"
    half.mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (half / "PG_VERSION").write_text("18\n")

    with Embedded(home) as urls:
        assert probe.query(urls.app, "SELECT 1") == 1
    assert not half.exists()


def test_a_set_up_cut_short_is_finished_by_the_next_start(made, probe):
    with Embedded(made) as urls:
        superuser = urls.owner.replace("kelu_owner", "postgres")
        probe.query(superuser, "COMMENT ON DATABASE kelu IS NULL")
        probe.query(superuser, "DROP EXTENSION pg_trgm")

        with Embedded(made) as again:
            assert probe.query(again.app, "SELECT similarity('张三丰', '张三')") > 0


def test_a_short_socket_folder_left_by_a_crash_is_used_again_and_one_of_somebody_else_refused(tmp_path, probe):
    home = tmp_path / ("x" * 120)
    with Embedded(home) as urls:
        folder = Path(urls.redis.removeprefix("unix://")).parent
    folder.mkdir(mode=0o700)
    (folder / "valkey.sock").touch()

    with Embedded(home) as urls:
        probe.valkey(urls)
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    try:
        with pytest.raises(HomeRefused, match="open to other users"):
            Embedded(home).__enter__()
    finally:
        folder.rmdir()
    assert probe.nothing_runs(home)


def test_a_start_that_fails_says_why_with_the_end_of_the_log_and_leaves_nothing_running(made, probe):
    file = made / "postgres" / "postgresql.auto.conf"
    before = file.read_text()
    file.write_text("shared_preload_libraries = 'there_is_no_such_library'\n")
    try:
        with pytest.raises(EmbeddedFailed, match=r"(?s)postgres\.log:\n.*there_is_no_such_library"):
            Embedded(made).__enter__()
    finally:
        file.write_text(before)

    assert probe.nothing_runs(made)
    assert is_free(made / "users.lock")
