"""What a tenant's admins have decided, as `tenant.rules` holds it: one shape, checked whoever writes it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tenants.intake.fields import FIELDS
from tenants.intake.problems import Code, Severity
from tenants.intake.rules import KeyKind
from tenants.refusals import Invalid
from tenants.words import Lifecycle, RecordType

SOURCES_MOST = 100
SOURCE_LONGEST = 200
LABEL_LONGEST = 40
DAYS_MOST = 36_500

#: Fields that say which record is meant, or hold others; nobody can require them.
_NOT_REQUIRED = frozenset({"id", "version", "custom"})


class Kept(StrEnum):
    """What may be kept for so many days and no longer."""

    UPLOADS = "UPLOADS"
    CUSTOMERS = "CUSTOMERS"
    ORDERS = "ORDERS"
    INTERACTIONS = "INTERACTIONS"
    NEEDS = "NEEDS"
    HISTORY = "HISTORY"


class Decided(BaseModel):
    """A tenant's rules; all of it may be left out.

    Args:
        unique: kinds of keys that no two customers may share.
        required: fields that a record must have, by its type.
        severities: whether a kind of problem refuses a row or only flags the value.
        sources: where customers may come from; empty: from anywhere.
        lifecycles: what the tenant calls each of them.
        match_by: by what a written customer finds the stored one where the writer does not say.
        retention: days that things are kept.
    """

    model_config = ConfigDict(extra="forbid")

    unique: list[KeyKind] = []
    required: dict[RecordType, list[str]] = {}
    severities: dict[Code, Severity] = {}
    sources: list[str] = Field([], max_length=SOURCES_MOST)
    lifecycles: dict[Lifecycle, str] = {}
    match_by: list[KeyKind] = []
    retention: dict[Kept, Annotated[int, Field(ge=1, le=DAYS_MOST)]] = {}

    @field_validator("unique", "match_by")
    @classmethod
    def _once(cls, kinds: list[KeyKind]) -> list[KeyKind]:
        return list(dict.fromkeys(kinds))

    @field_validator("required")
    @classmethod
    def _known(cls, required: dict[RecordType, list[str]]) -> dict[RecordType, list[str]]:
        for noun, names in required.items():
            known = {field.name for field in FIELDS[noun]} - _NOT_REQUIRED
            if not set(names) <= known:
                raise ValueError(f"a {noun.lower()} can be required to have {', '.join(sorted(known))}")
        return {noun: sorted(set(names)) for noun, names in required.items() if names}

    @field_validator("sources")
    @classmethod
    def _sources(cls, sources: list[str]) -> list[str]:
        found = [_said(each, SOURCE_LONGEST) for each in sources]
        if len({each.casefold() for each in found}) < len(found):
            raise ValueError("a source is named twice")
        return found

    @field_validator("lifecycles")
    @classmethod
    def _labels(cls, labels: dict[Lifecycle, str]) -> dict[Lifecycle, str]:
        found = {lifecycle: _said(label, LABEL_LONGEST) for lifecycle, label in labels.items()}
        words, others = [label.casefold() for label in found.values()], {each.casefold(): each for each in Lifecycle}
        if len(set(words)) < len(words) or any(others.get(label.casefold(), each) is not each for each, label in found.items()):
            raise ValueError("two lifecycles would be called the same")
        return found

    def stored(self) -> dict[str, Any]:
        """As it lies in the table; what says nothing is left out."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value}


def decided(rules: Mapping[str, Any]) -> Decided:
    """Rules that were written down, checked.

    Raises:
        Invalid: a word or a value is wrong; the field says where.
    """
    try:
        return Decided.model_validate(rules)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ["rules", *(str(part) for part in first["loc"] if part != "[key]")]
        told = first["msg"].removeprefix("Value error, ")
        raise Invalid(f"The rule {'.'.join(path[1:])} is wrong: {told}.", field=path) from None


def _said(text: str, longest: int) -> str:
    said = " ".join(text.split())
    if not 1 <= len(said) <= longest or not said.isprintable():
        raise ValueError(f"write 1 to {longest} printable characters")
    return said
