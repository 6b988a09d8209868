from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from tenants.installation import Installation
from workers import worker


@pytest.mark.filterwarnings("ignore:unclosed client")
async def test_a_pipeline_left_open_is_not_reported_and_anything_else_is(opened: Installation, caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(worker._unexpected)
    try:
        with caplog.at_level(logging.ERROR, "asyncio"):
            pipeline = opened.bell.pipeline(transaction=True)
            await pipeline.watch("nothing")
            connection = pipeline.connection
            del pipeline
            gc.collect()
            assert caplog.messages == []

            loop.call_exception_handler({"message": "something else"})
            assert caplog.messages == ["something else"]

            loop.set_exception_handler(None)
            pipeline = opened.bell.pipeline(transaction=True)
            await pipeline.watch("nothing")
            connections = [connection, pipeline.connection]
            del pipeline
            gc.collect()
            assert "Unclosed Pipeline client" in caplog.text, "what is kept silent here does not happen any more"
    finally:
        loop.set_exception_handler(None)
    for left in connections:
        await left.disconnect()
        await opened.bell.connection_pool.release(left)
