"""A GraphQL document, bounded: how long, deep and wide it may be, counted with its fragments opened, before it is validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from tenants.refusals import TooLarge
from tenants.settings import Settings

KEY_LONGEST = 63  # characters of an alias: PostgreSQL cuts longer names

_INTROSPECTION = frozenset({"__schema", "__type"})
#: The standard introspection query of graphql-js nests 13 deep and reads nothing but the schema.
_INTROSPECTION_DEPTH_MOST = 15
#: Each could have the schema told once more, and within itself again.
_INTROSPECTION_ALIASES_MOST = 2


def parsed(text: str, chosen: Settings) -> DocumentNode:
    """A document that is short enough, parsed.

    Raises:
        GraphQLError: it is too long, is nested too deeply, or is no GraphQL.
    """
    if len(text) > chosen.document_characters_most:
        raise _refusal(f"This document is longer than {chosen.document_characters_most:,} characters. Send values as variables.")
    try:
        return parse(text, max_tokens=chosen.document_tokens_most)
    except GraphQLSyntaxError as error:
        if "contains more than" in error.message:
            raise _refusal(f"This document has more than {chosen.document_tokens_most:,} tokens. Send values as variables.") from None
        if "nested too deeply" in error.message:
            raise too_deep() from None
        raise
    except RecursionError:
        raise too_deep() from None


def too_deep() -> GraphQLError:
    return _refusal("This document is nested too deeply.")


def too_entangled() -> GraphQLError:
    return _refusal("This document repeats too many fields. Ask for each once.")


def check(document: DocumentNode, chosen: Settings) -> None:
    """See that each operation is within its bounds.

    Raises:
        GraphQLError: one is not; the message says which bound, and what it is.
    """
    measured = _Measured({each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)})
    try:
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                _check(node, measured, chosen)
        directives = sum(measured.directives(each) for each in document.definitions)
    except RecursionError:
        raise too_deep() from None
    if directives > chosen.directives_most:
        raise _refusal(f"This document has {directives} directives; the limit is {chosen.directives_most}.")


def _check(node: OperationDefinitionNode, measured: _Measured, chosen: Settings) -> None:
    roots = list(measured.fields(node.selection_set))
    names = {field.name.value for field in roots}
    is_introspection = bool(names & _INTROSPECTION)
    deepest = max(_INTROSPECTION_DEPTH_MOST, chosen.depth_most) if is_introspection else chosen.depth_most
    if is_introspection and names - _INTROSPECTION - {"__typename"}:
        raise _refusal("Ask for __schema and __type in a request of their own.", node)
    if len(roots) > chosen.root_fields_most:
        raise _refusal(f"This operation has {len(roots)} fields at its root; the limit is {chosen.root_fields_most}.", node)
    if measured.is_deeper(node.selection_set, deepest):
        raise _refusal(f"This operation is over {deepest} levels deep, which is the limit.", node)
    most = _INTROSPECTION_ALIASES_MOST if is_introspection else chosen.aliases_most
    if measured.aliases(node.selection_set) > most:
        raise _refusal(f"This operation has over {most} aliases, which is the limit{' of introspection' * is_introspection}.", node)
    if measured.longest_key > KEY_LONGEST:
        raise _refusal(f"An alias may have {KEY_LONGEST} characters.", node)


def _refusal(message: str, node: OperationDefinitionNode | None = None) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": TooLarge.code})


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

    def directives(self, node: Any) -> int:
        """Directives anywhere in a definition."""
        own = len(getattr(node, "directives", None) or ())
        below = getattr(node, "selection_set", None)
        variables = getattr(node, "variable_definitions", None) or ()
        return own + sum(self.directives(each) for each in (*variables, *(below.selections if below else ())))

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
