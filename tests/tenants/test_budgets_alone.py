"""Budgets while Redis is away, and of event loops that end."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from arq.connections import ArqRedis
from structlog.testing import capture_logs

from tenants import budgets as module
from tenants.budgets import Budgets, spend
from tenants.embedded.binaries import valkey_program
from tenants.installation import Installation, installation
from tenants.refusals import RateLimited
from tests.tenants.spending import a_key, a_view, set_measures, spent_by
from tests.workers.working import until


@pytest.fixture(autouse=True)
def measures(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets that leak slower than a test runs, with a patient view of them."""
    set_measures(opened, monkeypatch)


def test_a_loop_that_ends_takes_its_view_along_without_a_word(opened: Installation, recwarn: pytest.WarningsRecorder) -> None:
    bells = []

    async def once() -> None:
        bell = ArqRedis.from_url(opened.servers.redis)
        bells.append(bell)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tenants.installation._open", replace(opened, bell=bell))
            await spend(a_key(), 10)
        await bell.aclose()

    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(once())
        loop.close()
        gc.collect()

    assert len(bells) == 3
    assert not [str(each.message) for each in recwarn if "loop" in str(each.message) or "task" in str(each.message).lower()]


class Server:
    """A Valkey of the test's own, that may be killed and come back with what it had."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "v.sock"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        options = [
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--dir",
            str(self.socket.parent),
        ]
        self._child = subprocess.Popen([str(valkey_program()), *options], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        assert self._child is not None
        subprocess.run(["kill", "-STOP", str(self._child.pid)], check=True)
        try:
            yield
        finally:
            subprocess.run(["kill", "-CONT", str(self._child.pid)], check=True)


@pytest_asyncio.fixture(loop_scope="session")
async def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path)
    server.start()
    bell = ArqRedis(unix_socket_path=str(server.socket))
    await until(server.socket.exists)
    monkeypatch.setattr("tenants.installation._open", replace(installation(), bell=bell))
    monkeypatch.setattr(module, "TRIED_SECONDS", 0.1)
    yield server
    server.kill()
    await bell.aclose()


async def test_without_redis_a_process_goes_on_alone_and_is_back_by_itself(server: Server) -> None:
    key, stranger, here = a_key(), a_key(), a_view()
    await here.spend(key, 300)

    with capture_logs() as logged:
        server.kill()
        assert (await here.spend(key, 200)).remaining in range(500, 505)
        assert await spent_by(here, key, 100) == 500
        assert await spent_by(here, stranger, 100) == 1000
        await asyncio.sleep(0.35)
        server.start()
        await until(lambda: [each for each in logged if each["event"] == "budgets.together"])

    assert [each["event"] for each in logged] == ["budgets.alone", "budgets.together"]
    assert [(await a_view().standing(actor)).remaining // 50 for actor in (key, stranger)] == [0, 0]  # it has been told
    with pytest.raises(RateLimited):
        await here.spend(key, 100)


async def test_a_redis_that_does_not_answer_is_waited_for_once(server: Server) -> None:
    key, here = a_key(), Budgets(installation(), patience_seconds=0.1)
    await here.spend(key, 300)

    with server.frozen(), capture_logs() as logged:
        began = time.monotonic()
        await here.spend(key, 200)
        waited = time.monotonic() - began
        for _ in range(100):
            await here.spend(a_key(), 1000)
        all_waited = time.monotonic() - began

    assert 0.09 < waited < 0.4
    assert all_waited - waited < 1
    assert [each["event"] for each in logged] == ["budgets.alone"]
    await until(lambda: not here._is_alone)
