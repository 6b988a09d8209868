"""Estimating: what a request would cost, for whoever writes one."""

from __future__ import annotations

from dataclasses import dataclass

from server.reads.cost import Cost
from tenants.installation import installation


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
