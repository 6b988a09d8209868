"""The boundary between the planner and graphql-core: who answers which field; a new root field has to be put on one side of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, OperationType, get_named_type
from graphql.execution import Executor

from server.reads.places import ById, ByIds, Computed, Event, Place, ReadBack, Related, Report, Told, place_of, table_of
from server.schema import schema
from tenants.session import Actor
from tests.server.conftest import Ask, Stored

#: Fields answered by a plan alone: no resolver is called for them or for anything below.
BY_PLAN = {
    "Query": {
        *("node", "nodes", "customer", "customers", "contacts", "orders", "interactions", "needs", "preferences"),
        *("customerStats", "customerSpending", "popularProducts", "preferencesByRegion", "import", "imports", "apiKey", "apiKeys"),
        *("auditEvent", "auditEvents", "members", "roles", "teams"),
    },
}
#: Fields that a function answers, beside what is read.
COMPUTED = {
    "Query": {
        *("estimate", "me", "mySchema", "builtInRoles", "explainAccess", "previewRoleChange", "tenantSettings", "tenantUsage"),
        *("identityProvider", "memberSessions"),
    }
}
#: Fields whose resolver acts, or listens; a plan reads what it returns.
BY_RESOLVER = {
    "Mutation": {
        *(f"{act}{noun}" for act in ("create", "update", "delete") for noun in ("Customer", "Contact", "Order", "Interaction")),
        *(f"{act}{noun}" for act in ("create", "update", "delete") for noun in ("Need", "Preference")),
        *(f"{act}{noun}" for act in ("create", "update", "delete") for noun in ("Role", "Team")),
        *("inviteMember", "setMemberRoles", "suspendMember", "resumeMember", "removeMember", "setTeamMembers"),
        *("upsertCustomers", "startImport", "cancelImport", "pauseImport", "resumeImport"),
        *("updateTenantSettings", "createCustomField", "updateCustomField", "deleteCustomField"),
        *("setIdentityProvider", "removeIdentityProvider", "endMemberSessions"),
        *("createApiKey", "updateApiKey", "rotateApiKey", "endFormerSecrets", "revokeApiKey"),
    },
    "Subscription": {"customerChanged", "importProgress"},
}
#: Documents of which graphql-core's executor runs any field: introspection, which no other field may stand beside.
BY_GRAPHQL_CORE = ["{ __schema { queryType { name } } }", '{ __type(name: "Customer") { name fields { name } } }']

#: Types whose records lie in tables.
RECORDS = {
    *("Customer", "Contact", "Order", "OrderLine", "Interaction", "Need", "Preference"),
    *("Import", "ApiKey", "AuditEvent", "Member", "Role", "Team"),
}
#: The one field of a record that asks the domain, record by record.
ASKED = {"Import.problems"}


def _types() -> Iterator[GraphQLObjectType]:
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and "strawberry-definition" in type_.extensions:
            yield type_


def _place(type_: GraphQLObjectType, name: str) -> Place | None:
    return place_of(type_.fields[name].extensions["strawberry-definition"])


def _is_resolved(type_: GraphQLObjectType, name: str) -> bool:
    return type_.fields[name].extensions["strawberry-definition"].base_resolver is not None


@pytest.mark.parametrize("operation", list(OperationType))
def test_every_root_field_is_on_one_side_of_the_boundary(operation: OperationType) -> None:
    root = schema._schema.get_root_type(operation)
    assert root is not None
    sides = [side.get(root.name, set()) for side in (BY_PLAN, COMPUTED, BY_RESOLVER)]

    assert sorted(name for side in sides for name in side) == sorted(root.fields)


def test_a_root_field_is_answered_as_this_file_says() -> None:
    by_plan = {
        name
        for name in schema._schema.query_type.fields
        if isinstance(_place(schema._schema.query_type, name), ById | ByIds | Related | Report)
    }  # type: ignore[union-attr]  # there is one
    root = schema._schema.query_type
    assert root is not None
    computed = {name for name in root.fields if isinstance(_place(root, name), Computed)}
    by_resolver = {type_.name: {name for name in type_.fields if _is_resolved(type_, name)} for type_ in _types()}

    assert by_plan == BY_PLAN["Query"]
    assert computed == COMPUTED["Query"]
    assert {name: fields for name, fields in by_resolver.items() if fields} == BY_RESOLVER


def test_every_type_that_has_records_is_known_here_and_its_fields_have_places() -> None:
    records = [type_ for type_ in _types() if table_of(type_.extensions["strawberry-definition"].origin)]

    assert {type_.name for type_ in records} == RECORDS
    assert [f"{type_.name}.{name}" for type_ in records for name in type_.fields if _place(type_, name) is None] == []
    assert {f"{type_.name}.{name}" for type_ in records for name in type_.fields if isinstance(_place(type_, name), Told)} == ASKED


def test_a_record_in_a_payload_or_an_event_is_read_back_by_a_plan() -> None:
    outside = [type_ for type_ in _types() if type_.name not in RECORDS and not type_.name.endswith(("Connection", "Edge"))]
    found = {
        f"{type_.name}.{name}": _place(type_, name)
        for type_ in outside
        for name, field in type_.fields.items()
        if get_named_type(field.type).name in RECORDS and type_.name not in ("Query", "CustomerSpending")
    }

    assert len(found) > 12
    assert {name for name, place in found.items() if not isinstance(place, ReadBack | Event)} == set()


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the fields that graphql-core's executor has executed, while it goes on doing so."""
    seen: list[str] = []
    original = Executor.execute_fields

    def noting(self: Executor, parent: GraphQLObjectType, *rest: object, **more: object) -> object:
        seen.append(parent.name)
        return original(self, parent, *rest, **more)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(Executor, "execute_fields", noting)
    return seen


@pytest.mark.parametrize("document", BY_GRAPHQL_CORE)
async def test_introspection_is_graphql_cores(graphql: Ask, acme: Actor, executed: list[str], document: str) -> None:
    answer = await graphql(document, as_=acme)

    assert answer.errors == []
    assert executed


async def test_nothing_else_is(graphql: Ask, stored: Stored, acme: Actor, executed: list[str]) -> None:
    id = await stored(acme, name="张三丰")
    reading = """query ($id: ID!) { __typename customers { __typename nodes { name orders { totalCount } } } node(id: $id) { id }
      customerStats { customers } tenantSettings { name } estimate(document: "{ customers { totalCount } }") { cost } }"""
    writing = 'mutation ($id: ID!) { updateCustomer(input: {id: $id, city: "杭州"}) { customer { city } userErrors { code } } }'

    assert (await graphql(reading, as_=acme, id=id))["customers"]["nodes"][0]["name"] == "张三丰"
    assert (await graphql(writing, as_=acme, id=id))["updateCustomer"]["customer"] == {"city": "杭州"}
    assert executed == []


async def test_introspection_stands_in_a_request_of_its_own(graphql: Ask, acme: Actor) -> None:
    answer = await graphql("{ __schema { queryType { name } } customers { totalCount } }", as_=acme)

    assert answer.codes == ["TOO_LARGE"]
