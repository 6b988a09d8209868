"""A key is given to a client in its environment: a command line can be read by everybody on the machine."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psutil

from tests.clients.conftest import Ask
from tests.clients.node import FOLDER
from tests.clients.operations import create, look_up, watch


async def test_a_key_is_on_no_command_line(ask: Ask, key: str, worker: None, paused_import: str) -> None:
    running = asyncio.create_task(
        asyncio.to_thread(ask, "graphql_ws", query=look_up("cus_1"), mutation=create("Ada"), subscriptions=[watch(paused_import)])
    )
    seen = set()
    while not running.done():
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                seen.add(" ".join(process.cmdline()))
        await asyncio.sleep(0.01)
    await running

    assert "node graphql_ws.mjs" in seen
    assert [line for line in seen if key in line] == []


def test_no_script_takes_anything_from_its_command_line() -> None:
    assert [path.name for path in FOLDER.glob("*.mjs") if "argv" in path.read_text(encoding="utf-8")] == []
