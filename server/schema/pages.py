"""Pages: the one shape of every list of records, after the Relay cursor connections specification."""

from __future__ import annotations

from typing import Generic, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are records behind this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was asked for with `after`.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first record; null in an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last record, `after` for the next page; null in an empty page."
    )


@strawberry.type(description="A record in its place in a list.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The place, opaque; good for this list of your tenant only.")
    node: T = strawberry.field(description="The record.")


@strawberry.type(description="A page of a list: 1 to 100 records.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The records with their places.")
    nodes: list[T] = strawberry.field(description="The records.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many records the whole list has. Counted anew each time; ask for it once.")


@strawberry.interface(description="Something with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="A prefix that names the type, and 32 hex digits; unique across all types.")
