"""The packages of the clients: installed once, and asked for only where there is what they need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.clients import node


def put(folder: Path, name: str, script: str) -> None:
    """A command of that name, first on the PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_npm_a_test_is_skipped_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(pytest.skip.Exception, match="not on the PATH: node, npm"):
        node.install()


def test_with_a_node_too_old_a_test_is_skipped_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    put(tmp_path, "node", "echo v18.20.4")
    put(tmp_path, "npm", "exit 1")

    with pytest.raises(pytest.skip.Exception, match="need Node 20 or later, and this is 18"):
        node.install()


def test_packages_that_are_there_are_left_as_they_are(packages: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    put(tmp_path, "npm", "exit 1")

    node.install()


def test_packages_that_npm_cannot_bring_fail_with_its_words(packages: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(node, "_READY", tmp_path / "not there")
    put(tmp_path, "npm", "echo no network >&2; exit 1")

    with pytest.raises(AssertionError, match="no network"):
        node.install()
