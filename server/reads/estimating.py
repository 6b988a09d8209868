"""Estimating: what a request would cost, for whoever writes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from server.reads.cost import Cost
from tenants.installation import installation
from tenants.refusals import Invalid
from tenants.session import Actor

if TYPE_CHECKING:
    from server.reads.execute import Road


@dataclass(frozen=True, slots=True)
class Estimate:
    """Points and records of a request, at most, with what one request may have, and whether that is enough."""

    cost: int
    cost_limit: int
    records: int
    records_limit: int
    is_within_limits: bool

    @classmethod
    def of(cls, cost: Cost) -> Estimate:
        chosen = installation().settings
        is_within = cost.points <= chosen.cost_most and cost.records <= chosen.nodes_most
        return cls(cost.points, chosen.cost_most, cost.records, chosen.nodes_most, is_within)


async def estimated(
    road: Road, actor: Actor, document: str, operationName: str | None = None, variables: Mapping[str, Any] | None = None
) -> Estimate:
    """What another request of this actor's would cost, told without running it.

    Raises:
        Invalid: it would be refused.
    """
    try:
        return Estimate.of(road.cost(document, operationName, dict(variables or {}), actor.rights))
    except GraphQLError as error:
        raise Invalid(f"This document would be refused: {error.message}", field=["document"]) from None
