"""Inputs of mutations made from the schema: one that is right, and for each of its leaves one with another tenant's value there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type, is_required_input_field

from tenants.access.built_in import SERVICE
from tenants.ids import global_id
from tests.server.isolation.cases import ELSE
from tests.server.isolation.foreign import CANARY, KEY, Foreign
from tests.server.isolation.staff import Staff
from tests.server.reference.store import Store
from tests.server.reference.writing import is_leaf

#: Types of leaves that hold no reference to a record and no text of one.
WITHOUT = {"Int", "Boolean", "Decimal"}
#: What a leaf has to be for the rest to be looked at.
RIGHT = {"orderedAt": "2026-01-05", "occurredAt": "2026-01-05", "number": "N1", "field": "city", "column": "Name", "quantity": "1"}
RIGHT |= {"unitPrice": "1", "what": "tea", "kind": "drink", "value": "tea", "name": "Ada", "product": "Tea", "email": "ada@example.org"}
RIGHT |= {"issuer": "https://login.example.org", "emailDomains": "example.org", "clientSecret": "x"}
#: What may be left out, but not at the first time.
ALSO = {"clientSecret"}
#: The field of its own that a mutation is about: a new one, or one that the tenant has.
OWN_FIELDS = {"createCustomField": "collar", "updateCustomField": "note", "deleteCustomField": "note"}


@dataclass(frozen=True)
class Leaf:
    """A leaf of an input by its path, in which 0 is the item of a list. `is_named`: it names a record, or finds one by its key."""

    path: tuple[str | int, ...]
    type: str
    is_named: bool


def leaves(type_: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Every leaf of an input that can hold what belongs to somebody."""
    named: Any = get_named_type(type_)
    if is_leaf(named):
        if not hasattr(named, "values") and named.name not in WITHOUT:
            assert named.name in ELSE, f"nobody has said what another tenant's {named.name} would be"
            yield Leaf(path, named.name, named.name == "ID" or path[-2:-1] == ("customer",))
        return
    for name, field in named.fields.items():
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        below = (*path, name, 0) if isinstance(bare, GraphQLList) else (*path, name)
        yield from leaves(field.type, below)


@dataclass(frozen=True)
class Base:
    """What an input needs to be right: records of the tenant that asks, an upload and an API key of its own."""

    mutation: str
    ours: Store
    upload: str
    api_key: str
    staff: Staff

    def completed(self, type_: Any, given: Any) -> Any:
        """An input with what it lacks."""
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(bare, GraphQLList):
            return [self.completed(bare.of_type, each) for each in given]
        if not isinstance(bare, GraphQLInputObjectType) or given is None:
            return given
        for name, field in bare.fields.items():
            if name in given:
                given[name] = self.completed(field.type, given[name])
            elif is_required_input_field(field) or name in ALSO:
                given[name] = self._one(field.type, name)
        if self.mutation.startswith("create") and "customerId" in bare.fields and not {"customerId", "customer"} & given.keys():
            given["customerId"] = self.ours.rows["Customer"][0].global_id
        return given

    def _one(self, type_: Any, name: str) -> Any:
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(bare, GraphQLList):
            return [self._one(bare.of_type, name)]
        if isinstance(bare, GraphQLInputObjectType):
            return self.completed(bare, {})
        if bare.name == "ID" and self.mutation.endswith("ApiKey"):
            return global_id("ROLE", SERVICE.id) if name == "roleIds" else self.api_key
        if bare.name == "ID":
            return self.upload if name == "uploadId" else self._id(_NAMED_BY.get(name) or noun_of(self.mutation))
        if self.mutation in OWN_FIELDS and name == "name":
            return OWN_FIELDS[self.mutation]
        if hasattr(bare, "values"):
            return RIGHT[name] if RIGHT.get(name) in bare.values else next(iter(bare.values))
        return RIGHT.get(name, "1")

    def _id(self, noun: str) -> str:
        return self.staff[noun]["id"] if noun in self.staff else self.ours.rows[noun][0].global_id


#: Leaves that name another noun than their mutation is about.
_NAMED_BY = {"roleIds": "Role", "memberIds": "Member", "memberId": "Member"}
_ABOUT = {"setMemberRoles": "Member", "setTeamMembers": "Team", "endMemberSessions": "Member", "inviteMember": "Member"}


def noun_of(mutation: str) -> str:
    """The noun a mutation is about: `updateOrder` → Order."""
    if mutation in _ABOUT:
        return _ABOUT[mutation]
    noun = mutation.removeprefix("create").removeprefix("update").removeprefix("delete").removeprefix("upsert").removesuffix("s")
    assert noun in ("Customer", "Contact", "Order", "Interaction", "Need", "Preference", "Role", "Team"), f"what is {mutation} about?"
    return noun


def values(leaf: Leaf, mutation: str, foreign: Foreign) -> list[Any]:
    """What another tenant has that could stand in a leaf."""
    name = str(leaf.path[-1]) if leaf.path[-1] != 0 else str(leaf.path[-2])
    if leaf.type == "ID":
        return list(foreign.ids)
    if mutation.endswith("ApiKey") and isinstance(own := foreign.value("ApiKey", name), str):
        return [own]
    if name == "idempotencyKey":
        return [KEY]
    if mutation == "inviteMember" and name in ("name", "email"):
        return [foreign.value("Member", name)]
    nouns = ["Customer"] if leaf.is_named else ["Customer", "Contact", "Order", "Interaction", "Need", "Preference"]
    found = [value for noun in nouns if isinstance(value := foreign.value(noun, name), str)]
    return list(dict.fromkeys(found)) or [ELSE[leaf.type] if leaf.type != "String" else f"{CANARY} text"]


def put(leaf: Leaf, value: Any) -> dict[str, Any]:
    """The part of an input that holds a value in one leaf."""
    made: Any = value
    for step in reversed(leaf.path):
        made = [made] if step == 0 else {step: made}
    found: dict[str, Any] = made
    return found
