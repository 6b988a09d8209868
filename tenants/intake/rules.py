"""The rules a batch is taken in by: the tenant's own, and those of this one intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from tenants.intake.normalise.amounts import DecimalMark
from tenants.intake.normalise.dates import DateOrder
from tenants.intake.problems import Code, Severity
from tenants.refusals import NotFound
from tenants.session import session
from tenants.words import RecordType


class KeyKind(StrEnum):
    """What a customer may be recognised by."""

    EXTERNAL = "external"
    PHONE = "phone"
    EMAIL = "email"
    NATIONAL_ID = "national_id"


class OnMatch(StrEnum):
    """What to do with a row that matches a stored record."""

    UPDATE = "UPDATE"
    SKIP = "SKIP"
    REJECT = "REJECT"


class OnMissing(StrEnum):
    """What to do with a row that matches none."""

    CREATE = "CREATE"
    SKIP = "SKIP"
    REJECT = "REJECT"


class Fill(StrEnum):
    """How a given value meets a stored one that differs."""

    OVERWRITE = "OVERWRITE"
    IF_EMPTY = "IF_EMPTY"


#: Problems that keep the row, and the value as entered, unless the tenant says otherwise.
WARNINGS = frozenset(
    {Code.IMPLAUSIBLE_PHONE, Code.IMPLAUSIBLE_EMAIL, Code.BAD_POSTAL_CODE, Code.IMPLAUSIBLE_AGE, Code.BAD_NATIONAL_ID}
)


@dataclass(frozen=True, slots=True)
class CustomFieldRule:
    """One of the tenant's own fields; `type` is TEXT, NUMBER, DATE, BOOLEAN or CHOICE."""

    name: str
    type: str
    is_required: bool = False
    is_sealed: bool = False
    choices: tuple[str, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TenantRules:
    """What the tenant's admins have decided, or the defaults."""

    country: str
    zone: ZoneInfo
    currency: str
    unique: frozenset[KeyKind] = frozenset()
    required: Mapping[RecordType, frozenset[str]] = field(default_factory=dict)
    severities: Mapping[Code, Severity] = field(default_factory=dict)
    custom_fields: Mapping[str, CustomFieldRule] = field(default_factory=dict)

    def severity(self, code: Code) -> Severity:
        return self.severities.get(code) or (Severity.WARNING if code in WARNINGS else Severity.ERROR)

    @classmethod
    async def load(cls) -> TenantRules:
        """The rules of the tenant we act in, in one statement."""
        found = await session().connection.fetchrow(_LOAD, session().tenant_id)
        if found is None:
            raise NotFound("There is no such tenant.")
        return cls(
            country=found["country"],
            zone=ZoneInfo(found["time_zone"]),
            currency=found["currency"],
            unique=frozenset(KeyKind(kind) for kind in found["unique_keys"] or ()),
            required={RecordType(noun): frozenset(names) for noun, names in (found["required"] or {}).items()},
            severities={Code(code): Severity(severity) for code, severity in (found["severities"] or {}).items()},
            custom_fields={
                each["name"]: CustomFieldRule(
                    each["name"],
                    each["type"],
                    each["is_required"],
                    each["is_sealed"],
                    tuple(each["choices"]),
                    _decimal(each["least"]),
                    _decimal(each["most"]),
                )
                for each in found["custom_fields"] or ()
            },
        )


def _decimal(number: float | int | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


_LOAD = """
SELECT t.country, t.time_zone, t.currency,
       t.rules->'unique' AS unique_keys, t.rules->'required' AS required, t.rules->'severities' AS severities,
       (SELECT jsonb_agg(to_jsonb(f)) FROM custom_field f WHERE f.tenant_id = $1) AS custom_fields
FROM tenant t WHERE t.id = $1
"""


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How this one batch is to be taken in.

    Args:
        match_by: tried in this order; the first key that finds a record decides. Records other than customers are
            matched by id, external id, then their natural key (an order's number, a contact's name at its customer…).
        fills: per target, against `fill` for the rest.
        dates, marks: per target, what the column's own evidence decided.
        source: API or IMPORT.
    """

    match_by: tuple[KeyKind, ...] = ()
    on_match: OnMatch = OnMatch.UPDATE
    on_missing: OnMissing = OnMissing.CREATE
    fill: Fill = Fill.OVERWRITE
    fills: Mapping[str, Fill] = field(default_factory=dict)
    dates: Mapping[str, DateOrder] = field(default_factory=dict)
    marks: Mapping[str, DecimalMark] = field(default_factory=dict)
    dry_run: bool = False
    source: str = "API"
    import_run_id: UUID | None = None
    reason: str | None = None
