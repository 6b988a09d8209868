"""The last look at errors before they leave: what Strawberry or graphql-core caught is a refusal to be told or a bug to be masked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLError

from server.errors import graphql_error


class MaskingSchema(strawberry.Schema):
    """Strawberry's schema whose results hold no exception's own words.

    Extensions run inside of what has to be looked at: an exception in one of them, or in the executor, would go out by its message.
    """

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        return _masked(await super().execute(*args, **kwargs))

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        return _each_masked(await super().stream(*args, **kwargs))

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Strawberry would log them, quoting the document, which may hold personal data; `server.errors` logs bugs."""


async def _each_masked(results: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    async with aclosing(results):
        async for result in results:
            yield _masked(result)


def _masked(result: Any) -> Any:
    if result.errors:
        result.errors = [_told(error) for error in result.errors]
    return result


def _told(error: GraphQLError) -> GraphQLError:
    """Errors of parsing and validation quote the document and nothing else; one that wraps an exception is told by `server.errors`."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error
    fields = [node for node in error.nodes or () if isinstance(node, FieldNode)]
    return graphql_error(original, fields, list(error.path) if error.path else None)
