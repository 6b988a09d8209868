"""A file is stored sealed, whole or not at all, and comes back to its own tenant only."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tenants.encryption import CannotOpen, Keyring
from tenants.files import FileStore, StoredFile
from tenants.refusals import Invalid, NotFound, TooLarge

ACME, GLOBEX = Keyring(UUID(int=1), {1: b"1" * 32}, 1), Keyring(UUID(int=2), {1: b"2" * 32}, 1)
MIB = 1024 * 1024


class Broken(Exception):
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "our files"


@pytest.fixture
def store(folder: Path) -> FileStore:
    return FileStore.from_url(folder.as_uri())


def content(store: FileStore, keyring: Keyring, name: str) -> bytes:
    return b"".join(store.blocks(keyring, name))


def kept(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def breaking(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield bytes(MIB)
    raise Broken


async def arriving(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        await asyncio.sleep(0)
        yield block


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 11 * MIB + 7])
def test_a_file_comes_back_as_it_was(store: FileStore, size: int) -> None:
    plain = os.urandom(size)

    assert store.put(ACME, "uploads/1", [plain[: size // 2], plain[size // 2 :]]) == size
    assert content(store, ACME, "uploads/1") == plain


def test_nothing_is_stored_in_clear_or_open_to_others(store: FileStore, folder: Path) -> None:
    store.put(ACME, "uploads/june/1", [b"canary " * 1000])

    [path] = [path for path in folder.rglob("*") if path.is_file()]
    assert b"canary" not in path.read_bytes()
    assert path == folder / str(ACME.tenant_id) / "uploads/june/1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert {place.stat().st_mode & 0o777 for place in [folder, *folder.rglob("*")] if place.is_dir()} == {0o700}


def test_each_tenant_has_its_own_file_of_a_name(store: FileStore) -> None:
    store.put(ACME, "uploads/1", [b"acme"])

    with pytest.raises(NotFound):
        content(store, GLOBEX, "uploads/1")

    store.put(GLOBEX, "uploads/1", [b"globex"])
    assert content(store, ACME, "uploads/1") == b"acme"


def test_a_file_moved_to_another_name_or_tenant_does_not_open(store: FileStore, folder: Path) -> None:
    store.put(ACME, "uploads/1", [b"acme"])
    store.put(GLOBEX, "uploads/1", [b"globex"])
    original = folder / str(ACME.tenant_id) / "uploads/1"

    original.with_name("2").write_bytes(original.read_bytes())
    (folder / str(GLOBEX.tenant_id) / "uploads/1").write_bytes(original.read_bytes())

    with pytest.raises(CannotOpen):
        content(store, ACME, "uploads/2")
    with pytest.raises(CannotOpen):
        content(store, GLOBEX, "uploads/1")


def test_a_file_cut_short_on_disk_does_not_pass_for_whole(store: FileStore, folder: Path) -> None:
    store.put(ACME, "uploads/1", [bytes(3 * MIB)])
    path = folder / str(ACME.tenant_id) / "uploads/1"

    os.truncate(path, 19 + 16 * (64 * 1024 + 16))

    with pytest.raises(CannotOpen):
        content(store, ACME, "uploads/1")


@pytest.mark.parametrize("size", [0, 2 * MIB, 12 * MIB])
def test_a_failed_upload_leaves_nothing(store: FileStore, folder: Path, size: int) -> None:
    with pytest.raises(Broken):
        store.put(ACME, "uploads/1", breaking(size))

    assert kept(folder) == []
    with pytest.raises(NotFound):
        store.blocks(ACME, "uploads/1")


def test_a_failed_upload_leaves_the_file_that_was_there(store: FileStore) -> None:
    store.put(ACME, "uploads/1", [b"first"])

    with pytest.raises(Broken):
        store.put(ACME, "uploads/1", breaking(6 * MIB))

    assert content(store, ACME, "uploads/1") == b"first"


async def test_a_file_that_arrives_slowly_comes_back_with_its_size_and_digest(store: FileStore) -> None:
    blocks = [b"a" * 100_000, b"", b"b" * 7, os.urandom(6 * MIB)]
    whole = b"".join(blocks)

    stored = await store.put_async(ACME, "uploads/1", arriving(*blocks), most_bytes=len(whole))

    assert stored == StoredFile(len(whole), hashlib.sha256(whole).digest())
    assert content(store, ACME, "uploads/1") == whole


async def test_a_file_over_the_limit_is_refused_where_it_goes_over(store: FileStore, folder: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(MIB)

    with pytest.raises(TooLarge, match="7340032 bytes"):
        await store.put_async(ACME, "uploads/1", endless(), most_bytes=7 * MIB)

    assert taken == 8
    assert kept(folder) == []


async def test_an_upload_that_is_given_up_leaves_nothing(store: FileStore, folder: Path) -> None:
    is_under_way = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield bytes(6 * MIB)
        is_under_way.set()
        await asyncio.sleep(60)

    upload = asyncio.create_task(store.put_async(ACME, "uploads/1", stalling(), most_bytes=100 * MIB))
    await asyncio.wait_for(is_under_way.wait(), 10)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    async with asyncio.timeout(10):
        while kept(folder):
            await asyncio.sleep(0.01)


def test_files_are_listed_by_folder_and_deleted_with_it(store: FileStore, folder: Path) -> None:
    for name in ["imports/1/0", "imports/1/1", "imports/10/0", "uploads/1"]:
        store.put(ACME, name, [b"x"])
    store.put(GLOBEX, "imports/1/0", [b"x"])
    (folder / str(ACME.tenant_id) / "imports/1/2#1").write_bytes(b"left by a killed upload")

    assert store.names(ACME.tenant_id, "imports/1") == ["imports/1/0", "imports/1/1"]
    assert store.names(ACME.tenant_id, "nothing") == []
    store.delete_folder(ACME.tenant_id, "imports/1/")
    store.delete_folder(ACME.tenant_id, "nothing")

    assert store.names(ACME.tenant_id, "") == ["imports/10/0", "uploads/1"]
    assert not (folder / str(ACME.tenant_id) / "imports/1").exists()
    assert store.names(GLOBEX.tenant_id, "") == ["imports/1/0"]
    store.delete_folder(ACME.tenant_id, "")
    assert kept(folder) == [f"{GLOBEX.tenant_id}/imports/1/0"]


def test_a_deleted_file_is_gone_and_may_be_deleted_again(store: FileStore) -> None:
    store.put(ACME, "uploads/1", [b"x"])

    store.delete(ACME.tenant_id, "uploads/1")
    store.delete(ACME.tenant_id, "uploads/1")

    with pytest.raises(NotFound):
        store.blocks(ACME, "uploads/1")


LEADS_ELSEWHERE = ["/etc/passwd", "..", "a/../../b", "a//b", ".hidden", "a\\b", "a b", "a#1", "a\n", "ä", "a" * 501]


@pytest.mark.parametrize("name", ["", "a/", *LEADS_ELSEWHERE])
def test_a_name_that_could_lead_elsewhere_is_refused(store: FileStore, name: str) -> None:
    with pytest.raises(Invalid):
        store.put(ACME, name, [b"x"])
    with pytest.raises(Invalid):
        store.blocks(ACME, name)
    with pytest.raises(Invalid):
        store.delete(ACME.tenant_id, name)


@pytest.mark.parametrize("prefix", ["/", *LEADS_ELSEWHERE])
def test_a_folder_that_could_lead_elsewhere_is_refused(store: FileStore, prefix: str) -> None:
    with pytest.raises(Invalid):
        store.delete_folder(ACME.tenant_id, prefix)
    with pytest.raises(Invalid):
        store.names(ACME.tenant_id, prefix)


@pytest.mark.parametrize("url", ["", "files", "/srv/files", "https://example.org/files", "file://elsewhere/srv", "s3:///prefix"])
def test_a_store_elsewhere_than_in_a_folder_or_bucket_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="file:///folder or s3://bucket/prefix"):
        FileStore.from_url(url)


def test_a_store_whose_folder_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Invalid, match="cannot be made"):
        FileStore.from_url((tmp_path / "file" / "folder").as_uri())


MEASURE = """
import resource, sys
from uuid import UUID
from tenants.encryption import Keyring
from tenants.files import FileStore

peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
keyring, store = Keyring(UUID(int=1), {1: b"1" * 32}, 1), FileStore.from_url(sys.argv[1])
store.put(keyring, "warm", [b"x"])
before = peak()
store.put(keyring, "big", (bytes(1 << 20) for _ in range(150)))
size = sum(map(len, store.blocks(keyring, "big")))
print(size >> 20, peak() - before)
"""


def test_a_big_file_passes_through_little_memory(folder: Path) -> None:
    said = subprocess.run([sys.executable, "-c", MEASURE, folder.as_uri()], capture_output=True, text=True, check=True).stdout

    size_mib, grown_mib = map(int, said.split())
    assert size_mib == 150
    assert grown_mib < 50
