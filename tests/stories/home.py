"""Installations for stories: worker processes on the one of the tests, or a fresh one of their own that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from tenants.database import migrate
from tenants.installation import Installation, open_installation
from tenants.servers import servers
from tenants.settings import Settings

#: How long a process that is told to stop has for it.
_END_SECONDS = 30


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is removed with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="kelu-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def own_settings(home: Path) -> Settings:
    """Embedded in a home, whatever servers the environment names."""
    return Settings(home=home, database_url=None, database_owner_url=None, redis_url=None, files_url=None, master_key_file=None)


@asynccontextmanager
async def own_installation(home: Path) -> AsyncIterator[Installation]:
    """An embedded installation in a home of its own, migrated. A process has one installation open at a time."""
    chosen = own_settings(home)
    with servers(chosen) as found:
        assert found.owner
        await migrate(found.owner)
        async with open_installation(chosen) as opened:
            yield opened


def environment_of(chosen: Settings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which a command works on the installation these settings are of."""
    if not chosen.is_embedded:
        return {**os.environ, **(more or {})}
    return {name: value for name, value in os.environ.items() if not name.startswith("KELU_")} | {
        "KELU_HOME": str(chosen.home),
        **(more or {}),
    }


@contextmanager
def workers(chosen: Settings, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`kelu work` as an operator would start it, and end it. `more` are further environment variables."""
    with log.open("ab") as output:
        command = [sys.executable, "-m", "kelu", "work"]
        child = subprocess.Popen(command, stdout=output, stderr=output, env=environment_of(chosen, more))
    family = psutil.Process(child.pid)
    try:
        yield child
    finally:
        left = family.children(recursive=True) if child.poll() is None else []
        end(child)
        for process in psutil.wait_procs(left, timeout=5)[1]:
            process.kill()


def end(child: subprocess.Popen[bytes]) -> None:
    """Tell a process to stop, and see that it does; after half a minute it is killed."""
    child.terminate()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
