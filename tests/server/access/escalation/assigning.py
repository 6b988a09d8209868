"""Attempts to say what is not the caller's to say: tenants, roles, owners and the like, in every input, argument, body and header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from server.schema import schema

#: What no input says, by the names that somebody would try; where an input has such a field of its own it is left out.
NAMES: dict[str, Any] = {
    "tenantId": "{tenant}",
    "tenant": "{tenant}",
    "tenant_id": "{tenant}",
    "id": "{id}",
    "ownerId": "{member}",
    "owner_id": "{member}",
    "madeBy": "{member}",
    "madeByKey": "{id}",
    "memberId": "{member}",
    "personId": "{member}",
    "roleIds": ["{role}"],
    "role_ids": ["{role}"],
    "roles": ["ADMIN"],
    "grants": {"permissions": {"CUSTOMER_READ": "ALL"}},
    "permissions": [],
    "isAdmin": True,
    "status": "ACTIVE",
    "version": 1,
    "verifiedAt": "2024-01-01T00:00:00Z",
    "createdAt": "2024-01-01T00:00:00Z",
    "updatedAt": "2024-01-01T00:00:00Z",
    "flags": [],
    "hash": "x",
    "secret": "kelu_x",
    "mayReveal": True,
    "actor": {"kind": "OPERATOR"},
}


@dataclass(frozen=True)
class Assignment:
    """A mutation that says one thing too much; `path` leads to where."""

    mutation: str
    path: str
    name: str
    document: str
    variables: dict[str, Any]


def inputs_of(type_: Any, path: tuple[str, ...], seen: frozenset[str]) -> Iterator[tuple[tuple[str, ...], GraphQLInputObjectType]]:
    """Each input below one, with the path to it; `[]` is the item of a list."""
    named: Any = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return
    yield path, named
    for name, field in named.fields.items():
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        below = (*path, name, "[]") if isinstance(bare, GraphQLList) else (*path, name)
        yield from inputs_of(field.type, below, seen | {named.name})


def _at(path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    return [_at(tuple(rest), value)] if first == "[]" else {first: _at(tuple(rest), value)}


def _in_inputs() -> Iterator[Assignment]:
    mutation: Any = schema._schema.mutation_type
    done: set[str] = set()
    for act, field in mutation.fields.items():
        if "input" not in field.args:
            continue
        of = field.args["input"].type
        document = f"mutation ($input: {of}) {{ {act}(input: $input) {{ userErrors {{ code }} }} }}"
        for path, below in inputs_of(of, (), frozenset()):
            if below.name in done:
                continue
            done.add(below.name)
            for name, value in NAMES.items():
                if name not in below.fields:
                    yield Assignment(act, ".".join(path), name, document, {"input": _at(path, {name: value})})


def _in_arguments() -> Iterator[Assignment]:
    mutation: Any = schema._schema.mutation_type
    for act in mutation.fields:
        for name in ("tenantId", "actor", "asMember"):
            yield Assignment(act, "arguments", name, f'mutation {{ {act}({name}: "x") {{ userErrors {{ code }} }} }}', {})
    query: Any = schema._schema.query_type
    for name in query.fields:
        yield Assignment(name, "arguments", "tenantId", f'{{ {name}(tenantId: "x") {{ __typename }} }}', {})


ASSIGNMENTS = [*_in_inputs(), *_in_arguments()]

#: Headers that somebody else's server may believe.
HEADERS: dict[str, str] = {
    "X-Tenant-Id": "{tenant}",
    "X-Tenant": "{tenant}",
    "X-Kelu-Tenant": "{tenant}",
    "X-Kelu-Actor": "OPERATOR",
    "X-Kelu-Member": "{member}",
    "X-Kelu-Roles": "ADMIN",
    "X-Kelu-Reveal": "true",
    "X-Forwarded-User": "{member}",
    "X-Remote-User": "{member}",
    "X-Original-Url": "/graphql?tenant={tenant}",
    "X-Http-Method-Override": "PUT",
    "X-User-Id": "{member}",
    "X-Auth-Request-User": "{member}",
    "Forwarded": "for=127.0.0.1;by=operator",
    "X-Forwarded-For": "127.0.0.1",
    "X-Api-Key": "{member}",
    "Proxy-Authorization": "Bearer {member}",
    "Cookie": "tenant={tenant}; role=ADMIN; member={member}",
    "X-Hasura-Role": "admin",
    "X-Role": "ADMIN",
    "Host": "{tenant}.kelu.test",
    "X-Forwarded-Host": "{tenant}.kelu.test",
}
#: Members of a request's body, and of a socket's first message, that are not looked at.
MEMBERS: dict[str, Any] = {
    "tenant": "{tenant}",
    "tenantId": "{tenant}",
    "actor": {"kind": "OPERATOR", "tenantId": "{tenant}"},
    "member": "{member}",
    "memberId": "{member}",
    "roles": ["ADMIN"],
    "roleIds": ["{role}"],
    "rights": {"permissions": {"CUSTOMER_READ": "ALL"}},
    "mayReveal": True,
    "isAdmin": True,
    "kind": "OPERATOR",
    "context": {"tenant_id": "{tenant}"},
    "session": "{member}",
    "purpose": "everything",
    "token": "{member}",
    "headers": {"X-Kelu-Tenant": "{tenant}"},
}
#: What comes by a query's string.
PARAMETERS = {"tenant": "{tenant}", "tenantId": "{tenant}", "role": "ADMIN", "member": "{member}", "as": "OPERATOR", "access_token": "x"}


def filled(value: Any, of: dict[str, str]) -> Any:
    """A value with what stands for somebody else's in it."""
    if isinstance(value, dict):
        return {key: filled(each, of) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, of) for each in value]
    if isinstance(value, str):
        for name, text in of.items():
            value = value.replace(f"{{{name}}}", text)
    return value
