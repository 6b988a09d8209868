"""Values that several types share: what is sealed, what was kept as entered, and the enumerations."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.scalars import JSON

from server.reads.declaring import argument as declared
from server.reads.declaring import items, stored
from server.reads.places import PLACE, Stored
from tenants import words
from tenants.access.permissions import Level, Permission, Scope
from tenants.intake.problems import Severity
from tenants.people.members import MemberStatus
from tenants.session import ActorKind
from tenants.words import RecordType

_ENUMS = {
    RecordType: "A noun of the customer graph.",
    words.CustomerKind: "Whether a customer is a person or a company.",
    words.Gender: "A person's gender.",
    words.Lifecycle: "How far somebody is as a customer.",
    words.OrderStatus: "How far an order is.",
    words.PaymentMethod: "How an order is paid.",
    words.Channel: "How a tenant and a customer spoke.",
    words.Direction: "Who began it: INBOUND is the customer.",
    words.FollowUp: "Whether something is still to be done about it.",
    words.NeedStatus: "How far a need is.",
    Permission: "What may be done. Those on records reach as far as their scope; the others are had or not.",
    Scope: "Whose records: of customers one owns oneself, that somebody of one's teams owns (oneself too), or all.",
    Level: "What may be done with a field: nothing, see a mask of it, see it, change it; each includes those before.",
    MemberStatus: "INVITED until accepted; ACTIVE; SUSPENDED may do nothing until resumed; REMOVED is out for good.",
    ActorKind: "Who acts: a program by its key, a member, the operator at a terminal, or a job.",
    Severity: "An ERROR refuses the row; a WARNING keeps the row and the value as entered, flagged.",
}
for _enum, _description in _ENUMS.items():
    strawberry.enum(_enum, description=_description)


def in_clear(description: str) -> Any:
    """A value that is revealed: who asks for it says what for."""
    found = strawberry.field(description=description)
    found.arguments = [declared("purpose", str | None, "What it is for, up to 200 characters; else the header X-Kelu-Purpose says it.")]
    return found


@strawberry.type(description="A value that is encrypted where it is stored.")
class ProtectedText:
    masked: str = strawberry.field(
        description="As anybody may see it who may see the record: `138****5678`. The number of stars says nothing."
    )
    value: str | None = in_clear(
        "In clear, for whoever may reveal it and says what for, and noted in the trail. Else it is null, with one error NOT_ALLOWED or "
        "PURPOSE_REQUIRED a field, however many records the field was asked of."
    )


@strawberry.type(description="A field that holds its value as it was entered, because it could not be made right.")
class Flag:
    field: str = stored(
        "The field's name as in this type; `custom.` in front of one of your own.",
        "CASE WHEN {row}.flag LIKE 'custom.%' THEN split_part({row}.flag, ':', 1) ELSE lower(left({row}.flag, 1)) || "
        "substr(replace(initcap(split_part({row}.flag, ':', 1)), '_', ''), 2) END",
    )
    code: str = stored("What is wrong with it: a code of the problems an import tells.", "split_part({row}.flag, ':', 2)")


@strawberry.type(description="The value of a field that your tenant has added.")
class CustomValue:
    name: str = stored("The field's name.", "{row}.key")
    value: JSON | None = stored("Text, number, true or false; a date as ISO 8601 text.", "{row}.value")


@strawberry.type(description="The value of a field that your tenant has added and wants encrypted.")
class ProtectedCustomValue:
    name: str = strawberry.field(description="The field's name.")
    masked: str = strawberry.field(description="As anybody may see it who may see the record.")
    value: str | None = in_clear("In clear, as text, as the value of a ProtectedText is.")


def flags() -> list[Flag]:
    """The field `flags` of a type whose table has the column."""
    flags: list[Flag] = items(
        "unnest({row}.flags) WITH ORDINALITY AS {item}(flag, place)",
        "{item}.place",
        "Fields that were kept as entered, for checking.",
        names="split_part({item}.flag, ':', 1)",
    )
    return flags


def stored_as(name: str, sql: str, description: str) -> Any:
    """A value that SQL makes of others, under a name that Python keeps to itself."""
    return strawberry.field(description=description, name=name, metadata={PLACE: Stored(sql, None)})


def optional(description: str, name: str | None = None) -> Any:
    """A field of an input that may be left out; null is the same as leaving it out."""
    return strawberry.field(description=description, name=name, default=strawberry.UNSET)


def given(input: object) -> dict[str, Any]:
    """The fields of an input that were given, by Python name."""
    return {name: value for name, value in vars(input).items() if value is not None and value is not strawberry.UNSET}


def argument(description: str) -> Any:
    """Describes the argument of a mutation or subscription: `Annotated[type, argument(…)]`."""
    return strawberry.argument(description=description)
