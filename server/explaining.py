"""Explaining: GraphQL's own errors where a caller needs to know why, and none of its guesses at what was meant."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLError

from server.reads.conditions import Sealed
from server.schema.lists import LIST_TYPES

CODE = "SEALED_FIELD"
MESSAGE_LONGEST = 500

_OPERATOR = re.compile(r"Expected value of type 'Sealed\w*Filter' not to include unknown field")
_ORDER = re.compile(r"Value '(?P<name>\w+)' does not exist in '(?P<noun>\w+)OrderField' enum")

#: graphql-core makes one guess that it cannot be told to leave out.
_GUESS = re.compile(r" Did you mean .*\?$", re.DOTALL)


def explained(error: GraphQLError) -> GraphQLError:
    """An error of validation or of variables, with the reason where it is about a field that is encrypted."""
    why = _why(error.message)
    message = _cut(_GUESS.sub("", error.message))
    if why is not None:
        return _worded(error, f"{message.rstrip('.')}. {why}", {"code": CODE})
    return error if message == error.message else _worded(error, message, error.extensions)


def _worded(error: GraphQLError, message: str, extensions: dict[str, Any] | None) -> GraphQLError:
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)


def _cut(message: str) -> str:
    """A message that quotes a value quotes the whole of it, which may be all that the request brought."""
    return message if len(message) <= MESSAGE_LONGEST else f"{message[:MESSAGE_LONGEST]}…"


def _why(message: str) -> str | None:
    if _OPERATOR.search(message):
        return (
            "The field is encrypted: the database can look up an exact value (eq, in) by its keyed hash, and cannot compare or search it."
        )
    ordered = _ORDER.search(message)
    if ordered and _is_sealed(ordered["noun"], ordered["name"]):
        return "The field is encrypted: the database cannot put its values in order."
    return None


def _is_sealed(noun: str, name: str) -> bool:
    fields = LIST_TYPES.filters.get(f"{noun}Filter", {})
    return any(isinstance(declared, Sealed) and shown.upper() == name.replace("_", "") for shown, (declared, _) in fields.items())
