"""The README's requests and commands, as they stand there, are answered and done."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tenants.ids import global_id
from tenants.installation import Installation
from tenants.servers import Servers
from tenants.session import Actor, ActorKind
from tenants.trail.sealing import seal
from tests.server.conftest import KeyOf, Stored
from tests.stories.home import environment_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What follows `-d` in a request to /graphql, in the quotes of a shell.
BODIES = re.findall(r"localhost:8080/graphql[^`]*?-d '(.*?)'\n", README, re.DOTALL)
#: The first import by hand, as far as it does not go on for ever.
FIRST = README.partition("\nA first import by hand")[2].partition("```\n")[2].partition("kelu serve")[0]
#: What an admin does, one after the other: lines of a shell, and GraphQL documents.
ADMINS = README.partition("\n## For tenant admins\n")[2].partition("\n## ")[0]
STEPS = re.findall(r"```(sh|graphql)\n(.*?)```", ADMINS, re.DOTALL)
#: The paths of tests that the README names.
TESTS = sorted(set(re.findall(r"`(tests/[\w/.]+)`", README)))

#: The shell knows `kelu` and `python` as those of the tests.
SHELL = f'set -e; kelu() {{ {shlex.quote(sys.executable)} -m kelu "$@"; }}; python() {{ {shlex.quote(sys.executable)} "$@"; }}\n'


def test_there_are_requests_for_everybody() -> None:
    assert len(BODIES) == 3
    assert ["customers" in BODIES[0], "CustomerFilter" in BODIES[1], "upsertCustomers" in BODIES[2]] == [True] * 3


@pytest.mark.parametrize("body", BODIES)
async def test_a_request_of_the_readme_is_answered(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, body: str) -> None:
    headers = {"Authorization": f"Bearer {await key_of(acme)}", "Content-Type": "application/json"}
    answer = await http.post("/graphql", content=body.encode(), headers=headers)

    told: dict[str, Any] = orjson.loads(answer.content)
    assert "errors" not in told
    assert all(field is not None for field in told["data"].values())


async def test_the_rows_of_a_partner_are_taken_in(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor) -> None:
    headers = {"Authorization": f"Bearer {await key_of(acme)}", "Content-Type": "application/json"}
    answer = await http.post("/graphql", content=BODIES[2].encode(), headers=headers)

    assert [each["status"] for each in answer.json()["data"]["upsertCustomers"]["results"]] == ["CREATED"]


@pytest.mark.parametrize("path", TESTS)
def test_a_test_that_the_readme_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@dataclass
class Admin:
    """Does what the README tells an admin, with the ids and tokens that came before in place of `ten_…`, `"token": "…"` and so on."""

    http: httpx.AsyncClient
    environment: dict[str, str]
    folder: Path
    known: dict[str, str] = field(default_factory=dict)
    link_token: str = ""
    access_token: str = ""

    def named(self, text: str) -> str:
        text = text.replace('"token": "…"', f'"token": "{self.link_token}"')
        return re.sub(r"\b([a-z]{3})_…", lambda found: self.known[found[1]], text)

    def learn(self, told: str) -> None:
        self.known |= {found[:3]: found for found in re.findall(r"\b[a-z]{3}_[0-9a-f]{32}\b", told)}

    async def run(self, lines: str) -> None:
        """Lines of a shell; those of curl are sent to the server of the tests."""
        for line in filter(None, re.sub(r"\\\n\s*", "", lines).split("\n")):
            await (self.curl(line) if line.startswith("curl ") else self.command(line))

    async def command(self, line: str, *, codes: frozenset[int] = frozenset({0})) -> None:
        shell = ["bash", "-c", SHELL + self.named(re.sub(r"\s# .*", "", line))]
        done = await asyncio.to_thread(
            subprocess.run, shell, capture_output=True, text=True, timeout=60, env=self.environment, cwd=self.folder
        )
        assert done.returncode in codes, (line, done.stderr)
        self.learn(done.stdout)
        self.link_token = done.stdout.partition("#")[2].strip() or self.link_token

    async def curl(self, line: str) -> None:
        _, silent, address, mark, header, data, body = shlex.split(self.named(line))
        assert (silent, mark, header, data) == ("-s", "-H", "Content-Type: application/json", "-d")
        answer = await self.http.post(address.removeprefix("localhost:8080"), content=body.encode(), headers=dict([header.split(": ")]))
        assert answer.status_code == 200, answer.text
        self.access_token = answer.json()["accessToken"]

    async def ask(self, documents: str) -> None:
        for document in re.split(r"^(?=mutation|\{)", documents, flags=re.MULTILINE)[1:]:
            headers = {"Authorization": f"Bearer {self.access_token}"}
            told = (await self.http.post("/graphql", json={"query": self.named(document)}, headers=headers)).json()
            assert "errors" not in told, (document, told["errors"])
            assert [each.get("userErrors", []) for each in told["data"].values() if isinstance(each, dict) and each.get("userErrors")] == []
            self.learn(orjson.dumps(told["data"]).decode())


async def test_what_an_admin_is_told_to_do_can_be_done(
    http: httpx.AsyncClient, opened: Installation, migrated: Servers, acme: Actor, stored: Stored, tmp_path: Path
) -> None:
    (tmp_path / "tenants").symlink_to(ROOT / "tenants")
    environment = environment_of(opened.settings, {"PYTHONPATH": str(ROOT)})
    admin = Admin(http, environment, tmp_path, {"ten": global_id("TENANT", acme.tenant_id), "cus": await stored(acme, name="王芳")})

    for language, step in STEPS:
        if "kelu trail" in step:
            await seal(Actor(acme.tenant_id, ActorKind.WORKER))
        await (admin.run(step) if language == "sh" else admin.ask(step))

    assert {language for language, _ in STEPS} == {"sh", "graphql"}
    assert (tmp_path / "trail.jsonl").read_bytes().count(b'"kind":"entry"') > len(STEPS)


async def test_the_first_import_can_be_done(http: httpx.AsyncClient, opened: Installation, migrated: Servers, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes((ROOT / "kelu/samples/kunden_europa.csv").read_bytes())
    operator = Admin(http, environment_of(opened.settings, {"PYTHONPATH": str(ROOT)}), tmp_path)

    for line in FIRST.strip().split("\n"):
        if line.startswith("export "):
            name, _, value = operator.named(line.removeprefix("export ")).partition("=")
            operator.environment[name] = value
        else:
            await operator.command(line, codes=frozenset({0, 3}))

    assert FIRST.count("kelu import") == 3
    assert (tmp_path / "to-be-corrected.csv").exists()
