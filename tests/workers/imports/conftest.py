from __future__ import annotations

import pytest

from tenants.installation import Installation
from tests.workers.working import with_settings


@pytest.fixture
def small_chunks(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with_settings(opened, monkeypatch, chunk_rows=10, worker_processes=1)


@pytest.fixture
def a_chunk_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader gives its job back after each chunk, as it does in a long file after some seconds."""
    for name in ("_COMMIT_SECONDS", "_TURN_SECONDS"):
        monkeypatch.setattr(f"workers.imports.read.{name}", 0.0)
