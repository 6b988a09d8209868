"""Persisted documents: found by their hash, registered by who knows the text, each tenant's own, and never needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from arq.connections import ArqRedis

from server.transport import persisted
from tenants.installation import Installation
from tenants.refusals import Invalid
from tenants.session import Actor
from tests.server.conftest import KeyOf
from tests.server.transport.conftest import Send, WithSettings, client_of

Answered = Callable[..., Awaitable[Any]]


def new_text() -> str:
    return f"query Q{uuid4().hex} {{ __typename }}"


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(digest: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, **more}


def told(answer: Any) -> tuple[str, str]:
    (error,) = answer.json()["errors"]
    return error["message"], error["extensions"]["code"]


UNKNOWN = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_document_is_sent_once_and_found_by_its_hash_from_then_on(send: Send, method: str) -> None:
    text = new_text()
    before = await send(method, by_hash(digest_of(text)))
    registered = await send(method, by_hash(digest_of(text), query=text))
    after = await send(method, by_hash(digest_of(text)))
    by_id = await send(method, {"documentId": f"sha256:{digest_of(text)}"})

    assert (before.status_code, told(before)) == (200, UNKNOWN)
    for answer in (registered, after, by_id):
        assert answer.json()["data"] == {"__typename": "Query"}, answer.text


async def test_one_tenants_documents_are_not_anothers(send: Send, key_of: KeyOf, globex: Actor) -> None:
    text = new_text()
    await send(body=by_hash(digest_of(text), query=text))

    answer = await send(body=by_hash(digest_of(text)), Authorization=f"Bearer {await key_of(globex)}")

    assert told(answer) == UNKNOWN


async def test_a_hash_of_another_text_is_refused_and_kept_nowhere(send: Send) -> None:
    digest = digest_of(new_text())

    refused = await send(body=by_hash(digest, query=new_text()))
    after = await send(body=by_hash(digest))

    assert (refused.status_code, told(refused)) == (400, ("The document does not have this hash.", "INVALID"))
    assert told(after) == UNKNOWN


@pytest.mark.parametrize("text", ["{", "{ nothing }", "{ __typename " + "#" * 15_000 + "\n}", "{ " + "__typename " * 21 + "}"])
async def test_what_may_not_run_is_not_kept(send: Send, text: str) -> None:
    await send(body=by_hash(digest_of(text), query=text))

    assert told(await send(body=by_hash(digest_of(text)))) == UNKNOWN


@pytest.mark.parametrize("extension", [3, "x", {}, {"version": 2, "sha256Hash": "0" * 64}, {"version": 1, "sha256Hash": 3}, {"version": 1}])
async def test_an_extension_of_another_form_is_refused(send: Send, extension: Any) -> None:
    answer = await send(body={"query": "{ __typename }", "extensions": {"persistedQuery": extension}})

    assert (answer.status_code, told(answer)[1]) == (400, "INVALID")


@pytest.mark.parametrize("digest", ["", "x", "*" * 64, "0" * 63, "../" * 21 + "0", "Ω" * 64])
async def test_what_is_no_hash_is_not_found(send: Send, digest: str) -> None:
    assert told(await send(body=by_hash(digest))) == UNKNOWN


async def test_the_oldest_go_when_a_tenant_has_too_many(
    send: Send, opened: Installation, acme: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persisted, "KEPT_MOST", 3)
    texts = [new_text() for _ in range(5)]
    for text in texts:
        await send(body=by_hash(digest_of(text), query=text))

    found = ["data" in (await send(body=by_hash(digest_of(text)))).json() for text in texts]
    kept = await opened.bell.keys(f"kelu:document:{acme.tenant_id.hex}:*")

    assert found == [False, False, True, True, True]
    assert len(kept) == 3
    assert 0 < await opened.bell.ttl(kept[0]) <= persisted.KEPT_SECONDS


async def test_without_valkey_the_client_sends_the_text_and_all_is_well(
    send: Send, opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = ArqRedis.from_url("redis://127.0.0.1:1/0", retry_on_timeout=False)
    monkeypatch.setattr("tenants.installation._open", replace(opened, bell=nowhere))
    text = new_text()

    asked = await send(body=by_hash(digest_of(text)))
    sent = await send(body=by_hash(digest_of(text), query=text))

    assert told(asked) == UNKNOWN
    assert sent.json()["data"] == {"__typename": "Query"}


LISTED = "query Listed { __typename }"


@pytest.mark.parametrize("is_folder", [False, True])
async def test_only_trusted_documents_run_where_that_is_set(
    with_settings: WithSettings, send: Send, tmp_path: Path, is_folder: bool
) -> None:
    file = tmp_path / "documents.json"
    file.write_bytes(orjson.dumps({"listed": LISTED}))
    app = with_settings(documents="trusted", trusted_documents=tmp_path if is_folder else file)

    async with client_of(app) as client:
        fine = [
            await send(body=body, to=client)
            for body in (
                by_hash(digest_of(LISTED)),
                {"documentId": "listed"},
                {"documentId": f"sha256:{digest_of(LISTED)}"},
                {"query": LISTED},
            )
        ]
        text = new_text()
        refused = [
            await send(body=body, to=client)
            for body in ({"query": text}, by_hash(digest_of(text), query=text), by_hash(digest_of(text)), {"documentId": "x"})
        ]

    assert [answer.json().get("data") for answer in fine] == [{"__typename": "Query"}] * 4
    assert [(answer.status_code, told(answer)[1]) for answer in refused] == [(403, "DOCUMENT_NOT_TRUSTED")] * 4


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 3}', None])
def test_trusted_documents_that_cannot_be_read_stop_the_start(with_settings: WithSettings, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "documents.json"
    if content is not None:
        file.write_bytes(content)
    with_settings(documents="trusted", trusted_documents=file)

    with pytest.raises(Invalid, match="KELU_TRUSTED_DOCUMENTS"):
        persisted.check_trusted_documents()


def test_trusting_only_what_is_not_named_stops_the_start(with_settings: WithSettings) -> None:
    with_settings(documents="trusted")

    with pytest.raises(Invalid, match="KELU_TRUSTED_DOCUMENTS"):
        persisted.check_trusted_documents()
