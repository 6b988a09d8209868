"""Every built-in role, every field and mutation, own, team's, others' and another tenant's records: answered as the file says."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from server.reads import sql
from server.reads.places import Related
from tenants.access.built_in import BY_WORD
from tests.conftest import MakeTenant
from tests.server.access.matrix import acting, reading, telling, writing
from tests.server.access.matrix.asking import cells, foreign_of
from tests.server.access.matrix.told import FILE, Cells, read, written
from tests.server.access.matrix.world import Tenancy, world_of
from tests.server.isolation.foreign import dump

CASES_LEAST = 5_000
_HOW = "read the new lines, and if they are right: python -m tests.server.access.matrix"


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
async def foreign(kept: dict[str, Any], make_tenant: MakeTenant, http: httpx.AsyncClient) -> Tenancy:
    if "foreign" not in kept:
        kept["foreign"] = await foreign_of(make_tenant, http)
    found: Tenancy = kept["foreign"]
    return found


def differences(found: Cells, expected: Cells) -> list[str]:
    """What is not as expected; what is new, and what is gone."""
    return [
        f"{role}: {group}, {name}: {' '.join(found.get(key, ('nothing',)))} instead of {' '.join(expected.get(key, ('nothing',)))}"
        for key in {**found, **expected}
        if found.get(key) != expected.get(key)
        for role, group, name in [key]
    ]


async def test_every_role_is_answered_as_expected(
    make_tenant: MakeTenant, http: httpx.AsyncClient, app: Starlette, foreign: Tenancy
) -> None:
    expected, before = read(FILE.read_text(encoding="utf-8")), await dump(foreign.actor)
    found = await cells(make_tenant, http, app, foreign, expected)

    assert differences(found, expected) == [], _HOW
    assert sum(word != "-" for words in found.values() for word in words) >= CASES_LEAST
    assert _still(await dump(foreign.actor)) == _still(before), "another tenant's records were changed"


def _still(tables: dict[str, str]) -> dict[str, Any]:
    """What of the other tenant has to stay: all but what its own changes, of which the subscriptions must not tell, leave behind."""
    found: dict[str, Any] = {name: rows for name, rows in tables.items() if name not in ("change", "change_set", "trail_entry", "tenant")}
    own = {"city", "version", "updated_at"}
    return found | {"customer": [{name: row[name] for name in row.keys() - own} for row in json.loads(tables["customer"])]}


def test_everything_of_the_schema_is_asked() -> None:
    whole: Any = reading.WHOLE
    asked = {*reading.LISTS.values(), *telling.by_id(), *(name for name, _ in reading.reports()), *telling.computed()}

    assert set(whole.query_type.fields) == asked
    assert set(whole.mutation_type.fields) == writing.MUTATIONS | acting.ACTS.keys()
    assert set(whole.subscription_type.fields) == {"customerChanged", "importProgress"}
    assert {role for role, _, _ in read(FILE.read_text(encoding="utf-8"))} == set(BY_WORD)
    assert all(isinstance(place, Related) for name, place in reading.roots() if name in reading.LISTS.values())


def test_the_file_says_what_was_written() -> None:
    known = read(FILE.read_text(encoding="utf-8"))

    assert read(written(known)) == known


async def test_a_field_without_a_line_is_found(make_tenant: MakeTenant, http: httpx.AsyncClient, app: Starlette, foreign: Tenancy) -> None:
    world, group = await world_of("SALES", make_tenant, http, app, foreign), "Need read"
    expected = {name: words for (role, of, name), words in read(FILE.read_text(encoding="utf-8")).items() if (role, of) == ("SALES", group)}
    lacking = {name: words for name, words in expected.items() if name != "productInterest"}
    found = await reading.fields(world, "Need", lacking)

    assert found == expected
    assert found != lacking


async def test_a_planted_mistake_is_found(
    make_tenant: MakeTenant, http: httpx.AsyncClient, app: Starlette, foreign: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read(FILE.read_text(encoding="utf-8"))
    world = await world_of("SALES", make_tenant, http, app, foreign)
    monkeypatch.setattr(sql, "visible", lambda *_: "true")
    found = await reading.lists(world, "Order", [("orders", {}), ("unplanned", {"status": {"in": ["PAID", "OPEN"]}})], {})

    assert expected["SALES", "Order list", "orders"] == ("FOUND", "FOUND", "ABSENT", "ABSENT")
    assert found["unplanned"] == ("FOUND", "FOUND", "FOUND", "ABSENT")
