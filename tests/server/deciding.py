"""What tests of a tenant's settings share: documents, records taken in, and a column read back."""

from __future__ import annotations

from typing import Any

from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType

FIELD = """mutation ($input: %sCustomFieldInput!) { %sCustomField(input: $input) {
  settings { version customFields { name label isSealed isRequired choices least most isRetired } } userErrors { code field message } } }"""
CREATE_FIELD, UPDATE_FIELD, DELETE_FIELD = (FIELD % (act.capitalize(), act) for act in ("create", "update", "delete"))
CREATE = """mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
  customer { id source lifecycle custom { name value } } userErrors { code field message } } }"""


async def column(actor: Actor, statement: str) -> list[Any]:
    """The first column of what a statement about the tenant ($1) reads."""
    async with acting_as(actor, read_only=True) as unit:
        return [row[0] for row in await unit.connection.fetch(statement, actor.tenant_id)]


async def take(actor: Actor, drafts: list[dict[str, Any]], rules: IntakeRules | None = None) -> Any:
    async with acting_as(actor):
        return await take_in(Batch.of(RecordType.CUSTOMER, drafts), rules or IntakeRules())
