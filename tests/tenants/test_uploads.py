from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from tenants.installation import Installation
from tenants.models import Upload
from tenants.refusals import Invalid, NotFound, TooLarge
from tenants.session import Actor, acting_as
from tenants.uploads import opener, receive, upload
from tests.workers.working import with_settings

CONTENT = b"name,phone\n" + b"Ada,13812345678\n" * 20_000


async def pieces(content: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def test_an_upload_is_sealed_and_comes_back_from_any_offset(acme: Actor, opened: Installation) -> None:
    stored = await receive(acme, "people.csv", pieces(CONTENT))

    async with acting_as(acme) as current:
        keyring = await current.keyring()
    blocks = opener(opened.files, keyring, stored.id)
    assert (stored.size, stored.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).digest())
    for offset in (0, 1, 65_536, 100_000, len(CONTENT) - 1, len(CONTENT)):
        assert b"".join(blocks(offset)) == CONTENT[offset:]


async def test_an_upload_is_its_tenants_alone(acme: Actor, globex: Actor) -> None:
    stored = await receive(acme, "people.csv", pieces(CONTENT))

    with pytest.raises(NotFound):
        async with acting_as(globex):
            await upload(stored.id)


@pytest.mark.parametrize(("content", "refusal"), [(b"", Invalid), (CONTENT, TooLarge)])
async def test_an_upload_that_is_empty_or_too_large_leaves_nothing(
    acme: Actor, opened: Installation, monkeypatch: pytest.MonkeyPatch, content: bytes, refusal: type[Exception]
) -> None:
    with_settings(opened, monkeypatch, upload_bytes_most=100_000)

    with pytest.raises(refusal):
        await receive(acme, "people.csv", pieces(content))

    assert opened.files.names(acme.tenant_id, "") == []
    async with acting_as(acme):
        assert not await Upload.exists()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("C:\\Users\\ada\\people.csv", "people.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\u202ec.csv", "abc.csv"),
        ("  ", "upload"),
        ("客户.csv", "客户.csv"),
    ],
)
async def test_the_name_of_an_upload_is_for_people_and_never_a_path(acme: Actor, sent: str, shown: str) -> None:
    assert (await receive(acme, sent, pieces(b"x"))).name == shown
