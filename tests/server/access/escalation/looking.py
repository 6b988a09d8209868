"""Attempts to find out what is hidden by reading: filters with every operator, orders, groups, aggregates, cursors and plain selections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

from server.schema import schema
from tests.server.access.escalation.values import HIDDEN, Hidden

LISTS = {noun: f"{noun.lower()}s" for noun in HIDDEN}
SEALED = {"birthDate", "phone", "email", "address", "nationalId", "content"}
TYPES = schema._schema.type_map
#: Operators, by the value of the other world that a test has to tell apart.
_VALUES = {
    "eq": "one",
    "in": "one",
    "contains": "one",
    "startsWith": "one",
    "gt": "between",
    "gte": "between",
    "lt": "between",
    "lte": "between",
}
_NUMBERS = {"Decimal", "Float", "Int"}


@dataclass(frozen=True)
class Look:
    """A query by whoever wants to know. In its variables `{first order}` is an id of the world, and `{cursor …}` what another was given."""

    label: str
    document: str
    variables: dict[str, Any] = field(default_factory=dict)


def tests_of(noun: str, hidden: Hidden) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every test that the schema has of a field: its operator, and the filter. An encrypted field of the tenant's own has none."""
    if hidden.name.startswith("custom."):
        if hidden.name != "custom.sealed":
            yield from _tests_of_custom(hidden)
        return
    filter: Any = TYPES[f"{noun}Filter"]
    below: Any = get_named_type(filter.fields[hidden.name].type)
    for operator in below.fields:
        if operator != "isNull" or hidden.may_be_empty:
            yield operator, {hidden.name: {operator: _value(operator, hidden)}}


def _tests_of_custom(hidden: Hidden) -> Iterator[tuple[str, dict[str, Any]]]:
    name = hidden.name.removeprefix("custom.")
    kind = {"level": "text", "score": "number", "day": "date", "vip": "boolean"}[name]
    custom: Any = TYPES["CustomFilter"]
    below: GraphQLInputObjectType = custom.fields[kind].type
    for operator in below.fields:
        value = True if kind == "boolean" else _value(operator, hidden)
        yield f"{kind} {operator}", {"custom": [{"name": name, kind: {operator: value}}]}


def _value(operator: str, hidden: Hidden) -> Any:
    if operator == "isNull":
        return True
    if operator == "between":
        return {"from": hidden.one, "to": hidden.between}
    value = getattr(hidden, _VALUES[operator])
    if operator in ("contains", "startsWith"):
        return value[1:] if operator == "contains" else value
    return [value] if operator == "in" else value


def _list(noun: str, arguments: str, declared: str, *, within: str = "totalCount nodes { id }") -> str:
    return f"query ({declared}) {{ found: {LISTS[noun]}(first: 50, {arguments}) {{ {within} }} }}"


def _filters() -> Iterator[Look]:
    for noun, fields in HIDDEN.items():
        document = _list(noun, "filter: $filter", f"$filter: {noun}Filter")
        for hidden in fields:
            for operator, test in tests_of(noun, hidden):
                yield Look(f"filter {noun}.{hidden.name} {operator}", document, {"filter": test})
            for label, wrapped in _wrapped(noun, hidden):
                yield Look(f"filter {noun}.{hidden.name} inside {label}", document, {"filter": wrapped})


def _wrapped(noun: str, hidden: Hidden) -> Iterator[tuple[str, dict[str, Any]]]:
    """A test of a field inside others."""
    for _, test in list(tests_of(noun, hidden))[:1]:
        yield from {"not": {"not": test}, "or": {"or": [test, {"id": {"in": []}}]}, "and": {"and": [test]}}.items()
        yield "not not", {"not": {"not": test}}


def _nested_filters() -> Iterator[Look]:
    for hidden in HIDDEN["Customer"][:-1]:
        test = next(tests_of("Customer", hidden))[1]
        of_order = "query ($filter: OrderFilter) { found: popularProducts(filter: $filter) { product orders } }"
        yield Look(f"filter contacts by the customer's {hidden.name}", _of("Contact"), {"filter": {"customer": test}})
        yield Look(f"popular products by the customer's {hidden.name}", of_order, {"filter": {"customer": test}})
        stats = "query ($filter: CustomerFilter) { found: customerStats(filter: $filter) { customers } }"
        yield Look(f"count by {hidden.name}", stats, {"filter": test})
        spending = "query ($filter: CustomerFilter) { found: customerSpending(filter: $filter) { orders customer { id } } }"
        yield Look(f"spending by {hidden.name}", spending, {"filter": test})
        regions = "query ($filter: CustomerFilter) { found: preferencesByRegion(filter: $filter) { customers } }"
        yield Look(f"regions by {hidden.name}", regions, {"filter": test})
    for noun, fields in HIDDEN.items():
        for hidden in fields if noun != "Customer" else ():
            test = next(tests_of(noun, hidden))[1]
            for quantifier in ("some", "none", "every"):
                wrapped = {LISTS[noun]: {quantifier: test}}
                yield Look(f"customers by {quantifier} {noun}.{hidden.name}", _of("Customer"), {"filter": wrapped})
            inside = f"query ($filter: {noun}Filter) {{ customers {{ nodes {{ id {LISTS[noun]}(filter: $filter) {{ totalCount }} }} }} }}"
            yield Look(f"a customer's {LISTS[noun]} by {hidden.name}", inside, {"filter": test})
            around = {"customer": {LISTS[noun]: {"some": test}}}
            yield Look(f"{LISTS[noun]} of customers by {hidden.name}", _of(noun), {"filter": around})


def _of(noun: str) -> str:
    return _list(noun, "filter: $filter", f"$filter: {noun}Filter")


def _lines() -> Iterator[Look]:
    for operator, value in {"eq": "Apfel", "in": ["Apfel"], "contains": "pfel", "startsWith": "Apf"}.items():
        for quantifier in ("some", "none", "every"):
            test = {"lines": {quantifier: {"product": {operator: value}}}}
            yield Look(f"orders by {quantifier} line's product {operator}", _of("Order"), {"filter": test})
    for name in ("unitPrice", "amount"):
        for operator in ("gt", "lt"):
            yield Look(f"orders by line's {name} {operator}", _of("Order"), {"filter": {"lines": {"some": {name: {operator: "50"}}}}})
    yield Look("an order's lines", "{ orders { nodes { id lines { totalCount nodes { product unitPrice amount } } } } }")
    yield Look("popular products", "{ popularProducts { product orders customers quantity amounts { currency amount } } }")


def _flags() -> Iterator[Look]:
    for label, test in {
        "field": {"field": "postalCode"},
        "code": {"code": "BAD_POSTAL_CODE"},
        "isEmpty": {"isEmpty": True},
        "field and code": {"field": "postalCode", "code": "BAD_POSTAL_CODE"},
    }.items():
        yield Look(f"flags by {label}", _of("Customer"), {"filter": {"flags": test}})
        yield Look(f"no flags by {label}", _of("Customer"), {"filter": {"not": {"flags": test}}})
        yield Look(f"contacts by their customer's flags by {label}", _of("Contact"), {"filter": {"not": {"customer": {"flags": test}}}})
    yield Look("flags", "{ customers { nodes { id flags { field code } } } }")


def _orders() -> Iterator[Look]:
    for noun, fields in HIDDEN.items():
        known: Any = TYPES[f"{noun}OrderField"]
        by_name = {name.replace("_", "").lower(): name for name in known.values}
        document = _list(noun, "orderBy: $by", f"$by: [{noun}Order!]")
        for hidden in fields:
            name = by_name.get(hidden.name.lower())
            if name is None:
                continue
            for direction in ("ASC", "DESC"):
                by = [{"field": name, "direction": direction}]
                yield Look(f"order {noun} by {name} {direction}", document, {"by": by})
                yield Look(f"order {noun} last by {name} {direction}", document.replace("first: 50", "last: 3"), {"by": by})
            by = [{"field": name, "direction": "ASC"}]
            paged = document.replace("first: 50", "first: 1").replace(
                "totalCount", "pageInfo { hasNextPage startCursor endCursor } edges { cursor }"
            )
            yield Look(f"cursors of {noun} by {name}", paged, {"by": by})
            after = document.replace("$by:", "$after: String, $by:").replace("orderBy:", "after: $after, orderBy:")
            yield Look(f"a cursor that another was given, {noun} by {name}", after, {"by": by, "after": f"{{cursor {noun} {name}}}"})
            before = after.replace("first: 50, after:", "last: 50, before:")
            yield Look(
                f"before a cursor that another was given, {noun} by {name}", before, {"by": by, "after": f"{{cursor {noun} {name}}}"}
            )


def _selections() -> Iterator[Look]:
    for noun, fields in HIDDEN.items():
        names = {hidden.name for hidden in fields if "." not in hidden.name}
        for name in sorted(names):
            for below in ("{ masked }", '{ value(purpose: "to know") }') if name in SEALED else ("",):
                selected = f"{name} {below}"
                which = "third" if below == "{ masked }" else "first"  # whose mask does not stay as it is
                variables = {"id": f"{{{which} {noun.lower()}}}"}
                yield Look(f"{noun}.{selected}", f"{{ {LISTS[noun]} {{ nodes {{ id it: {selected} }} }} }}")
                node = f"query ($id: ID!) {{ node(id: $id) {{ ... on {noun} {{ {selected} }} }} }}"
                yield Look(f"node {noun}.{selected}", node, variables)
                nodes = f"query ($id: ID!) {{ nodes(ids: [$id]) {{ ...f }} }} fragment f on {noun} {{ {selected} }}"
                yield Look(f"nodes {noun}.{selected}", nodes, variables)
                if noun == "Customer":
                    yield Look(f"contacts' customer.{selected}", f"{{ contacts {{ nodes {{ id customer {{ {selected} }} }} }} }}")
                else:
                    yield Look(
                        f"customers' {noun}.{selected}", f"{{ customers {{ nodes {{ {LISTS[noun]} {{ nodes {{ {selected} }} }} }} }} }}"
                    )
    yield Look("custom fields", "{ customers { nodes { id custom { name value } } } }")
    yield Look("encrypted custom fields", '{ customers { nodes { id protectedCustom { name value(purpose: "to know") } } } }')
    yield Look("their masks", "{ customers { nodes { id protectedCustom { name masked } } } }")


def _aggregates() -> Iterator[Look]:
    orders = "orders { currency orders customers amount average firstOrderedAt lastOrderedAt }"
    for group, name in {
        "GENDER": "gender",
        "SOURCE": "source",
        "OWNER": "owner",
        "COUNTRY": "country",
        "REGION": "region",
        "CITY": "city",
    }.items():
        yield Look(f"group by {group}", f"{{ customerStats(groupBy: [{group}]) {{ {name} customers }} }}")
        yield Look(f"group by {group} and kind", f"{{ customerStats(groupBy: [KIND, {group}], first: 3) {{ {name} kind customers }} }}")
        yield Look(f"orders by {group}", f"{{ customerStats(groupBy: [{group}]) {{ customers {orders} }} }}")
    yield Look("orders added up", f"{{ customerStats {{ {orders} }} }}")
    spent = "currency orders amount average"
    yield Look("spending", f"{{ customerSpending {{ customer {{ id }} {spent} }} }}")
    yield Look("the order of spending", "{ customerSpending { customer { id } } }")
    yield Look("a customer's spending", f"{{ customers {{ nodes {{ id spending {{ {spent} }} }} }} }}")
    yield Look("preferences by region", "{ preferencesByRegion { country region kind value customers } }")
    yield Look("preferences by region, counted", "{ preferencesByRegion(first: 1) { region } }")
    for word in ("Alt", "anna alt", "Aalto", "Aalt", "Zimt", "Azur AG"):
        yield Look(f"search {word}", "query ($w: String) { customers(search: $w) { totalCount nodes { id } } }", {"w": word})
        by = "search: $w, first: 1, orderBy: [{field: CREATED_AT}]"
        by = f"query ($w: String) {{ customers({by}) {{ pageInfo {{ hasNextPage }} nodes {{ id }} }} }}"
        yield Look(f"search {word} in another order", by, {"w": word})


LOOKS = [*_filters(), *_nested_filters(), *_lines(), *_flags(), *_orders(), *_selections(), *_aggregates()]
