"""`kelu import` as an operator runs it: with no other process of ours there, its workers come along."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tests.stories.home import environment_of
from tests.stories.records import customers_of, rows_of
from tests.workers.working import written

HEADER = "external_id,name,Tel. 2"


@pytest.fixture
def kelu(opened: Installation) -> Any:
    """Runs the command; exit code, stdout, stderr."""

    def run(*words: str, **more: str) -> tuple[int, str, str]:
        environment = environment_of(opened.settings, {"KELU_WORKER_PROCESSES": "1", **more})
        done = subprocess.run(
            [sys.executable, "-m", "kelu", *words], capture_output=True, text=True, env=environment, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def tenant(actor: Actor) -> str:
    return global_id("TENANT", actor.tenant_id)


async def test_a_good_file_ends_with_0_and_a_report_that_adds_up(kelu: Any, acme: Actor, tmp_path: Path) -> None:
    file = written(tmp_path / "people.csv", [HEADER, "C1,Ada,13812345678", "C2,Grace,13912345678"])

    code, out, err = kelu("import", str(file), "--tenant", tenant(acme), "--map", "Tel. 2=phone", "--json")

    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["rows"] == {"total": 2, "blank": 0, "created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
    assert [(column["header"], column["target"]) for column in report["mapping"]] == [
        ("external_id", "external_id"),
        ("name", "name"),
        ("Tel. 2", "phone"),
    ]
    assert (await customers_of(acme))["C1"]["phone"] == "+8613812345678"


async def test_rejected_rows_end_with_3_and_lie_in_a_file_for_their_owner_alone(kelu: Any, acme: Actor, tmp_path: Path) -> None:
    file, rejected = written(tmp_path / "people.csv", [HEADER, "C1,Ada,", "C2,,x"]), tmp_path / "again.csv"

    code, out, _ = kelu("import", str(file), "--rejected", str(rejected), KELU_TENANT=tenant(acme))

    assert code == 3
    assert "Tel. 2" in out
    assert "not imported" in out
    assert os.stat(rejected).st_mode & 0o777 == 0o600
    with rejected.open(encoding="utf-8-sig", newline="") as opened:
        assert [row[3:] for row in csv.reader(opened)] == [HEADER.split(","), ["C2", "", "x"]]


async def test_an_api_key_says_whose_records_they_are(kelu: Any, acme: Actor, tmp_path: Path) -> None:
    async with acting_as(acme):
        _, secret = await add_api_key("a key")
    file = written(tmp_path / "people.csv", [HEADER, "C1,Ada,"])

    code, _, _ = kelu("import", str(file), KELU_API_KEY=secret)

    assert code == 0
    assert set(await customers_of(acme)) == {"C1"}


async def test_a_dry_run_and_a_shown_mapping_write_nothing(kelu: Any, acme: Actor, tmp_path: Path) -> None:
    file = written(tmp_path / "people.csv", [HEADER, "C1,Ada,"])

    dry = kelu("import", str(file), "--tenant", tenant(acme), "--dry-run", "--json")
    shown = kelu("import", str(file), "--tenant", tenant(acme), "--show-mapping", "--json")

    assert (dry[0], json.loads(dry[1])["rows"]["created"]) == (0, 1)
    assert (shown[0], [column["how"] for column in json.loads(shown[1])["columns"]]) == (0, ["EXACT", "EXACT", "UNMAPPED"])
    assert await rows_of(acme, "customer") == []


@pytest.mark.parametrize(
    ("lines", "words", "code", "said"),
    [
        (["<html>"], [], 1, "web page"),
        ([HEADER, "C1,Ada,"], ["--map", "No such column=phone"], 1, "no column"),
        ([HEADER, "C1,Ada,"], ["--tenant", "ten_" + "0" * 32], 1, "no such tenant"),
        ([HEADER, "C1,Ada,"], ["--map", "phone"], 2, "COLUMN=FIELD"),
        ([HEADER, "C1,Ada,"], ["--type", "cat"], 2, "customer"),
        ([HEADER, "C1,Ada,"], ["--match-by", "shoe size"], 2, "external"),
        ([HEADER, "C1,Ada,"], ["--colour", "red"], 2, "No such option"),
    ],
)
async def test_what_is_refused_ends_with_1_and_wrong_usage_with_2(
    kelu: Any, acme: Actor, tmp_path: Path, lines: list[str], words: list[str], code: int, said: str
) -> None:
    file = written(tmp_path / "people.csv", lines)

    found, out, err = kelu("import", str(file), *words, KELU_TENANT=tenant(acme))

    assert found == code
    assert said in " ".join((out + err).split())
    assert await rows_of(acme, "customer") == []


async def test_without_a_tenant_nothing_is_done(kelu: Any, tmp_path: Path) -> None:
    file = written(tmp_path / "people.csv", [HEADER, "C1,Ada,"])

    code, _, err = kelu("import", str(file))

    assert code == 1
    assert "KELU_TENANT" in err
