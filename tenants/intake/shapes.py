"""How each record type lies in its table: columns with their PostgreSQL types, and the natural key it is recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.intake.fields import FIELDS, Field, Type
from tenants.words import RecordType


@dataclass(frozen=True, slots=True)
class Column:
    """A column the intake writes: `sql` is the PostgreSQL type of its values, `sent` the type they travel as in an array."""

    name: str
    sql: str
    sent: str
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A record type in its table.

    `natural`: columns that together recognise a record that came without id; where `is_natural_unique`, the database holds one only.
    """

    record_type: RecordType
    table: str
    columns: tuple[Column, ...]
    natural: tuple[str, ...] = ()
    defaults: Mapping[str, object] | None = None
    is_natural_unique: bool = False

    @property
    def always(self) -> frozenset[str]:
        """Columns that are never empty; what they hold can be replaced and not cleared. An order's amount is computed instead."""
        needed = {field.name for field in FIELDS[self.record_type] if field.required}
        own = {"customer_id"} if self.record_type is not RecordType.CUSTOMER else set()
        return frozenset(needed | own | {*(self.defaults or ())} | ({"currency"} if self.record_type is RecordType.ORDER else set()))

    @property
    def sealed(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_sealed)


_SQL = {
    Type.DATE: "date",
    Type.DATETIME: "timestamptz",
    Type.DECIMAL: "numeric",
    Type.BOOLEAN: "boolean",
    Type.TAGS: "text[]",
    Type.CUSTOM: "jsonb",
}
#: Arrays of arrays would be flattened by unnest, and jsonb has no binary form here: both travel as text.
_SENT_AS_TEXT = frozenset({"text[]", "jsonb"})

#: Fields that say which record is meant, or whose it is; they are not columns of their own.
_NOT_COLUMNS = frozenset({"id", "version", "customer_external_id", "customer_phone", "customer_email"})


def _column(field: Field) -> Column:
    if field.name == "customer_id":
        return Column(field.name, "uuid", "uuid")
    sql = "bytea" if field.sealed else _SQL.get(field.type, "text")
    return Column(field.name, sql, "text" if sql in _SENT_AS_TEXT else sql, field.sealed)


def _columns(record_type: RecordType, *more: Column) -> tuple[Column, ...]:
    own = tuple(_column(field) for field in FIELDS[record_type] if field.name not in _NOT_COLUMNS)
    return (*own, *more)


_FLAGS = Column("flags", "text[]", "text")

CUSTOMER = Shape(
    RecordType.CUSTOMER,
    "customer",
    _columns(RecordType.CUSTOMER, Column("owner_id", "uuid", "uuid"), Column("custom_sealed", "bytea", "bytea", is_sealed=True), _FLAGS),
    defaults={"kind": "PERSON", "lifecycle": "PROSPECT"},
)
CONTACT = Shape(RecordType.CONTACT, "contact", _columns(RecordType.CONTACT, _FLAGS), ("customer_id", "name"), {"is_primary": False})
ORDER = Shape(
    RecordType.ORDER, "customer_order", _columns(RecordType.ORDER, _FLAGS), ("number",), {"status": "OPEN"}, is_natural_unique=True
)
INTERACTION = Shape(
    RecordType.INTERACTION,
    "interaction",
    _columns(RecordType.INTERACTION, _FLAGS),
    ("customer_id", "occurred_at", "channel", "subject"),
)
NEED = Shape(RecordType.NEED, "need", _columns(RecordType.NEED, _FLAGS), ("customer_id", "what"), {"status": "OPEN"})
PREFERENCE = Shape(
    RecordType.PREFERENCE, "preference", _columns(RecordType.PREFERENCE, _FLAGS), ("customer_id", "kind", "value"), is_natural_unique=True
)

SHAPES: Mapping[RecordType, Shape] = {shape.record_type: shape for shape in (CUSTOMER, CONTACT, ORDER, INTERACTION, NEED, PREFERENCE)}

#: The columns of an order's line that its sender gives; `position` is its place in the order.
LINE = ("product", "quantity", "unit_price", "discount", "amount")
