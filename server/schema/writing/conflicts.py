"""Conflicts: what a change made from an older version meets, field by field, so that somebody can choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import strawberry
from strawberry.scalars import JSON

from server.reads.places import Protected, ProtectedMap, place_of, table_of
from server.schema.graph import Contact, Customer, Interaction, Need, Order, Preference
from server.schema.user_errors import path_of
from tenants.intake import drafts

Mask = Callable[[str], str]

_VALUE = "JSON as the type has it, dates and decimals as text; masked where the field is encrypted."


@strawberry.type(
    description="A field of a change that was made from an older version than is stored. Every field that was given is told; for a merge "
    "take `stored` where `yours` is `base`, `yours` where `stored` is `base`, and ask somebody where `isConflicting`."
)
class FieldConflict:
    field: list[str] = strawberry.field(description="The path of the input's field.")
    yours: JSON | None = strawberry.field(description=f"What you gave; null where you cleared it. {_VALUE}")
    stored: JSON | None = strawberry.field(description=f"What is stored now. {_VALUE}")
    base: JSON | None = strawberry.field(description=f"What it was at the version you gave. {_VALUE}")
    is_conflicting: bool = strawberry.field(description="Whether both sides have changed it since, and not to the same value.")


def told(outcome: drafts.Outcome) -> Iterator[tuple[int, FieldConflict]]:
    """The conflicts of a batch with their rows, sealed ones as masks: whoever may reveal them reads the record."""
    for each in outcome.conflicts:
        mask = _mask_of(each.sealed)
        yours, stored, base = (_shown(value, mask) for value in (each.yours, each.stored, each.base))
        conflict = FieldConflict(field=path_of(each.field), yours=yours, stored=stored, base=base, is_conflicting=each.is_conflicting)
        yield each.row, conflict


def _shown(value: Any, mask: Mask | None) -> Any:
    return value if mask is None or value is None else mask(str(value))


def _mask_of(sealed: tuple[str, str] | None) -> Mask | None:
    return None if sealed is None else MASKS[sealed]


def _masks() -> Iterator[tuple[tuple[str, str], Mask]]:
    """How the schema's types mask each sealed column, by table and column."""
    for type_ in (Customer, Contact, Order, Interaction, Need, Preference):
        table, definition = table_of(type_), _definition(type_)
        assert table is not None
        for field in definition.fields:
            match place_of(field):
                case Protected(mask):
                    yield (table.name, field.python_name), mask
                case ProtectedMap(column, mask):
                    yield (table.name, column), mask


def _definition(type_: Any) -> Any:
    return type_.__strawberry_definition__


MASKS = dict(_masks())
