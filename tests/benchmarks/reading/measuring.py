"""One measurement: a peer under load for some seconds, with the processor time it and PostgreSQL used meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import psutil

from tests.benchmarks.reading.peers import Peer

CONNECTIONS = 16
WARM_SECONDS = 0.7

#: A load that has not ended this long after it should have is a bug of ours.
_GRACE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """What one peer did under one load; times in milliseconds, processor time in seconds."""

    requests: int
    seconds: float
    errors: int
    received_bytes: int
    p50_ms: float
    p99_ms: float
    server_seconds: float
    postgres_seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Several of these together: medians of the rounds; processor time in milliseconds a request, errors of all rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    postgres_ms: float
    errors: int
    bytes_each: float

    @classmethod
    def of(cls, rounds: Sequence[Seen]) -> Figures:
        requests = max(1, sum(each.requests for each in rounds))
        return cls(
            per_second=statistics.median(each.requests / each.seconds for each in rounds),
            p50_ms=statistics.median(each.p50_ms for each in rounds),
            p99_ms=statistics.median(each.p99_ms for each in rounds),
            server_ms=sum(each.server_seconds for each in rounds) / requests * 1e3,
            postgres_ms=sum(each.postgres_seconds for each in rounds) / requests * 1e3,
            errors=sum(each.errors for each in rounds),
            bytes_each=sum(each.received_bytes for each in rounds) / requests,
        )


async def under_load(
    peer: Peer, requests: Sequence[str], seconds: float, postmaster: psutil.Process, connections: int = CONNECTIONS
) -> Seen:
    """Send these requests in turn, one under way on each connection, and count after a warm-up."""
    asked = {
        "host": "127.0.0.1",
        "port": peer.port,
        "requests": requests,
        "connections": connections,
        "warm_seconds": WARM_SECONDS,
        "seconds": seconds,
    }
    command = (sys.executable, "-m", "tests.benchmarks.reading.load")
    load = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert load.stdin is not None
    assert load.stdout is not None
    try:
        async with asyncio.timeout(seconds + WARM_SECONDS + _GRACE_SECONDS):
            load.stdin.write(orjson.dumps(asked))
            load.stdin.close()
            used = [await _used_when(word, load.stdout, peer.process, postmaster) for word in (b"counting\n", b"counted\n")]
            found = orjson.loads(await load.stdout.read())
    except BaseException:
        load.kill()
        raise
    finally:
        await load.wait()
    server, postgres = (after - before for before, after in zip(*used, strict=True))
    return Seen(**found, server_seconds=server, postgres_seconds=postgres)


async def _used_when(word: bytes, said: asyncio.StreamReader, server: psutil.Process, postmaster: psutil.Process) -> tuple[float, float]:
    """Processor seconds of the server and of PostgreSQL, which may be its child, at the moment the load says a word."""
    line = await said.readline()
    assert line == word, line
    family = _family(postmaster)
    return _processor_seconds(_family(server) - family), _processor_seconds(family)


def ask(peer: Peer, request: str) -> bytes:
    """The body of one answer, whatever its status."""
    head, _, body = request.partition("\r\n\r\n")
    (method, path, _), *headers = [line.split(" ", 2) if at == 0 else line.split(": ", 1) for at, line in enumerate(head.split("\r\n"))]
    sent = urllib.request.Request(f"http://127.0.0.1:{peer.port}{path}", body.encode() or None, dict(headers), method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=30) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        return error.read()


def _family(root: psutil.Process) -> set[psutil.Process]:
    return {root, *root.children(recursive=True)}


def _processor_seconds(family: set[psutil.Process]) -> float:
    """Used by these processes, and by children of theirs that have ended."""
    total = 0.0
    for process in family:
        try:
            total += sum(process.cpu_times()[:4])  # its own user and system time, and that of children it has waited for
        except psutil.NoSuchProcess:
            continue
    return total
