"""Pages and statistics, by sorting and slicing lists in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cmp_to_key
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.server.reference.filtering import Given, passes
from tests.server.reference.store import Row, Store

#: The orders of lists that are not asked for another: (type, linked) → (column, whether it descends); the id follows the last.
DEFAULT_ORDERS = {("Order", "ordered_at"): True, ("Interaction", "occurred_at"): True, ("OrderLine", "position"): False}


class Key(NamedTuple):
    """One key of an order: the column, or `search` for how well a search finds it."""

    column: str
    is_descending: bool


class Place(NamedTuple):
    """What a cursor stands for: a record in a list of a field in an order."""

    field: str
    order: str
    row: Row

    @property
    def text(self) -> str:
        return f"@{self.field} {self.order} {self.row.global_id}"


#: Finds what a cursor of the answers so far stands for.
Cursors = Mapping[str, Place]


def order_of(type_: str, given: Given) -> list[Key]:
    asked = given.get("orderBy")
    if asked:
        keys = [Key(each["field"].lower(), each["direction"] == "DESC") for each in asked]
        return [*keys, Key("id", keys[0].is_descending)]
    if given.get("search"):
        return [Key("search", True), Key("id", True)]
    by = [Key(column, falls) for (each, column), falls in DEFAULT_ORDERS.items() if each == type_]
    return [*by, Key("id", by[0].is_descending if by else True)]


def said(keys: Sequence[Key], search: str | None) -> str:
    """An order in words. What was searched for belongs to it where the best come first."""
    words = ",".join(f"{key.column} {key.is_descending}" for key in keys)
    return f"{words} {search}" if keys[0].column == "search" else words


def page(store: Store, cursors: Cursors, rows: Iterable[Row], field: str, type_: str, given: Given) -> dict[str, Any]:
    """A page as the connection type shows it; a cursor is a Place."""
    search, keys = given.get("search"), order_of(type_, given)
    found = [row for row in rows if passes(store, row, given.get("filter") or {}) and (not search or _is_found(store, row, search))]
    ranks = store.searches.get(search or "", {})
    compare = _comparing(keys, ranks)
    whole = sorted(found, key=cmp_to_key(compare))
    window = list(whole)
    if given.get("after"):
        window = [row for row in window if compare(row, cursors[given["after"]].row) > 0]
    if given.get("before"):
        window = [row for row in window if compare(row, cursors[given["before"]].row) < 0]
    last = given.get("last")
    size = last or given.get("first") or (50 if field.startswith("Query.") else 10)
    shown, has_more = (window[-size:] if last else window[:size]), len(window) > size
    places = [Place(field, said(keys, search), row) for row in shown]
    info = {
        "hasNextPage": bool(given.get("before")) if last else has_more,
        "hasPreviousPage": has_more if last else bool(given.get("after")),
        "startCursor": places[0] if places else None,
        "endCursor": places[-1] if places else None,
    }
    edges = [{"cursor": place, "node": place.row} for place in places]
    return {"nodes": shown, "edges": edges, "pageInfo": info, "totalCount": len(whole)}


def _is_found(store: Store, row: Row, search: str) -> bool:
    return row["id"] in store.searches[search] and row.sees("name") and row.sees("company")


def _comparing(keys: Sequence[Key], ranks: Mapping[Any, float]) -> Callable[[Row, Row], int]:
    def value(row: Row, key: Key) -> Any:
        return ranks[row["id"]] if key.column == "search" else row[key.column] if row.sees(key.column) else None

    def compare(one: Row, other: Row) -> int:
        for key in keys:
            a, b = value(one, key), value(other, key)
            if a == b:
                continue
            if a is None or b is None:  # a record without a value is the last, whichever way the list runs
                return 1 if a is None else -1
            return 1 if (a > b) is not key.is_descending else -1
        return 0

    return compare


def _round(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def totals(orders: Iterable[Row]) -> list[dict[str, Any]]:
    """Orders that count, added up by currency."""
    by_currency: dict[str, list[Row]] = {}
    for order in orders:
        if order["status"] not in ("CANCELLED", "REFUNDED") and order.sees("amount"):
            by_currency.setdefault(order["currency"], []).append(order)
    return [
        {
            "currency": currency,
            "orders": len(some),
            "customers": len({order["customer_id"] for order in some}),
            "amount": sum(order["amount"] for order in some),
            "average": _round(Decimal(sum(order["amount"] for order in some)) / len(some)),
            "firstOrderedAt": min(order["ordered_at"] for order in some),
            "lastOrderedAt": max(order["ordered_at"] for order in some),
        }
        for currency, some in sorted(by_currency.items())
    ]


def _filtered(store: Store, type_: str, given: Given) -> list[Row]:
    return [row for row in store.rows[type_] if passes(store, row, given.get("filter") or {})]


def _last(value: Any) -> tuple[bool, Any]:
    """A key of an ascending order in which nothing comes last."""
    return (value is None, value or "")


def customer_stats(store: Store, given: Given) -> list[dict[str, Any]]:
    by = list(dict.fromkeys(given.get("groupBy") or ()))
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in _filtered(store, "Customer", given):
        for tag in row["tags"] if "TAG" in by else [None]:
            groups.setdefault(tuple(tag if each == "TAG" else _grouping(store, row, each) for each in by), []).append(row)
    places = ["lifecycle", "kind", "gender", "source", "owner", "country", "region", "city"]
    names = [*places, "tag", "createdYear", "createdMonth", "createdDay"]
    found = []
    for values, rows in groups.items():
        ids = {row["id"] for row in rows}
        group = dict.fromkeys(names) | {_camel(each): value for each, value in zip(by, values, strict=True)}
        orders = totals(order for order in store.rows["Order"] if order["customer_id"] in ids)
        found.append(group | {"customers": len(rows), "orders": orders})
    found.sort(key=lambda group: (-group["customers"], *(_last(group[name]) for name in names)))
    return found[: given["first"]]


def _camel(word: str) -> str:
    first, *rest = word.lower().split("_")
    return first + "".join(each.capitalize() for each in rest)


def _grouping(store: Store, row: Row, by: str) -> Any:
    lengths = {"CREATED_YEAR": 4, "CREATED_MONTH": 7, "CREATED_DAY": 10}
    if by in lengths:
        return row["created_at"].astimezone(ZoneInfo(store.zone)).date().isoformat()[: lengths[by]]
    return row[by.lower()] if row.sees(by.lower()) else None


def customer_spending(store: Store, given: Given) -> list[dict[str, Any]]:
    found = [
        {"customer": row, **each}
        for row in _filtered(store, "Customer", given)
        for each in totals(store.children("Order", "customer_id", row["id"]))
    ]
    found.sort(key=lambda each: (-each["amount"], each["customer"]["id"], each["currency"]))
    return found[: given["first"]]


def popular_products(store: Store, given: Given) -> list[dict[str, Any]]:
    sold: dict[str, list[tuple[Row, Row]]] = {}
    for order in _filtered(store, "Order", given):
        if order["status"] not in ("CANCELLED", "REFUNDED"):
            for line in store.children("OrderLine", "order_id", order["id"]):
                sold.setdefault(line["product"], []).append((order, line))
    found = []
    for product, pairs in sold.items():
        amounts: dict[str, Decimal] = {}
        for order, line in pairs:
            amounts[order["currency"]] = amounts.get(order["currency"], Decimal(0)) + line["amount"]
        found.append(
            {
                "product": product,
                "orders": len({order["id"] for order, _ in pairs}),
                "customers": len({order["customer_id"] for order, _ in pairs}),
                "quantity": sum(line["quantity"] for _, line in pairs),
                "amounts": [{"currency": currency, "amount": amount} for currency, amount in sorted(amounts.items())],
            }
        )
    found.sort(key=lambda each: (-each["orders"], each["product"]))
    return found[: given["first"]]


def preferences_by_region(store: Store, given: Given) -> list[dict[str, Any]]:
    counts: dict[tuple[Any, ...], int] = {}
    for row in (each for each in _filtered(store, "Customer", given) if each.sees("country") and each.sees("region")):
        for liked in store.children("Preference", "customer_id", row["id"]):
            if not (liked.sees("kind") and liked.sees("value")):
                continue
            key = (row["country"], row["region"], liked["kind"], liked["value"])
            counts[key] = counts.get(key, 0) + 1
    found = [dict(zip(("country", "region", "kind", "value"), key, strict=True)) | {"customers": count} for key, count in counts.items()]
    found.sort(key=lambda each: (-each["customers"], *(_last(each[name]) for name in ("country", "region", "kind", "value"))))
    return found[: given["first"]]
