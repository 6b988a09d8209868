"""A role's grants as inputs say them, and the JSON they are kept as (`tenants.access.grants`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from server.schema.values import optional
from tenants.access.fields import CUSTOM, FIELDS, SYSTEM
from tenants.access.grants import CONDITIONS_MOST, FIELDS_MOST, VALUES_MOST
from tenants.access.permissions import NOUNS, Level, Permission, Scope
from tenants.access.rights import OTHERS
from tenants.refusals import Invalid
from tenants.words import RecordType

_NAMES = {noun: {to_camel_case(name): name for name in FIELDS[noun]} for noun in NOUNS}
_SYSTEM = {to_camel_case(name): name for name in SYSTEM}

T = TypeVar("T")


@strawberry.input(description="A permission, and how far it reaches.")
class PermissionGrantInput:
    permission: Permission = strawberry.field(description="What may be done.")
    scope: Scope = strawberry.field(description="Whose records. Of a permission that is had or not it is ALL.", default=Scope.ALL)


@strawberry.input(description="What may be done with one field.")
class FieldGrantInput:
    noun: RecordType = strawberry.field(description="Whose field it is. An order's lines are a field of it.")
    field: str = strawberry.field(description="By its name in this schema, `birthDate`; one of your tenant's own as `custom.shoe_size`.")
    level: Level = strawberry.field(description="What may be done with it.")


@strawberry.input(description="What may be done with the fields of a noun that are not named.")
class OtherFieldsGrantInput:
    noun: RecordType = strawberry.field(description="Whose fields they are.")
    level: Level = strawberry.field(description="What may be done with them.")


@strawberry.input(description="A condition on a noun's records: give `in` or `notIn`, 1 to 100 values.")
class ConditionInput:
    noun: RecordType = strawberry.field(description="Whose records.")
    field: str = strawberry.field(
        description="By its name in this schema: a text or word that is not encrypted. Of tags it is enough that one is among the values."
    )
    in_: list[str] | None = optional("It is one of these.", name="in")
    not_in: list[str] | None = optional("It is none of these.")


@strawberry.input
class GrantsInput:
    permissions: list[PermissionGrantInput] | None = optional("What may be done by it, each permission once.")
    fields: list[FieldGrantInput] | None = optional(f"Levels of fields, each field once; at most {FIELDS_MOST} of a noun.")
    other_fields: list[OtherFieldsGrantInput] | None = optional("The level of the fields that are not named, by noun; unsaid it is NONE.")
    conditions: list[ConditionInput] | None = optional(f"At most {CONDITIONS_MOST} on a noun, of at most {VALUES_MOST} values.")

    def changed(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """What a role that grants `before` shall grant: a list that is not given stays as it is.

        Raises:
            Invalid: something is said twice, or of a field there is not.
        """
        fields = before.get("fields", {})
        named = _by_noun((noun, name, level) for noun, levels in fields.items() for name, level in levels.items() if name != OTHERS)
        others = _by_noun((noun, name, level) for noun, levels in fields.items() for name, level in levels.items() if name == OTHERS)
        if _is_given(self.fields):
            named = _by_noun(
                (each.noun, stored_name(each.noun, each.field, ["fields", str(place), "field"]), each.level)
                for place, each in _each(self.fields)
            )
        if _is_given(self.other_fields):
            others = _by_noun((each.noun, OTHERS, each.level) for _, each in _each(self.other_fields))
        permissions = before.get("permissions", {})
        if _is_given(self.permissions):
            permissions = _once(((each.permission.value, each.scope.value) for _, each in _each(self.permissions)), ["permissions"])
        conditions = before.get("conditions", {})
        if _is_given(self.conditions):
            conditions = _conditions(self.conditions)
        merged = {noun: named.get(noun, {}) | others.get(noun, {}) for noun in sorted({*named, *others})}
        return {"permissions": permissions, "fields": merged, "conditions": conditions}


def _conditions(said: list[ConditionInput] | None) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for place, each in _each(said):
        values = {name: value for name, value in (("in", each.in_), ("notIn", each.not_in)) if _is_given(value) and value is not None}
        found.setdefault(each.noun.value, []).append(
            {"field": stored_name(each.noun, each.field, ["conditions", str(place), "field"]), **values}
        )
    return found


def _by_noun(said: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for noun, name, level in said:
        found.setdefault(str(noun), []).append((name, str(level)))
    return {noun: _once(levels, ["fields", noun]) for noun, levels in found.items()}


def _once(said: Iterable[tuple[str, str]], place: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, word in said:
        if name in found:
            raise Invalid(f"{name[:60]} is said twice.", field=[*place, name[:60]])
        found[name] = word
    return found


def field_name(name: str) -> str:
    """A field's name in this schema."""
    return name if name.startswith(CUSTOM) else to_camel_case(name)


def stored_name(noun: RecordType, name: str, place: list[str], *, with_system: bool = False) -> str:
    """The name that roles have for a field of this schema.

    Args:
        with_system: fields that nobody may be denied are some, too.

    Raises:
        Invalid: there is no such field, or it is none of which a role could say something.
    """
    if name.startswith(CUSTOM):
        return name
    names = _NAMES.get(noun, {})
    found = (_SYSTEM | names).get(name) if with_system else names.get(name)
    if found is None:
        known = ", ".join(sorted(names)) or "none: an order's lines are the field `lines` of ORDER"
        why = "can be read by whoever may read the record" if name in _SYSTEM else f"is no field of a {noun.lower()}"
        raise Invalid(f"{name[:60]} {why}. Its fields: {known}.", field=place)
    return found


def grants_in(said: Mapping[str, Any]) -> GrantsInput:
    """The grants among the values of an input as a request gave them, by their names in the schema."""

    def each(name: str, type_: type[T], names: Mapping[str, str]) -> list[T] | None:
        found: list[dict[str, Any]] | None = said.get(name)
        return (
            strawberry.UNSET if found is None else [type_(**{names.get(key, key): value for key, value in item.items()}) for item in found]
        )

    return GrantsInput(
        permissions=each("permissions", PermissionGrantInput, {}),
        fields=each("fields", FieldGrantInput, {}),
        other_fields=each("otherFields", OtherFieldsGrantInput, {}),
        conditions=each("conditions", ConditionInput, {"in": "in_", "notIn": "not_in"}),
    )


def _each(said: list[T] | None) -> Iterable[tuple[int, T]]:
    return enumerate(said or ())


def _is_given(value: object) -> bool:
    return value is not strawberry.UNSET
