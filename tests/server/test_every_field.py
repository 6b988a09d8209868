"""Every field of the schema is read at least once, and is what the schema says it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLScalarType, GraphQLType, get_named_type

from server.schema import schema
from tenants.access.built_in import SERVICE
from tenants.ids import global_id, new_id
from tenants.rules.custom_fields import FieldType, create_field
from tenants.session import Actor, acting_as
from tenants.trail import Event, note
from tenants.trail.sealing import seal
from tenants.words import RecordType
from tests.conftest import MakeTenant
from tests.server.conftest import Ask, KeyOf, Stored
from tests.server.isolation.staff import settle_staff
from tests.server.test_imports import started

#: What a scalar looks like in JSON.
SCALARS: dict[str, type | tuple[type, ...]] = {
    "ID": str,
    "String": str,
    "Int": int,
    "Float": (int, float),
    "Boolean": bool,
    "DateTime": str,
    "Date": str,
    "Decimal": str,
}


#: Fields that lead back to the record around; of it the id is enough.
BACK = {"customer": "{ __typename id }", "order": "{ __typename id }"}


#: Root fields that the domain answers, and their types.
ROOTS = {"tenantSettings": "TenantSettings", "tenantUsage": "TenantUsage"}


def _selection(type_: GraphQLObjectType) -> str:
    """All fields of a type, to the leaves."""
    wanted = ["__typename"]
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        below = BACK.get(name) or (_selection(named) if isinstance(named, GraphQLObjectType) else "")
        wanted.append(f"{name} {below}")
    return f"{{ {' '.join(wanted)} }}"


def _check(value: Any, type_: GraphQLType, place: str) -> None:
    if isinstance(type_, GraphQLNonNull):
        assert value is not None, place
        type_ = type_.of_type
    if value is None:
        return
    if isinstance(type_, GraphQLList):
        for item in value:
            _check(item, type_.of_type, place)
    elif isinstance(type_, GraphQLEnumType):
        assert value in type_.values, place
    elif isinstance(type_, GraphQLScalarType):
        assert isinstance(value, SCALARS.get(type_.name, object)), place
    elif isinstance(type_, GraphQLObjectType):
        if list(value) == ["__typename", "id"]:
            return
        assert list(value) == ["__typename", *type_.fields], place
        for name, field in type_.fields.items():
            _check(value[name], field.type, f"{place}.{name}")


def _fields(type_: str) -> list[str]:
    found = schema._schema.type_map[type_]
    assert isinstance(found, GraphQLObjectType)
    return list(found.fields)


async def _read(graphql: Ask, actor: Actor, type_: str, name: str, list_: str) -> Any:
    found = schema._schema.type_map[type_]
    assert isinstance(found, GraphQLObjectType)
    field = found.fields[name]
    named = get_named_type(field.type)
    below = _selection(named) if isinstance(named, GraphQLObjectType) else ""
    answer = await graphql(f"{{ {list_}(first: 1) {{ nodes {{ {name} {below} }} }} }}", as_=actor, may_reveal=True)
    value = answer[list_]["nodes"][0][name]
    _check(value, field.type, f"{type_}.{name}")
    return value


@pytest.mark.parametrize("name", _fields("Customer"))
async def test_every_field_of_a_customer_and_of_what_belongs_to_it(graphql: Ask, stored: Stored, acme: Actor, name: str) -> None:
    plain = {"name": "Ada", "external_id": "A1", "kind": "PERSON", "company": "Acme", "gender": "FEMALE", "birth_date": "1990-03-05"}
    contact = {"phone": "13812345678", "email": "ada@example.org", "address": "1 Main St", "national_id": "11010519491231002X"}
    place = {"postal_code": "310000", "country": "CN", "region": "浙江", "city": "杭州", "occupation": "Poet"}
    more = {"lifecycle": "ACTIVE", "source": "fair", "owner": "Lin", "tags": "vip"}
    await stored(acme, **plain, **contact, **place, **more)
    linked = {"customer_external_id": "A1"}
    line = {"lines.product": "Tea", "lines.quantity": "2", "lines.unit_price": "3.50", "lines.discount": "0.1"}
    order = {"number": "O1", "ordered_at": "2024-05-01", "payment_method": "ALIPAY", "status": "PAID"}
    await stored(acme, RecordType.ORDER, **linked, **order, **line)
    await stored(acme, RecordType.CONTACT, **linked, name="Eve", job_title="Buyer", phone="12", email="eve@example.org", is_primary="yes")
    spoken = {"direction": "INBOUND", "subject": "Tea", "content": "Wants tea", "follow_up": "OPEN"}
    await stored(acme, RecordType.INTERACTION, **linked, channel="PHONE", occurred_at="2024-05-01 10:00", **spoken)
    await stored(acme, RecordType.NEED, **linked, what="Tea", product_interest="Green", expected_at="2030-01-01", status="OPEN")
    await stored(acme, RecordType.PREFERENCE, **linked, kind="colour", value="green")

    value = await _read(graphql, acme, "Customer", name, "customers")

    assert value or name in ("protectedCustom", "custom", "flags", "verifiedAt")


@pytest.mark.parametrize(("root", "name"), [(root, name) for root in ROOTS for name in _fields(ROOTS[root])])
async def test_every_field_of_what_the_domain_answers(graphql: Ask, make_tenant: MakeTenant, root: str, name: str) -> None:
    rules = {
        **{"unique": ["phone"], "match_by": ["email"], "required": {"CUSTOMER": ["birth_date"]}, "severities": {"BAD_DATE": "WARNING"}},
        **{"sources": ["Messe"], "lifecycles": {"ACTIVE": "在用"}, "retention": {"UPLOADS": 30}},
    }
    actor = await make_tenant(rules=rules)
    async with acting_as(actor):
        await create_field("size", FieldType.NUMBER, {"least": Decimal(1), "most": Decimal(50)}, None)
    type_ = schema._schema.type_map[ROOTS[root]]
    assert isinstance(type_, GraphQLObjectType)
    named = get_named_type(type_.fields[name].type)
    below = _selection(named) if isinstance(named, GraphQLObjectType) else ""

    answer = await graphql(f"{{ {root} {{ {name} {below} }} }}", as_=actor)

    _check(answer[root][name], type_.fields[name].type, f"{ROOTS[root]}.{name}")
    assert answer[root][name] or type(answer[root][name]) is int or name == "lastActiveAt"


@pytest.mark.parametrize("name", _fields("AuditEvent"))
async def test_every_field_of_an_event_of_the_trail(graphql: Ask, stored: Stored, acme: Actor, name: str) -> None:
    await stored(acme, name="Ada")
    async with acting_as(acme):
        await note(Event.REVEAL, subject_type="CUSTOMER", subject_id=new_id(), fields=["phone"], records=[new_id()], purpose="call")
    await seal(acme)

    await _read(graphql, acme, "AuditEvent", name, "auditEvents")


@pytest.mark.parametrize("name", _fields("Import"))
async def test_every_field_of_an_import(graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, name: str) -> None:
    await started(graphql, http, key_of, acme)

    await _read(graphql, acme, "Import", name, "imports")


@pytest.mark.parametrize("name", _fields("ApiKey"))
async def test_every_field_of_an_api_key(graphql: Ask, key_of: KeyOf, acme: Actor, name: str) -> None:
    await key_of(acme, may_reveal=True)  # the one that asks; the newest is read
    making = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }"""
    given = {"networks": ["203.0.113.0/24"], "pointsPerMinute": 600, "expiresAt": "2100-01-01T00:00:00Z"}
    made = await graphql(making, as_=acme, input={"name": "网店", "roleIds": [global_id("ROLE", SERVICE.id)], **given})
    await graphql(
        "mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }",
        as_=acme,
        input={"id": made["createApiKey"]["apiKey"]["id"]},
    )

    value = await _read(graphql, acme, "ApiKey", name, "apiKeys")

    assert value or name in ("madeBy", "revokedAt", "lastUsedAt", "lastAddress", "mayReveal")


@pytest.mark.parametrize(("type_", "list_"), [("Member", "members"), ("Role", "roles"), ("Team", "teams")])
async def test_every_field_of_members_roles_and_teams(graphql: Ask, acme: Actor, type_: str, list_: str) -> None:
    await settle_staff(acme, "Wang")

    for name in _fields(type_):
        await _read(graphql, acme, type_, name, list_)


async def test_every_field_of_what_is_told_of_access(graphql: Ask, stored: Stored, acme: Actor) -> None:
    staff, customer = await settle_staff(acme, "Wang"), await stored(acme, name="Ada")
    query = schema._schema.query_type
    assert query is not None
    asked = {
        "me": "",
        "builtInRoles": "",
        "explainAccess": f'(memberId: "{staff["Member"]["id"]}", recordId: "{customer}", field: "phone")',
        "previewRoleChange": f'(input: {{role: {{id: "{staff["Role"]["id"]}", permissions: [{{permission: CUSTOMER_READ}}]}}}})',
    }

    for name, arguments in asked.items():
        named = get_named_type(query.fields[name].type)
        assert isinstance(named, GraphQLObjectType)
        answer = await graphql(f"{{ {name}{arguments} {_selection(named)} }}", as_=acme)
        assert answer[name]
        _check(answer[name], query.fields[name].type, name)
