"""Names of roles and teams as people write them, made right."""

from __future__ import annotations

from uuid import UUID

from tenants.ids import global_id
from tenants.intake import normalise
from tenants.intake.problems import Fault
from tenants.refusals import Conflict, Invalid

NAME_LONGEST = 200
DESCRIPTION_LONGEST = 1_000


def right_name(name: str, noun: str) -> str:
    """A name on one line.

    Raises:
        Invalid: it is empty, too long, or has a character that cannot be stored.
    """
    found = normalise.text(name, NAME_LONGEST)
    if isinstance(found, Fault) or not found or not found.isprintable():
        raise Invalid(f"A {noun}'s name has 1 to {NAME_LONGEST} characters on one line.", field=["name"])
    return found


def right_description(description: str) -> str:
    """A text of some lines, or none.

    Raises:
        Invalid: it is too long, or has a character that cannot be stored.
    """
    found = normalise.text(description, DESCRIPTION_LONGEST)
    if isinstance(found, Fault):
        raise Invalid(f"A description has at most {DESCRIPTION_LONGEST:,} characters.", field=["description"])
    return found


def check_name_is_free(noun: str, holder: UUID | None) -> None:
    """Nothing else has the name.

    Raises:
        Conflict: `holder` has it.
    """
    if holder is not None:
        named = global_id(noun, holder)
        raise Conflict(f"There is a {noun.lower()} of this name already.", field=["name"], conflicts_with=named, code="DUPLICATE")


def check_version(stored: int, version: int | None) -> None:
    """It is still as it was read.

    Raises:
        Conflict: it has been changed since.
    """
    if version is not None and version != stored:
        raise Conflict("It has been changed since: read it again and repeat the change.", field=["version"], code="VERSION_CONFLICT")
