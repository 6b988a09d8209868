"""Homes, users as processes of their own, and what a test looks at from outside."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from arq.connections import RedisSettings, create_pool

from tenants.embedded import Embedded, Urls
from tenants.embedded.locks import is_free

ROOT = Path(__file__).parents[3]
USER = """
import dataclasses, json, sys
from pathlib import Path
from tenants.embedded import Embedded
with Embedded(Path(sys.argv[1])) as urls:
    print(json.dumps(dataclasses.asdict(urls)), flush=True)
    sys.stdin.read()
"""


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


class Probe:
    """What a test looks at from outside."""

    @staticmethod
    def query(url: str, sql: str, **options: object) -> object:
        async def ask() -> object:
            connection = await asyncpg.connect(url, **options)
            try:
                return await connection.fetchval(sql)
            finally:
                await connection.close()

        return asyncio.run(ask())

    @staticmethod
    def postmaster(home: Path) -> psutil.Process:
        return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))

    @staticmethod
    def valkey(urls: Urls) -> psutil.Process:
        async def ask() -> int:
            redis = await create_pool(RedisSettings.from_dsn(urls.redis))
            found = await redis.info("server")
            await redis.aclose()
            return int(found["process_id"])

        return psutil.Process(asyncio.run(ask()))

    @staticmethod
    def has_ended(server: psutil.Process) -> bool:
        """Ended, though perhaps not yet reaped by whoever inherited it."""
        return not server.is_running() or server.status() == psutil.STATUS_ZOMBIE

    @staticmethod
    def nothing_runs(home: Path) -> bool:
        return is_free(home / "postgres.lock") and is_free(home / "valkey.lock")

    @staticmethod
    def as_nobody(act: Callable[[], None]) -> str:
        """What a forked child says that gave up root before the act: a refusal's message, or `done`."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    nobody = pwd.getpwnam("nobody")
                    os.setgroups([])
                    os.setgid(nobody.pw_gid)
                    os.setuid(nobody.pw_uid)
                act()
                os.write(writing, b"done")
            except BaseException as error:
                os.write(writing, str(error).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return said


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def start() -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def start_user(home: Path, **how: Any) -> User:
        users.append(User(home, **how))
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


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder every user can reach, which pytest's own are not."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home") / "home"
    before = os.umask(0)
    try:
        with Embedded(home):
            yield home
    finally:
        os.umask(before)
