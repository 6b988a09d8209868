"""Answers: results as JSON, with the status each media type gives them."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError

from server.transport.negotiation import GRAPHQL

#: Statuses that say more than that a request was wrong, whatever the media type: they are about the request as HTTP sees it.
_ALWAYS = {"RATE_LIMITED": 429, "IDEMPOTENCY_IN_PROGRESS": 409, "IDEMPOTENCY_DONE": 409, "IDEMPOTENCY_MISMATCH": 422}
#: Statuses of a request that was not run, for `application/graphql-response+json`.
_NOT_RUN = {"INTERNAL": 500, "TOO_SLOW": 503}


def body_of(result: ExecutionResult) -> dict[str, Any]:
    """A result as JSON has it. What was not run has no `data`."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [formatted(error) for error in result.errors]
    if result.data is not None or not result.errors:
        body["data"] = result.data
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def formatted(error: GraphQLError) -> dict[str, Any]:
    """An error as the specification has it; what GraphQL itself refuses has the code INVALID."""
    told: dict[str, Any] = dict(error.formatted)
    told["extensions"] = {"code": "INVALID", **(error.extensions or {})}
    return told


def packed(result: ExecutionResult) -> bytes:
    return orjson.dumps(body_of(result))


def status_of(result: ExecutionResult, media_type: str) -> int:
    """The HTTP status of a result."""
    if not result.errors:
        return 200
    codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
    for code in codes:
        if code in _ALWAYS:
            return _ALWAYS[code]
    if result.data is not None or not codes or media_type != GRAPHQL:
        return 200
    return next((_NOT_RUN[code] for code in codes if code in _NOT_RUN), 400)


def retry_after(result: ExecutionResult) -> int | None:
    """Seconds to wait, where waiting helps."""
    for error in result.errors or ():
        seconds = (error.extensions or {}).get("retryAfter")
        if seconds is not None:
            return int(seconds)
    return None
