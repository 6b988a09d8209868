"""Embedded servers as their users live through them: started once, shared, found again after any kill, stopped by the last."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import asyncpg
import psutil
import pytest
from arq.connections import RedisSettings, create_pool

from tenants.embedded import Embedded, EmbeddedFailed, HomeRefused, Urls
from tenants.embedded.locks import Lock, is_free

ROOT = Path(__file__).parents[2]
USER = """
import dataclasses, json, sys
from pathlib import Path
from tenants.embedded import Embedded
with Embedded(Path(sys.argv[1])) as urls:
    print(json.dumps(dataclasses.asdict(urls)), flush=True)
    sys.stdin.read()
"""
Start = Callable[[Path], "User"]


class User:
    """A process of its own that uses the servers until its standard input is closed."""

    def __init__(
        self, home: Path, interpreter: str = sys.executable, environment: Mapping[str, str] | None = None, user: int | None = None
    ) -> None:
        self.child = subprocess.Popen(
            [interpreter, "-c", USER, str(home)],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **({} if user is None else {"user": user, "group": user, "extra_groups": []}),
        )

    def urls(self) -> Urls:
        assert self.child.stdout is not None
        return Urls(**json.loads(self.child.stdout.readline()))

    def leave(self) -> int:
        self.child.communicate(timeout=30)
        return self.child.returncode


@pytest.fixture
def start() -> Iterator[Start]:
    users: list[User] = []

    def start_user(home: Path) -> User:
        users.append(User(home))
        return users[-1]

    yield start_user

    for user in users:
        if user.child.poll() is None:
            user.leave()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose cluster is made, with the servers stopped."""
    home = tmp_path_factory.mktemp("made") / "home"
    with Embedded(home):
        pass
    return home


def query(url: str, sql: str, **options: object) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url, **options)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))


def valkey_of(urls: Urls) -> psutil.Process:
    async def ask() -> int:
        redis = await create_pool(RedisSettings.from_dsn(urls.redis))
        found = await redis.info("server")
        await redis.aclose()
        return int(found["process_id"])

    return psutil.Process(asyncio.run(ask()))


def has_ended(server: psutil.Process) -> bool:
    """Ended, though perhaps not yet reaped by whoever inherited it."""
    return not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def nothing_runs(home: Path) -> bool:
    return is_free(home / "postgres.lock") and is_free(home / "valkey.lock")


def test_one_command_in_an_empty_place_has_both_servers_running_and_leaves_none_behind(tmp_path):
    home = tmp_path / "deep" / "home"

    with Embedded(home) as urls:
        current_user = query(urls.app, "SELECT current_user")
        valkey = valkey_of(urls)
        server = postmaster(home)

    assert current_user == "kelu_app"
    assert nothing_runs(home)
    assert has_ended(server)
    assert has_ended(valkey)


def test_what_was_written_is_there_after_a_restart(made):
    with Embedded(made) as urls:
        query(urls.owner, "CREATE TABLE kept AS SELECT 42 AS answer")

    with Embedded(made) as urls:
        assert query(urls.owner, "SELECT answer FROM kept") == 42
        query(urls.owner, "DROP TABLE kept")


def test_processes_that_start_at_once_share_one_server_and_the_last_to_leave_stops_it(tmp_path, start):
    home = tmp_path / "home"

    users = [start(home) for _ in range(3)]
    urls = {user.urls() for user in users}
    server = postmaster(home)
    left = [user.leave() for user in users[:2]]
    still = query(urls.copy().pop().app, "SELECT 1")
    users[2].leave()

    assert len(urls) == 1
    assert left == [0, 0]
    assert still == 1
    assert has_ended(server)
    assert nothing_runs(home)


def test_a_second_user_in_the_same_process_keeps_the_servers_running(made):
    first, second = Embedded(made), Embedded(made)

    urls = first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    still = query(urls.app, "SELECT 1")
    second.__exit__(None, None, None)

    assert still == 1
    assert nothing_runs(made)


def test_servers_can_be_started_while_an_event_loop_runs(made):
    async def inside() -> str:
        with Embedded(made) as urls:
            connection = await asyncpg.connect(urls.app)
            name = await connection.fetchval("SELECT current_database()")
            await connection.close()
            return str(name)

    assert asyncio.run(inside()) == "kelu"


def test_a_killed_user_leaves_servers_that_the_next_one_uses_and_stops(made, start):
    victim = start(made)
    victim.urls()
    before = postmaster(made)

    victim.child.kill()
    victim.child.wait()
    running = before.is_running()
    with Embedded(made) as urls:
        after, answer = postmaster(made), query(urls.app, "SELECT 1")

    assert running
    assert after == before
    assert answer == 1
    assert nothing_runs(made)


def test_users_killed_anywhere_in_a_first_start_are_no_obstacle_to_the_next(tmp_path, start):
    home = tmp_path / "home"

    for seconds in (0.5, 0.7, 0.9, 0.6):
        victim = start(home)
        time.sleep(seconds)
        victim.child.kill()
        victim.child.wait()

    with Embedded(home) as urls:
        assert query(urls.app, "SELECT 1") == 1
    assert nothing_runs(home)


def test_ctrl_c_on_one_user_does_not_reach_the_servers(made):
    with Embedded(made) as urls:
        servers = [postmaster(made), valkey_of(urls)]

        assert all(os.getsid(server.pid) == server.pid != os.getsid(0) for server in servers)


def test_a_killed_postgresql_is_recovered_by_an_immediate_start_even_with_a_statement_running(made):
    with Embedded(made) as urls:
        query(urls.owner, "CREATE TABLE survived AS SELECT 1 AS one")
        busy = subprocess.Popen(
            [sys.executable, "-c", BUSY, urls.app], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        assert busy.stdout is not None
        busy.stdout.readline()
        postmaster(made).send_signal(signal.SIGKILL)

        with Embedded(made) as again:
            survived = query(again.owner, "SELECT one FROM survived")
            query(again.owner, "DROP TABLE survived")

    busy.wait(10)
    assert survived == 1
    assert nothing_runs(made)


#: Holds a backend for about a second in a loop that does not look whether the postmaster lives.
BUSY = """
import asyncio, sys, asyncpg
async def work():
    connection = await asyncpg.connect(sys.argv[1])
    print("busy", flush=True)
    await connection.execute("DO $$ BEGIN FOR i IN 1..30000000 LOOP END LOOP; END $$")
asyncio.run(work())
"""


def test_a_process_id_file_that_names_another_living_process_is_no_obstacle(made):
    stale = f"{os.getppid()}\n/proc/self/cwd\n1\n5432\n.\n"
    (made / "postgres" / "postmaster.pid").write_text(stale)
    (made / "postgres" / ".s.PGSQL.5432.lock").write_text(stale)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(made / "valkey" / "valkey.sock"))

    with Embedded(made, patience_seconds=10) as urls:
        assert query(urls.app, "SELECT 1") == 1


def test_servers_that_a_killed_user_told_to_stop_are_waited_for_and_started_again(made, start):
    victim = start(made)
    urls = victim.urls()
    servers = [postmaster(made), valkey_of(urls)]
    query(urls.owner, "CREATE TABLE much AS SELECT g FROM generate_series(1, 200000) g")

    victim.child.kill()
    victim.child.wait()
    servers[0].send_signal(signal.SIGINT)
    servers[1].send_signal(signal.SIGTERM)
    with Embedded(made) as again:
        found = query(again.owner, "SELECT count(*) FROM much")
        query(again.owner, "DROP TABLE much")
        valkey_of(again)

    assert found == 200_000


def test_a_killed_valkey_comes_back_with_what_it_was_told(made):
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
        valkey_of(urls).kill()

        with Embedded(made) as again:
            assert asyncio.run(read(again)) == b"rung"


def test_a_half_made_cluster_is_made_again(tmp_path):
    home = tmp_path / "home"
    half = home / "postgres.new"
    half.mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (half / "PG_VERSION").write_text("18\n")

    with Embedded(home) as urls:
        assert query(urls.app, "SELECT 1") == 1
    assert not half.exists()


def test_a_set_up_cut_short_is_finished_by_the_next_start(made):
    with Embedded(made) as urls:
        superuser = urls.owner.replace("kelu_owner", "postgres")
        query(superuser, "COMMENT ON DATABASE kelu IS NULL")
        query(superuser, "DROP EXTENSION pg_trgm")

        with Embedded(made) as again:
            assert query(again.app, "SELECT similarity('张三丰', '张三')") > 0


def test_a_home_with_a_very_long_and_odd_path_works(tmp_path):
    home = tmp_path / ("long " * 30) / "o'dd, 100% #1?" / "客录"

    with Embedded(home) as urls:
        answer = query(urls.app, "SELECT 1")
        server = valkey_of(urls)
        folders = [Path(urls.redis.removeprefix("unix://")).parent, Path(urls.app.split("host=")[1].split("&")[0])]
        modes = {folder.stat().st_mode & 0o777 for folder in folders}

    assert len(os.fsencode(home)) > 107
    assert answer == 1
    assert modes == {0o700}
    assert has_ended(server)
    assert not any(folder.exists() for folder in folders)


def test_a_short_socket_folder_left_by_a_crash_is_used_again_and_one_of_somebody_else_refused(tmp_path):
    home = tmp_path / ("x" * 120)
    with Embedded(home) as urls:
        folder = Path(urls.redis.removeprefix("unix://")).parent
    folder.mkdir(mode=0o700)
    (folder / "valkey.sock").touch()

    with Embedded(home) as urls:
        valkey_of(urls)
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    try:
        with pytest.raises(HomeRefused, match="open to other users"):
            Embedded(home).__enter__()
    finally:
        folder.rmdir()
    assert nothing_runs(home)


def test_a_start_that_fails_says_why_with_the_end_of_the_log_and_leaves_nothing_running(made):
    file = made / "postgres" / "postgresql.auto.conf"
    before = file.read_text()
    file.write_text("shared_preload_libraries = 'there_is_no_such_library'\n")
    try:
        with pytest.raises(EmbeddedFailed, match=r"(?s)postgres\.log:\n.*there_is_no_such_library"):
            Embedded(made).__enter__()
    finally:
        file.write_text(before)

    assert nothing_runs(made)
    assert is_free(made / "users.lock")


@pytest.mark.parametrize("name", ["start.lock", "users.lock", "postgres.lock", "valkey.lock"])
def test_a_lock_that_a_foreign_process_holds_is_refused_by_name(made, name):
    with Lock(made / name) as foreign:
        assert foreign.take()

        with pytest.raises(HomeRefused, match=name):
            Embedded(made, patience_seconds=0.2).__enter__()

    with Embedded(made):
        pass


def reachable_interpreter(user: int, environment: Mapping[str, str]) -> str | None:
    """An interpreter that this user can run with our packages."""
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            tried = subprocess.run(
                [candidate, "-c", "import asyncpg, tenants.embedded"],
                cwd="/", env={**os.environ, **environment}, user=user, group=user, extra_groups=[], capture_output=True, timeout=30,
            )  # fmt: skip
        except OSError:
            continue
        if tried.returncode == 0:
            return candidate
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as a normal user already")
def test_a_normal_user_runs_servers_of_his_own():
    nobody = pwd.getpwnam("nobody")
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])}
    interpreter = reachable_interpreter(nobody.pw_uid, environment)
    if interpreter is None:
        pytest.skip("user nobody reaches no interpreter that can import our packages")
    place = Path(tempfile.mkdtemp())
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    user = User(place / "home", interpreter, environment, nobody.pw_uid)
    try:
        user.urls()
        owners = {path.name: path.stat().st_uid for path in (place / "home").iterdir()}
        server = postmaster(place / "home")
        command = server.cmdline()
        left = user.leave()
        ended = has_ended(server)
    finally:
        user.child.kill()
        shutil.rmtree(place)

    assert set(owners.values()) == {nobody.pw_uid}
    assert command[-1] == str(place / "home" / "postgres")
    assert left == 0
    assert ended
