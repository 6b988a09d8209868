"""The home: closed to others, and refused with advice when something is in the way."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from tenants.embedded import Embedded, HomeRefused
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


def test_a_home_that_cannot_be_written_to_is_refused(open_place, probe):
    home = open_place / "home"
    home.mkdir()
    give_to_server(home)
    home.chmod(0o500)

    said = probe.as_nobody(lambda: Home.claim(home) and None)

    assert "not writable" in said
    home.chmod(0o700)


def test_a_home_that_cannot_be_made_is_refused(open_place, probe):
    open_place.chmod(0o555)

    said = probe.as_nobody(lambda: Home.claim(open_place / "home") and None)

    assert "cannot be made" in said
    open_place.chmod(0o755)


def test_an_empty_folder_is_taken_and_closed(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)

    Home.claim(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_every_folder_and_file_is_closed_to_others_whatever_the_umask(running):
    found = [running, *running.rglob("*")]

    assert len(found) > 100
    assert [path for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []
