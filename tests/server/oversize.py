"""Requests of any size: one for each limit, made as `of(n)`, and the worst that fit into a request's own limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from server.reads.filters import NESTED_MOST, TESTS_MOST, VALUES_MOST
from server.schema.lists import ORDER_KEYS_MOST
from server.schema.writing.bulk import ROWS_MOST
from tenants.settings import Settings

LIMITS = Settings()
BLOCK = 65_536

FILTERED = "query ($given: CustomerFilter) { customers(filter: $given) { totalCount } }"
NAMED = "query ($given: [ID!]!) { nodes(ids: $given) { id } }"
ORDERED = "query ($given: [CustomerOrder!]) { customers(orderBy: $given) { totalCount } }"
TYPENAME = "{ __typename }"
UPSERT = """mutation ($given: [CustomerRowInput!]!) { upsertCustomers(input: {rows: $given, dryRun: true}) {
  counts { created } userErrors { code } } }"""

_AND_SO_ON = "…"


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: `head`, so many times `piece`, `tail`. It comes in blocks, each made when it is asked for."""

    head: bytes
    piece: bytes = b""
    times: int = 0
    tail: bytes = b""

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        at_once = max(1, BLOCK // max(1, len(self.piece)))
        for left in range(self.times, 0, -at_once):
            yield self.piece * min(left, at_once)
        yield self.tail


def asked(query: str, piece: str = "", times: int = 0) -> Body:
    """A document in which one "…" stands for so many times a piece."""
    head, _, tail = orjson.dumps({"query": query}).decode().partition(_AND_SO_ON)
    return Body(head.encode(), orjson.dumps(piece)[1:-1], times, tail.encode())


def given(query: str, value: Any, piece: str = "", times: int = 0) -> Body:
    """A document with the variable `given`; in its value, "…" as the last entry of a list stands for so many times a piece."""
    text = orjson.dumps({"query": query, "variables": {"given": value}}).decode()
    head, _, tail = text.partition(f'"{_AND_SO_ON}"')
    last = piece.removesuffix(",") if times else ""
    return Body(head.encode(), piece.encode(), max(0, times - 1), (last + tail).encode())


def nested(key: str | None, times: int, inmost: Any) -> Any:
    """A value inside so many lists, or objects of one key."""
    for _ in range(times):
        inmost = [inmost] if key is None else {key: inmost}
    return inmost


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: what it is called, how much it allows, and a request that has `n` of what it counts."""

    name: str
    most: int
    of: Callable[[int], Body]
    codes: frozenset[str] = field(default=frozenset({"TOO_LARGE"}))


def _body(size: int) -> Body:
    head, tail = b'{"query":"{ __typename }"', b"}"
    return Body(head, b" ", size - len(head) - len(tail), tail)


def _tokens(count: int) -> Body:
    document = "{ customers ( filter : { name : { in : [ … ] } } ) { totalCount } }"
    return asked(document, '"a" ', count - len(document.split()) + 1)


def _pages(first: int) -> Body:
    return asked(f"{{ customers(first: {first}) {{ nodes {{ id }} }} }}")


def _records(count: int) -> Body:
    """Exactly 10,000 by two pages, a few more by ids, a hundred million by four pages in one another."""
    if count > 2 * LIMITS.nodes_most:
        orders = "orders(first: 100) { nodes { "
        return asked(
            "{ customers(first: 100) { nodes { " + orders + "customer { " + orders + "lines(first: 100) { nodes { id } }" + " }" * 8
        )
    more = f"nodes(ids: [{', '.join(['$id'] * (count - LIMITS.nodes_most))}]) {{ id }}" if count > LIMITS.nodes_most else ""
    head = 'query ($id: ID! = "cus_01a211dfeac67c519eca1cbd81aa2a06")' if more else ""
    return asked(f"{head} {{ customers(first: 100) {{ nodes {{ orders(first: 99) {{ nodes {{ id }} }} }} }} {more} }}")


def _variables(size: int) -> Body:
    frame = len(orjson.dumps({"given": ""}))
    return Body(b'{"query":"{ __typename }","variables":{"given":"', b"x", size - frame, b'"}}')


def _json_depth(levels: int) -> Body:
    return Body(b'{"query":"{ __typename }","variables":{"given":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}}")


def _nested_filter(depth: int) -> Body:
    head = orjson.dumps({"query": FILTERED})[:-1] + b',"variables":{"given":'
    return Body(head + b'{"not":' * depth + b'{"name":{"eq":"a"}}' + b"}" * depth + b"}}")


ALL = [
    Limit("bytes of a body", LIMITS.body_bytes_most, _body),
    Limit("characters of a document", LIMITS.document_characters_most, lambda n: asked("{ __typename #…\n}", "x", n - 16)),
    Limit("tokens", LIMITS.document_tokens_most, _tokens),
    Limit("depth", LIMITS.depth_most, lambda n: asked("{ a " * n + "}" * n)),
    Limit("aliases", LIMITS.aliases_most, lambda n: asked("{ " + " ".join(f"a{at}: __typename" for at in range(n)) + " }")),
    Limit("directives", LIMITS.directives_most, lambda n: asked("{ customers { … } }", "... @include(if: true) { totalCount } ", n)),
    Limit("root fields", LIMITS.root_fields_most, lambda n: asked("{ … }", "__typename ", n)),
    Limit("a page", LIMITS.page_most, _pages, frozenset({"TOO_LARGE", "INVALID"})),
    Limit("records of a request", LIMITS.nodes_most, _records),
    Limit("bytes of variables", LIMITS.variables_bytes_most, _variables),
    Limit("depth of JSON", LIMITS.json_depth_most, _json_depth),
    Limit("values of variables", LIMITS.variables_values_most, lambda n: given(TYPENAME, [_AND_SO_ON], "1,", n - 4)),
    Limit("tests of a filter", TESTS_MOST, lambda n: given(FILTERED, {"or": [_AND_SO_ON]}, '{"name":{"eq":"a"}},', n)),
    Limit("depth of a filter", NESTED_MOST, _nested_filter),
    Limit("values of a filter", VALUES_MOST, lambda n: given(FILTERED, {"name": {"in": [_AND_SO_ON]}}, '"a",', n)),
    Limit("ids", LIMITS.page_most, lambda n: given(NAMED, [_AND_SO_ON], '"cus_01a211dfeac67c519eca1cbd81aa2a06",', n)),
    Limit("keys of an order", ORDER_KEYS_MOST, lambda n: given(ORDERED, [{"field": "NAME"}] * n), frozenset({"TOO_LARGE", "INVALID"})),
    Limit("rows of an upsert", ROWS_MOST, lambda n: given(UPSERT, [_AND_SO_ON], '{"name":"a"},', n)),
]


def _bomb(levels: int, below: str) -> str:
    """Fragments that are spread twice each: opened at each spread, they would be 2**levels fields."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {spreads} fragment F{levels} on Query {{ {below} }}"


def _entangled(count: int) -> str:
    """Fragments that each spread all those after them, and each ask for the same."""
    parts = " ".join(
        f"fragment F{n} on Customer {{ {' '.join(f'...F{m}' for m in range(n + 1, count))} orders {{ nodes {{ id }} }} }}"
        for n in range(count)
    )
    return f"{{ customers {{ nodes {{ ...F0 }} }} }} {parts}"


_EVERYTHING = "kind name description args { name description type { name kind ofType { name ofType { name } } } }"

WORST = {
    "200,000 fields": asked("{ … }", "name ", 200_000),
    "20,000 directives": asked("{ __typename … }", "@include(if: true) ", 20_000),
    "100,000 nested brackets": asked("{ customers(filter: {tags: {hasAny: …", "[", 100_000),
    "100,000 nested braces": asked("…", "{a", 100_000),
    "nested brackets within the tokens": asked("{ customers(filter: {tags: {hasAny: " + "[" * 480 + "]" * 480 + "}}) { totalCount } }"),
    "objects nested within the tokens": asked("{ customers(filter: " + "{not: " * 240 + "{}" + "}" * 240 + ") { totalCount } }"),
    "a type nested within the tokens": asked("query ($a: " + "[" * 490 + "Int" + "]" * 490 + ") { __typename }"),
    "one field 990 times": asked("{ customers { nodes { … } } }", "name ", 990),
    "one list 240 times": asked("{ customers { … } }", "nodes { id } ", 240),
    "one tree 60 times": asked('{ customer(id: "cus_1") { … } }', "orders { nodes { lines { nodes { id } } } } ", 60),
    "one inline fragment 80 times": asked("{ customers(first: 1) { nodes { … } } }", "... on Customer { orders { nodes { id } } } ", 80),
    "a bomb of fragments": asked(_bomb(90, "__typename")),
    "a bomb of fragments with lists": asked(_bomb(80, "customers { totalCount }")),
    "fragments that all spread one another": asked(_entangled(24)),
    "490 unknown fragments": asked("{ customers { nodes { … } } }", "...a ", 490),
    "980 unknown fields": asked("{ customers { nodes { … } } }", "a ", 980),
    "190 operations": asked(" ".join(f"query a{n} {{ __typename }}" for n in range(190))),
    "190 variables": asked("query (" + " ".join(f"$a{n}: Int" for n in range(190)) + ") { __typename }"),
    "a text of 14,000 characters": asked('{ customer(id: "…") { id } }', "a", 14_000),
    "all of the schema, in itself": asked(
        f"{{ __schema {{ types {{ name fields {{ {_EVERYTHING} type {{ fields {{ {_EVERYTHING} }} }} }} }} }} }}"
    ),
    "all of the schema, fifteen times": asked(
        "{ __schema { " + " ".join(f"a{n}: types {{ fields {{ name }} }}" for n in range(15)) + " } }"
    ),
    "100,000 brackets in variables": Body(b'{"query":"{ __typename }","variables":{"given":', b"[", 100_000, b"}}"),
    "100,000 objects in variables": Body(b'{"query":"{ __typename }","variables":{"given":', b'{"a":', 100_000, b"}}"),
    "340,000 empty lists in variables": Body(b'{"query":"{ __typename }","variables":{"given":[', b"[],", 340_000, b"1]}}"),
    "340,000 empty lists in extensions": Body(b'{"query":"{ __typename }","extensions":{"given":[', b"[],", 340_000, b"1]}}"),
    "130,000 objects beside the query": Body(b'{"query":"{ __typename }","more":[', b'{"a":1},', 130_000, b"1]}"),
    "80,000 empty filters": given(FILTERED, {"or": [_AND_SO_ON]}, "{},", 80_000),
    "as many empty filters as fit": given(FILTERED, {"or": [_AND_SO_ON]}, "{},", 4_990),
    "a tree of empty filters": given(FILTERED, nested("or", 1, [{"or": [{"or": [{}] * 15}] * 15}] * 15)),
    "120,000 values of a wrong type": given(FILTERED, {"name": {"in": [_AND_SO_ON]}}, "1,", 120_000),
    "as many values of a wrong type as fit": given(FILTERED, {"name": {"in": [_AND_SO_ON]}}, "1,", 19_980),
    "as many nulls as fit": given(FILTERED, {"name": {"in": [_AND_SO_ON]}}, "null,", 19_980),
    "as many wrong objects as fit": given(FILTERED, {"custom": [_AND_SO_ON]}, '{"key":"a"},', 3_990),
    "as many unknown fields as fit": given(FILTERED, {f"k{n}": 1 for n in range(19_900)}),
    "a phone number of 250,000 digits": given(FILTERED, {"phone": {"eq": "1" * 250_000}}),
    "an address of 240,000 characters": given(FILTERED, {"email": {"eq": "a@" + "b." * 120_000 + "cn"}}),
    "a time of 250,000 digits": given(FILTERED, {"createdAt": {"gt": "1" * 250_000}}),
    "a pattern of 250,000 wildcards": given(FILTERED, {"name": {"contains": "%" * 250_000}}),
    "an id of 250,000 characters": given(NAMED, ["a" * 250_000]),
}
