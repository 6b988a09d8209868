"""Everything in the schema says who may ask for it; something that does not stops the start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema
from strawberry.tools import create_type

from server.asgi import create_app
from server.reads.declared import Undeclared, check_declared
from server.reads.declaring import computed, identity, items, report, stored, stored_in
from server.reads.places import PERMISSION, Report
from server.schema import schema
from server.schema.pages import Node
from server.schema.values import Flag
from tenants.access.fields import FIELDS
from tenants.access.permissions import Permission
from tenants.installation import Installation
from tenants.words import RecordType

Plant = Callable[[pytest.MonkeyPatch], None]


def test_everything_says_who_may_ask_for_it() -> None:
    check_declared(schema._schema)


def _field(type_name: str, name: str) -> Any:
    type_: Any = schema._schema.type_map[type_name]
    return type_.fields[name].extensions["strawberry-definition"]


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (lambda patch: patch.delitem(FIELDS[RecordType.CUSTOMER], "phone"), ["Customer.phone"]),
        (lambda patch: patch.delitem(FIELDS[RecordType.ORDER], "amount"), ["Order.amount"]),
        (lambda patch: patch.setattr(_field("Mutation", "createRole"), "metadata", {}), ["Mutation.createRole"]),
        (lambda patch: patch.setattr(_field("Query", "tenantSettings"), "metadata", {}), ["Query.tenantSettings"]),
        (lambda patch: patch.setattr(_field("Subscription", "customerChanged"), "metadata", {}), ["Subscription.customerChanged"]),
    ],
)
def test_what_does_not_stops_the_start(opened: Installation, monkeypatch: pytest.MonkeyPatch, plant: Plant, named: list[str]) -> None:
    plant(monkeypatch)

    with pytest.raises(Undeclared) as found:
        create_app(opened.settings, open_servers=False)

    assert found.value.fields == named


@stored_in("customer", RecordType.CUSTOMER)
@strawberry.type
class Person(Node):
    id: strawberry.ID = identity()
    name: str = stored("")
    shoe_size: int = stored("")


@stored_in("customer", RecordType.CUSTOMER)
@strawberry.type
class Shopper(Node):
    id: strawberry.ID = identity()
    visits: list[Flag] = items("visit AS {item}", "{item}.at", "")


@stored_in("till", "TILL")
@strawberry.type
class Till(Node):
    id: strawberry.ID = identity()


@stored_in("shelf", "SHELF", Permission.SETTINGS_READ)
@strawberry.type
class Shelf(Node):
    id: strawberry.ID = identity()
    anything: str = stored("")


@strawberry.type
class Roots:
    plain: int = 1
    told: int = computed(lambda road, actor: None, "", permission=None)  # type: ignore[arg-type,return-value]  # nobody calls it
    counted: list[Flag] = report(Report("SELECT 1", "1", "Customer", ()), "")


async def _events() -> AsyncIterator[int]:
    yield 1


async def _act() -> int:
    return 1


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ({"types": [Person]}, ["Person.shoeSize"]),
        ({"types": [Shopper]}, ["Shopper.visits"]),
        ({"types": [Till]}, ["Till"]),
        ({"types": [Shelf]}, []),
        ({"query": Roots}, ["Query.counted", "Query.plain"]),
        ({"mutation": _act}, ["Mutation.act"]),
        ({"subscription": _events}, ["Subscription.act"]),
    ],
)
def test_what_is_added_says_it_too(planted: dict[str, Any], named: list[str]) -> None:
    made = _schema_of(**planted)

    if not named:
        check_declared(made)
        return
    with pytest.raises(Undeclared) as found:
        check_declared(made)
    assert found.value.fields == named


def _schema_of(query: Any = None, mutation: Any = None, subscription: Any = None, types: Sequence[type] = ()) -> GraphQLSchema:
    """A schema of its own: roots of one field each, or the types given."""
    asked = create_type("Query", [strawberry.field(name="me", resolver=_act, metadata={PERMISSION: None})])
    if query is not None:
        asked = strawberry.type(type("Query", (query,), {}))
    acts = create_type("Mutation", [strawberry.mutation(name="act", resolver=mutation)]) if mutation else None
    told = create_type("Subscription", [strawberry.subscription(name="act", resolver=subscription)]) if subscription else None
    return strawberry.Schema(asked, acts, told, types=types)._schema
