"""All of a tenant's rows in memory, sealed values opened: what the reference execution reads instead of a database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tenants.session import Actor, acting_as

#: GraphQL type → its table, and the prefix of its ids.
TABLES = {
    "Customer": ("customer", "cus"),
    "Contact": ("contact", "con"),
    "Order": ("customer_order", "ord"),
    "OrderLine": ("order_line", "lin"),
    "Interaction": ("interaction", "int"),
    "Need": ("need", "nee"),
    "Preference": ("preference", "pre"),
}
#: Sealed columns of each type.
SEALED = {
    "Customer": ("birth_date", "phone", "email", "address", "national_id", "custom_sealed"),
    "Contact": ("phone", "email"),
    "Interaction": ("content",),
}


@dataclass(eq=False)
class Row:
    """One record: its GraphQL type, and its columns by name."""

    type: str
    columns: dict[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.columns[column]

    @property
    def global_id(self) -> str:
        return f"{TABLES[self.type][1]}_{self['id'].hex}"

    def sees(self, column: str) -> bool:
        """Whether who asks may see the value of a column; a custom field is `custom.shoe_size`. Here he may see everything."""
        return True

    def masks(self, column: str) -> bool:
        """Whether he may see a mask of it at least."""
        return True

    def reveals(self, column: str) -> bool:
        """Whether he may see it in clear though it is sealed, if he may reveal anything."""
        return True


@dataclass
class Store:
    """A tenant's records by type, and which customers each of some searches finds, with how well."""

    zone: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    searches: dict[str, dict[UUID, float]] = field(default_factory=dict)

    def find(self, type_: str, id: UUID) -> Row:
        return next(row for row in self.rows[type_] if row["id"] == id)

    def by_global_id(self, id: str, type_: str | None = None) -> Row | None:
        rows = (row for each in ([type_] if type_ else TABLES) for row in self.rows[each])
        return next((row for row in rows if row.global_id == id), None)

    def children(self, type_: str, link: str, id: UUID) -> list[Row]:
        return [row for row in self.rows[type_] if row[link] == id]


_FOUND = """SELECT id, search_rank(name, company, $2)::float4 AS rank FROM customer
    WHERE tenant_id = $1 AND (SELECT bool_and(search_text(word, NULL) <% search_text(name, company)) FROM unnest($2::text[]) word)"""


async def load(actor: Actor, searches: Sequence[str]) -> Store:
    """Read every record of a tenant by the plainest statements there are."""
    async with acting_as(actor) as unit:
        keyring = await unit.keyring()
        zone = await unit.connection.fetchval("SELECT time_zone FROM tenant WHERE id = $1", actor.tenant_id)
        store = Store(zone)
        for type_, (table, _) in TABLES.items():
            found = await unit.connection.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", actor.tenant_id)
            rows = store.rows[type_] = [Row(type_, dict(each)) for each in found]
            for column in SEALED.get(type_, ()):
                cipher = keyring.column(table, column)
                for row in rows:
                    row.columns[column] = None if row[column] is None else cipher.open(row["id"], row[column])
        for row in store.rows["Customer"]:
            row.columns["custom"] = json.loads(row["custom"])
            row.columns["custom_sealed"] = json.loads(row["custom_sealed"] or "{}")
        for search in searches:
            words = sorted(search.split(), key=len, reverse=True)
            store.searches[search] = {each["id"]: each["rank"] for each in await unit.connection.fetch(_FOUND, actor.tenant_id, words)}
        return store
