"""The format is frozen: a trail in version 1 verifies for good, and what somebody else would make of FORMAT.md is the same to the byte."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenants.trail import verifier
from tenants.trail.form import block_line, checkpoint_line, entry_line, header_line, sha256
from tenants.trail.verifier import Verifier, canonical

HERE = Path(__file__).parent
LINES = (HERE / "format_1.jsonl").read_bytes().splitlines()
GIVEN: dict[str, Any] = json.loads((HERE / "format_1.json").read_bytes())
KEY = bytes.fromhex(GIVEN["key"])


def faults(lines: list[bytes], checkpoint: Any = None) -> list[str]:
    found = Verifier([KEY], checkpoint or GIVEN["checkpoint"])
    for line in lines:
        found.take(line)
    return list(map(str, found.finish()))


def test_a_trail_of_version_1_verifies() -> None:
    assert faults(LINES) == []
    assert len(LINES) == 8


@pytest.mark.parametrize("line", LINES)
def test_lines_are_made_as_they_were(line: bytes) -> None:
    item = json.loads(line)

    assert canonical(item) == line
    if item["kind"] == "entry":
        assert entry_line(item) == line
    else:
        assert block_line(item) == line
        assert sha256(header_line(item)).hex() == item["hash"]


def test_a_checkpoint_is_made_as_it_was() -> None:
    assert json.loads(checkpoint_line(GIVEN["checkpoint"])) == GIVEN["checkpoint"]


def test_it_is_said_what_is_wrong_and_where() -> None:
    changed = [LINES[0].replace(b"REVEAL", b"REFUSAL"), *LINES[1:]]

    assert faults(changed) == [f"block 1, position 0: entry {json.loads(LINES[0])['id']} was changed, or put in the place of another"]
    assert faults([LINES[0], *LINES[2:]]) == ["block 1, position 1: the entry was deleted"]
    assert "out of order" in faults([LINES[1], LINES[0], *LINES[2:]])[0]
    assert "was inserted" in faults([LINES[0], *LINES])[0]
    assert faults(LINES[:4])[0].startswith("trail: cut off: the checkpoint is of block ")
    assert "not here" in faults([*LINES, LINES[0]])[0]
    assert "comes behind block" in faults([*LINES, LINES[-1]])[0]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\xff", b"[]", b"null", b"{}", b'{"kind":"other"}', b'{"kind":"block"}', b'{"kind":["block"]}'),
        *(LINES[3].replace(b'"entries":', b'"entries":"3","x":'), LINES[3].replace(b'"block":1', b'"block":1.0')),
        *(LINES[3].replace(b'"hashes":"', b'"hashes":"zz'), LINES[3].replace(b'"previous":"0', b'"previous":"\\ud800')),
        *(LINES[0].replace(b'"position":0', b'"position":"0"'), LINES[0].replace(b'"position":0', b'"position":-1')),
    ],
)
def test_whatever_stands_in_a_line_is_a_fault_and_no_crash(line: bytes) -> None:
    for place in range(len(LINES)):
        assert faults([*LINES[:place], line, *LINES[place:]])
        assert faults([*LINES[:place], line, *LINES[place + 1 :]])


@pytest.mark.parametrize("checkpoint", [{}, [], 7, {**GIVEN["checkpoint"], "block": 1}, {**GIVEN["checkpoint"], "total": None}])
def test_what_is_no_checkpoint_is_not_taken_for_one(checkpoint: Any) -> None:
    found = Verifier([KEY], checkpoint)
    for line in LINES:
        found.take(line)

    assert "no checkpoint of these keys" in str(found.finish()[0])


def test_another_key_is_not_the_right_one() -> None:
    found = Verifier([bytes(32)])
    for line in LINES:
        found.take(line)

    assert {fault.wrong for fault in found.finish()} == {f"it is signed by another key, {GIVEN['checkpoint']['key_id']}"}


def test_the_program_ends_with_what_it_found(tmp_path: Path) -> None:
    for name, text in (("key", GIVEN["key"]), ("checkpoint", json.dumps(GIVEN["checkpoint"])), ("torn", "{")):
        (tmp_path / name).write_text(text)
    (tmp_path / "cut").write_bytes(b"\n".join(LINES[:4]))

    def run(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-I", verifier.__file__, *arguments], capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout

    whole, all_is_well = HERE / "format_1.jsonl", (0, "3 blocks, 5 entries, 0 faults\n")
    assert run(whole, "--key", "key", "--checkpoint", "checkpoint") == all_is_well
    assert run(whole, "--key", GIVEN["key"]) == all_is_well
    assert run("cut", "--key", "key")[0] == 0
    assert run("cut", "--key", "key", "--checkpoint", "checkpoint")[0] == 1
    for wrong in (["gone", "--key", "key"], [whole], [whole, "--key", "77"], [whole, "--key", "key", "--checkpoint", "torn"]):
        assert run(*wrong)[0] == 2, wrong


def test_the_verifier_is_short_and_stands_alone() -> None:
    text = Path(verifier.__file__).read_text()
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert text.count("\n") <= 200
    assert imported <= {*sys.stdlib_module_names, "cryptography"}
