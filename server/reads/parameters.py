"""Parameters: what a statement leaves open, by where a request says it."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.access.reach import Who


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records a list may have."""

    list: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins (`side` "after") or ends ("before"): text of its order's key at `place`."""

    list: int
    side: str
    place: int


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a list's condition, by its place among them."""

    list: int
    place: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words a list is searched for."""

    list: int


@dataclass(frozen=True, slots=True)
class RecordId:
    """The uuid of a single root, by its place among the plan's roots."""

    root: int


@dataclass(frozen=True, slots=True)
class RecordIds:
    """The uuids of a root of many records, by its place among the plan's roots."""

    root: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who asks, as far as rights depend on it, or a value of a role."""

    value: Who | str | tuple[str, ...]


Parameter = Allowed | Limit | Position | Value | Words | RecordId | RecordIds
