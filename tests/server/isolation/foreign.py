"""The other tenant: one record of every noun with a text in every field that nobody else has, and what must never be seen of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from tenants.access.built_in import ADMIN
from tenants.api_keys import uses
from tenants.ids import PREFIXES, global_id, new_id
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask, KeyOf
from tests.server.isolation.staff import Staff, settle_staff
from tests.server.reference.filtering import snake
from tests.server.reference.store import Store, load
from tests.server.test_imports import send

#: Stands in every text of the other tenant's records, and in no schema or message of ours.
CANARY = "Kanarienvogel"
#: An idempotency key it has used.
KEY = f"{CANARY}-key"
_API_KEY = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } userErrors { message } } }"""
_IMPORT = """mutation ($input: StartImportInput!) { startImport(input: $input) { import { id } userErrors { message } } }"""


@dataclass
class Foreign:
    """The other tenant. `imports`, `uploads` and `api_keys` are global ids; `secrets` are texts no answer of another tenant may contain."""

    actor: Actor
    store: Store
    imports: list[str]
    uploads: list[str]
    api_keys: list[str]
    secrets: set[str] = field(default_factory=set)
    staff: Staff = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        staff = [values["id"] for values in self.staff.values()]
        records = [row.global_id for rows in self.store.rows.values() for row in rows]
        return records + self.imports + self.uploads + self.api_keys + staff

    def value(self, noun: str, name: str) -> Any:
        """What its record of a noun has in a field, as a request would say it; None if the noun has no such field."""
        if noun == "ApiKey":
            return {"id": self.api_keys[0], "name": f"{CANARY} key", "networks": "71.71.71.0/24"}.get(name)
        rows = self.store.rows.get(noun)
        if not rows:
            return self.staff.get(noun, {}).get(name)
        if name == "id":
            return rows[0].global_id
        value = rows[0].columns.get(snake(name))
        match value:
            case Decimal():
                return str(value)
            case datetime() | date():
                return value.isoformat()
        return value


def _draft(noun: RecordType, texts: Mapping[str, str]) -> dict[str, str]:
    marked = {name: f"{CANARY} {noun} {name}" for name in texts.get("marked", "").split()}
    return {**marked, **{name: text for name, text in texts.items() if name != "marked"}}


_CUSTOMER = {
    "marked": "name external_id company occupation address region city source owner tags custom.note custom.secret_note",
    **{"phone": "13800138001", "email": f"{CANARY}@vogel.example.org", "national_id": "110101197107177172", "birth_date": "1971-07-17"},
    **{"gender": "FEMALE", "kind": "PERSON", "lifecycle": "ACTIVE", "postal_code": "310007"},
}
_OTHERS: dict[RecordType, dict[str, str]] = {
    RecordType.CONTACT: {"marked": "external_id name job_title", "phone": "13800138002", "email": f"{CANARY}.contact@vogel.example.org"},
    RecordType.ORDER: {
        "marked": "external_id number lines.product",
        **{"ordered_at": "2021-07-17T07:17:17Z", "lines.quantity": "7", "lines.unit_price": "7171.7171", "payment_method": "ALIPAY"},
    },
    RecordType.INTERACTION: {
        "marked": "external_id subject content",
        **{"channel": "VISIT", "direction": "INBOUND", "occurred_at": "2021-07-17T07:17:17Z", "follow_up": "OPEN"},
    },
    RecordType.NEED: {"marked": "external_id what product_interest", "expected_at": "2037-07-17"},
    RecordType.PREFERENCE: {"marked": "external_id kind value"},
}


async def add_own_fields(actor: Actor) -> None:
    """The fields of its own that the other tenant has; who asks has them too, or a filter by one would be refused."""
    async with acting_as(actor) as unit:
        for name, is_sealed in (("note", False), ("secret_note", True)):
            await unit.connection.execute(
                "INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, $3, $3, 'TEXT', $4)",
                *(actor.tenant_id, new_id(), name, is_sealed),
            )


async def settle(actor: Actor, graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf) -> Foreign:
    """Make the other tenant's records, and note what is theirs alone."""
    await add_own_fields(actor)
    async with acting_as(actor):
        outcome = await take_in(Batch.of_one(RecordType.CUSTOMER, _draft(RecordType.CUSTOMER, _CUSTOMER)), IntakeRules())
        customer = f"cus_{outcome.record_ids[0].hex}"  # type: ignore[union-attr]  # it was made
    for noun, texts in _OTHERS.items():
        async with acting_as(actor):
            outcome = await take_in(Batch.of_one(noun, {"customer_id": customer, **_draft(noun, texts)}), IntakeRules())
            assert outcome.record_ids[0], outcome.problems
    sent = await send(http, await key_of(actor), f"Name,{CANARY}\n{CANARY},x\n".encode(), name=f"{CANARY}.csv")
    upload = sent.json()["id"]
    started = await graphql(_IMPORT, as_=actor, input={"uploadId": upload, "recordType": "CUSTOMER"})
    given = {"name": f"{CANARY} key", "roleIds": [global_id("ROLE", ADMIN.id)], "networks": ["71.71.71.0/24"]}
    made = await graphql(_API_KEY, as_=actor, input=given)
    api_keys = [made["createApiKey"]["apiKey"]["id"]]
    staff = await settle_staff(actor, CANARY)
    foreign = Foreign(actor, await load(actor, []), [started["startImport"]["import"]["id"]], [upload], api_keys, staff=staff)
    foreign.secrets = set(_secrets(foreign))
    return foreign


def _secrets(foreign: Foreign) -> Iterator[str]:
    """Texts, and ids in every form."""
    yield from (
        CANARY,
        CANARY.lower(),
        "+8613800138001",
        "13800138001",
        "13800138002",
        "7171.7171",
        "1971-07-17",
        "310007",
        "110101197107177172",
        "71.71.71",
    )
    for id in [UUID(each.partition("_")[2]) for each in foreign.ids] + [foreign.actor.tenant_id]:
        yield from (id.hex, str(id))


def never(value: Any) -> Any:
    """A value of the same kind that nobody has."""
    if isinstance(value, str) and value.partition("_")[0] in PREFIXES.values() and len(value) == 36:
        return f"{value.partition('_')[0]}_{new_id().hex}"
    if isinstance(value, str) and value.startswith("+86"):
        return "+8613800138999"
    return value.replace(CANARY, "Zaunkönig" if "@" not in value else "zaunkoenig") if isinstance(value, str) else value


async def dump(actor: Actor) -> dict[str, str]:
    """Every row of the tenant's, in every table, byte for byte, once it is written which keys were used."""
    await uses.settled()
    async with acting_as(actor, read_only=True) as unit:
        tables = await unit.connection.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
            "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        rows = {
            name: f"SELECT coalesce(json_agg(t ORDER BY t::text), '[]')::text FROM {name} t WHERE t.tenant_id = $1" for (name,) in tables
        }
        return {name: await unit.connection.fetchval(statement, actor.tenant_id) for name, statement in rows.items()}


def leaks(body: Any, sent: Any, foreign: Foreign) -> list[str]:
    """What an answer tells of the other tenant: its texts and ids, but for those that were in the request."""
    text = without(body, sent)
    return sorted(secret for secret in foreign.secrets if secret in text)


def without(body: Any, sent: Any) -> str:
    """An answer's text without the texts of its request."""
    text = json.dumps(body, ensure_ascii=False)
    for each in sorted(_texts(sent), key=len, reverse=True):
        text = text.replace(each, "·")
    return text


def _texts(sent: Any) -> Iterator[str]:
    if isinstance(sent, str) and len(sent) > 3:
        yield json.dumps(sent, ensure_ascii=False)[1:-1]
    for each in sent.values() if isinstance(sent, dict) else sent if isinstance(sent, list) else ():
        yield from _texts(each)
