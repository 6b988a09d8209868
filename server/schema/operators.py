"""Operators: how a value is tested in a filter, one input a kind of value. All tests of an input must hold."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NewType

import strawberry

from server.reads.filters import VALUES_MOST
from server.schema.values import optional

PhoneNumber = NewType("PhoneNumber", str)
EmailAddress = NewType("EmailAddress", str)

#: How the scalars made here look in the schema.
SCALARS: dict[object, Any] = {
    PhoneNumber: strawberry.scalar(
        name="PhoneNumber",
        description="A phone number as people write it, international or as in your tenant's country; made E.164 (`+8613812345678`).",
        serialize=str,
        parse_value=str,
    ),
    EmailAddress: strawberry.scalar(
        name="EmailAddress",
        description="An e-mail address, up to 254 characters; upper and lower case are the same.",
        serialize=str,
        parse_value=str,
    ),
}

_EQ = "Exactly this."
_IN = f"One of these, at most {VALUES_MOST:,}."
_NULL = "true: no value; false: some value."
_SEALED = " The field is encrypted: it is found by exact values only, and has no order."


@strawberry.enum(description="Which way a list runs.")
class OrderDirection(Enum):
    ASC = strawberry.enum_value("ASC", description="Smallest, earliest, first of the alphabet first.")
    DESC = strawberry.enum_value("DESC", description="Largest, latest, last of the alphabet first.")


@strawberry.input(description="Tests of an id.")
class IDFilter:
    eq: strawberry.ID | None = optional(_EQ)
    in_: list[strawberry.ID] | None = optional(_IN, name="in")


@strawberry.input(description="Tests of a text. Upper and lower case differ in `eq` and `in` only.")
class StringFilter:
    eq: str | None = optional(_EQ)
    in_: list[str] | None = optional(_IN, name="in")
    is_null: bool | None = optional(_NULL)
    contains: str | None = optional("This stands somewhere in it.")
    starts_with: str | None = optional("It begins with this.")


@strawberry.input(description="True or false.")
class BooleanFilter:
    eq: bool | None = optional(_EQ)
    is_null: bool | None = optional(_NULL)


@strawberry.input(description="Tests of a list of texts.")
class TagsFilter:
    has: str | None = optional("This is among them.")
    has_any: list[str] | None = optional(f"At least one of these is among them, of at most {VALUES_MOST:,}.")
    has_all: list[str] | None = optional(f"All of these are among them, at most {VALUES_MOST:,}.")
    is_empty: bool | None = optional("true: there is none; false: there is one at least.")


@strawberry.input(description="Tests of what was kept as entered.")
class FlagsFilter:
    field: str | None = optional("This field is flagged: its name as in the type.")
    code: str | None = optional("Something is flagged with this code: IMPLAUSIBLE_PHONE, …")
    is_empty: bool | None = optional("true: nothing is flagged; false: something is, and waits for checking.")


@strawberry.input(description=f"Tests of a phone number.{_SEALED}")
class SealedPhoneNumberFilter:
    eq: PhoneNumber | None = optional(_EQ)
    in_: list[PhoneNumber] | None = optional(_IN, name="in")
    is_null: bool | None = optional(_NULL)


@strawberry.input(description=f"Tests of an e-mail address.{_SEALED}")
class SealedEmailAddressFilter:
    eq: EmailAddress | None = optional(_EQ)
    in_: list[EmailAddress] | None = optional(_IN, name="in")
    is_null: bool | None = optional(_NULL)


@strawberry.input(description=f"Tests of a text.{_SEALED}")
class SealedStringFilter:
    eq: str | None = optional(_EQ)
    in_: list[str] | None = optional(_IN, name="in")
    is_null: bool | None = optional(_NULL)


@strawberry.input(description="Whether there is a value. The field is encrypted without an index: what it says cannot be tested.")
class SealedFilter:
    is_null: bool | None = optional(_NULL)


def ordered(name: str, type_: Any, what: str) -> Any:
    """An input with the operators of values that have an order, and the input of its `between`."""
    limits = _input(f"{name}Range", f"Two limits of {what}, both included.", {"from_": (type_, "The lower."), "to": (type_, "The upper.")})
    fields = {
        "eq": (type_ | None, _EQ),
        "in_": (list[type_] | None, _IN),
        "is_null": (bool | None, _NULL),
        "gt": (type_ | None, "Greater, or later."),
        "gte": (type_ | None, "Greater, later or the same."),
        "lt": (type_ | None, "Less, or earlier."),
        "lte": (type_ | None, "Less, earlier or the same."),
        "between": (limits | None, "From one limit to the other, both included."),
    }
    return _input(f"{name}Filter", f"Tests of {what}.", fields)


def chosen(enum: type[Enum], name: str) -> Any:
    """An input with the operators of an enumeration."""
    fields = {"eq": (enum | None, _EQ), "in_": (list[enum] | None, _IN), "is_null": (bool | None, _NULL)}  # type: ignore[valid-type]  # made here
    return _input(f"{name}Filter", f"Tests of a value of {name}.", fields)


def _input(name: str, description: str, fields: dict[str, tuple[Any, str]]) -> Any:
    """A Strawberry input made here: Python name → type and description; a trailing underscore keeps a name from being a keyword."""
    made: dict[str, Any] = {"__annotations__": {each: type_ for each, (type_, _) in fields.items()}, "__module__": __name__}
    for each, (type_, says) in fields.items():
        is_optional = type(None) in getattr(type_, "__args__", ())
        given_name = each.removesuffix("_") if each.endswith("_") else None
        made[each] = optional(says, given_name) if is_optional else strawberry.field(description=says, name=given_name)
    return strawberry.input(type(name, (), made), description=description)


IntFilter = ordered("Int", int, "a whole number")
DecimalFilter = ordered("Decimal", Decimal, "a number with decimals")
DateFilter = ordered("Date", date, "a day")
DateTimeFilter = ordered("DateTime", datetime, "a time")


@strawberry.input(description="Tests of one of your tenant's own fields; those of a kind that its values are not fail.")
class CustomFilter:
    name: str = strawberry.field(description="The field's name.")
    text: StringFilter | None = optional("Tests of its value as text.")
    number: DecimalFilter | None = optional("Tests of a NUMBER.")  # type: ignore[valid-type]  # made above
    boolean: BooleanFilter | None = optional("Tests of a BOOLEAN.")
    date: DateFilter | None = optional("Tests of a DATE.")  # type: ignore[valid-type]  # made above


#: Values that have an order: Python type → the filter's input and PostgreSQL's type.
ORDERED: dict[Any, tuple[Any, str]] = {
    int: (IntFilter, "integer"),
    Decimal: (DecimalFilter, "numeric"),
    date: (DateFilter, "date"),
    datetime: (DateTimeFilter, "timestamptz"),
}
