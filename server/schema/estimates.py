"""Estimates: what a request would cost, asked without running it."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from server.reads.declaring import argument, computed
from server.reads.estimating import estimated


@strawberry.type(description="What a request may take at most.")
class Estimate:
    cost: int = strawberry.field(description="Points, as `extensions.cost.requested` of its answer would say.")
    cost_limit: int = strawberry.field(description="Points that one request may cost.")
    records: int = strawberry.field(description="Records it could return.")
    records_limit: int = strawberry.field(description="Records that one request may ask for.")
    is_within_limits: bool = strawberry.field(description="Whether it would run, as far as these limits go.")


@strawberry.type
class EstimateQueries:
    estimate: Estimate = computed(
        estimated,
        "What a request would cost, without running it. A document that would be refused is an error that says why.",
        [
            argument("document", str, "The GraphQL document."),
            argument("operationName", str | None, "Which of its operations, if it has several."),
            argument("variables", JSON | None, "The variables; the sizes of its pages count."),
        ],
        permission=None,
    )
