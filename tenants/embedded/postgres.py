"""The embedded PostgreSQL: its cluster made, the server started, roles and database set up."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import asyncpg

from tenants.embedded.accounts import Account, our_account, postgres_account
from tenants.embedded.binaries import postgres_programs, postgres_version
from tenants.embedded.failures import HomeRefused
from tenants.embedded.folders import own_folder, remove_from, sync_folder
from tenants.embedded.home import Home
from tenants.embedded.locks import Lock
from tenants.embedded.postgres_files import write_configuration
from tenants.embedded.processes import Child, Daemon
from tenants.embedded.roles import CLUSTER_SQL, CREATE_DATABASE_SQL, DATABASE, DATABASE_SQL, EMBEDDED_SQL, MARK, SUPERUSER
from tenants.embedded.sockets import drop_socket_folder, make_socket_folder, socket_folder

_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
#: Crash recovery replays up to max_wal_size and more; meanwhile the server answers that it is starting up.
_RECOVERY_SECONDS = 600
_INITDB_SECONDS = 120
#: builtin C.UTF-8 sorts alike on every machine; without the same character type pg_trgm finds no letters in Chinese names.
#: Synced, which costs 0.1 s: an unsynced cluster may be gone after a power failure, with what was imported since.
_INITDB = (
    *("--username", SUPERUSER, "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8", "--data-checksums"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-ctype=C.UTF-8"),
)

_READ_MARK = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1"
#: A killed user's last statement still runs for a while; an advisory lock is one in each database.
_ALONE = "SELECT pg_advisory_lock(hashtextextended('kelu roles', 0))"

_NOT_NOW = (
    asyncpg.OperatorInterventionError,  # starting up, shutting down, told to end
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    ConnectionError,
    FileNotFoundError,
    TimeoutError,
)

T = TypeVar("T")


class PostgreSQL:
    """One cluster in `home/postgres` and its server. Only to be used while `Home.starting`."""

    def __init__(self, home: Home, patience_seconds: float) -> None:
        self._home = home.path
        self._cluster = home.path / "postgres"
        self._patience = patience_seconds
        self._account = postgres_account()
        self._sockets = socket_folder(self._cluster, _SOCKET)
        self._daemon = Daemon(
            name="PostgreSQL",
            account=self._account,
            lock=home.path / "postgres.lock",
            log=home.log("postgres"),
            socket=self._sockets / _SOCKET,
            # Fast shutdown; then immediate, which the next start recovers from.
            stopping=((signal.SIGINT, 60), (signal.SIGQUIT, 10)),
            advice="Put right what its log says, then start again.",
        )

    def url(self, role: str) -> str:
        """The address for asyncpg and Tortoise. The port is said aloud: a PGPORT in the environment would change it."""
        return f"postgresql://{role}@/{DATABASE}?host={self._sockets}&port={_PORT}"

    def run(self) -> None:
        """Have it running, with its roles and database.

        Raises:
            HomeRefused: something is in its way; EmbeddedFailed: it does not start.
        """
        if self._sockets != self._cluster:
            make_socket_folder(self._sockets, self._account)
        self._daemon.bring_up(self._start, lambda: _apart(self._answers), self._patience, _RECOVERY_SECONDS)

    def stop(self) -> None:
        self._daemon.stop()
        if self._sockets != self._cluster:
            drop_socket_folder(self._sockets, self._account, _SOCKET, f"{_SOCKET}.lock")

    def _start(self, lock: Lock) -> Child:
        with lock:
            programs = postgres_programs(self._account)
            if not self._is_made():
                self._make(lock, programs)
            # We hold the lock that every process of a server holds: none is left, whatever process ids these files name.
            remove_from(self._cluster, "postmaster.pid")
            remove_from(self._sockets, _SOCKET, f"{_SOCKET}.lock")
            sockets = "." if self._sockets == self._cluster else str(self._sockets)
            write_configuration(self._cluster, sockets, self._account, our_account().name)
            return self._daemon.run(lock, [str(programs / "postgres"), "-D", self._inside(self._cluster)], self._cluster)

    def _inside(self, folder: Path) -> str:
        """How the server names the folder it is started in: nobody cannot walk to it, but the kernel's link to it works."""
        return str(folder) if self._account.is_ours else "/proc/self/cwd"

    def _is_made(self) -> bool:
        if not os.path.lexists(self._cluster):
            return False
        _check_owner(self._cluster, self._account)
        version, major = self._cluster / "PG_VERSION", postgres_version().split(".")[0]
        if not version.exists():
            raise HomeRefused(f"{self._cluster} is not a PostgreSQL database. Move it away; a new one is made in its place.")
        found = version.read_text(errors="replace")[:20].strip()
        if found != major:
            raise HomeRefused(
                f"{self._cluster} was made by PostgreSQL {found}, and this kelu brings {major}. Use the kelu it was made with, or "
                "dump it with that PostgreSQL's pg_dump, move the folder away and restore the dump into the new one."
            )
        return True

    def _make(self, lock: Lock, programs: Path) -> None:
        """initdb beside and rename: a cluster is whole or not there."""
        draft = self._cluster.with_name("postgres.new")
        if os.path.lexists(draft):
            shutil.rmtree(draft)
        own_folder(draft, self._account)
        child = self._daemon.run(lock, [str(programs / "initdb"), "-D", self._inside(draft), *_INITDB], draft)
        try:
            status = child.wait(_INITDB_SECONDS)
        except BaseException:
            child.kill()
            raise
        if status != 0:
            raise self._daemon.failed("could not make its database")
        draft.rename(self._cluster)
        sync_folder(self._home)

    async def _answers(self) -> bool:
        """Whether it serves, set up as it should be; it does not yet, or no longer, while it starts, recovers or stops."""
        try:
            await self._set_up()
        except _NOT_NOW:
            return False
        except asyncpg.PostgresError as error:
            raise self._daemon.failed(f"does not take our set-up ({error})") from error
        return True

    async def _set_up(self) -> None:
        """Roles, database and grants; the mark is written last, so a set-up cut short is done again."""
        connection = await self._connect("postgres")
        try:
            if await connection.fetchval(_READ_MARK, DATABASE) == MARK:
                return
            await connection.execute(_ALONE)
            await connection.execute(CLUSTER_SQL + EMBEDDED_SQL)
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(CREATE_DATABASE_SQL)
            inside = await self._connect(DATABASE)
            try:
                await inside.execute(_ALONE)
                await inside.execute(DATABASE_SQL)
            finally:
                await inside.close()
            await connection.execute(f"COMMENT ON DATABASE {DATABASE} IS '{MARK}'")
        finally:
            await connection.close()

    async def _connect(self, database: str) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(host=str(self._sockets), port=_PORT, user=SUPERUSER, database=database, timeout=10)


def _check_owner(cluster: Path, account: Account) -> None:
    found = cluster.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
        raise HomeRefused(
            f"{cluster} is not a folder of user {account.name}, whom PostgreSQL runs as here. "
            "Run kelu as the user who made it, or move it away; a new one is made in its place."
        )


def _apart(work: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run a coroutine to its end in a thread of its own: the caller may have a running event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
