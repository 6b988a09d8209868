"""What a caller is told when something fails: a refusal in its own words, and of a bug nothing but an id that the log has too."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import structlog
from graphql import FieldNode, GraphQLError

from tenants.refusals import RateLimited, Refusal

log = structlog.get_logger(__name__)

_TOO_SLOW = "This took too long and was stopped. Ask for smaller pages or fewer things at once."


def refusal_in(error: BaseException) -> Refusal | None:
    """The refusal an error stands for, or None for a bug of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, asyncpg.QueryCanceledError):  # the statement timeout, which is a documented limit
        return Refusal(_TOO_SLOW, code="TOO_SLOW")
    return None


def told(error: BaseException) -> dict[str, Any]:
    """An error as {"code", "message", …} for the caller; a bug is logged on the way."""
    refusal = refusal_in(error)
    if refusal is None:
        return {"code": "INTERNAL", "message": "internal error", "id": logged(error)}
    more: dict[str, Any] = {"field": refusal.field} if refusal.field else {}
    if isinstance(refusal, RateLimited):
        more["retryAfter"] = refusal.retry_after_seconds
    return {"code": refusal.code, "message": refusal.message, **more}


def graphql_error(error: BaseException, nodes: Sequence[FieldNode] = (), path: Sequence[str | int] | None = None) -> GraphQLError:
    """An error as GraphQL tells it: the code and, of a bug, the id stand in its extensions."""
    found = told(error)
    return GraphQLError(found.pop("message"), nodes=list(nodes) or None, path=path, extensions=found)


def logged(error: BaseException) -> str:
    """Log a bug and give the id it is logged under.

    The words of an exception are left out: a database's or a parser's may quote a customer's record.
    """
    id = os.urandom(8).hex()
    log.error(
        "server.bug", id=id, errors=[_name(each) for each in _chain(error)], sqlstate=getattr(error, "sqlstate", None), at=_frames(error)
    )
    return id


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _frames(error: BaseException) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)][-12:]
