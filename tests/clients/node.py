"""Scripts of this folder in Node, with the npm packages that package-lock.json pins by hash.

The packages go to node_modules beside the scripts, and a file in it says for which lock and Node that was done; where it still
holds, nothing is done. `npm install NAME@VERSION --save-exact --ignore-scripts` in this folder writes the lock anew; .npmrc keeps
addresses out of it.

What a script gets, a key among it, comes in its environment: a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
NODE_AT_LEAST = 20

_DECLARED = (FOLDER / "package.json", FOLDER / "package-lock.json")
_READY = PACKAGES / ".kelu-ready"
_INSTALL = ("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
_INSTALL_SECONDS = 300
_RUN_SECONDS = 60


def install() -> None:
    """Bring node_modules to what the lock says; a second run at the same time waits for the first.

    Skips the test where there is no npm or Node is too old for the packages.

    Raises:
        AssertionError: npm could not; with what it said.
    """
    wanted = "\n".join((*(sha256(path.read_bytes()).hexdigest() for path in _DECLARED), _node_version()))
    with _DECLARED[1].open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _READY.is_file() and _READY.read_text() == wanted:
            return
        npm = subprocess.run(_INSTALL, cwd=FOLDER, capture_output=True, text=True, timeout=_INSTALL_SECONDS, stdin=subprocess.DEVNULL)
        assert npm.returncode == 0, f"{' '.join(_INSTALL)} in {FOLDER}: {npm.stderr}"
        _READY.write_text(wanted)


def _node_version() -> str:
    """Such as `v20.1.0`."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"The clients are npm packages; not on the PATH: {', '.join(missing)}.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if (major := int(re.findall(r"\d+", version)[0])) < NODE_AT_LEAST:
        pytest.skip(f"The clients need Node {NODE_AT_LEAST} or later, and this is {major}.")
    return version


def run(script: str, **given: object) -> Any:
    """What a script prints, which is JSON. `url` is given to it as KELU_URL, and so on; what is no text, as JSON.

    Raises:
        AssertionError: it failed; with its stderr.
    """
    done = subprocess.run(
        ["node", f"{script}.mjs"],
        cwd=FOLDER,
        env=_environment(given),
        capture_output=True,
        timeout=_RUN_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{script}.mjs: {done.stderr.decode()}"
    return orjson.loads(done.stdout)


def _environment(given: dict[str, object]) -> dict[str, str]:
    """That of this process without settings of ours and switches of Node's, and what is given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KELU_", "NODE_"))}
    texts = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in given.items()}
    return own | {f"KELU_{name.upper()}": text for name, text in texts.items()}
