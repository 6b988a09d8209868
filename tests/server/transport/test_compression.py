"""Compression: what the client likes, from 1 KiB on, and never of an event stream."""

from __future__ import annotations

import zlib
from typing import Any

import httpx
import orjson
import pytest
import zstandard

from server.transport.compression import SMALLEST, compressed_aside
from server.transport.negotiation import encoding
from tenants.session import Actor
from tests.server.conftest import KeyOf
from tests.server.transport.conftest import Send, streaming

TYPES = {"query": "{ __schema { types { name description fields { name } } } }"}


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        (b"", None),
        (b"identity", None),
        (b"br", None),
        (b"gzip", "gzip"),
        (b"zstd", "zstd"),
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip;q=1.0, zstd;q=0.5", "gzip"),
        (b"gzip;q=0, zstd;q=0", None),
        (b"gzip;q=0.001", "gzip"),
        (b"*", "gzip"),
        (b"*;q=0", None),
        (b"gzip;q=0, *", None),
        (b"GZIP", "gzip"),
        (b"gzip;q=x", "gzip"),
        (b"gzip;q=nan", None),
    ],
)
def test_the_coding_is_the_one_that_is_liked_best(header: bytes | None, coding: str | None) -> None:
    assert encoding(header) == coding


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_large_answer_comes_compressed_and_is_the_same(http: httpx.AsyncClient, send: Send, coding: str) -> None:
    plain = await send(body=TYPES, Accept_Encoding="identity")
    packed = await send(body=TYPES, Accept_Encoding=coding)

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == coding
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert packed.json()["data"] == plain.json()["data"]


async def test_a_small_answer_stays_as_it_is(send: Send) -> None:
    answer = await send(Accept_Encoding="gzip, zstd")

    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) < SMALLEST


async def test_a_very_large_one_is_compressed_beside_the_loop() -> None:
    body = orjson.dumps([{"name": f"王小明 {n}"} for n in range(40_000)])

    assert zstandard.decompress(await compressed_aside(body, "zstd")) == body
    assert zlib.decompress(await compressed_aside(body, "gzip"), 31) == body


async def test_an_event_stream_is_not_compressed(app: Any, key_of: KeyOf, acme: Actor) -> None:
    async with streaming(app, await key_of(acme), TYPES, **{"accept-encoding": "gzip, zstd"}) as stream:
        text = await stream.over()

    assert "content-encoding" not in stream.headers
    assert text.startswith("event: next\ndata: {")
