"""The README's requests, as they stand there, are answered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tenants.session import Actor
from tests.server.conftest import KeyOf

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
#: What follows `-d` in a request to /graphql, in the quotes of a shell.
BODIES = re.findall(r"localhost:8080/graphql[^`]*?-d '(.*?)'\n", README, re.DOTALL)


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
