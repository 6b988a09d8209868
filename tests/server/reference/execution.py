"""The reference: graphql-core's own executor, and a resolver per field over records in memory. Slow, and easy to believe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema, get_named_type, graphql_sync
from graphql.pyutils import is_awaitable

from server.schema import printed_schema
from tenants.access.masks import mask_date, mask_email, mask_national_id, mask_phone, mask_text
from tests.server.reference import listing
from tests.server.reference.filtering import LISTS, PARENTS, snake
from tests.server.reference.listing import Cursors, Place
from tests.server.reference.store import TABLES, Row, Store

MASKS: dict[str, Callable[[str], str]] = {
    "birthDate": mask_date,
    "phone": mask_phone,
    "email": mask_email,
    "address": mask_text,
    "nationalId": mask_national_id,
    "content": mask_text,
}
REPORTS = {
    "customerStats": listing.customer_stats,
    "customerSpending": listing.customer_spending,
    "popularProducts": listing.popular_products,
    "preferencesByRegion": listing.preferences_by_region,
}
Resolver = Callable[..., Any]


class Reference:
    """Answers documents about one store as one kind of key may see it. `cursors` is read when a document uses one."""

    def __init__(self, store: Store, cursors: Cursors, *, may_reveal: bool) -> None:
        self._store, self._cursors, self._may_reveal = store, cursors, may_reveal
        self.schema: GraphQLSchema = build_schema(printed_schema())
        for type_ in self.schema.type_map.values():
            if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
                for name, field in type_.fields.items():
                    field.resolve = self._resolver(type_.name, name, get_named_type(field.type).name)
        node: Any = self.schema.type_map["Node"]
        node.resolve_type = lambda row, *_: row.type

    def answer(self, document: str, variables: dict[str, Any], operation: str | None = None) -> tuple[Any, list[GraphQLError]]:
        found = graphql_sync(self.schema, document, variable_values=variables, operation_name=operation)
        assert not is_awaitable(found)
        return found.data, found.errors or []

    def _resolver(self, type_: str, name: str, named: str) -> Resolver:
        if type_ == "Query":
            return self._root(name, named)
        if named.endswith("Connection"):
            of, link = LISTS[type_, name]
            return lambda row, _, **given: self._page(self._store.children(of, link, row["id"]), type_, name, of, given)
        if type_ in TABLES:
            return self._of_record(name, named)
        return lambda source, _: _shown(source() if callable(source) else source, name, named)

    def _page(self, rows: list[Row], type_: str, name: str, of: str, given: dict[str, Any]) -> Any:
        return listing.page(self._store, self._cursors, rows, f"{type_}.{name}", of, given)

    def _root(self, name: str, named: str) -> Resolver:
        store = self._store
        if named.endswith("Connection"):
            of = named.removesuffix("Connection")
            return lambda _, __, **given: self._page(store.rows.get(of, []), "Query", name, of, given)
        if name in REPORTS:
            return lambda _, __, **given: REPORTS[name](store, given)
        if name == "node":
            return lambda _, __, id: store.by_global_id(id)
        if name == "nodes":
            return lambda _, __, ids: [store.by_global_id(id) for id in ids]
        return lambda _, __, id=None, **___: _must_be(store.by_global_id(id, named) if named in TABLES else None)

    def _of_record(self, name: str, named: str) -> Resolver:
        store = self._store
        if name in PARENTS:
            of, link = PARENTS[name]
            return lambda row, _: store.find(of, row[link])
        match named:
            case "ID":
                return lambda row, _: row.global_id
            case "ProtectedText":
                return lambda row, _: self._protected(row, snake(name), MASKS[name], row[snake(name)])
            case "ProtectedCustomValue":
                return lambda row, _: [
                    {"name": key, **told}
                    for key, value in sorted(row["custom_sealed"].items())
                    if value is not None and (told := self._protected(row, f"custom.{key}", mask_text, str(value)))
                ]
            case "CustomValue":
                return lambda row, _: [
                    {"name": key, "value": value} for key, value in sorted(row["custom"].items()) if row.sees(f"custom.{key}")
                ]
            case "Flag":
                return lambda row, _: [_flag(each) for each in row["flags"] if row.sees(each.split(":")[0])]
            case "Spending":
                return lambda row, _: [
                    _spent(store, row, each) for each in listing.totals(store.children("Order", "customer_id", row["id"]))
                ]
        return lambda row, _: _masked(row, snake(name)) if not row.sees(snake(name)) else _shown(row, snake(name), named)

    def _protected(self, row: Row, column: str, mask: Callable[[str], str], text: str | None) -> dict[str, Any] | None:
        if text is None or not row.masks(column):
            return None
        return {"masked": mask(text), "value": text if self._may_reveal and row.reveals(column) else _Refused(row.type)}


class _Refused:
    """Stands for a value in clear that may not be shown."""

    def __init__(self, type_: str) -> None:
        self.type = type_


def _masked(row: Row, column: str) -> str | None:
    """A text in clear of which only a mask may be seen."""
    return f"{row[column][:1]}***" if row.masks(column) and row[column] is not None else None


def _shown(source: Any, key: str, named: str) -> Any:
    value = source[key]
    if isinstance(value, _Refused):
        raise GraphQLError("Not in clear.", extensions={"code": "NOT_ALLOWED", "type": value.type})
    match value:
        case Place():
            return value.text
        case UUID():
            return str(value)
        case Decimal():
            return f"{value.normalize():f}" if named == "Decimal" else value
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
    return value


def moment(value: datetime) -> str:
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "+00:00"


def _must_be(row: Row | None) -> Row:
    if row is None:
        raise GraphQLError("There is none.", extensions={"code": "NOT_FOUND"})
    return row


def _flag(flag: str) -> dict[str, str]:
    field, code = flag.split(":")
    if flag.startswith("custom."):
        return {"field": field, "code": code}
    first, *rest = field.split("_")
    return {"field": first + "".join(each.capitalize() for each in rest), "code": code}


def _spent(store: Store, row: Row, totals: dict[str, Any]) -> dict[str, Any]:
    first, last, orders = totals["firstOrderedAt"], totals["lastOrderedAt"], totals["orders"]
    days = (datetime.now(UTC) - last).days
    between = round(Decimal((last - first).total_seconds()) / 86400 / (orders - 1), 1) if orders > 1 else None
    return totals | {"daysSinceLast": days, "daysBetween": None if between is None else float(between)}
