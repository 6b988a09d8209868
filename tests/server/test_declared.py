"""Everything in the schema says who may ask for it; something that does not stops the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.asgi import create_app
from server.reads.declared import Undeclared, check_declared
from server.schema import schema
from tenants.access.fields import FIELDS
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
