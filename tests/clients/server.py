"""A server that listens: `kelu serve` as an operator would start it, on a port of its own."""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenants.settings import Settings
from tests.stories.home import end, environment_of

_START_SECONDS = 60


@contextmanager
def serving(chosen: Settings, log: Path, **more: str) -> Iterator[str]:
    """The address of its GraphQL, such as `http://127.0.0.1:40113/graphql`. `more` are further environment variables."""
    command = [sys.executable, "-m", "kelu", "serve", "--host", "127.0.0.1", "--port", "0"]
    with log.open("ab") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment_of(chosen, more))
    try:
        line = _first_line(child)
        assert line.startswith("Kelu serves http"), f"{line!r}; {log.read_text()}"
        yield line.removeprefix("Kelu serves ").strip()
    finally:
        end(child)
        if child.stdout:
            child.stdout.close()


def _first_line(child: subprocess.Popen[bytes]) -> str:
    """What it says first; nothing where it ends or is silent for too long."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        return child.stdout.readline().decode() if selector.select(_START_SECONDS) else ""
