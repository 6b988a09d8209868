"""The master key file is made once, for its owner alone, and is refused when it is not as it should be."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.encryption import CannotOpen, LocalMasterKey, MasterKeyError, create_master_key_file

ACME, GLOBEX = UUID(int=1), UUID(int=2)
MASTER = LocalMasterKey(b"m" * 32)


def test_a_wrapped_key_is_hidden_and_unwraps() -> None:
    wrapped = MASTER.wrap(ACME, 1, b"k" * 32)

    assert MASTER.unwrap(ACME, 1, wrapped) == b"k" * 32
    assert b"k" * 8 not in wrapped


@pytest.mark.parametrize(("tenant", "version", "master"), [(GLOBEX, 1, b"m"), (ACME, 2, b"m"), (ACME, 1, b"n")])
def test_a_wrapped_key_unwraps_for_its_tenant_version_and_master_only(tenant: UUID, version: int, master: bytes) -> None:
    wrapped = MASTER.wrap(ACME, 1, b"k" * 32)

    with pytest.raises(CannotOpen):
        LocalMasterKey(master * 32).unwrap(tenant, version, wrapped)


@given(st.integers(min_value=0, max_value=8 * 61 - 1))
def test_a_wrapped_key_with_any_bit_changed_does_not_unwrap(bit: int) -> None:
    forged = bytearray(MASTER.wrap(ACME, 1, b"k" * 32))
    forged[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CannotOpen):
        MASTER.unwrap(ACME, 1, bytes(forged))


@pytest.mark.parametrize("noise", [b"", b"\x01", b"\x01" + b"x" * 12, b"\x01" + b"x" * 60])
def test_what_was_never_wrapped_does_not_unwrap(noise: bytes) -> None:
    with pytest.raises(CannotOpen):
        MASTER.unwrap(ACME, 1, noise)


def test_a_master_key_file_holds_32_random_bytes_for_its_owner_only(tmp_path: Path) -> None:
    create_master_key_file(tmp_path / "one.key")
    create_master_key_file(tmp_path / "two.key")

    assert (tmp_path / "one.key").stat().st_mode & 0o777 == 0o600
    assert len(b64decode((tmp_path / "one.key").read_text())) == 32
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.key", "two.key"]
    assert LocalMasterKey.from_file(tmp_path / "one.key").name != LocalMasterKey.from_file(tmp_path / "two.key").name


def test_a_master_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_text("precious")

    with pytest.raises(MasterKeyError, match="never overwritten"):
        create_master_key_file(path)

    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_who_make_the_key_at_once_one_succeeds_and_nobody_reads_half_a_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    def start() -> tuple[bool, str]:
        try:
            create_master_key_file(path)
            made = True
        except MasterKeyError:
            made = False
        return made, LocalMasterKey.from_file(path).name

    with ThreadPoolExecutor(8) as pool:
        outcomes = [future.result() for future in [pool.submit(start) for _ in range(16)]]

    assert [made for made, _ in outcomes].count(True) == 1
    assert len({name for _, name in outcomes}) == 1


def test_a_master_key_file_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=r"cannot be made: No such file or directory\."):
        create_master_key_file(tmp_path / "missing" / "master.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_master_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    create_master_key_file(path)
    path.chmod(mode)

    with pytest.raises(MasterKeyError, match="chmod 600"):
        LocalMasterKey.from_file(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "holds 0 bytes"),
        (b64encode(b"k" * 16), "holds 16 bytes"),
        (b64encode(b"k" * 33), "holds 33 bytes"),
        (b"not base64!", "does not hold base64"),
        (os.urandom(32).hex().encode() + b"\xff", "does not hold base64"),
    ],
)
def test_a_master_key_file_without_a_key_is_refused(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "master.key"
    path.touch(mode=0o600)
    path.write_bytes(text)

    with pytest.raises(MasterKeyError, match=says):
        LocalMasterKey.from_file(path)


def test_a_missing_master_key_file_and_a_folder_in_its_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="There is no master key file"):
        LocalMasterKey.from_file(tmp_path / "master.key")
    with pytest.raises(MasterKeyError, match="cannot be read"):
        LocalMasterKey.from_file(tmp_path)


def test_a_master_key_never_prints_itself() -> None:
    assert "m" * 8 not in repr(MASTER) + str(MASTER) + MASTER.name
