from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil

from tenants.installation import Installation
from tests.stories.home import workers
from tests.workers.working import until, written

ROWS = 20_000


def children(supervisor: psutil.Process) -> list[psutil.Process]:
    return [child for child in supervisor.children() if _is_worker(child)]


def _is_worker(child: psutil.Process) -> bool:
    """A process that has just died is none, whether or not it has been waited for."""
    try:
        return "workers.worker" in child.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one, too
        return False


async def test_a_worker_that_dies_is_started_again_and_none_outlives_its_supervisor(opened: Installation, tmp_path: Path) -> None:
    with workers(opened.settings, tmp_path / "work.log", KELU_WORKER_PROCESSES="2") as popen:
        supervisor = psutil.Process(popen.pid)
        await until(lambda: len(children(supervisor)) == 2)
        first, second = children(supervisor)

        first.kill()
        await until(lambda: len(children(supervisor)) == 2 and first not in children(supervisor))

        left = children(supervisor)
        assert second in left
        supervisor.kill()
        await until(lambda: not any(worker.is_running() for worker in left))


async def test_an_import_goes_on_when_valkey_was_killed_under_it(tmp_path: Path) -> None:
    """In an embedded home of its own: the next worker to be started finds no Valkey and starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KELU_")} | {
        "KELU_HOME": str(tmp_path / "home"),
        "KELU_CHUNK_ROWS": "200",
        "KELU_LEASE_SECONDS": "1",
        "KELU_WORKER_PROCESSES": "1",
    }
    lines = [f"C{number},Person {number}" for number in range(ROWS)]
    file = written(tmp_path / "people.csv", ["external_id,name", *lines])
    kelu = [sys.executable, "-m", "kelu"]
    made = [*kelu, "tenant", "add", "A tenant", "--country", "CN", "--time-zone", "UTC", "--currency", "CNY", "--json"]
    tenant = json.loads(subprocess.run(made, env=environment, capture_output=True, check=True).stdout)["id"]

    command = [*kelu, "import", str(file), "--tenant", tenant, "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        supervisor = psutil.Process(running.pid)
        await until(lambda: children(supervisor))
        valkey = next(each for each in psutil.process_iter() if is_valkey_of(each, tmp_path / "home"))
        await asyncio.sleep(1.5)
        valkey.kill()
        out, err = await asyncio.to_thread(running.communicate, timeout=60)

    assert b"worker.failed" in err, "the import was over before Valkey was killed"
    assert running.returncode == 0
    assert json.loads(out)["rows"]["created"] == ROWS


def is_valkey_of(process: psutil.Process, home: Path) -> bool:
    try:
        return "valkey" in process.name() and Path(process.cwd()).is_relative_to(home)
    except psutil.Error:
        return False
