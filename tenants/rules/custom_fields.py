"""Custom fields: those a tenant has added to its customers; made, changed, and taken away with their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from tenants import jobs
from tenants.ids import new_id
from tenants.jobs import JobKind
from tenants.refusals import Conflict, Invalid, NotFound, TooLarge
from tenants.rules.hold import hold_alone
from tenants.rules.trace import noted
from tenants.session import session

FIELDS_MOST = 100
CHOICES_MOST = 200
LABEL_LONGEST = 100
CHOICE_LONGEST = 200

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER_MOST = Decimal(10) ** 18


class FieldType(StrEnum):
    """What the values of a custom field are."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"
    CHOICE = "CHOICE"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field as it is stored. One that is retired takes no values any more, and is gone when those there were are cleared."""

    id: UUID
    name: str
    label: str
    type: FieldType
    is_required: bool
    is_sealed: bool
    choices: Sequence[str]
    least: Decimal | None
    most: Decimal | None
    is_retired: bool


async def custom_fields() -> list[CustomField]:
    """The fields of the tenant we act in, by name."""
    rows = await session().connection.fetch(_READ, session().tenant_id)
    return [CustomField(**{**row, "type": FieldType(row["type"])}) for row in rows]


async def create_field(name: str, type: FieldType, given: Mapping[str, Any], version: int | None) -> None:
    """Add a field. It is empty in all customers; if it is required, each gets a value when it is next written.

    Args:
        given: `label`, `is_required`, `is_sealed`, `choices`, `least`, `most`, each optional.

    Raises:
        Invalid: a value cannot be.
        Conflict: there is one of this name, or the settings were changed since that version.
        TooLarge: there are too many.
    """
    await hold_alone(version)
    fields = await custom_fields()
    if not _NAME.fullmatch(name):
        raise Invalid("A field's name is up to 40 small letters, digits and underscores, and begins with a letter.", field=["name"])
    _refuse_taken(name, fields)
    if len(fields) >= FIELDS_MOST:
        raise TooLarge(f"There are {FIELDS_MOST} fields already, which is the limit.")
    made = _checked(CustomField(new_id(), name, given.get("label") or name, type, False, False, (), None, None, False), given)
    await session().connection.execute(_CREATE, session().tenant_id, made.id, made.name, made.type.value, *_values(made))
    await _touched(name)


async def change_field(name: str, given: Mapping[str, Any], version: int | None) -> None:
    """Change what is given of a field. Stored values stay as they are, and are looked at when their customer is next written.

    Whether it is sealed can be changed only while no customer has a value of it.

    Raises:
        NotFound: there is none of this name.
        Invalid: a value cannot be.
        Conflict: values are stored, a role has a condition on what is to be sealed, or the settings were changed since that version.
    """
    await hold_alone(version)
    before = await _field(name)
    after = _checked(before, given)
    if after.is_sealed != before.is_sealed and await _has_values(before):
        raise Conflict(
            "Customers have values of this field, and these stay as they were written. Make a new field with isSealed as you want it, "
            "bring the values over, then delete this one.",
            field=["is_sealed"],
        )
    if after.is_sealed and not before.is_sealed:
        await _refuse_conditions(name)
    if after != before:
        await session().connection.execute(_CHANGE, session().tenant_id, before.id, *_values(after))
        await _touched(name)


async def retire_field(name: str, version: int | None) -> None:
    """Take a field away. From now on nothing can be written to it; a job clears its values, and then it is gone.

    Raises:
        NotFound: there is none of this name.
        Conflict: a role has a condition on it, or the settings were changed since that version.
    """
    await hold_alone(version)
    field = await _field(name)
    await _refuse_conditions(name)
    await session().connection.execute(_RETIRE, session().tenant_id, field.id)
    await jobs.create(JobKind.FIELD_CLEAR, field.id)
    await _touched(name)


def _refuse_taken(name: str, fields: Sequence[CustomField]) -> None:
    for each in fields:
        if each.name == name:
            wrong = "is being taken away; wait until it is gone" if each.is_retired else "is there already"
            raise Conflict(f"A field of this name {wrong}.", field=["name"], code="DUPLICATE")


async def _field(name: str) -> CustomField:
    for each in await custom_fields():
        if each.name == name and not each.is_retired:
            return each
    raise NotFound("There is no such field.", field=["name"])


def _checked(field: CustomField, given: Mapping[str, Any]) -> CustomField:
    """The field with what is given, as far as it can be.

    Raises:
        Invalid: it cannot.
    """
    label = " ".join(str(given.get("label", field.label)).split())
    if not 1 <= len(label) <= LABEL_LONGEST or not label.isprintable():
        raise Invalid(f"A label has 1 to {LABEL_LONGEST} printable characters.", field=["label"])
    choices = _choices(field.type, given.get("choices", field.choices))
    least, most = (given.get(name, getattr(field, name)) for name in ("least", "most"))
    for bound, each in (("least", least), ("most", most)):
        if each is not None and (field.type is not FieldType.NUMBER or not each.is_finite() or abs(each) >= _NUMBER_MOST):
            raise Invalid("Only a field of numbers has bounds, each below 10^18.", field=[bound])
    if least is not None and most is not None and least > most:
        raise Invalid("No number is at least the one and at most the other.", field=["most"])
    is_required, is_sealed = given.get("is_required", field.is_required), given.get("is_sealed", field.is_sealed)
    return CustomField(field.id, field.name, label, field.type, is_required, is_sealed, choices, least, most, field.is_retired)


def _choices(type: FieldType, given: Sequence[str]) -> list[str]:
    choices = [" ".join(each.split()) for each in given]
    if (type is FieldType.CHOICE) != bool(choices):
        wrong = "A field of choices needs some." if type is FieldType.CHOICE else "Only a field of choices has some."
        raise Invalid(wrong, field=["choices"])
    if len(choices) > CHOICES_MOST or not all(1 <= len(each) <= CHOICE_LONGEST and each.isprintable() for each in choices):
        raise Invalid(f"There may be {CHOICES_MOST} choices, of 1 to {CHOICE_LONGEST} printable characters each.", field=["choices"])
    if len({each.casefold() for each in choices}) < len(choices):
        raise Invalid("A choice is named twice.", field=["choices"])
    return choices


def _values(field: CustomField) -> tuple[Any, ...]:
    return field.label, field.is_required, field.is_sealed, list(field.choices), field.least, field.most


async def _has_values(field: CustomField) -> bool:
    """Whether any customer has a value. What is sealed is not opened for this: any sealed value of any field counts."""
    holds = "custom_sealed IS NOT NULL" if field.is_sealed else "custom ? $2"
    statement = f"SELECT EXISTS (SELECT FROM customer WHERE tenant_id = $1 AND $2::text IS NOT NULL AND {holds})"
    return bool(await session().connection.fetchval(statement, session().tenant_id, field.name))


async def _refuse_conditions(name: str) -> None:
    """A role that turns on a field would reach otherwise, or further, without its values."""
    condition = orjson.dumps([{"field": f"custom.{name}"}]).decode()
    roles = await session().connection.fetch(_ROLES, session().tenant_id, condition)
    if roles:
        names = ", ".join(row["name"] for row in roles)
        raise Conflict(f"Roles have a condition on this field: {names}. Change them first.", field=["name"])


async def _touched(name: str) -> None:
    current = session()
    await current.connection.execute("UPDATE tenant SET version = version + 1, updated_at = now() WHERE id = $1", current.tenant_id)
    await noted([f"custom.{name}"])


_ROLES = """
SELECT name FROM role WHERE tenant_id = $1 AND grants -> 'conditions' -> 'CUSTOMER' @> $2::jsonb ORDER BY name LIMIT 5
"""
_READ = """
SELECT id, name, label, type, is_required, is_sealed, choices, least, most, retired_at IS NOT NULL AS is_retired
FROM custom_field WHERE tenant_id = $1 ORDER BY name
"""
_CREATE = """
INSERT INTO custom_field (tenant_id, id, name, type, label, is_required, is_sealed, choices, least, most)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_CHANGE = """
UPDATE custom_field SET label = $3, is_required = $4, is_sealed = $5, choices = $6, least = $7, most = $8,
    version = version + 1, updated_at = now()
WHERE tenant_id = $1 AND id = $2
"""
_RETIRE = "UPDATE custom_field SET retired_at = now(), version = version + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2"
