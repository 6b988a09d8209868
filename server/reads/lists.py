"""Lists: what the arguments of a page ask for, apart into its shape, which is part of a plan, and its values, which are parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from server.reads.conditions import NOTHING, AllOf, Condition, FilterFields, Within
from server.reads.filters import Reader
from server.reads.guarding import Guard
from server.reads.places import Key, Related, Report
from tenants.installation import installation
from tenants.refusals import Invalid
from tenants.words import RecordType

ORDER_KEYS_MOST = 3
SEARCH_WORDS_MOST = 5
SEARCH_LONGEST = 100

#: The keys of each order input type: name of the enum's value → the key, ascending.
OrderKeys = Mapping[str, Mapping[str, Key]]

RELEVANCE = Key("search_rank({row}.name, {row}.company, {search})", "real", is_descending=True)


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a list's arguments changes the SQL."""

    keys: tuple[Key, ...] = ()
    condition: Condition = NOTHING
    groups: tuple[str, ...] = ()
    is_searched: bool = False
    is_backward: bool = False
    has_after: bool = False
    has_before: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether its records are found without looking at values of the request."""
        return self.condition == NOTHING and not self.is_searched


@dataclass(slots=True)
class Asked:
    """What of them does not: `limit` records, behind `after` and before `before` (cursors as given), `values` of the condition."""

    limit: int
    values: list[Any]
    customs: set[str]
    after: str | None = None
    before: str | None = None
    search: list[str] | None = None

    @property
    def has_cursor(self) -> bool:
        return self.after is not None or self.before is not None


@dataclass(frozen=True, slots=True)
class ListTypes:
    """The filter and order inputs of the schema."""

    filters: FilterFields
    orders: OrderKeys


def page_asked(place: Related, of: str, given: Mapping[str, Any], types: ListTypes, guard: Guard) -> tuple[Shape, Asked]:
    """A page of records of the GraphQL type `of`.

    Raises:
        Invalid, TooLarge: an argument that is not allowed.
        NotAllowed: a filter, an order or a search about something that may not be seen.
    """
    first, last = given.get("first"), given.get("last")
    if first is not None and last is not None:
        raise Invalid("Give `first` or `last`, not both.", field=["last"])
    most = installation().settings.page_most
    limit = first if first is not None else last if last is not None else min(place.default, most)
    if not 1 <= limit <= most:
        raise Invalid(f"A page has 1 to {most} records.", field=["first" if last is None else "last"])
    reader = Reader(types.filters, guard)
    condition = _condition(reader, of, given)
    search = _words(given.get("search"))
    shape = Shape(
        keys=tuple(_limited(each, guard) for each in _keys(place, of, given, types.orders, is_searched=bool(search))),
        condition=_searched(condition, guard) if search else condition,
        is_searched=bool(search),
        is_backward=last is not None,
        has_after=given.get("after") is not None,
        has_before=given.get("before") is not None,
    )
    return shape, Asked(limit, reader.values, reader.customs, given.get("after"), given.get("before"), search)


def report_asked(place: Report, given: Mapping[str, Any], types: ListTypes, guard: Guard) -> tuple[Shape, Asked]:
    """The rows of a report.

    Raises:
        Invalid, TooLarge, NotAllowed: as for a page.
    """
    limit = given.get("first")
    limit = place.default if limit is None else limit
    if not 1 <= limit <= place.most:
        raise Invalid(f"Ask for 1 to {place.most:,} rows.", field=["first"])
    reader = Reader(types.filters, guard)
    condition = _condition(reader, place.filtered, given)
    groups = tuple(dict.fromkeys(_word(each) for each in given.get("groupBy") or ()))
    for name in groups:
        guard.limits(RecordType[place.filtered.upper()], (place.groupings or {})[name].field, field=["groupBy"])
    return Shape(condition=condition, groups=groups), Asked(limit, reader.values, reader.customs)


def _condition(reader: Reader, of: str, given: Mapping[str, Any]) -> Condition:
    found = given.get("filter")
    return NOTHING if found is None else reader.condition(f"{of}Filter", found)


def _keys(place: Related, of: str, given: Mapping[str, Any], orders: OrderKeys, *, is_searched: bool) -> tuple[Key, ...]:
    """The order asked for, made total by the id."""
    wanted = given.get("orderBy")
    if not wanted:
        return (RELEVANCE, place.keys[-1]) if is_searched else place.keys
    known = orders[f"{of}Order"]
    names = [_word(each["field"]) for each in wanted]
    if len(set(names)) < len(names) or len(names) > ORDER_KEYS_MOST:
        raise Invalid(f"An order has {ORDER_KEYS_MOST} keys at most, each a field of its own.", field=["orderBy"])
    keys = [replace(known[name], is_descending=_word(each["direction"]) == "DESC") for name, each in zip(names, wanted, strict=True)]
    last = place.keys[-1]
    return (*keys, replace(last, is_descending=keys[0].is_descending))


def _limited(key: Key, guard: Guard) -> Key:
    """A key of an order, as far as what it orders by may be seen: where it may not, there is nothing."""
    rows = guard.limits(*key.of, field=["orderBy"]) if key.of else None
    return key if rows is None else replace(key, is_nullable=True, rows=rows)


def _searched(condition: Condition, guard: Guard) -> Condition:
    """A search looks at names and companies, where they may be seen."""
    found = [guard.limits(RecordType.CUSTOMER, name, field=["search"]) for name in ("name", "company")]
    limits = tuple(Within(RecordType.CUSTOMER, rows) for rows in found if rows is not None)
    return AllOf((condition, *limits)) if limits else condition


def _word(value: Any) -> str:
    """The name of a value of an enumeration."""
    return str(value.value) if isinstance(value, Enum) else str(value)


def _words(text: str | None) -> list[str] | None:
    if text is None:
        return None
    words = text.replace("\x00", " ").split()
    if not words or len(text) > SEARCH_LONGEST or len(words) > SEARCH_WORDS_MOST:
        raise Invalid(f"Search for 1 to {SEARCH_WORDS_MOST} words, {SEARCH_LONGEST} characters in all.", field=["search"])
    return sorted(words, key=len, reverse=True)  # the longest is looked up in the index, the others are tested
