"""Customers: how they are listed."""

from __future__ import annotations

import strawberry

from server.reads.declaring import by_id, newest
from server.schema.graph import Customer
from server.schema.pages import Connection


@strawberry.type
class CustomerQueries:
    customers: Connection[Customer] = newest("Your customers, newest first.", is_searchable=True)
    customer: Customer | None = by_id("One customer; null, with an error NOT_FOUND, where there is none of yours.")
