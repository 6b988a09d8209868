"""Refusals: failures the caller can act on. Everything else is our bug."""

from __future__ import annotations

from collections.abc import Sequence


class Refusal(Exception):
    """Something asked for is not done, as a whole, and the caller is told why.

    Args:
        message: one or two sentences a tenant admin understands: what is wrong and what would be right.
        field: the path of the input field it is about, outermost first.
        row: the 1-based row of a batch it is about.
        conflicts_with: the global id of the record that is in the way.
    """

    code = "INVALID"

    def __init__(
        self,
        message: str,
        *,
        field: Sequence[str] = (),
        row: int | None = None,
        conflicts_with: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = list(field)
        self.row = row
        self.conflicts_with = conflicts_with
        self.code = code or type(self).code


class Invalid(Refusal):
    """The input breaks a rule."""

    code = "INVALID"


class Conflict(Refusal):
    """The input is right, but not with what is stored now."""

    code = "CONFLICT"


class NotFound(Refusal):
    """There is no such thing, or it is not the caller's: the same words for both."""

    code = "NOT_FOUND"


class NotAllowed(Refusal):
    """The caller may not do this."""

    code = "NOT_ALLOWED"


class TooLarge(Refusal):
    """The input is over a documented limit."""

    code = "TOO_LARGE"


class RateLimited(Refusal):
    """The caller has spent its budget; after `retry_after_seconds` the same would be admitted, if nobody else spends of it meanwhile."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
