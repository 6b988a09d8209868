"""Limits of a request: how large a body, how long, deep and wide a GraphQL document, how many records an answer may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLError, OperationDefinitionNode, SelectionSetNode
from graphql.validation import ASTValidationRule
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.extensions import SchemaExtension

from tenants.refusals import TooLarge

DOCUMENT_LONGEST = 50_000  # characters; the caches of parsed documents and plans are bounded by it
TOKENS_MOST = 1_000  # the check that fields can be merged takes a time that grows with their square
DEPTH_MOST = 10
ALIASES_MOST = 15
ROOT_FIELDS_MOST = 20
KEY_LONGEST = 63  # characters of an alias: PostgreSQL cuts longer names

_INTROSPECTION = frozenset({"__schema", "__type"})
#: The standard introspection query of graphql-js nests 13 deep and reads nothing but the schema.
_INTROSPECTION_DEPTH_MOST = 15


class DocumentLimits(ASTValidationRule):
    """Depth, aliases and root fields of each operation, counted with its fragments opened.

    One rule for all of them, and a class of this module: Strawberry's own limiters make a new class for each request, which its
    cache of validated documents never finds again (a seventh of the speed).
    """

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        fragments = {each.name.value: each for each in self.context.document.definitions if isinstance(each, FragmentDefinitionNode)}
        try:
            self._check(node, _Measured(fragments))
        except RecursionError:
            self._refuse("This document is nested too deeply.", node)

    def _check(self, node: OperationDefinitionNode, measured: _Measured) -> None:
        roots = list(measured.fields(node.selection_set))
        names = {field.name.value for field in roots}
        is_introspection = bool(names & _INTROSPECTION)
        deepest = _INTROSPECTION_DEPTH_MOST if is_introspection else DEPTH_MOST
        if is_introspection and names - _INTROSPECTION - {"__typename"}:
            self._refuse("Ask for __schema and __type in a request of their own.", node)
        if len(roots) > ROOT_FIELDS_MOST:
            self._refuse(f"This operation has {len(roots)} fields at its root; the limit is {ROOT_FIELDS_MOST}.", node)
        elif measured.is_deeper(node.selection_set, deepest):
            self._refuse(f"This operation is over {deepest} levels deep, which is the limit.", node)
        elif measured.aliases(node.selection_set) > ALIASES_MOST:
            self._refuse(f"This operation has over {ALIASES_MOST} aliases, which is the limit.", node)
        elif measured.longest_key > KEY_LONGEST:
            self._refuse(f"An alias may have {KEY_LONGEST} characters.", node)

    def _refuse(self, message: str, node: OperationDefinitionNode) -> None:
        self.report_error(GraphQLError(message, node, extensions={"code": TooLarge.code}))


class DocumentLength(SchemaExtension):
    """Refuses a document that is too long before it is parsed, and so before anything keeps it."""

    def on_parse(self) -> Iterator[None]:
        if len(self.execution_context.query or "") > DOCUMENT_LONGEST:
            message = f"This document is longer than {DOCUMENT_LONGEST:,} characters, which is the limit. Send values as variables."
            raise GraphQLError(message, extensions={"code": TooLarge.code})
        yield


class _Measured:
    """Measures of selections with their fragments opened; a fragment is measured once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._aliases: dict[str, int] = {}
        self._heights: dict[str, int] = {}
        self.longest_key = 0

    def fields(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        """The fields of a selection itself; a fragment is opened once, as execution does, or spreads of spreads would never end."""
        opened: set[str] = set()
        waiting = [selections]
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    if name in self._fragments and name not in opened:
                        opened.add(name)
                        waiting.append(self._fragments[name].selection_set)
                else:
                    waiting.append(node.selection_set)  # type: ignore[attr-defined]  # an inline fragment has one

    def is_deeper(self, selections: SelectionSetNode, most: int) -> bool:
        return self._height(selections, frozenset()) > most

    def _height(self, selections: SelectionSetNode, inside: frozenset[str]) -> int:
        return max((self._height_of(node, inside) for node in selections.selections), default=0)

    def _height_of(self, node: Any, inside: frozenset[str]) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in inside or name not in self._fragments:  # a cycle or a gap: other rules refuse it
                return 0
            if name not in self._heights:
                self._heights[name] = self._height(self._fragments[name].selection_set, inside | {name})
            return self._heights[name]
        below = self._height(node.selection_set, inside) if node.selection_set else 0
        return below + isinstance(node, FieldNode)

    def aliases(self, selections: SelectionSetNode) -> int:
        return sum(self._aliases_of(node) for node in selections.selections)

    def _aliases_of(self, node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._aliases:
                self._aliases[name] = 0  # what a cycle adds
                found = self._fragments.get(name)
                self._aliases[name] = self.aliases(found.selection_set) if found else 0
            return self._aliases[name]
        own = 0
        if isinstance(node, FieldNode) and node.alias:
            own = 1
            self.longest_key = max(self.longest_key, len(node.alias.value))
        return own + (self.aliases(node.selection_set) if node.selection_set else 0)


class BoundedBody:
    """Refuses a request body over the limit of its path, by its Content-Length or as soon as it has come that far."""

    def __init__(self, app: ASGIApp, most: Mapping[str, int], otherwise: int) -> None:
        self.app, self.most, self.otherwise = app, most, otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.most.get(scope["path"], self.otherwise)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            raise _too_large(most)
        await self.app(scope, _bounded(receive, most), send)


def _bounded(receive: Receive, most: int) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise _too_large(most)
        return message

    return bounded


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"This is larger than {most:,} bytes, which is the limit.")
