"""A role's grant as it is kept and sent, JSON, and as rights are computed from it. What is wrong in one is refused with its place.

{"permissions": {"CUSTOMER_READ": "OWN", "IMPORT_READ": "ALL"},
 "fields": {"CUSTOMER": {"*": "WRITE", "phone": "MASKED", "custom.shoe_size": "NONE"}},
 "conditions": {"CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}, {"field": "region", "notIn": ["华东"]}]}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenants.access.fields import CUSTOM, field_of
from tenants.access.permissions import NOUNS, ON_RECORDS, Level, Permission, Scope
from tenants.access.rights import OTHERS, Grant, Test
from tenants.refusals import Invalid
from tenants.words import RecordType

CONDITIONS_MOST = 10
VALUES_MOST = 100
FIELDS_MOST = 200

#: What conditions can be about: columns in clear whose values are texts. Of tags any one counts.
TESTED: dict[RecordType, frozenset[str]] = {
    RecordType.CUSTOMER: frozenset({"kind", "gender", "country", "region", "city", "lifecycle", "source", "tags"}),
    RecordType.CONTACT: frozenset(),
    RecordType.ORDER: frozenset({"currency", "payment_method", "status"}),
    RecordType.INTERACTION: frozenset({"channel", "direction", "follow_up"}),
    RecordType.NEED: frozenset({"status"}),
    RecordType.PREFERENCE: frozenset({"kind"}),
}


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    field: str = Field(max_length=200)
    is_in: list[str] | None = Field(None, alias="in", min_length=1, max_length=VALUES_MOST)
    is_not_in: list[str] | None = Field(None, alias="notIn", min_length=1, max_length=VALUES_MOST)


class _Grant(BaseModel):
    model_config = ConfigDict(extra="forbid")

    permissions: dict[Permission, Scope] = {}
    fields: dict[RecordType, dict[str, Level]] = {}
    conditions: dict[RecordType, list[_Condition]] = {}


def grant_of(said: Mapping[str, Any]) -> Grant:
    """The grant that a role's JSON says.

    Raises:
        Invalid: a word there is not, a level the field cannot have, a condition that cannot be.
    """
    try:
        read = _Grant.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise Invalid(f"This cannot be granted: {first['msg']}.", field=[str(part) for part in first["loc"]]) from None
    for permission, scope in read.permissions.items():
        if permission not in ON_RECORDS and scope is not Scope.ALL:
            raise Invalid(f"{permission} is had or not: its scope is ALL.", field=["permissions", permission])
    levels = [(noun, tuple(sorted(_levels(noun, said)))) for noun, said in read.fields.items()]
    tests = [(noun, tuple(sorted(_tests(noun, said), key=repr))) for noun, said in read.conditions.items() if said]
    return Grant(tuple(sorted(read.permissions.items())), tuple(sorted(levels)), tuple(sorted(tests)))


def json_of(grant: Grant) -> dict[str, Any]:
    """A grant as it is kept."""
    return {
        "permissions": {permission.value: scope.value for permission, scope in grant.permissions},
        "fields": {noun.value: {name: level.value for name, level in levels} for noun, levels in grant.levels},
        "conditions": {
            noun.value: [{"field": test.field, "in" if test.is_in else "notIn": list(test.values)} for test in tests]
            for noun, tests in grant.tests
        },
    }


def _levels(noun: RecordType, said: Mapping[str, Level]) -> Iterator[tuple[str, Level]]:
    _check_noun(noun, "fields")
    if len(said) > FIELDS_MOST:
        raise Invalid(f"A role may name {FIELDS_MOST} fields of a noun.", field=["fields", noun])
    for name, level in said.items():
        known = field_of(noun, name)
        if name != OTHERS and known is None:
            raise Invalid(f"A {noun.lower()} has no field {name[:60]}.", field=["fields", noun, name[:60]])
        if known is not None and level.height < known.least.height:
            raise Invalid(f"Whoever may read a {noun.lower()} has {name} at least {known.least}.", field=["fields", noun, name])
        if known is not None and level is Level.MASKED and not known.is_masked:
            raise Invalid(f"No mask can be made of {name}: say NONE, READ or WRITE.", field=["fields", noun, name])
        yield name, level


def _tests(noun: RecordType, said: list[_Condition]) -> Iterator[Test]:
    _check_noun(noun, "conditions")
    if len(said) > CONDITIONS_MOST:
        raise Invalid(f"A role may have {CONDITIONS_MOST} conditions on a noun.", field=["conditions", noun])
    for place, each in enumerate(said):
        where = ["conditions", noun, str(place)]
        is_custom = noun is RecordType.CUSTOMER and each.field.startswith(CUSTOM)
        if each.field not in TESTED[noun] and not is_custom:
            right = ", ".join(sorted(TESTED[noun])) or "nothing"
            raise Invalid(f"No condition can be on {each.field[:60]} of a {noun.lower()}, but on {right}.", field=[*where, "field"])
        if (each.is_in is None) == (each.is_not_in is None):
            raise Invalid("A condition says `in` or `notIn`, one of them.", field=where)
        values = each.is_in if each.is_in is not None else each.is_not_in
        assert values is not None
        if any(len(value) > 200 or "\x00" in value for value in values):
            raise Invalid("A value of a condition has at most 200 characters.", field=where)
        yield Test(each.field, tuple(sorted(set(values))), each.is_in is not None)


def _check_noun(noun: RecordType, place: str) -> None:
    if noun not in NOUNS:
        raise Invalid("An order's lines are a field of it: ORDER, lines.", field=[place, noun])
