"""The story of the killed import at full length: 100,000 rows, 20 kills at random points, the bell emptied halfway."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from rich.console import Console

_STORY = "tests/stories/test_killed_import.py"
_MOST_ROWS = 100_000
_KILLS = 20


def measure(rows: int, console: Console) -> dict[str, Any]:
    """Run the story with at most 100,000 rows; it fails here as it would in the tests."""
    rows = min(rows, _MOST_ROWS)
    environment = os.environ | {"KELU_STORY_ROWS": str(rows), "KELU_STORY_KILLS": str(_KILLS)}
    console.print(f"A worker killed {_KILLS} times over {rows:,} rows …")
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytest", _STORY, "-q", "-x"], check=True, env=environment)
    return {"rows": rows, "kills": _KILLS, "seconds": time.perf_counter() - began}
