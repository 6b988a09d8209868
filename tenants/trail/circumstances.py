"""The circumstances of what is being done: which query asks for it, from where and to what purpose. Said once, where a request comes in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

#: What an entry keeps of a query's name and of an address, in characters; the rest is cut.
QUERY_LONGEST, ADDRESS_LONGEST = 200, 64


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`query`: an operation's name or its document's hash; `address`: the client's on the network; `purpose`: what it is said to be for."""

    query: str | None = None
    address: str | None = None
    purpose: str | None = None


_circumstances: ContextVar[Circumstances] = ContextVar("circumstances", default=Circumstances())  # noqa: B039  # it is frozen


def circumstances() -> Circumstances:
    """Under which we act; all None for a job, and for the operator."""
    return _circumstances.get()


@contextmanager
def under(told: Circumstances) -> Iterator[None]:
    """Entries that are written in here tell of these circumstances."""
    token = _circumstances.set(told)
    try:
        yield
    finally:
        _circumstances.reset(token)
