"""From an input to a draft: text by field, null where it is cleared, nothing where it was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from server.schema.operators import EmailAddress, PhoneNumber
from server.schema.values import optional
from tenants.refusals import Invalid, TooLarge

CUSTOM_MOST = 100
LINES_MOST = 500
NESTED_MOST = 100

#: Digits of a number on either side of its point; an exponent may stand for millions.
_DIGITS_MOST = 30

_LINKS = ("external_id", "phone", "email")


@strawberry.input(description="The value of a field that your tenant has added.")
class CustomValueInput:
    name: str = strawberry.field(description="The field's name.")
    value: str | None = optional("Its value as text, as it would stand in a file; null clears it.")


@strawberry.input(description="A customer of yours by one of the values it is recognised by: give exactly one.")
class CustomerLinkInput:
    external_id: str | None = optional("Its id in your own system.")
    phone: PhoneNumber | None = optional("Its phone number, international or as in your tenant's country.")
    email: EmailAddress | None = optional("Its e-mail address.")


def draft_of(input: object) -> dict[str, Any]:
    """The draft that an input is.

    Raises:
        Invalid: a customer is named twice, or by nothing.
        TooLarge: a list has too many items.
    """
    draft: dict[str, Any] = {}
    for name, value in vars(input).items():
        if value is not strawberry.UNSET:
            draft |= _SPECIAL[name](value) if name in _SPECIAL else {name: _text(value)}
    if draft.get("customer_id") and any(draft.get(f"customer_{name}") for name in _LINKS):
        raise Invalid("The customer is named twice. Give customerId or customer.", field=["customer"])
    return draft


def built_at_once(cls: Any) -> Any:
    """Lets an input that comes by the thousand be built from its coerced values, by name; field by field it takes five times as long.

    Its fields are scalars, enumerations and `custom`.
    """
    definition = cls.__strawberry_definition__
    names = {field.graphql_name or to_camel_case(field.python_name): field.python_name for field in definition.fields}

    def built(_: type, values: Mapping[str, Any], __: object) -> Any:
        given = {names[name]: value for name, value in values.items()}
        if given.get("custom"):
            given["custom"] = [CustomValueInput(**each) for each in given["custom"]]
        return cls(**given)

    definition.from_input = built
    return cls


def bounded(items: Sequence[Any], most: int, name: str) -> Sequence[Any]:
    """The items of a list.

    Raises:
        TooLarge: there are more than so many.
    """
    if len(items) > most:
        raise TooLarge(f"There are {len(items):,} {name}; the limit is {most:,}.", field=[name])
    return items


def _text(value: Any) -> str | None:
    """A value as a file would hold it; None for an empty text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return _digits(value)
    return None if value is None else str(value) if str(value).strip() else None


def _digits(number: Decimal) -> str:
    """A number in full; one that is none, or has more digits than any column, as words that the intake refuses."""
    return f"{number:f}" if number.is_finite() and abs(number.adjusted()) < _DIGITS_MOST else "no number of ours"


def _tags(tags: list[str] | None) -> dict[str, Any]:
    return {"tags": ",".join(tags) if tags else None}


def _custom(values: list[CustomValueInput] | None) -> dict[str, Any]:
    given = bounded(values or (), CUSTOM_MOST, "custom")
    return {f"custom.{each.name}": _text(each.value) for each in given if each.value is not strawberry.UNSET}


def _lines(lines: list[Any] | None) -> dict[str, Any]:
    return {"lines": [draft_of(line) for line in bounded(lines or (), LINES_MOST, "lines")] or None}


def _customer(link: CustomerLinkInput | None) -> dict[str, Any]:
    given = {name: text for name in _LINKS if link is not None and (text := _given_text(getattr(link, name)))}
    if link is None:
        return {}
    if len(given) != 1:
        raise Invalid("Name the customer by exactly one of externalId, phone and email.", field=["customer"])
    return {f"customer_{name}": text for name, text in given.items()}


def _given_text(value: Any) -> str | None:
    return None if value is strawberry.UNSET else _text(value)


def _apart(_: object) -> dict[str, Any]:
    """Records nested in this one are drafts of their own."""
    return {}


_SPECIAL: dict[str, Callable[[Any], dict[str, Any]]] = {
    "tags": _tags,
    "custom": _custom,
    "lines": _lines,
    "customer": _customer,
    "contacts": _apart,
    "orders": _apart,
}
