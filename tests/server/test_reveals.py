"""Sealed values go out in clear to who may reveal them and says what for, so many an hour; each time is in the trail first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tenants.installation import Installation
from tenants.session import Actor, acting_as
from tests.server.conftest import KeyOf, Stored, reveals

PHONES = "query ($purpose: String) { customers { nodes { phone { masked value(purpose: $purpose) } } } }"
MOST = 5


@pytest.fixture
def few_reveals(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many values an hour."""
    chosen = opened.settings.model_copy(update={"reveals_hourly": MOST})
    monkeypatch.setattr("tenants.installation._open", replace(opened, settings=chosen))


async def asked(http: httpx.AsyncClient, secret: str, purpose: str | None = None, **headers: str) -> dict[str, Any]:
    body = {"query": PHONES, "variables": {"purpose": purpose}}
    answer = await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {secret}", **headers})
    found: dict[str, Any] = answer.json()
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def values(answer: dict[str, Any]) -> list[str | None]:
    return [node["phone"]["value"] for node in answer["data"]["customers"]["nodes"]]


async def events(actor: Actor, event: str) -> int:
    async with acting_as(actor, read_only=True) as unit:
        found: int = await unit.connection.fetchval(
            "SELECT count(*) FROM trail_entry WHERE tenant_id = $1 AND event = $2", actor.tenant_id, event
        )
    return found


async def test_a_purpose_is_asked_for_and_kept(http: httpx.AsyncClient, key_of: KeyOf, stored: Stored, acme: Actor) -> None:
    await stored(acme, name="Ada", phone="13812345678")
    secret = await key_of(acme, may_reveal=True)

    silent, blank = await asked(http, secret), await asked(http, secret, "  ")
    by_argument = await asked(http, secret, "call back")
    by_header = await asked(http, secret, **{"X-Kelu-Purpose": "invoice 17"})

    assert (values(silent), codes(silent)) == ([None], ["PURPOSE_REQUIRED"])
    assert (values(blank), codes(blank)) == ([None], ["PURPOSE_REQUIRED"])
    assert values(by_argument) == values(by_header) == ["+8613812345678"]
    assert await reveals(acme) == [(["phone"], "call back"), (["phone"], "invoice 17")]


async def test_over_the_budget_nothing_goes_out_and_before_it_there_is_one_alert(
    http: httpx.AsyncClient, key_of: KeyOf, stored: Stored, acme: Actor, globex: Actor, few_reveals: None
) -> None:
    for number in range(2):
        await stored(acme, name="Ada", phone=f"1381234567{number}")
    await stored(globex, name="Lin", phone="13912345678")
    secret, elsewhere = await key_of(acme, may_reveal=True), await key_of(globex, may_reveal=True)

    first, second, over = [await asked(http, secret, "test") for _ in range(3)]

    assert [len(values(each)) for each in (first, second)] == [2, 2]
    assert codes(over) == ["RATE_LIMITED"]
    assert "+86" not in str(over)
    assert (await events(acme, "REVEAL"), await events(acme, "REVEAL_ALERT")) == (2, 1)
    assert values(await asked(http, elsewhere, "test")) == ["+8613912345678"]
