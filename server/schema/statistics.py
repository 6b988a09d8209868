"""Statistics: customers, spending, products and preferences counted by the database, so that a dashboard needs no records."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from server.reads.declaring import argument, decimal, items, parent, report, stored
from server.reads.places import Grouping, Report
from server.schema.graph import COUNTED, SPENT, Customer
from tenants.words import CustomerKind, Gender, Lifecycle, RecordType

_MONEY = "In `currency`, up to 4 decimals."
_LOCAL = "(c.created_at AT TIME ZONE (SELECT z.time_zone FROM tenant z WHERE z.id = $1))"

#: What customers can be grouped by: the enum's value → SQL over the customer `c`.
GROUPINGS = {
    "LIFECYCLE": Grouping("c.lifecycle", "lifecycle"),
    "KIND": Grouping("c.kind", "kind"),
    "GENDER": Grouping("c.gender", "gender"),
    "SOURCE": Grouping("c.source", "source"),
    "OWNER": Grouping("c.owner", "owner"),
    "COUNTRY": Grouping("c.country", "country"),
    "REGION": Grouping("c.region", "region"),
    "CITY": Grouping("c.city", "city"),
    "TAG": Grouping("unnest(c.tags)", "tags"),
    "CREATED_YEAR": Grouping(f"to_char({_LOCAL}, 'YYYY')", "created_at"),
    "CREATED_MONTH": Grouping(f"to_char({_LOCAL}, 'YYYY-MM')", "created_at"),
    "CREATED_DAY": Grouping(f"to_char({_LOCAL}, 'YYYY-MM-DD')", "created_at"),
}
_KEYS = ", ".join(name.lower() for name in GROUPINGS)


@strawberry.enum(description="What customers are grouped by. Times are those of your tenant's time zone.")
class CustomerGrouping(Enum):
    LIFECYCLE = strawberry.enum_value("LIFECYCLE", description="How far they are as customers.")
    KIND = strawberry.enum_value("KIND", description="Persons and companies.")
    GENDER = strawberry.enum_value("GENDER", description="Their gender.")
    SOURCE = strawberry.enum_value("SOURCE", description="Where they came from.")
    OWNER = strawberry.enum_value("OWNER", description="Who looks after them.")
    COUNTRY = strawberry.enum_value("COUNTRY", description="Their country.")
    REGION = strawberry.enum_value("REGION", description="Their province or state.")
    CITY = strawberry.enum_value("CITY", description="Their city.")
    TAG = strawberry.enum_value("TAG", description="Their tags: who has several is in several groups, who has none in none.")
    CREATED_YEAR = strawberry.enum_value("CREATED_YEAR", description="The year they were taken in.")
    CREATED_MONTH = strawberry.enum_value("CREATED_MONTH", description="The month they were taken in.")
    CREATED_DAY = strawberry.enum_value("CREATED_DAY", description="The day they were taken in.")


@strawberry.type(description="Orders in one currency, added up. CANCELLED and REFUNDED ones do not count.")
class OrderTotals:
    currency: str = stored("ISO 4217; amounts of different currencies are never added.")
    orders: int = stored("How many orders.")
    customers: int = stored("How many customers they are of.")
    amount: Decimal = decimal(f"Their sum. {_MONEY}")
    average: Decimal = decimal(f"Of an order. {_MONEY}")
    first_ordered_at: datetime = stored("The earliest.")
    last_ordered_at: datetime = stored("The latest.")


@strawberry.type(description="Customers that are the same in everything that was grouped by, counted.")
class CustomerGroup:
    lifecycle: Lifecycle | None = stored("Theirs, if grouped by LIFECYCLE.")
    kind: CustomerKind | None = stored("Theirs, if grouped by KIND.")
    gender: Gender | None = stored("Theirs, if grouped by GENDER; null also where none is known.")
    source: str | None = stored("Theirs, if grouped by SOURCE; null also where none is known.")
    owner: str | None = stored("Theirs, if grouped by OWNER; null also where there is none.")
    country: str | None = stored("ISO 3166-1 alpha-2, if grouped by COUNTRY; null also where none is known.")
    region: str | None = stored("Theirs, if grouped by REGION; null also where none is known.")
    city: str | None = stored("Theirs, if grouped by CITY; null also where none is known.")
    tag: str | None = stored("Theirs, if grouped by TAG.")
    created_year: str | None = stored("`2024`, if grouped by CREATED_YEAR.")
    created_month: str | None = stored("`2024-05`, if grouped by CREATED_MONTH.")
    created_day: str | None = stored("`2024-05-01`, if grouped by CREATED_DAY.")
    customers: int = stored("How many customers.")
    orders: list[OrderTotals] = items(
        "jsonb_to_recordset(coalesce({row}.totals, '[]')) AS {item}(currency text, orders int, customers int, amount numeric, "
        "average numeric, first_ordered_at timestamptz, last_ordered_at timestamptz)",
        "{item}.currency",
        "Their orders, one entry a currency.",
        needs=SPENT,
    )


@strawberry.type(description="What one customer has spent in one currency. CANCELLED and REFUNDED orders do not count.")
class CustomerSpending:
    customer: Customer = parent("Whose.", "customer_id")
    currency: str = stored("ISO 4217; a customer who has ordered in two has two entries.")
    orders: int = stored("How many orders: frequency.")
    amount: Decimal = decimal(f"Their sum: spending. {_MONEY}")
    average: Decimal = decimal(f"Of an order. {_MONEY}")
    first_ordered_at: datetime = stored("The earliest.")
    last_ordered_at: datetime = stored("The latest: recency.")


@strawberry.type(description="Money of one currency.")
class Amount:
    currency: str = stored("ISO 4217.")
    amount: Decimal = decimal(_MONEY)


@strawberry.type(description="A product, with what was ordered of it. CANCELLED and REFUNDED orders do not count.")
class ProductPopularity:
    product: str = stored("As it stands in the lines of orders.")
    orders: int = stored("How many orders it is in.")
    customers: int = stored("How many customers ordered it.")
    quantity: Decimal = decimal("Ordered in all, up to 4 decimals.")
    amounts: list[Amount] = items(
        "jsonb_to_recordset({row}.amounts) AS {item}(currency text, amount numeric)", "{item}.currency", "What it brought in, by currency."
    )


@strawberry.type(description="A preference in a region, with how many customers have it.")
class RegionalPreference:
    country: str | None = stored("ISO 3166-1 alpha-2; null where none is known.")
    region: str | None = stored("Province or state; null where none is known.")
    kind: str = stored("Of what.")
    value: str = stored("Which.")
    customers: int = stored("How many customers of that region have it.")


#: A row's key is the text of a record, in which a missing value is a value like any other.
_CUSTOMER_STATS = f"""
WITH matched AS NOT MATERIALIZED (SELECT c.id{{groups}} FROM customer c WHERE {{where:c}}),
grouped AS (
    SELECT count(*)::int AS customers{{keys}} FROM matched GROUP BY (){{keys}} HAVING count(*) > 0
)
SELECT g.*, t.totals{{others}} FROM grouped g LEFT JOIN (
    SELECT k, jsonb_agg(to_jsonb(s)) AS totals FROM (
        SELECT k, o.currency, count(*) AS orders, count(DISTINCT o.customer_id) AS customers, sum(o.amount) AS amount,
               round(avg(o.amount), 4) AS average, min(o.ordered_at) AS first_ordered_at, max(o.ordered_at) AS last_ordered_at
        FROM (SELECT id, ROW(NULL{{keys}})::text AS k FROM matched) m
        JOIN customer_order o ON o.tenant_id = $1 AND o.customer_id = m.id AND {{sees:ORDER o amount}} AND {COUNTED.format(o="o")}
        GROUP BY k, o.currency
    ) s GROUP BY k
) t ON t.k = ROW(NULL{{keys}})::text
"""

_SPENDING = f"""
SELECT c.id AS customer_id, o.currency, count(*)::int AS orders, sum(o.amount) AS amount, round(avg(o.amount), 4) AS average,
       min(o.ordered_at) AS first_ordered_at, max(o.ordered_at) AS last_ordered_at
FROM customer c JOIN customer_order o ON o.tenant_id = $1 AND o.customer_id = c.id AND {{sees:ORDER o amount}} AND {COUNTED.format(o="o")}
WHERE {{where:c}} GROUP BY c.id, o.currency
"""

_PRODUCTS = f"""
WITH sold AS MATERIALIZED (
    SELECT l.product, o.id, o.customer_id, o.currency, l.quantity, l.amount
    FROM customer_order o JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
    WHERE {COUNTED.format(o="o")} AND {{sees:ORDER o lines}} AND {{where:o}}
)
SELECT s.product, s.orders, s.customers, s.quantity, a.amounts FROM (
    SELECT product, count(DISTINCT id)::int AS orders, count(DISTINCT customer_id)::int AS customers, sum(quantity) AS quantity
    FROM sold GROUP BY product
) s LEFT JOIN (
    SELECT product, jsonb_agg(jsonb_build_object('currency', currency, 'amount', amount)) AS amounts
    FROM (SELECT product, currency, sum(amount) AS amount FROM sold GROUP BY product, currency) p GROUP BY product
) a ON a.product = s.product
"""

_PREFERENCES = """
SELECT c.country, c.region, p.kind, p.value, count(*)::int AS customers
FROM customer c JOIN preference p ON p.tenant_id = $1 AND p.customer_id = c.id AND {sees:PREFERENCE p kind,value}
WHERE {sees:CUSTOMER c country,region} AND {where:c} GROUP BY c.country, c.region, p.kind, p.value
"""

_group_by = argument(
    "groupBy",
    list[Annotated["CustomerGrouping", strawberry.lazy("server.schema.statistics")]],
    "By what, one to all; the groups are of customers that are the same in all of them. None: all customers are one group.",
    [],
)


@strawberry.type
class StatisticsQueries:
    customer_stats: list[CustomerGroup] = report(
        Report(_CUSTOMER_STATS, f"{{row}}.customers DESC, {_KEYS}", "Customer", ((RecordType.CUSTOMER, ()),), groupings=GROUPINGS),
        "Customers counted by what they have in common, with their orders added up; the largest groups first.",
        [_group_by],
    )
    customer_spending: list[CustomerSpending] = report(
        Report(_SPENDING, "{row}.amount DESC, {row}.customer_id, {row}.currency", "Customer", SPENT),
        "Spending, frequency and recency of each customer who has ordered; those who spent most first.",
    )
    popular_products: list[ProductPopularity] = report(
        Report(_PRODUCTS, "{row}.orders DESC, {row}.product", "Order", ((RecordType.ORDER, ("lines",)),)),
        "Products by the number of orders they are in; of orders as filtered.",
    )
    preferences_by_region: list[RegionalPreference] = report(
        Report(
            _PREFERENCES,
            "{row}.customers DESC, {row}.country, {row}.region, {row}.kind, {row}.value",
            "Customer",
            ((RecordType.CUSTOMER, ("country", "region")), (RecordType.PREFERENCE, ("kind", "value"))),
        ),
        "Which preferences how many customers of a region have; the most frequent first.",
    )
