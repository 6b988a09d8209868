from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tenants.installation import Installation
from workers.worker import _unexpected


class Loop:
    """Remembers what would be reported."""

    def __init__(self) -> None:
        self.reported: list[str] = []

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.reported.append(context["message"])


@pytest.mark.filterwarnings("ignore:unclosed client")
async def test_a_pipeline_left_open_is_not_reported_and_anything_else_is(opened: Installation) -> None:
    heard: list[dict[str, Any]] = []
    running, loop = asyncio.get_running_loop(), Loop()
    running.set_exception_handler(lambda _, context: heard.append(context))
    try:
        pipeline = opened.bell.pipeline(transaction=True)
        await pipeline.watch("nothing")
        connection: Any = pipeline.connection
        del pipeline
        gc.collect()
    finally:
        running.set_exception_handler(None)
    await connection.disconnect()
    await opened.bell.connection_pool.release(connection)

    assert [each["message"] for each in heard] == ["Unclosed Pipeline client"], "what is kept silent does not happen any more"
    for context in (*heard, {"message": "something else"}):
        _unexpected(loop, context)  # type: ignore[arg-type]  # what of a loop it uses

    assert loop.reported == ["something else"]
