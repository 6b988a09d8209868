"""The embedded PostgreSQL lets in whom it should, and tells its log nothing about people."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio

from tenants.database import credentials
from tenants.embedded import Embedded, Urls, operator_script
from tenants.embedded.accounts import our_account
from tenants.embedded.binaries import postgres_programs
from tenants.embedded.roles import DOOR
from tenants.embedded.sockets import listener


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roles") / "home"


@pytest.fixture(scope="module")
def urls(home: Path) -> Iterator[Urls]:
    with Embedded(home) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def app(urls: Urls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.app)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def owner(urls: Urls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.owner)
    yield connection
    await connection.close()


async def test_no_role_of_ours_is_above_row_level_security(owner):
    found = await owner.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'kelu%' AND NOT rolsuper AND NOT rolbypassrls"
        " AND NOT rolcreatedb AND NOT rolcreaterole AND NOT rolreplication AND rolcanlogin ORDER BY 1"
    )

    assert [row["rolname"] for row in found] == ["kelu_app", "kelu_door", "kelu_owner", "kelu_search"]


@pytest.mark.parametrize(
    "attempt",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE kelu_owner",
        "SET ROLE kelu_door",
        "SET ROLE postgres",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
async def test_the_apps_role_may_not(app, attempt):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(attempt)


async def test_the_owner_may_hand_a_function_to_the_door_and_take_its_grants_back(owner):
    async with owner.transaction():
        await owner.execute("CREATE FUNCTION peep() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
        await owner.execute(f"GRANT CREATE ON SCHEMA public TO {DOOR}")
        await owner.execute(f"ALTER FUNCTION peep() OWNER TO {DOOR}")
        await owner.execute(f"REVOKE CREATE ON SCHEMA public FROM {DOOR}")
        await owner.execute("REVOKE ALL ON FUNCTION peep() FROM PUBLIC")

        assert await owner.fetchval("SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'peep'") == DOOR
        await owner.execute("DROP FUNCTION peep()")


@pytest.mark.parametrize(("role", "database"), [("kelu_door", "kelu"), ("nobody", "kelu"), ("root", "kelu"), ("kelu_app", "postgres")])
async def test_no_other_role_gets_in_and_the_apps_role_in_no_other_database(urls, role, database):
    where = {**credentials(urls.app), "user": role, "database": database}

    with pytest.raises((asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)):
        await asyncpg.connect(**where)


async def test_the_address_holds_whatever_the_environment_says(urls, monkeypatch):
    for name, value in {"PGHOST": "elsewhere.invalid", "PGPORT": "6543", "PGUSER": "somebody", "PGDATABASE": "other"}.items():
        monkeypatch.setenv(name, value)

    connection = await asyncpg.connect(urls.app)
    try:
        assert await connection.fetchval("SELECT current_user || '@' || current_database()") == "kelu_app@kelu"
    finally:
        await connection.close()


async def test_chinese_names_have_letters_and_trigrams(app):
    row = await app.fetchrow("SELECT upper('é') AS upper, '张' ~ '\\w' AS is_letter, similarity('张三丰', '张三') AS likeness")

    assert row["upper"] == "É"
    assert row["is_letter"]
    assert row["likeness"] > 0.3


async def test_pages_have_checksums_and_commits_are_durable(app):
    settings = {name: await app.fetchval(f"SHOW {name}") for name in ("data_checksums", "fsync", "full_page_writes", "synchronous_commit")}

    assert set(settings.values()) == {"on"}


def test_no_tcp_port_is_open(urls, home):
    sockets = [home / "postgres" / ".s.PGSQL.5432", home / "valkey" / "valkey.sock"]
    servers = [psutil.Process(found.pid) for found in map(listener, sockets) if found]

    ports = [port for server in servers for port in server.net_connections("inet")]

    assert [server.name() for server in servers] == ["postgres", "valkey-server"]
    assert ports == []


@pytest.mark.parametrize(
    "failing",
    [
        "SELECT 'CANARY-13812345678'::date",
        "INSERT INTO people VALUES ('CANARY-13812345678'), ('CANARY-13812345678')",
        "SELECT 'CANARY-13812345678' FROM nowhere",
        "DO $$ BEGIN RAISE WARNING 'CANARY-13812345678'; RAISE EXCEPTION 'CANARY-13812345678'; END $$",
    ],
)
async def test_a_failing_statement_leaves_no_value_in_the_log(owner, home, failing):
    await owner.execute("CREATE TABLE IF NOT EXISTS people (name text UNIQUE)")
    with pytest.raises(asyncpg.PostgresError, match=r"CANARY|nowhere|people"):
        await owner.execute(failing)
    with pytest.raises(asyncpg.PostgresError):
        await owner.fetch("SELECT $1::text::date", "CANARY-13812345678")

    log = (home / "logs" / "postgres.log").read_text()

    assert "ready to accept connections" in log
    assert "CANARY" not in log


async def test_an_operators_script_does_on_another_server_what_we_do_and_may_be_run_again(urls, home):
    connection = await asyncpg.connect(**{**credentials(urls.owner), "user": "postgres", "database": "postgres"})
    await connection.execute("REVOKE kelu_door FROM kelu_owner")
    await connection.execute("ALTER DATABASE kelu RENAME TO aside")
    psql = postgres_programs(our_account()) / "psql"
    command = [psql, "-X", "-q", "-h", home / "postgres", "-U", "postgres", "-d", "postgres"]

    for _ in range(2):
        subprocess.run(command, input=operator_script(), check=True, capture_output=True, text=True)

    found = await connection.fetchrow(
        "SELECT pg_get_userbyid(datdba) AS owner, datctype, has_database_privilege('kelu_app', oid, 'TEMP') AS temp,"
        " pg_has_role('kelu_owner', 'kelu_door', 'USAGE') AS opens FROM pg_database WHERE datname = 'kelu'"
    )
    await connection.execute("DROP DATABASE kelu")
    await connection.execute("ALTER DATABASE aside RENAME TO kelu")
    await connection.close()
    assert tuple(found) == ("kelu_owner", "C.UTF-8", False, True)
