"""The planner answers as the reference does: the same data, in the same order, and the same errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from server.reads import sql, where
from server.schema import schema
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.server.conftest import Answer, Ask
from tests.server.reference.execution import Reference
from tests.server.reference.generator import Asked, Generator
from tests.server.reference.listing import Place
from tests.server.reference.records import SEARCHES, fill
from tests.server.reference.store import Store, load
from tests.server.test_statements import aliases, statements, unbound

#: How many documents each round asks; each has a seed of its own, which a failure names.
QUERIES = 60
ROUNDS = 6


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    return {}


@pytest.fixture
async def shop(shared: dict[str, Any], make_tenant: MakeTenant) -> tuple[Actor, Store, dict[str, Place]]:
    """A tenant with records, beside another with others, what it has in memory, and the cursors it has been told."""
    if not shared:
        actor, other = await make_tenant(), await make_tenant()
        await fill(other, 10, seed=2)
        await fill(actor, 40, seed=1)
        shared["shop"] = actor, await load(actor, SEARCHES), {}
    found: tuple[Actor, Store, dict[str, Place]] = shared["shop"]
    return found


@pytest.mark.parametrize("round_", range(ROUNDS))
async def test_queries_made_by_chance_are_answered_alike(graphql: Ask, shop: tuple[Actor, Store, dict[str, Place]], round_: int) -> None:
    actor, store, cursors = shop
    references = {may_reveal: Reference(store, cursors, may_reveal=may_reveal) for may_reveal in (False, True)}
    refused = 0
    for seed in range(round_ * QUERIES, (round_ + 1) * QUERIES):
        asked = Generator(schema._schema, store, Random(seed), cursors).make()
        may_reveal = bool(seed % 3)
        answer = await graphql(asked.document, as_=actor, may_reveal=may_reveal, **asked.variables)
        if answer.codes == ["TOO_LARGE"]:  # the generator only guesses what a document costs
            refused += 1
            continue
        difference = list(differences(answer, references[may_reveal], asked, store, cursors))
        assert difference == [], f"seed {seed}: {asked.document}\n{asked.variables}\n{answer.errors}"

    assert refused < QUERIES / 10


async def test_every_relation_of_every_statement_is_bound_to_the_tenant(graphql: Ask, shop: tuple[Actor, Store, dict[str, Place]]) -> None:
    actor, store, cursors = shop
    async with statements() as seen:
        for seed in range(30_000, 30_000 + QUERIES):
            asked = Generator(schema._schema, store, Random(seed), cursors).make()
            await graphql(asked.document, as_=actor, **asked.variables)

    assert sum(len(aliases(each)) for each in seen) > 2 * QUERIES
    assert [(alias, each) for each in seen for alias in unbound(each)] == []


PLANTED: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "nothing comes first": (where, "_ordered", lambda as_it_is: lambda *given: as_it_is(*given).replace("NULLS LAST", "NULLS FIRST")),
    "a cursor's record comes twice": (where, "behind", lambda as_it_is: lambda *given: f"({as_it_is(*given)} OR true)"),
    "not is SQL's": (where, "_condition", lambda as_it_is: lambda *given: as_it_is(*given).replace("IS NOT TRUE", "IS FALSE")),
    "one page is a record longer": (sql.Writer, "_limit", lambda as_it_is: lambda *given: f"({as_it_is(*given)} + 1)"),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_a_planted_mistake_of_the_planner_is_found(
    graphql: Ask, shop: tuple[Actor, Store, dict[str, Place]], monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    actor, store, cursors = shop
    reference = Reference(store, cursors, may_reveal=True)
    module, name, wrong = PLANTED[planted]
    monkeypatch.setattr(module, name, wrong(getattr(module, name)))
    if hasattr(sql, name):
        monkeypatch.setattr(sql, name, getattr(where, name))
    for seed in range(100_000 * (1 + list(PLANTED).index(planted)), 100_000_000):  # documents that have no plan yet
        asked = Generator(schema._schema, store, Random(seed), cursors).make()
        answer = await graphql(asked.document, as_=actor, may_reveal=True, **asked.variables)
        if answer.codes != ["TOO_LARGE"] and list(differences(answer, reference, asked, store, dict(cursors))):
            return
        assert seed % 100_000 < 500, "500 queries have not found it"


def differences(answer: Answer, reference: Reference, asked: Asked, store: Store, cursors: dict[str, Place]) -> Iterator[str]:
    """Where the answer is not the reference's; cursors it tells are noted."""
    data, errors = reference.answer(asked.document, asked.variables)
    wanted = {(error.extensions["code"], _place(error.path or [])) for error in errors if error.extensions}
    found = {(error["extensions"]["code"], _place(error.get("path", []))) for error in answer.errors}
    wrong = [error["path"] for error in answer.errors if "path" in error and error["path"] not in [each.path for each in errors]]
    if wrong:
        yield f"errors have paths at which nothing is refused: {wrong}"
    if wanted != found:
        yield f"errors: {found} instead of {wanted}"
    yield from _differences(answer.body.get("data"), data, "data", cursors, store)


def _place(path: Any) -> tuple[str, ...]:
    """A path as far as it is the same for all records of a list, and for all aliases of what may not be seen."""
    return tuple(str(step) for step in path if isinstance(step, str))[:-1] if len(path) > 1 else tuple(path)


def _differences(found: Any, wanted: Any, path: str, cursors: dict[str, Place], store: Store) -> Iterator[str]:
    if isinstance(wanted, str) and wanted.startswith("@"):
        yield from _cursor(found, wanted, path, cursors, store)
    elif isinstance(wanted, dict) and isinstance(found, dict):
        if list(found) != list(wanted):
            yield f"{path}: {list(found)} instead of {list(wanted)}"
        for key in wanted.keys() & found.keys():
            yield from _differences(found[key], wanted[key], f"{path}.{key}", cursors, store)
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(found) != len(wanted):
            yield f"{path}: {len(found)} instead of {len(wanted)}"
        for place, (one, other) in enumerate(zip(found, wanted, strict=False)):
            yield from _differences(one, other, f"{path}.{place}", cursors, store)
    elif found != wanted:
        yield f"{path}: {found!r} instead of {wanted!r}"


def _cursor(found: Any, wanted: str, path: str, cursors: dict[str, Place], store: Store) -> Iterator[str]:
    """A cursor stands for one record in one list, whenever it is told."""
    field, rest = wanted[1:].split(" ", 1)
    order, id = rest.rsplit(" ", 1)
    row = store.by_global_id(id)
    assert row is not None
    known = cursors.setdefault(found, Place(field, order, row))
    # Two searches may find a record equally well; its place is then the same text.
    if (known.field, known.row) != (field, row) or (known.order != order and not order.startswith("search")):
        yield f"{path}: a cursor that stands for something else than {wanted}"
