"""The world of one role: a tenant with a member who has it, records he owns, records a teammate owns, records somebody else owns.

Beside it is another tenant with the same. Every record has a value in every field, so that what is not shown is hidden.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tenants.access.built_in import ADMIN, BY_WORD, SERVICE
from tenants.access.roles import make_role
from tenants.access.teams import make_team, set_members
from tenants.api_keys import add_api_key
from tenants.ids import global_id, new_id
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.rules.custom_fields import FieldType, create_field
from tenants.session import Actor, acting_as
from tenants.trail import Event, note
from tenants.words import RecordType
from tests.tenants.signin.members import Somebody, member_of

#: Whose record it is: the member's own, a teammate's, somebody else's of his tenant, another tenant's.
COLUMNS = ("own", "team", "other", "foreign")
#: One word for each of these; "-" where there is none of that kind.
Words = tuple[str, ...]
#: Of each GraphQL type the global ids of its records, by column.
Ids = dict[str, tuple[str | None, ...]]

MakeTenant = Callable[..., Awaitable[Actor]]

CUSTOMER = {
    **{"name": "王芳芳", "kind": "PERSON", "company": "Kontor Südwest", "gender": "FEMALE", "birth_date": "1990-03-05"},
    **{"occupation": "Dichterin", "phone": "+8613812345678", "email": "fang@vogel.example.org", "address": "西湖路 1 号"},
    **{"national_id": "11010519491231002X", "postal_code": "310000", "country": "CN", "region": "华东", "city": "杭州"},
    **{
        "lifecycle": "ACTIVE",
        "source": "展会",
        "owner": "Łukasz",
        "tags": "vip",
        "custom.note": "Grüner Tee",
        "custom.secret_note": "Nüsse",
    },
}
OTHERS: dict[RecordType, dict[str, str]] = {
    RecordType.CONTACT: {
        **{"name": "Jürgen Müller", "job_title": "Einkäufer", "phone": "+8613912345678", "email": "juergen@vogel.example.org"},
        "is_primary": "yes",
    },
    RecordType.ORDER: {
        **{"ordered_at": "2024-05-01T10:00:00Z", "payment_method": "ALIPAY", "status": "PAID", "currency": "CNY"},
        **{"lines.product": "绿茶", "lines.quantity": "2", "lines.unit_price": "3.50", "lines.discount": "0.1"},
    },
    RecordType.INTERACTION: {
        **{"channel": "PHONE", "direction": "INBOUND", "occurred_at": "2024-05-01T10:00:00Z", "subject": "Teeprobe"},
        **{"content": "Möchte 绿茶 kosten", "follow_up": "OPEN"},
    },
    RecordType.NEED: {"what": "Oolong", "product_interest": "乌龙茶", "expected_at": "2037-01-01", "status": "OPEN"},
    RecordType.PREFERENCE: {"kind": "language", "value": "中文"},
}
TABLES = {RecordType.CUSTOMER: "customer", RecordType.CONTACT: "contact", RecordType.ORDER: "customer_order"}
TABLES |= {each: each.lower() for each in (RecordType.INTERACTION, RecordType.NEED, RecordType.PREFERENCE)}
TYPES = {noun: noun.title() for noun in TABLES}
#: A field of each noun that is flagged, though it is right.
FLAGGED = {"customer": "region", "contact": "job_title", "customer_order": "status", "interaction": "subject", "need": "what"}
FLAGGED |= {"preference": "value"}

#: A role of the tenant's own that says something of everything.
_GRANTS: dict[str, Any] = {
    "permissions": {"CUSTOMER_READ": "OWN"},
    "fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}},
    "conditions": {"CUSTOMER": [{"field": "region", "in": ["华东"]}, {"field": "lifecycle", "notIn": ["LAPSED"]}]},
}
_START = "mutation ($input: StartImportInput!) { startImport(input: $input) { import { id } userErrors { message } } }"
_LINES = "SELECT l.id, l.order_id FROM order_line l WHERE l.tenant_id = $1"
_REVEALED = "SELECT id FROM trail_entry WHERE tenant_id = $1 AND event = 'REVEAL'"


@dataclass
class World:
    """Who asks, and the records there are. `extra` are those that some acts need besides."""

    role: str
    tenant: Actor
    foreign: Actor
    secret: str
    http: httpx.AsyncClient
    app: Any
    ids: Ids
    extra: dict[str, tuple[str | None, ...]] = field(default_factory=dict)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.secret}", "X-Kelu-Purpose": "matrix"}
        answer = await self.http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        found: dict[str, Any] = answer.json()
        found.setdefault("data", None)  # where nothing was done at all
        return found


@dataclass
class Tenancy:
    """A tenant with the records of some owners, in their order."""

    actor: Actor
    records: dict[str, list[str]]
    members: list[Somebody]
    role: str
    teams: list[str]
    api_key: str
    imports: list[str]
    uploads: list[str]
    entry: str


async def settle(actor: Actor, http: httpx.AsyncClient, roles: Sequence[UUID], mark: str = "K") -> Tenancy:
    """A tenant whose members have these roles; the first two are a team, the first three own a customer each with one of everything.

    Their ids elsewhere begin with `mark`.
    """
    async with acting_as(actor):
        await create_field("note", FieldType.TEXT, {}, None)
        await create_field("secret_note", FieldType.TEXT, {"is_sealed": True}, None)
    members = [await member_of(actor, None, role) for role in roles]
    owners = members[:3]
    records = await _records(actor, [each.id for each in owners], mark)
    async with acting_as(actor):
        role = await make_role("Tee-Runde", "Wer Tee verkauft", _GRANTS)
        teams = [await make_team("华东"), await make_team("Süd")]
        await set_members(teams[0], [each.id for each in members[:2]])
        await set_members(teams[1], [each.id for each in members[2:3]])
        await note(Event.REVEAL, subject_type="CUSTOMER", subject_id=new_id(), fields=["phone"], records=[new_id()], purpose="Anruf")
        key, secret = await add_api_key("网店", role_ids=[ADMIN.id], networks=["127.0.0.0/8", "::/0", "0.0.0.0/0"])
    uploads, imports = await _imports(http, secret)
    async with acting_as(actor, read_only=True) as unit:
        entry = await unit.connection.fetchval(_REVEALED, actor.tenant_id)
    named = [global_id("TEAM", team) for team in teams]
    ids = global_id("ROLE", role), global_id("API_KEY", key.id), global_id("TRAIL_ENTRY", entry)
    return Tenancy(actor, records, members, ids[0], named, ids[1], imports, uploads, ids[2])


async def _records(actor: Actor, owners: Sequence[UUID], mark: str) -> dict[str, list[str]]:
    drafts: dict[RecordType, list[dict[str, str]]] = {
        RecordType.CUSTOMER: [CUSTOMER | {"external_id": f"{mark}{place}"} for place in range(len(owners))]
    }
    for noun, texts in OTHERS.items():
        drafts[noun] = [texts | {"external_id": f"{mark}{place}", "customer_external_id": f"{mark}{place}"} for place in range(len(owners))]
        if noun is RecordType.ORDER:
            drafts[noun] = [each | {"number": f"{mark}{place}"} for place, each in enumerate(drafts[noun])]
            drafts[noun] += [_again(each) for each in drafts[noun]]
    found: dict[str, list[str]] = {}
    for noun, some in drafts.items():
        async with acting_as(actor) as unit:
            outcome = await take_in(Batch.of(noun, some), IntakeRules())
            assert all(outcome.record_ids), outcome.problems
            found[TYPES[noun]] = [global_id(noun, id) for id in outcome.record_ids[: len(owners)] if id is not None]
            flag = f"UPDATE {TABLES[noun]} SET flags = $2 WHERE tenant_id = $1"
            await unit.connection.execute(flag, actor.tenant_id, [f"{FLAGGED[TABLES[noun]]}:STRANGE"])
            if noun is RecordType.CUSTOMER:
                owned = "UPDATE customer SET owner_id = $3, verified_at = now() WHERE tenant_id = $1 AND id = $2"
                for id, owner in zip(outcome.record_ids, owners, strict=True):
                    await unit.connection.execute(owned, actor.tenant_id, id, owner)
            if noun is RecordType.ORDER:
                lines = {row["order_id"]: row["id"] for row in await unit.connection.fetch(_LINES, actor.tenant_id)}
                found["OrderLine"] = [global_id(RecordType.ORDER_LINE, lines[id]) for id in outcome.record_ids[: len(owners)]]
    return found


def _again(order: dict[str, str]) -> dict[str, str]:
    """A later order of the same customer: between two there are days."""
    return order | {"external_id": f"{order['external_id']}'", "number": f"{order['number']}'", "ordered_at": "2024-05-11T10:00:00Z"}


async def _imports(http: httpx.AsyncClient, secret: str) -> tuple[list[str], list[str]]:
    """Two uploads of which nothing was made yet, and four imports of others."""
    headers, uploads, imports = {"Authorization": f"Bearer {secret}"}, [], []
    for number in range(5):
        sent = await http.post(f"/uploads?name=客户{number}.csv", content=b"Name\nAda\n", headers=headers)
        uploads.append(sent.json()["id"])
    for upload in uploads[1:]:
        body = {"query": _START, "variables": {"input": {"uploadId": upload, "recordType": "CUSTOMER"}}}
        answer = (await http.post("/graphql", json=body, headers=headers)).json()
        imports.append(answer["data"]["startImport"]["import"]["id"])
    body = {"query": "mutation ($id: ID!) { pauseImport(id: $id) { userErrors { message } } }", "variables": {"id": imports[3]}}
    await http.post("/graphql", json=body, headers=headers)
    return uploads, imports


async def world_of(role: str, make_tenant: MakeTenant, http: httpx.AsyncClient, app: Any, foreign: Tenancy) -> World:
    """A tenant of which a member has this role, beside the other tenant."""
    ours = await settle(await make_tenant(), http, [BY_WORD[role].id, *[SERVICE.id] * 4, ADMIN.id])
    secret = (await ours.members[0].sign_in()).access
    for each in ours.members[1:]:
        await each.sign_in()
    ids: Ids = {name: (*some, foreign.records[name][0]) for name, some in ours.records.items()}
    people = [global_id("MEMBER", each.id) for each in ours.members]
    outsider = global_id("MEMBER", foreign.members[0].id)
    ids["Member"] = (*people[:3], outsider)
    ids["Team"] = (ours.teams[0], None, ours.teams[1], foreign.teams[0])
    for name, mine, theirs in (
        ("Import", ours.imports[0], foreign.imports[0]),
        ("Role", ours.role, foreign.role),
        ("ApiKey", ours.api_key, foreign.api_key),
        ("AuditEvent", ours.entry, foreign.entry),
    ):
        ids[name] = (mine, None, None, theirs)
    extra: Mapping[str, tuple[str | None, ...]] = {
        "upload": (ours.uploads[0], None, None, foreign.uploads[0]),
        **{act: (ours.imports[place], None, None, foreign.imports[place]) for place, act in enumerate(("cancel", "pause", "resume"), 1)},
        "removed": (people[0], people[3], people[4], outsider),
    }
    return World(role, ours.actor, foreign.actor, secret, http, app, ids, dict(extra))
