"""The peers as processes of their own: each is started as it would be by who runs it, says where it listens, and is ended."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psutil

from tenants.settings import Settings
from tests.benchmarks.reading.pool import DATABASE
from tests.benchmarks.reading.queries import BY_HAND, KELU, POSTGRAPHILE, RESOLVERS
from tests.stories.home import end, environment_of

NODE_FOLDER = Path(__file__).parent / "postgraphile"
_NODE_AT_LEAST = 22
_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_INSTALL_SECONDS = 300
_START_SECONDS = 60
_GENEROUS = 1_000_000
_REVEALS = 1_000_000_000


class Unavailable(Exception):
    """A peer cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that listens on loopback."""

    name: str
    port: int
    process: psutil.Process


@contextmanager
def running(chosen: Settings, database_url: str, folder: Path) -> Iterator[tuple[list[Peer], dict[str, str]]]:
    """All peers that can run here, and why each other one cannot. Their logs go to the folder."""
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        peers = [stack.enter_context(kelu(chosen, folder / "kelu.log"))]
        try:
            command = [_node(), str(NODE_FOLDER / "server.mjs")]
            more = {DATABASE: database_url, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
            peers.append(stack.enter_context(_started(POSTGRAPHILE, command, folder / "postgraphile.log", _plain_environment(more))))
        except Unavailable as why:
            absent[POSTGRAPHILE] = str(why)
        for name, module in ((RESOLVERS, "resolvers"), (BY_HAND, "by_hand")):
            peers.append(stack.enter_context(_python(name, module, database_url, folder / f"{module}.log")))
        yield peers, absent


@contextmanager
def kelu(chosen: Settings, log: Path) -> Iterator[Peer]:
    """`kelu serve` on the installation of these settings, with as much to spend as a setting allows."""
    command = [sys.executable, "-m", "kelu", "serve", "--host", "127.0.0.1", "--port", "0"]
    with _started(KELU, command, log, environment_of(chosen, _generous())) as peer:
        yield peer


def _generous() -> dict[str, str]:
    """What a key and a tenant may spend is no limit here."""
    budgets = {f"KELU_{name.upper()}": str(_GENEROUS) for name in Settings.model_fields if name.startswith("budget")}
    return budgets | {"KELU_REVEALS_HOURLY": str(_REVEALS)}


@contextmanager
def _python(name: str, module: str, database_url: str, log: Path) -> Iterator[Peer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", f"tests.benchmarks.reading.{module}", str(port)]
    with _started(name, command, log, _plain_environment({DATABASE: database_url}), port) as peer:
        yield peer


@contextmanager
def _started(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], port: int | None = None) -> Iterator[Peer]:
    """A process until it listens: on the port given, or on the one in what it prints first."""
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output, env=dict(environment), stdin=subprocess.DEVNULL)
    try:
        yield Peer(name, _listening(name, child, log, port), psutil.Process(child.pid))
    finally:
        end(child)


def _listening(name: str, child: subprocess.Popen[bytes], log: Path, port: int | None) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        said = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
        found = port or (int(said.group(1)) if said else None)
        with socket.socket() as probe:
            if found and probe.connect_ex(("127.0.0.1", found)) == 0:
                return found
        time.sleep(0.05)
    raise AssertionError(f"{name} does not listen. {log.read_text(errors='replace')[-2000:]}")


def _plain_environment(more: Mapping[str, str]) -> dict[str, str]:
    """That of this process without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KELU_")} | dict(more)


def _node() -> str:
    """A Node that is new enough, with the packages of the lock beside the script.

    Raises:
        Unavailable: there is no npm, it could not install them, or Node is too old.
    """
    if shutil.which("npm") is None:
        raise Unavailable("npm is not on the PATH")
    _install()
    own = sorted(NODE_FOLDER.glob("node_modules/node-*/bin/node"))
    for node in [*map(str, own), shutil.which("node") or ""]:
        if node and _version(node) >= _NODE_AT_LEAST:
            return node
    raise Unavailable(f"there is no Node {_NODE_AT_LEAST} or later")


def _version(node: str) -> int:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)
    except OSError:  # one for another machine
        return 0
    return int(found[0]) if (found := re.findall(r"\d+", said.stdout)) else 0


def _install() -> None:
    """Bring node_modules to what the lock says; a file in it says for which lock that was done."""
    ready = NODE_FOLDER / "node_modules" / ".kelu-ready"
    wanted = sha256((NODE_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if ready.is_file() and ready.read_text() == wanted:
        return
    try:
        done = subprocess.run(_INSTALL, cwd=NODE_FOLDER, capture_output=True, text=True, timeout=_INSTALL_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not install it within {_INSTALL_SECONDS} s") from None
    if done.returncode:
        raise Unavailable(f"npm could not install it: {done.stderr.strip().splitlines()[0] if done.stderr.strip() else 'it says nothing'}")
    ready.write_text(wanted)
