"""mySchema shows everybody exactly what he may use: what is gone would be refused, and what is left is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_required_argument,
    parse,
    validate,
    validate_schema,
)

from server.reads.execute import Road
from server.reads.places import PERMISSION
from server.schema import schema
from server.schema.access.my_schema import sdl_for
from server.schema.access.seeing import DRAFTS
from tenants.access.built_in import BUILT_IN
from tenants.access.fields import FIELDS
from tenants.access.grants import grant_of
from tenants.access.permissions import NOUNS, ON_RECORDS, Level, Permission, Scope
from tenants.access.rights import NOTHING_GRANTED, Grant, Rights, rights_of
from tenants.installation import Installation
from tenants.session import Actor, ActorKind
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.conftest import Stored
from tests.server.isolation.cases import asking, ways

WHOLE = schema._schema
_LISTS = {
    f"{noun}Filter": list_
    for noun, list_ in {
        **{"Customer": "customers", "Contact": "contacts", "Order": "orders", "Interaction": "interactions"},
        **{"Need": "needs", "Preference": "preferences", "Import": "imports", "Member": "members", "Role": "roles", "Team": "teams"},
    }.items()
}


def random_grant(random_: random.Random) -> Grant:
    """A role of some permissions and levels."""
    scopes = {each: random_.choice(list(Scope)) if each in ON_RECORDS else Scope.ALL for each in Permission if random_.random() < 0.6}
    if random_.random() < 0.8:
        scopes[Permission.CUSTOMER_READ] = Scope.ALL
    levels = {}
    for noun in NOUNS:
        named = {}
        for name, field in FIELDS[noun].items():
            could = [each for each in Level if each.height >= field.least.height and (each is not Level.MASKED or field.is_masked)]
            if random_.random() < 0.4:
                named[name] = random_.choice(could).value
        levels[noun.value] = named | {"*": random_.choice(list(Level)).value}
    return grant_of({"permissions": {each.value: scope.value for each, scope in scopes.items()}, "fields": levels})


ROLES = {role.word: rights_of([role.grant]) for role in BUILT_IN.values()} | {
    f"random {seed}": rights_of(random_grant(random.Random(seed + each)) for each in (0, 1_000)[: seed % 2 + 1]) for seed in range(4)
}


@cache
def seen(rights: Rights) -> GraphQLSchema:
    return build_schema(sdl_for(WHOLE, rights))


@pytest.fixture(scope="module")
def road(opened: Installation) -> Road:
    return Road(WHOLE)


def refusal(road: Road, document: str, rights: Rights) -> str:
    """The code by which a document is refused when it is planned, or nothing."""
    try:
        road._check(road.asked(road.documents.checked(document), None, {}), Actor(UUID(int=1), ActorKind.MEMBER, UUID(int=2), rights))
        road.cost(document, None, {}, rights)
    except GraphQLError as error:
        code: str = (error.extensions or {}).get("code", "")
        return code
    return ""


def documents() -> Iterator[tuple[str, str]]:
    """A document for every field that can be read without an argument, for every test of a filter and every key of an order."""
    for name in ways(WHOLE):
        type_ = WHOLE.type_map[name]
        if name.startswith("Protected"):
            continue  # whether a value is told in clear is seen when it is read
        if isinstance(type_, GraphQLObjectType) and not name.endswith(("Connection", "Edge")) and name != "PageInfo":
            for field, definition in type_.fields.items():
                if not any(is_required_argument(each) for each in definition.args.values()):
                    yield f"{name}.{field}", asking(WHOLE, type_, field, {}, "{ __typename }").replace("()", "")
    for filter_, list_ in _LISTS.items():
        inputs: Any = WHOLE.type_map[filter_]
        for field in inputs.fields:
            yield f"{filter_}.{field}", f"{{ {list_}(filter: {{{field}: {_test(inputs, field)}}}) {{ totalCount }} }}"
        order: Any = WHOLE.type_map.get(f"{filter_.removesuffix('Filter')}OrderField")
        for key in order.values:
            yield f"{list_} by {key}", f"{{ {list_}(orderBy: [{{field: {key}}}]) {{ totalCount }} }}"
    grouping: Any = WHOLE.type_map["CustomerGrouping"]
    for group in grouping.values:
        yield f"grouped by {group}", f"{{ customerStats(groupBy: [{group}]) {{ customers }} }}"
    yield "search", '{ customers(search: "张") { totalCount } }'


def _test(inputs: GraphQLInputObjectType, field: str) -> str:
    below: Any = get_named_type(inputs.fields[field].type)
    if field in ("and", "or"):
        return "[]"
    if field == "not":
        return "{}"
    if field == "custom":
        return '[{name: "level", text: {eq: "a"}}]'
    if "some" in below.fields:
        return '{some: {id: {eq: "x"}}}'
    if "and" in below.fields:
        return '{id: {eq: "x"}}'
    if "isNull" in below.fields:
        return "{isNull: true}"
    operator, definition = next(iter(below.fields.items()))
    return f"{{{operator}: {chr(34) + 'a' + chr(34) if str(definition.type) in ('String', 'ID') else '[]'}}}"


DOCUMENTS = list(documents())


@pytest.mark.parametrize("name", ROLES)
def test_it_is_a_sound_schema_of_what_there_is(name: str) -> None:
    found = seen(ROLES[name])

    assert validate_schema(found) == []
    for type_name, type_ in found.type_map.items():
        whole: Any = WHOLE.type_map[type_name]
        for part in ("fields", "values"):
            mine: Any = getattr(type_, part, None) or {}
            assert list(mine) == [each for each in getattr(whole, part, None) or {} if each in mine], type_name


@pytest.mark.parametrize("name", ROLES)
def test_what_is_gone_would_be_refused_and_what_is_left_would_not(road: Road, name: str) -> None:
    rights, wrong = ROLES[name], []
    for label, document in DOCUMENTS:
        is_shown = validate(seen(rights), parse(document)) == []
        code = refusal(road, document, rights)
        assert code in ("", "NOT_ALLOWED"), (label, code)
        if is_shown != (code == ""):
            wrong.append((label, is_shown, code))

    assert len(DOCUMENTS) > 300
    assert wrong == []


def test_an_admin_sees_all_of_it_and_nobody_who_he_is() -> None:
    assert set(seen(ROLES["ADMIN"]).type_map) == set(WHOLE.type_map)
    assert all(
        list(getattr(type_, "fields", {}) or {}) == list(getattr(WHOLE.type_map[name], "fields", {}) or {})
        for name, type_ in seen(ROLES["ADMIN"]).type_map.items()
    )
    nobody = seen(NOTHING_GRANTED)
    assert nobody.query_type is not None
    assert list(nobody.query_type.fields) == ["me", "mySchema", "estimate"]
    assert (nobody.mutation_type, nobody.subscription_type) == (None, None)
    assert "Customer" not in nobody.type_map


async def test_roots_with_permissions_are_there_for_who_has_them(acme: Actor, make_member: MakeMember) -> None:
    query: Any = WHOLE.query_type
    plain = [name for name, field in query.fields.items() if not any(is_required_argument(each) for each in field.args.values())]
    for role in BUILT_IN.values():
        member, mine = await make_member(acme, role.word), seen(rights_of([role.grant]))
        for name in plain:
            below = "" if name == "mySchema" else "{ __typename }"
            answer = await member.ask(f"{{ {name} {below} }}")
            assert (answer.codes == ["NOT_ALLOWED"]) == (name not in mine.query_type.fields), (role.word, name)  # type: ignore[union-attr]  # it has one


async def test_mutations_are_there_for_who_may_do_them(acme: Actor, make_member: MakeMember) -> None:
    root: Any = WHOLE.mutation_type
    for role in BUILT_IN.values():
        member, mutation = await make_member(acme, role.word), seen(rights_of([role.grant])).mutation_type
        for name, field in root.fields.items():
            given = {each: _nobodys(argument.type) for each, argument in field.args.items() if is_required_argument(argument)}
            of = ", ".join(f"${each}: {field.args[each].type}" for each in given)
            passed = ", ".join(f"{each}: ${each}" for each in given)
            document = f"mutation ({of}) {{ done: {name}({passed}) {{ userErrors {{ code message }} }} }}".replace("()", "")
            answer = await member.ask(document, **given)
            refused = [each["message"] for each in answer["done"]["userErrors"] if each["message"].startswith("Your roles do not give you")]
            assert bool(refused) == (mutation is None or name not in mutation.fields), (role.word, name, answer.body)


def _nobodys(type_: Any) -> Any:
    """An input as small as it can be, of what nobody has."""
    named: Any = get_named_type(type_)
    if "List" in type(getattr(type_, "of_type", None)).__name__ or str(type_).startswith("["):
        return []
    if isinstance(named, GraphQLInputObjectType):
        return {
            name: _nobodys(field.type)
            for name, field in named.fields.items()
            if str(field.type).endswith("!") and field.default_value is not None
        }
    if hasattr(named, "values"):
        return next(iter(named.values))
    return {"ID": "cus_" + "7" * 32, "Int": 1, "Boolean": False}.get(named.name, "x")


@pytest.mark.parametrize("name", ROLES)
def test_subscriptions_are_there_for_who_may_hear_them(name: str) -> None:
    root: Any = WHOLE.subscription_type
    needed = {each: field.extensions["strawberry-definition"].metadata[PERMISSION] for each, field in root.fields.items()}
    mine: Any = seen(ROLES[name]).subscription_type

    assert set(mine.fields if mine else ()) == {each for each, permission in needed.items() if ROLES[name].may(permission)}


def test_every_input_that_is_a_draft_is_known() -> None:
    drafts = {
        name
        for name, type_ in WHOLE.type_map.items()
        if isinstance(type_, GraphQLInputObjectType) and {"externalId"} & type_.fields.keys() and not name.endswith("Filter")
    }

    assert drafts <= {*DRAFTS, "CustomerLinkInput"}
    assert set(DRAFTS) <= set(WHOLE.type_map)


async def test_a_field_of_an_input_is_there_for_who_may_write_it(
    acme: Actor, make_member: MakeMember, make_role: MakeRole, stored: Stored
) -> None:
    grants = {
        "permissions": {"CUSTOMER_READ": "ALL", "CUSTOMER_UPDATE": "ALL"},
        "fields": {"CUSTOMER": {"*": "READ", "name": "WRITE", "city": "WRITE", "tags": "WRITE", "phone": "MASKED", "gender": "NONE"}},
    }
    lin, customer = await make_member(acme, await make_role(acme, grants)), await stored(acme, name="Ada")
    whole: Any = WHOLE.type_map["UpdateCustomerInput"]
    values = {"kind": "PERSON", "gender": "FEMALE", "lifecycle": "ACTIVE", "tags": ["vip"], "birthDate": "1990-01-02", "country": "CN"}
    shown: Any = seen(rights_of([grant_of(grants)])).type_map["UpdateCustomerInput"]

    for name in whole.fields.keys() - {"id", "version", "custom"}:
        document = "mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { userErrors { code } } }"
        answer = await lin.ask(document, input={"id": customer, name: values.get(name, "x")})
        codes = [each["code"] for each in answer["updateCustomer"]["userErrors"]]
        assert ("NOT_ALLOWED" in codes) == (name not in shown.fields), (name, codes)
    assert {"name", "city", "tags"} < shown.fields.keys()


async def test_it_is_told_over_graphql_and_costs_what_introspection_does(acme: Actor, make_member: MakeMember) -> None:
    answer = await (await make_member(acme, "SERVICE")).ask("{ mySchema }")

    assert answer["mySchema"] == sdl_for(WHOLE, ROLES["SERVICE"])
    assert "nationalId" not in answer["mySchema"]
    assert "value" not in seen(ROLES["SERVICE"]).type_map["ProtectedText"].fields  # type: ignore[attr-defined]  # an object
    assert "value" in seen(ROLES["MANAGER"]).type_map["ProtectedText"].fields  # type: ignore[attr-defined]  # as above
