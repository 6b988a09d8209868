"""Records of any type by their ids, and the lists of all that belongs to customers."""

from __future__ import annotations

import strawberry

from server.reads.declaring import by_id, by_ids, newest
from server.schema.graph import Contact, Interaction, Need, Order, Preference
from server.schema.pages import Connection, Node


@strawberry.type
class GraphQueries:
    node: Node | None = by_id("Any record by its global id; null where there is none of yours.")
    nodes: list[Node | None] = by_ids("Records by their global ids, in the order of the ids; null for each that is none of yours.")
    contacts: Connection[Contact] = newest("The contacts of all your customers, newest first.")
    orders: Connection[Order] = newest("The orders of all your customers, by `orderedAt`, newest first.", by="ordered_at")
    interactions: Connection[Interaction] = newest("All times you spoke with a customer, by `occurredAt`, newest first.", by="occurred_at")
    needs: Connection[Need] = newest("What your customers look for, newest first.")
    preferences: Connection[Preference] = newest("What your customers like, newest first.")
