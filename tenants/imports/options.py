"""What the sender of a file says about it: how to read it, what its columns are, and what to do with its rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenants.intake.normalise.amounts import DecimalMark
from tenants.intake.normalise.dates import DateOrder
from tenants.intake.rules import Fill, KeyKind, OnMatch, OnMissing, field_of
from tenants.refusals import Invalid
from tenants.words import RecordType


class ImportOptions(BaseModel):
    """Everything that may be said about an import; what is not said is found out from the file.

    Attributes:
        columns: column name → target, or "" to leave the column out; the others are mapped by name.
        match_by: by which keys rows of customers find stored ones, tried in this order. Empty: by the external id alone if the
            file has one, as whoever numbers its customers tells them apart by that number; else by phone, e-mail and
            national id, as far as the file has them.
        fills: target → how a given value meets a stored one, against `fill` for the others.
        date_order, decimal_mark: for every column of the file, instead of what each column shows by itself.
        system: the source system the file's external ids belong to; "" is the tenant's own numbering.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: str | None = Field(None, max_length=40)
    separator: str | None = Field(None, min_length=1, max_length=1)
    sheet: str | None = Field(None, max_length=200)
    header_row: int | None = Field(None, ge=1)
    columns: dict[str, str] = Field(default_factory=dict, max_length=500)
    match_by: tuple[KeyKind, ...] = ()
    on_match: OnMatch = OnMatch.UPDATE
    on_missing: OnMissing = OnMissing.CREATE
    fill: Fill = Fill.OVERWRITE
    fills: dict[str, Fill] = Field(default_factory=dict)
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    system: str = Field("", max_length=100)
    reason: str | None = Field(None, max_length=500)

    @classmethod
    def of(cls, **said: Any) -> Self:
        """Options as they were said.

        Raises:
            Invalid: one is wrong; the message names it.
        """
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            path = [str(part) for part in first["loc"]]
            raise Invalid(f"The option {'.'.join(path)} is wrong: {first['msg']}.", field=path) from None

    def stored(self) -> dict[str, Any]:
        """As JSON; `of(**that)` comes back."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def match_by_for(self, record_type: RecordType, mapped: Collection[str], usual: tuple[KeyKind, ...] = ()) -> tuple[KeyKind, ...]:
        """The keys that rows are matched by, given the targets the file's columns are mapped to, and what the tenant has decided."""
        if self.match_by or record_type is not RecordType.CUSTOMER:
            return self.match_by
        if usual:
            return usual
        found = tuple(kind for kind in KeyKind if field_of(kind) in mapped)
        return (KeyKind.EXTERNAL,) if KeyKind.EXTERNAL in found else found
