"""Examples: queries to paste into GraphiQL or a program, for the records of the demo. `kelu demo` runs each before it shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A document with what it shows, and its variables."""

    title: str
    document: str
    variables: dict[str, Any] = field(default_factory=dict)


#: In a document: what makes one request of it. A key is good for who sent it first, so each run of the demo has its own.
IDEMPOTENCY_KEY = "IDEMPOTENCY_KEY"

EXAMPLES = (
    Example(
        "A page of a list: filtered, ordered, with what belongs to each customer",
        """query Page($after: String) {
  customers(first: 3, after: $after, filter: {country: {eq: "DE"}, email: {isNull: false}}, orderBy: [{field: NAME}]) {
    totalCount
    nodes { id name city phone { masked } orders(first: 2) { nodes { number orderedAt amount currency } } }
    pageInfo { hasNextPage endCursor }
  }
}""",
    ),
    Example(
        "Names as people type them: without accents, with a slip of the pen",
        """{ customers(search: "Musterman", first: 3) { nodes { name city } } }""",
    ),
    Example(
        "Somebody calls: exact look-up of an encrypted phone number",
        """query Caller($phone: PhoneNumber!) {
  customers(filter: {phone: {eq: $phone}}) { nodes { name phone { masked } interactions(first: 3) { nodes { channel occurredAt } } } }
}""",
        {"phone": "030 23125 010"},
    ),
    Example(
        "A dashboard: groups with their orders, and who spent most",
        """{
  customerStats(groupBy: [COUNTRY, LIFECYCLE], first: 5) { country lifecycle customers orders { currency orders amount } }
  customerSpending(first: 3) { customer { name } currency orders amount lastOrderedAt }
  popularProducts(first: 3) { product orders quantity }
}""",
    ),
    Example(
        "A customer with a contact and an order, all or nothing; sent again with its key it is not made anew, else it is a duplicate",
        """mutation Create {
  createCustomer(
    idempotencyKey: "IDEMPOTENCY_KEY"
    input: {
      name: "Beispiel & Söhne", kind: COMPANY, externalId: "EXAMPLE-1", country: "DE"
      contacts: [{name: "Max Beispiel", phone: "030 23125 019"}]
      orders: [{
        number: "EXAMPLE-1-1", orderedAt: "2026-05-01", currency: "EUR"
        lines: [{product: "Tee", quantity: "2", unitPrice: "3.50"}]
      }]
    }
  ) {
    customer { id name contacts { nodes { name phone { masked } } } orders { nodes { number amount } } }
    userErrors { code message field }
  }
}""",
    ),
    Example(
        "Rows of a partner, matched by their own ids: first what would become of them",
        """mutation Upsert($rows: [CustomerRowInput!]!) {
  upsertCustomers(input: {rows: $rows, matchBy: [EXTERNAL], dryRun: true}) {
    counts { created updated unchanged skipped rejected }
    results { row status problems { field code wrong right } }
  }
}""",
        {
            "rows": [
                {"externalId": "E-001", "name": "Erika Mustermann", "lifecycle": "ACTIVE"},
                {"externalId": "EXAMPLE-2", "name": "张三", "phone": "+86 138 1234 5678"},
                {"externalId": "EXAMPLE-3", "name": "Nobody", "country": "Atlantis"},
            ]
        },
    ),
    Example(
        "What a request would cost, without running it",
        """{
  estimate(document: "{ customers(first: 100) { nodes { orders(first: 10) { nodes { id } } } } }") { cost costLimit records }
}""",
    ),
)

#: Not run by the demo: it goes on until somebody ends it.
SUBSCRIPTION = (
    """subscription { customerChanged(filter: {country: {eq: "DE"}}) { action customer { id name } changes { recordType fields } } }"""
)
