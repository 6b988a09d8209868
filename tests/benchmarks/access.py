"""`access`: what knowing who asks, the rules of fields and records, and the trail cost a page and an update, in turn with and without.

Without: whoever asks may do everything, nobody asks who that is, and a change-set leaves no entry. With: a member's access token is
verified and what it stands for believed as everywhere; the roles reach the customers of the own teams, some fields are masks or hidden.
Both go the whole road in one process, from the request's text to the answer, and without HTTP, which costs both the same.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import orjson
from graphql import ExecutionResult
from rich.console import Console
from rich.table import Table

from server.authentication import Context, known
from server.reads.execute import Road
from server.schema import schema
from tenants.database import connected
from tenants.ids import global_id, new_id
from tenants.intake import intake
from tenants.session import Actor, ActorKind, acting_as
from tenants.words import RecordType
from tests.benchmarks.reading.queries import _kelu_page
from tests.benchmarks.reading.records import Reader, make_readers
from tests.benchmarks.trail import _record_alone
from tests.stories.home import own_installation, temporary_folder
from tests.tenants.signin.members import member_of

_CUSTOMERS = 5_000
_ROUNDS, _EACH = 40, 25
_AIMS = {"page": 1.10, "update": 1.15}

#: A member who may do what sales does, with a field of each level; the same for all records and for those of the own teams.
_FIELDS = {
    "CUSTOMER": {"*": "WRITE", "phone": "MASKED", "national_id": "NONE"},
    "CONTACT": {"*": "WRITE", "email": "MASKED"},
    "ORDER": {"*": "READ"},
}
_ACTIONS = ("CUSTOMER_READ", "CUSTOMER_UPDATE", "CONTACT_READ", "ORDER_READ")
_UPDATE = "mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id version } userErrors { code } } }"

Ask = Callable[[str, dict[str, Any]], Awaitable[ExecutionResult]]


def measure(console: Console) -> dict[str, Any]:
    """Compare both with somebody who may do everything; print and return the figures."""
    with temporary_folder() as folder:
        times = asyncio.run(_measure(folder / "home", console))
    figures: dict[str, Any] = {}
    table = Table("", "p50 ms", "ratio", "aim")
    for what, aim in _AIMS.items():
        without = statistics.median(times[what, "without"])
        table.add_row(f"{what}, without", f"{without:.3f}", "", "")
        for way in ("of all", "of the own teams"):
            found = statistics.median(times[what, way])
            table.add_row(f"{what}, {way}", f"{found:.3f}", f"{found / without:.3f}", f"≤ {aim}")
            figures[f"{what} {way}"] = {"milliseconds": found, "without": without, "ratio": found / without, "aim": aim}
    console.print(table)
    return figures


async def _measure(home: Any, console: Console) -> dict[tuple[str, str], list[float]]:
    async with own_installation(home) as opened:
        with console.status(f"Writing {_CUSTOMERS:,} customers …"):
            [reader] = await make_readers(str(opened.servers.owner), [_CUSTOMERS], are_sealed=True)
        road = Road(schema._schema)
        ways = {
            "without": _without(road, reader),
            "of all": await _with(road, reader, "ALL"),
            "of the own teams": await _with(road, reader, "TEAM"),
        }
        async with connected(str(opened.servers.owner)) as owner:
            await owner.execute("VACUUM ANALYZE customer, member, team_member")
        times: dict[tuple[str, str], list[float]] = {}
        for number in range(_ROUNDS + 2):
            order = list(ways.items())
            for way, ask in order[number % 3 :] + order[: number % 3]:
                for what, turn in (("page", _page), ("update", _update)):
                    with ExitStack() as stack:
                        if way == "without":
                            stack.enter_context(patch.object(intake, "record", _record_alone))
                        taken = [await _timed(turn(ask, reader, f"{number}.{place}")) for place in range(_EACH)]
                    times.setdefault((what, way), []).extend(taken if number > 1 else [])
        return times


def _without(road: Road, reader: Reader) -> Ask:
    context = Context(Actor(reader.tenant_id, ActorKind.OPERATOR), "")
    return lambda text, inputs: _answered(road, context, text, inputs)


async def _with(road: Road, reader: Reader, scope: str) -> Ask:
    """A member whose role reaches so far; every customer is his or a teammate's, so that both answer the same."""
    role, team, statement = new_id(), new_id(), "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, $3, $4)"
    grants = {"permissions": dict.fromkeys(_ACTIONS, scope), "fields": _FIELDS}
    somebody, colleague = await member_of(reader.actor, None, role), await member_of(reader.actor, None, role)
    async with acting_as(reader.actor) as unit:
        await unit.connection.execute(statement, reader.tenant_id, role, f"Sales {scope}", orjson.dumps(grants).decode())
        await unit.connection.execute("INSERT INTO team (tenant_id, id, name) VALUES ($1, $2, $3)", reader.tenant_id, team, f"华东 {scope}")
        for each in (somebody, colleague):
            await unit.connection.execute("INSERT INTO team_member VALUES ($1, $2, $3)", reader.tenant_id, team, each.id)
        owned = "UPDATE customer SET owner_id = CASE WHEN city = 'Köln' THEN $2::uuid ELSE $3::uuid END WHERE tenant_id = $1"
        if scope == "TEAM":
            await unit.connection.execute(owned, reader.tenant_id, somebody.id, colleague.id)
    header = {b"authorization": f"Bearer {(await somebody.sign_in()).access}".encode()}

    async def ask(text: str, inputs: dict[str, Any]) -> ExecutionResult:
        return await _answered(road, await known(header, None), text, inputs)

    return ask


async def _answered(road: Road, context: Context, text: str, inputs: dict[str, Any]) -> ExecutionResult:
    return await road.answered(road.asked(road.documents.checked(text), None, inputs), context)


async def _page(ask: Ask, _: Reader, __: str) -> None:
    answer = await ask(_kelu_page(), {"first": 50})
    assert not answer.errors, answer.errors


async def _update(ask: Ask, reader: Reader, city: str) -> None:
    id = global_id(RecordType.CUSTOMER, reader.customer_id(next(_numbers) % _CUSTOMERS))
    answer = await ask(_UPDATE, {"input": {"id": id, "city": city}})
    assert answer.data, answer.errors
    assert answer.data["updateCustomer"]["userErrors"] == [], answer.data


async def _timed(asked: Awaitable[None]) -> float:
    began = time.perf_counter()
    await asked
    return (time.perf_counter() - began) * 1000


_numbers = itertools.count()
