"""Embedded servers are started once, shared by every process, and stopped by the last."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from tenants.embedded import Embedded, HomeRefused
from tenants.embedded.locks import Lock


def test_one_command_in_an_empty_place_has_both_servers_running_and_leaves_none_behind(tmp_path, probe):
    home = tmp_path / "deep" / "home"

    with Embedded(home) as urls:
        current_user = probe.query(urls.app, "SELECT current_user")
        valkey = probe.valkey(urls)
        server = probe.postmaster(home)

    assert current_user == "kelu_app"
    assert probe.nothing_runs(home)
    assert probe.has_ended(server)
    assert probe.has_ended(valkey)


def test_what_was_written_is_there_after_a_restart(made, probe):
    with Embedded(made) as urls:
        probe.query(urls.owner, "CREATE TABLE kept AS SELECT 42 AS answer")

    with Embedded(made) as urls:
        assert probe.query(urls.owner, "SELECT answer FROM kept") == 42
        probe.query(urls.owner, "DROP TABLE kept")


def test_processes_that_start_at_once_share_one_server_and_the_last_to_leave_stops_it(tmp_path, start, probe):
    home = tmp_path / "home"

    users = [start(home) for _ in range(3)]
    urls = {user.urls() for user in users}
    server = probe.postmaster(home)
    left = [user.leave() for user in users[:2]]
    still = probe.query(urls.copy().pop().app, "SELECT 1")
    users[2].leave()

    assert len(urls) == 1
    assert left == [0, 0]
    assert still == 1
    assert probe.has_ended(server)
    assert probe.nothing_runs(home)


def test_a_second_user_in_the_same_process_keeps_the_servers_running(made, probe):
    first, second = Embedded(made), Embedded(made)

    urls = first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    still = probe.query(urls.app, "SELECT 1")
    second.__exit__(None, None, None)

    assert still == 1
    assert probe.nothing_runs(made)


def test_servers_can_be_started_while_an_event_loop_runs(made):
    async def inside() -> str:
        with Embedded(made) as urls:
            connection = await asyncpg.connect(urls.app)
            name = await connection.fetchval("SELECT current_database()")
            await connection.close()
            return str(name)

    assert asyncio.run(inside()) == "kelu"


def test_ctrl_c_on_one_user_does_not_reach_the_servers(made, probe):
    with Embedded(made) as urls:
        servers = [probe.postmaster(made), probe.valkey(urls)]

        assert all(os.getsid(server.pid) == server.pid != os.getsid(0) for server in servers)


def test_a_home_with_a_very_long_and_odd_path_works(tmp_path, probe):
    home = tmp_path / ("long " * 30) / "o'dd, 100% #1?" / "客录"

    with Embedded(home) as urls:
        answer = probe.query(urls.app, "SELECT 1")
        server = probe.valkey(urls)
        folders = [Path(urls.redis.removeprefix("unix://")).parent, Path(urls.app.split("host=")[1].split("&")[0])]
        modes = {folder.stat().st_mode & 0o777 for folder in folders}

    assert len(os.fsencode(home)) > 107
    assert answer == 1
    assert modes == {0o700}
    assert probe.has_ended(server)
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("name", ["start.lock", "users.lock", "postgres.lock", "valkey.lock"])
def test_a_lock_that_a_foreign_process_holds_is_refused_by_name(made, name):
    with Lock(made / name) as foreign:
        assert foreign.take()

        with pytest.raises(HomeRefused, match=name):
            Embedded(made, patience_seconds=0.2).__enter__()

    with Embedded(made):
        pass
