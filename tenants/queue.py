"""The queue in Redis: its name, and arq's messages as JSON (its default would be pickle, which runs code on reading)."""

from __future__ import annotations

from typing import Any

import orjson

NAME = "kelu:jobs"


def pack(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message)


def unpack(message: bytes) -> dict[str, Any]:
    unpacked: dict[str, Any] = orjson.loads(message)
    return unpacked
