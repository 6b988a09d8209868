"""The load: `python -m tests.benchmarks.reading.load` sends requests over kept-alive connections and says what it saw.

It reads JSON from stdin: {host, port, requests: [text], connections, warm_seconds, seconds}. It says `counting` when the warm-up is
over, `counted` when the seconds are, so that processor time is looked at while the load goes on, and
`{requests, seconds, errors, received_bytes, p50_ms, p99_ms}` at the end. Requests are sent in turn; each connection has one under
way.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvloop

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"

#: How long the load goes on when nothing is counted any more: whoever looks at processor time then is not too late.
_MORE_SECONDS = 0.15


@dataclass(slots=True)
class Tally:
    """What all connections have seen from `began` until `ended`; nothing else is counted. `latencies` are seconds."""

    requests: Iterator[bytes]
    began: float = float("inf")
    ended: float = float("inf")
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    received_bytes: int = 0
    is_over: bool = False

    def count(self, sent: float, answer: bytes) -> None:
        now = time.perf_counter()
        if not self.began <= now < self.ended:
            return
        self.latencies.append(now - sent)
        self.received_bytes += len(answer)
        self.errors += not answer.startswith(b"HTTP/1.1 200") or b'"errors"' in answer


class Connection(asyncio.Protocol):
    """Sends a request, waits for all of its answer, sends the next."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._answer = bytearray()
        self._length: int | None = None
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._length is None and not self._read_head():
            return
        is_whole = self._answer.endswith(_LAST_CHUNK) if self._length == 0 else len(self._answer) >= (self._length or 0)
        if is_whole:
            self._tally.count(self._sent, bytes(self._answer))
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._tally.is_over:
            self._tally.errors += 1

    def _read_head(self) -> bool:
        """Learn how long the answer is, with its head; 0 stands for one in chunks."""
        end = self._answer.find(_HEAD_END)
        if end < 0:
            return False
        head = bytes(self._answer[:end]).lower()
        _, found, rest = head.partition(b"content-length:")
        self._length = end + len(_HEAD_END) + int(rest.split(b"\r\n", 1)[0]) if found else 0
        return True

    def _send(self) -> None:
        self._answer.clear()
        self._length = None
        if self._tally.is_over:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(next(self._tally.requests))


async def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Send for as long as is asked; what was seen."""
    tally = Tally(itertools.cycle([each.encode() for each in asked["requests"]]))
    loop = asyncio.get_running_loop()
    for _ in range(asked["connections"]):
        await loop.create_connection(lambda: Connection(tally), asked["host"], asked["port"])
    await asyncio.sleep(asked["warm_seconds"])
    _say("counting")
    tally.began = time.perf_counter()
    await asyncio.sleep(asked["seconds"])
    tally.ended = time.perf_counter()
    _say("counted")
    await asyncio.sleep(_MORE_SECONDS)
    tally.is_over = True
    ordered = sorted(tally.latencies) or [float("nan")]
    return {
        "requests": len(tally.latencies),
        "seconds": tally.ended - tally.began,
        "errors": tally.errors,
        "received_bytes": tally.received_bytes,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1e3,
    }


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(uvloop.run(run(orjson.loads(sys.stdin.buffer.read())))).decode() + "\n")
