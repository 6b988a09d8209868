"""The rules a batch is taken in by: the tenant's own, and those of this one intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from tenants.intake.normalise.amounts import DecimalMark
from tenants.intake.normalise.dates import DateOrder
from tenants.intake.problems import Code, Severity
from tenants.refusals import NotFound
from tenants.session import session
from tenants.words import Lifecycle, RecordType


class KeyKind(StrEnum):
    """What a customer may be recognised by."""

    EXTERNAL = "external"
    PHONE = "phone"
    EMAIL = "email"
    NATIONAL_ID = "national_id"


def field_of(kind: KeyKind) -> str:
    """The customer's field a key is made of."""
    return "external_id" if kind is KeyKind.EXTERNAL else kind


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
WARNINGS = frozenset({Code.IMPLAUSIBLE_PHONE, Code.IMPLAUSIBLE_EMAIL, Code.BAD_POSTAL_CODE, Code.IMPLAUSIBLE_AGE, Code.BAD_NATIONAL_ID})


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
    """What the tenant's admins have decided, or the defaults (`tenants.rules`).

    `retired` are fields of its own that can only be cleared any more; `version` is the settings' own.
    """

    country: str
    zone: ZoneInfo
    currency: str
    unique: frozenset[KeyKind] = frozenset()
    required: Mapping[RecordType, frozenset[str]] = field(default_factory=dict)
    severities: Mapping[Code, Severity] = field(default_factory=dict)
    custom_fields: Mapping[str, CustomFieldRule] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    match_by: tuple[KeyKind, ...] = ()
    version: int = 0

    def severity(self, code: Code) -> Severity:
        return self.severities.get(code) or (Severity.WARNING if code in WARNINGS else Severity.ERROR)

    @classmethod
    async def load(cls, *, is_held: bool = False) -> TenantRules:
        """The rules of the tenant we act in, in one statement; held, nobody changes them before this unit of work is over."""
        found = await session().connection.fetchrow(_HOLD if is_held else _LOAD, session().tenant_id)
        if found is None:
            raise NotFound("There is no such tenant.")
        fields = orjson.loads(found["custom_fields"])
        return cls(
            country=found["country"],
            zone=ZoneInfo(found["time_zone"]),
            currency=found["currency"],
            **_decided(orjson.loads(found["rules"])),
            custom_fields={each["name"]: _custom_field(each) for each in fields if each["retired_at"] is None},
            retired=frozenset(each["name"] for each in fields if each["retired_at"] is not None),
            version=found["version"],
        )


def _decided(rules: dict[str, Any]) -> dict[str, Any]:
    """A tenant's stored rules, in the shape of `tenants.rules.decided`. Sources and lifecycles by what people write, in small letters."""
    return {
        "unique": frozenset(KeyKind(kind) for kind in rules.get("unique", ())),
        "required": {RecordType(noun): frozenset(names) for noun, names in rules.get("required", {}).items()},
        "severities": {Code(code): Severity(severity) for code, severity in rules.get("severities", {}).items()},
        "sources": {source.casefold(): source for source in rules.get("sources", ())},
        "lifecycles": {label.casefold(): Lifecycle(lifecycle) for lifecycle, label in rules.get("lifecycles", {}).items()},
        "match_by": tuple(KeyKind(kind) for kind in rules.get("match_by", ())),
    }


def _custom_field(stored: dict[str, Any]) -> CustomFieldRule:
    least, most = (None if stored[name] is None else Decimal(str(stored[name])) for name in ("least", "most"))
    return CustomFieldRule(
        stored["name"], stored["type"], stored["is_required"], stored["is_sealed"], tuple(stored["choices"]), least, most
    )


_LOAD = """
SELECT t.country, t.time_zone, t.currency, t.rules, t.version,
       (SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM custom_field f WHERE f.tenant_id = $1) AS custom_fields
FROM tenant t WHERE t.id = $1
"""
_HOLD = "SELECT * FROM held_rules($1)"


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How this one batch is to be taken in.

    Args:
        match_by: tried in this order; the first key that finds a record decides. None: as the tenant has decided. Records other
            than customers are matched by id, external id, then their natural key (an order's number, a contact's name at its customer…).
        only_by_id: match records other than customers by id alone: what is made by hand is new, whatever resembles it, and is refused
            as a DUPLICATE where a value must be unique.
        fills: per target, against `fill` for the rest.
        dates, marks: per target, what the column's own evidence decided.
        source: API or IMPORT.
        system: the source system external ids belong to; "" is the tenant's own numbering.
    """

    match_by: tuple[KeyKind, ...] | None = ()
    only_by_id: bool = False
    on_match: OnMatch = OnMatch.UPDATE
    on_missing: OnMissing = OnMissing.CREATE
    fill: Fill = Fill.OVERWRITE
    fills: Mapping[str, Fill] = field(default_factory=dict)
    dates: Mapping[str, DateOrder] = field(default_factory=dict)
    marks: Mapping[str, DecimalMark] = field(default_factory=dict)
    dry_run: bool = False
    source: str = "API"
    system: str = ""
    import_run_id: UUID | None = None
    reason: str | None = None
