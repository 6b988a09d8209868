"""Clients that frontends use, against a server that listens: one server for the run, a fresh tenant for each test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tenants.api_keys import add_api_key
from tenants.ids import global_id
from tenants.imports import runs
from tenants.imports.options import ImportOptions
from tenants.installation import Installation
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.clients import node
from tests.clients.server import serving
from tests.stories.home import workers
from tests.stories.journey import upload_file

Ask = Callable[..., Any]
Execute = Callable[..., Any]
Stored = Callable[..., Awaitable[list[str]]]


@pytest.fixture(scope="session")
def packages() -> None:
    node.install()


@pytest.fixture(scope="session")
def served(packages: None, opened: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a live server."""
    with serving(opened.settings, tmp_path_factory.mktemp("serve") / "log") as url:
        yield url


@pytest.fixture(scope="module")
def worker(packages: None, opened: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker while a file of tests runs: left alive it would take the imports of others."""
    with workers(opened.settings, tmp_path_factory.mktemp("work") / "log", KELU_WORKER_PROCESSES="1"):
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def key(acme: Actor) -> str:
    """The secret of an API key of Acme."""
    async with acting_as(acme):
        return (await add_api_key("A client of a test"))[1]


@pytest.fixture
def ask(served: str, key: str) -> Ask:
    """`ask(script, **given)`: what a script prints that has the server's address and Acme's key."""
    return partial(node.run, url=served, key=key)


@pytest.fixture
def execute(served: str, key: str) -> Execute:
    """`execute(document, **variables)`: the data of the answer to Acme."""

    def post(document: str, **variables: object) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.post(served, json={"query": document, "variables": variables}, headers=headers, timeout=30, trust_env=False).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    return post


@pytest.fixture
def stored(acme: Actor) -> Stored:
    """`await stored(rows, type)`: takes rows of text in as Acme's; the global ids of what they made, in their order."""

    async def store(rows: Sequence[Mapping[str, str]], record_type: RecordType = RecordType.CUSTOMER) -> list[str]:
        columns = {target: [row.get(target) for row in rows] for target in rows[0]}
        async with acting_as(acme):
            outcome = await take_in(Batch(record_type, list(range(1, len(rows) + 1)), columns), IntakeRules())
        assert not outcome.problems, outcome.problems
        return [global_id(record_type, id) for id in outcome.record_ids if id is not None]

    return store


@pytest_asyncio.fixture(loop_scope="session")
async def paused_import(acme: Actor, tmp_path: Path) -> str:
    """The id of an import of two customers of Acme, held before a worker could see it."""
    file = tmp_path / "客户.csv"
    file.write_text("Name,Phone\n张伟,13812345678\nZoë Ångström,+46 70 123 45 67\n", encoding="utf-8")
    upload = await upload_file(acme, file)
    async with acting_as(acme):
        run_id = await runs.start_import(upload.id, RecordType.CUSTOMER, ImportOptions.of())
        await runs.pause(run_id)
    return global_id("IMPORT", run_id)
