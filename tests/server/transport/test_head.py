"""The head of a request over a real connection: bounded before anybody knows who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.limits.head import BYTES_MOST, BoundedHead

BLOCK = b"a" * 16_384


@pytest_asyncio.fixture(loop_scope="session")
async def port(app: ASGIApp) -> AsyncIterator[int]:
    async with listening(app, BoundedHead) as found:
        yield found


@asynccontextmanager
async def listening(app: ASGIApp, protocol: type[asyncio.Protocol]) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_level="error"))
    task = asyncio.ensure_future(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def _answer(port: int, start: bytes, endless: bytes, most: int) -> tuple[bytes, int]:
    """What is answered to a start and then the same bytes over and over, and how many of them the server took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    try:
        writer.write(start)
        while sent < most:
            writer.write(endless)
            await writer.drain()
            sent += len(endless)
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 5), sent
    except (ConnectionError, TimeoutError):
        return b"", sent
    finally:
        writer.close()


@pytest.mark.parametrize("start", [b"GET /graphql?", b"GET /graphql HTTP/1.1\r\nhost: x\r\nx: ", b"GET /", b"GET / HTTP/1.1\r\n"])
async def test_an_endless_head_is_ended(port: int, start: bytes) -> None:
    endless = b"x: y\r\n" * 2_000 if start.endswith(b"1.1\r\n") else BLOCK

    answer, sent = await _answer(port, start, endless, 100_000_000)

    assert sent < 50 * BYTES_MOST
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


async def test_without_the_bound_it_would_not_be(app: ASGIApp) -> None:
    async with listening(app, HttpToolsProtocol) as port:
        answer, sent = await _answer(port, b"GET /graphql HTTP/1.1\r\nhost: x\r\nx: ", BLOCK + b"\r\nx: ", 20_000_000)

    assert (answer, sent >= 20_000_000) == (b"", True)


async def test_a_head_within_the_bound_is_answered(port: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: " + b"a" * (BYTES_MOST - 2_000) + b"\r\n\r\n"

    answer, _ = await _answer(port, head, b"", 0)

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_endless_trailers_of_a_chunked_body_are_ended_too(port: int) -> None:
    start = b"POST /graphql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: "

    answer, sent = await _answer(port, start, BLOCK, 100_000_000)

    assert sent < 50 * BYTES_MOST
    assert answer == b"" or b" 401 " in answer
