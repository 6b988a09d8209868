"""The npm package relay-compiler with schema.graphql: it accepts paginated fragments, and the server answers what it makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from tenants.words import RecordType
from tests.clients.conftest import Execute, Stored
from tests.clients.node import FOLDER, PACKAGES

SOURCE = "src/Customers.js"


def compiled(project: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", str(PACKAGES / "relay-compiler" / "cli.js")]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


@pytest.fixture
def project(packages: None, tmp_path: Path) -> Path:
    """A frontend's folder, with its sources and our schema."""
    shutil.copytree(FOLDER / "relay", tmp_path, dirs_exist_ok=True)
    shutil.copy(FOLDER.parent.parent / "schema.graphql", tmp_path)
    (tmp_path / "artifacts").mkdir()
    return tmp_path


def operations(project: Path) -> dict[str, str]:
    """The operations it made, by name, as they are sent."""
    artifacts = (project / "artifacts").glob("*.graphql.js")
    texts = [re.search(r'"text": (".*")', artifact.read_text(encoding="utf-8")) for artifact in artifacts]
    found = [orjson.loads(text[1]) for text in texts if text]
    return {re.findall(r"\w+", text)[1]: text for text in found}


async def test_paginated_fragments_are_accepted_and_what_they_become_is_answered(project: Path, execute: Execute, stored: Stored) -> None:
    customers = await stored([{"name": name, "external_id": f"C{number}"} for number, name in enumerate(("张伟", "Zoë", "Ada"))])
    line = {"lines.product": "Tea", "lines.quantity": "2", "lines.unit_price": "3.50"}
    ordered = [{"customer_external_id": "C0", "number": f"O{day}", "ordered_at": f"2024-05-0{day}", **line} for day in (1, 2, 3)]
    await stored(ordered, RecordType.ORDER)

    done = compiled(project)
    made = operations(project)
    first = execute(made["CustomersQuery"], count=2)["customers"]
    last = execute(made["CustomersPageQuery"], count=2, cursor=first["pageInfo"]["endCursor"])["customers"]
    newest = last["edges"][0]["node"]["orders"]
    oldest = execute(made["CustomersOrdersPageQuery"], id=customers[0], count=2, cursor=newest["pageInfo"]["endCursor"])["node"]["orders"]

    assert done.returncode == 0, done.stderr
    assert made.keys() == {"CustomersQuery", "CustomersPageQuery", "CustomersOrdersPageQuery"}
    assert [edge["node"]["name"] for edge in first["edges"] + last["edges"]] == ["Ada", "Zoë", "张伟"]
    assert [edge["node"]["number"] for edge in newest["edges"] + oldest["edges"]] == ["O3", "O2", "O1"]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, last, newest, oldest)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("number", "nonsense", "The type `Order` has no field `nonsense`"),
        ("Customers_list on Query", "Customers_list on Contact", "has no field `customers`"),
    ],
)
def test_a_fragment_that_does_not_fit_the_schema_is_refused(project: Path, right: str, wrong: str, told: str) -> None:
    source = project / SOURCE
    source.write_text(source.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")

    done = compiled(project)

    assert done.returncode == 1
    assert told in done.stdout + done.stderr
    assert operations(project) == {}
