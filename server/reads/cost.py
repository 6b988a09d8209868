"""Cost: what a reading may take at most, told from its plan and its limits before anything is read.

Points: 1 for the request; 1 for each record a list may have, times the records of the list around it; 1 for each record named by its
id; for each list once more 10 where it is counted (`totalCount`), 20 where it is searched, 50 where rows are counted instead of
read (statistics), each times the records around it. A mutation is 10, and 1 for each row it takes in, besides what is read of its
payload. Asking about the schema is 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.reads.plan import Page
from server.reads.reading import Asking
from tenants.budgets import spend
from tenants.installation import installation
from tenants.refusals import TooLarge
from tenants.session import Actor

REQUEST = 1
COUNTED = 10
SEARCHED = 20
REPORTED = 50
MUTATION = 10
INTROSPECTION = 500


@dataclass(frozen=True, slots=True)
class Cost:
    """`records` that could be returned at most, and the `points` that this is worth."""

    records: int = 0
    points: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.records + other.records, self.points + other.points)


async def admitted(cost: Cost, actor: Actor) -> dict[str, Any]:
    """Let a request of this cost go on, or not; what it is told of it stands in the answer's extensions.

    Raises:
        TooLarge: more records or points than one request may have.
        RateLimited: more points than the key or its tenant has left.
    """
    chosen = installation().settings
    if cost.records > chosen.nodes_most:
        raise TooLarge(f"This could return {cost.records:,} records; the limit is {chosen.nodes_most:,}. Ask for smaller pages.")
    if cost.points > chosen.cost_most:
        raise TooLarge(f"This costs {cost.points:,} points; the limit is {chosen.cost_most:,}. Ask for smaller pages.")
    standing = await spend(actor, cost.points)
    told = {"requested": standing.requested, "limit": standing.limit, "remaining": standing.remaining, "resetAt": standing.reset_at}
    return {"cost": told}


def cost_of(asked: Asking) -> Cost:
    """What a reading may take at most; a request's own point is not in it."""
    named = sum(len(ids) for ids in asked.ids.values())
    records = points = named
    inside: dict[int | None, int] = {None: 1}
    for list_, each in zip(asked.prepared.plan.lists, asked.lists, strict=True):
        around = inside[list_.above if isinstance(list_, Page) else None]
        inside[list_.number] = around * each.limit
        records += around * each.limit
        points += around * (each.limit + _extra(list_))
    return Cost(records, points)


def _extra(list_: object) -> int:
    if not isinstance(list_, Page):
        return REPORTED
    return COUNTED * any(member.name == "totalCount" for member in list_.members) + SEARCHED * list_.shape.is_searched
