"""The queries, as each peer is asked them, and the form in which their answers are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson

from tenants.ids import global_id
from tenants.words import RecordType
from tests.benchmarks.reading.records import Reader

KELU, POSTGRAPHILE, RESOLVERS, BY_HAND = "Kelu", "PostGraphile", "Strawberry", "SQL by hand"
PAGE, BY_ID, LIST, AGGREGATE, SEALED = "page", "by id", "list", "aggregate", "sealed page"

_FIRST = 50
_SCALARS = "name city country lifecycle tags createdAt version"
_ONE = "kind name company occupation city country lifecycle tags createdAt version"
_CONTACT, _ORDER = "name jobTitle", "number orderedAt amount currency"
_OPENED = "phone { value } email { value }"


def _kelu_page(more: str = "") -> str:
    contacts = f"contacts(first: 10) {{ nodes {{ id {_CONTACT} {more} }} }}"
    orders = f"orders(first: 10) {{ nodes {{ id {_ORDER} }} }}"
    return f"query Page($first: Int!) {{ customers(first: $first) {{ nodes {{ id {_SCALARS} {more} {contacts} {orders} }} }} }}"


_DOCUMENTS: Mapping[str, Mapping[str, str]] = {
    KELU: {
        PAGE: _kelu_page(),
        SEALED: _kelu_page(_OPENED),
        BY_ID: f"query Customer($id: ID!) {{ customer(id: $id) {{ id {_ONE} }} }}",
        LIST: """query List($first: Int!, $lifecycle: Lifecycle!) {
            customers(first: $first, filter: {lifecycle: {eq: $lifecycle}}, orderBy: [{field: NAME}]) {
                totalCount nodes { id name company city lifecycle } } }""",
        AGGREGATE: "query Stats { customerStats(groupBy: [LIFECYCLE]) { lifecycle customers } }",
    },
    POSTGRAPHILE: {
        PAGE: f"""query Page($first: Int!) {{ customers(first: $first, orderBy: ROW_ID_DESC) {{ nodes {{ id: rowId {_SCALARS}
            contacts: contactsByTenantIdAndCustomerId(first: 10, orderBy: ROW_ID_DESC) {{ nodes {{ id: rowId {_CONTACT} }} }}
            orders: customerOrdersByTenantIdAndCustomerId(
                first: 10, orderBy: [ORDERED_AT_DESC, ROW_ID_DESC]) {{ nodes {{ id: rowId {_ORDER} }} }} }} }} }}""",
        BY_ID: f"""query Customer($tenant: UUID!, $id: UUID!) {{
            customer(tenantId: $tenant, rowId: $id) {{ id: rowId {_ONE} }} }}""",
        LIST: """query List($first: Int!, $lifecycle: String!) {
            customers(first: $first, condition: {lifecycle: $lifecycle}, orderBy: [NAME_ASC, ROW_ID_ASC]) {
                totalCount nodes { id: rowId name company city lifecycle } } }""",
        AGGREGATE: """query Stats { customers { groupedAggregates(groupBy: [LIFECYCLE]) { keys distinctCount { rowId } } } }""",
    },
    RESOLVERS: {
        PAGE: f"""query Page($first: Int!) {{ customers(first: $first) {{ id {_SCALARS}
            contacts {{ id {_CONTACT} }} orders {{ id {_ORDER} }} }} }}""",
        BY_ID: f"query Customer($id: UUID!) {{ customer(id: $id) {{ id {_ONE} }} }}",
        LIST: """query List($first: Int!, $lifecycle: String!) {
            customers: byLifecycle(first: $first, lifecycle: $lifecycle) { totalCount nodes { id name company city lifecycle } } }""",
        AGGREGATE: "query Stats { customerStats { lifecycle customers } }",
    },
}
_PATHS = {PAGE: "/page", BY_ID: "/customer", LIST: "/list", AGGREGATE: "/stats"}


def peers_of(query: str, peers: list[str]) -> list[str]:
    """Those that can be asked a query: only Kelu seals."""
    return [peer for peer in peers if query != SEALED or peer == KELU]


def request(peer: str, query: str, reader: Reader, n: int) -> str:
    """The request of a peer as a tenant's, of its customer numbered n where it is of one; HTTP/1.1."""
    if peer == BY_HAND:
        variables = {name: str(value) for name, value in _variables(peer, query, reader, n).items()}
        return f"GET {_PATHS[query]}?{urlencode(variables)} HTTP/1.1\r\nHost: bench\r\nX-Tenant: {reader.tenant_id}\r\n\r\n"
    body = orjson.dumps({"query": _DOCUMENTS[peer][query], "variables": _variables(peer, query, reader, n)}).decode()
    who = f"Authorization: Bearer {reader.secret}" if peer == KELU else f"X-Tenant: {reader.tenant_id}"
    who += "\r\nX-Kelu-Purpose: benchmark" if (peer, query) == (KELU, SEALED) else ""
    head = f"POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n{who}"
    return f"{head}\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"


def _variables(peer: str, query: str, reader: Reader, n: int) -> dict[str, object]:
    match query:
        case "by id":
            id = reader.customer_id(n)
            tenant = {"tenant": reader.tenant_id} if peer == POSTGRAPHILE else {}
            return {**tenant, "id": global_id(RecordType.CUSTOMER, id) if peer == KELU else id}
        case "list":
            return {"first": _FIRST, "lifecycle": "ACTIVE"}
        case "aggregate":
            return {}
        case _:
            return {"first": _FIRST}


_GLOBAL_ID = re.compile(r"[a-z]{3}_([0-9a-f]{32})")
_TIMES = frozenset({"createdAt", "orderedAt"})


def comparable(peer: str, query: str, body: bytes) -> Any:
    """What an answer says, whoever wrote it: ids as hex, times and amounts as numbers, lists bare, groups in order.

    Raises:
        AssertionError: it has errors, or no data.
    """
    answer = orjson.loads(body)
    assert "errors" not in answer, (peer, query, answer["errors"])
    data = answer["data"]
    if query != AGGREGATE:
        return _plain(data)
    if peer == POSTGRAPHILE:
        groups = data["customers"]["groupedAggregates"]
        return sorted((each["keys"][0], int(each["distinctCount"]["rowId"])) for each in groups)
    return sorted((each["lifecycle"], each["customers"]) for each in data["customerStats"])


def _plain(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return _plain(value["nodes"]) if set(value) == {"nodes"} else {name: _plain(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if key in _TIMES:
        return datetime.fromisoformat(value).timestamp()
    if key == "amount":
        return Decimal(str(value))
    if key == "id":
        found = _GLOBAL_ID.fullmatch(value)
        return found.group(1) if found else value.replace("-", "")
    return value
