"""A canary in every sealed value of an import, and afterwards none in any byte that is left on disk."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.stories.canaries import CANARIES, CONTROL
from tests.stories.home import temporary_folder

_ROWS = int(os.environ.get("KELU_STORY_ROWS", "2000"))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The home of an installation that has seen the canaries, its servers stopped: every page and buffer is written."""
    with temporary_folder() as folder:
        command = [sys.executable, "-m", "tests.stories.canaries", str(folder / "home"), str(min(_ROWS, 10_000))]
        subprocess.run(command, check=True, timeout=300)
        yield folder / "home"


def _disguises(canary: str) -> Iterator[bytes]:
    """The bytes a text may be written as: UTF-8, UTF-16, hex of either case, base64 at each of its three alignments."""
    plain = canary.encode()
    yield from (plain, canary.encode("utf-16-le"), canary.encode("utf-16-be"))
    yield from (plain.hex().encode(), plain.hex().upper().encode())
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + plain)
        # Six bits a character: only those that hold nothing of what stands beside the canary.
        yield coded[-(-8 * shift // 6) : 8 * (shift + len(plain)) // 6]


def _found(folder: Path, canaries: tuple[str, ...]) -> set[str]:
    """The files below a folder, by their first folder in it, in which one of these is written in any disguise."""
    wanted = list(chain.from_iterable(map(_disguises, canaries)))
    return {
        path.relative_to(folder).parts[0]
        for path in folder.rglob("*")
        if path.is_file() and any(each in content for content in [path.read_bytes()] for each in wanted)
    }


@pytest.mark.parametrize("field", CANARIES)
def test_no_sealed_value_is_in_any_file_of_the_installation(home: Path, field: str) -> None:
    assert _found(home, CANARIES[field]) == set()


def test_every_part_of_the_installation_left_files_to_be_searched(home: Path) -> None:
    sizes = {part: sum(path.stat().st_size for path in (home / part).rglob("*") if path.is_file()) for part in os.listdir(home)}

    assert all(sizes[part] > 0 for part in ("postgres", "valkey", "files", "logs")), sizes
    assert list(home.glob("files/*/imports/*/*")), "no chunks"
    assert list(home.glob("files/*/uploads/*")), "no uploads"
    assert any(path.stat().st_size for path in home.glob("postgres/pg_wal/*") if path.is_file()), "no WAL"


def test_a_value_in_a_clear_column_is_found(home: Path) -> None:
    assert _found(home, (CONTROL,)) == {"postgres"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_canary_is_found_in_whatever_disguise(tmp_path: Path, before: str) -> None:
    text = f"{before}{CONTROL}z"
    disguised = {
        "plain": text.encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": text.encode().hex().encode(),
        "HEX": text.encode().hex().upper().encode(),
        "base64": base64.b64encode(text.encode()),
    }
    for name, content in disguised.items():
        (tmp_path / name).write_bytes(content)

    assert _found(tmp_path, (CONTROL,)) == disguised.keys()
