"""What the settings of a tenant are, and what it uses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from server.reads.declaring import computed
from server.transport.lasting import open_of
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.intake.problems import Severity
from tenants.intake.rules import KeyKind
from tenants.rules.custom_fields import CHOICES_MOST, FieldType
from tenants.rules.decided import SOURCES_MOST, Decided, Kept
from tenants.rules.naming import field_name
from tenants.rules.retention import APPLIED
from tenants.rules.settings import TenantSettings as Stored
from tenants.rules.settings import tenant_settings
from tenants.session import Actor, reading_as
from tenants.usage import COUNTED_MOST, budget_left, limits, usage
from tenants.words import Lifecycle, RecordType

strawberry.enum(FieldType, name="CustomFieldType", description="What the values of a field of your own are.")
strawberry.enum(
    Kept,
    name="RetentionSubject",
    description="What may be kept for so many days and no longer. UPLOADS: files whose imports are over, with these. CUSTOMERS: LAPSED "
    "ones, since they were last changed, with all that is theirs. ORDERS: since they were ordered, if COMPLETED, CANCELLED or REFUNDED. "
    "INTERACTIONS: since they took place, without an open follow-up. NEEDS: CLOSED ones, since they were last changed. HISTORY: what "
    "records were before; it is written down only, and keeps what is deleted, sealed.",
)


@strawberry.type(description="Fields that a record must have. A rule holds for what is written from now on.")
class RequiredFields:
    record_type: RecordType = strawberry.field(description="Of which records.")
    fields: list[str] = strawberry.field(description="The fields, as their inputs name them: `birthDate`.")


@strawberry.type(description="Whether a kind of problem refuses a row.")
class ProblemSeverity:
    code: str = strawberry.field(description="The kind: IMPLAUSIBLE_PHONE, BAD_DATE, …")
    severity: Severity = strawberry.field(description="Whether it refuses the row or keeps the value as entered, flagged.")


@strawberry.type(description="What you call a lifecycle.")
class LifecycleLabel:
    lifecycle: Lifecycle = strawberry.field(description="Which.")
    label: str | None = strawberry.field(description="Your word for it, which files may say too; null if you have none.")


@strawberry.type(description="How long something is kept.")
class Retention:
    subject: Kept = strawberry.field(description="What.")
    days: int | None = strawberry.field(description="For so many days; null: for ever.")
    is_applied: bool = strawberry.field(description="Whether Kelu deletes what is older by itself; otherwise it is only written down.")


@strawberry.type(description="A field that your tenant has added to its customers.")
class CustomField:
    name: str = strawberry.field(description="Its name in `custom`; it stays.")
    label: str = strawberry.field(description="What people call it.")
    type: FieldType = strawberry.field(description="What its values are; it stays.")
    is_required: bool = strawberry.field(description="Whether a customer that is written must have a value.")
    is_sealed: bool = strawberry.field(description="Whether its values are encrypted.")
    choices: list[str] = strawberry.field(description=f"Of a CHOICE: what it can be, up to {CHOICES_MOST}.")
    least: Decimal | None = strawberry.field(description="Of a NUMBER: the least it can be.")
    most: Decimal | None = strawberry.field(description="Of a NUMBER: the most it can be.")
    is_retired: bool = strawberry.field(description="Whether it is being taken away: nothing can be written to it, its values are cleared.")


@strawberry.type(description="A limit that the operator sets for every tenant.")
class Limit:
    name: str = strawberry.field(description="Of what: `requestPoints`, `uploadBytes`, …")
    most: float = strawberry.field(description="At most; a whole number.")
    unit: str = strawberry.field(description="Counted in what.")


@strawberry.type(description="How many records of one kind there are.")
class RecordUsage:
    name: str = strawberry.field(description="The list they are in: `customers`, `orders`, …")
    count: int = strawberry.field(description=f"How many, counted up to {COUNTED_MOST:,}.")
    is_at_least: bool = strawberry.field(description="Whether there are more than that.")


@strawberry.type(description="What your tenant uses.")
class TenantUsage:
    records: list[RecordUsage] = strawberry.field(description="Records by kind.")
    upload_count: int = strawberry.field(description="Files that were sent.")
    upload_bytes: float = strawberry.field(description="Their size together, in bytes before encryption; a whole number.")
    import_runs: int = strawberry.field(description="Imports ever started, less those deleted.")
    imports_under_way: int = strawberry.field(description="Imports that are waiting, reading, running or paused.")
    jobs_waiting: int = strawberry.field(description="Pieces of work that are waiting or being done.")
    api_keys: int = strawberry.field(description="API keys that are not revoked.")
    members: int = strawberry.field(description="Members, invited and suspended ones among them.")
    custom_fields: int = strawberry.field(description="Fields of your own, retired ones among them.")
    sockets_here: int = strawberry.field(description="Websockets and event streams that are open in the server process that answers.")
    points_left: int = strawberry.field(description="Points that all of your keys together may spend at this moment.")
    points_most: int = strawberry.field(description="Points that they may spend at once, when none was spent lately.")
    last_active_at: datetime | None = strawberry.field(description="When a record was last changed or a file was last sent.")


@strawberry.type(description="Your tenant's settings.")
class TenantSettings:
    id: strawberry.ID = strawberry.field(description="Your tenant's global id.")
    name: str = strawberry.field(description="What your tenant is called.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2: how phones and postal codes are read that name no country.")
    time_zone: str = strawberry.field(description="IANA: in which times without a zone are read.")
    currency: str = strawberry.field(description="ISO 4217: of amounts that name none.")
    unique_keys: list[KeyKind] = strawberry.field(description="Keys that no two customers may share, besides EXTERNAL, which is always so.")
    required: list[RequiredFields] = strawberry.field(description="Fields that records must have besides those that they always do.")
    severities: list[ProblemSeverity] = strawberry.field(description="Kinds of problems that you judge otherwise than Kelu.")
    sources: list[str] = strawberry.field(
        description=f"Where customers may come from, up to {SOURCES_MOST}; none: from anywhere. Upper and lower case are the same."
    )
    lifecycles: list[LifecycleLabel] = strawberry.field(description="What you call each lifecycle.")
    match_by: list[KeyKind] = strawberry.field(
        description="By what `upsertCustomers` and imports find a stored customer where they do not say; the first that finds one decides."
    )
    retention: list[Retention] = strawberry.field(description="How long things are kept.")
    custom_fields: list[CustomField] = strawberry.field(description="Fields of your own, by name.")
    limits: list[Limit] = strawberry.field(description="What the operator allows; not yours to change.")
    version: int = strawberry.field(description="Counts the changes of all of these, from 1.")
    updated_at: datetime = strawberry.field(description="When one of them was last changed.")


async def settings_now() -> TenantSettings:
    """The settings of the tenant we act in, as the schema has them."""
    stored = await tenant_settings()
    return TenantSettings(
        id=strawberry.ID(global_id("TENANT", stored.id)),
        custom_fields=_custom_fields(stored),
        limits=[Limit(name=each.name, most=each.most, unit=each.unit) for each in limits()],
        **{name: getattr(stored, name) for name in ("name", "country", "time_zone", "currency", "version", "updated_at")},
        **_rules(stored.rules),
    )


def _custom_fields(stored: Stored) -> list[CustomField]:
    return [
        CustomField(
            **{name: getattr(each, name) for name in ("name", "label", "type", "is_required", "is_sealed", "is_retired")},
            choices=list(each.choices),
            least=_number(each.least),
            most=_number(each.most),
        )
        for each in stored.custom_fields
    ]


def _number(value: Decimal | None) -> Decimal | None:
    """A decimal as the schema's scalar is written: text without an exponent."""
    return None if value is None else f"{value.normalize():f}"  # type: ignore[return-value]  # what leaves is JSON, and Decimal is text there


def _rules(rules: Decided) -> dict[str, Any]:
    return {
        "unique_keys": [kind.name for kind in rules.unique],
        "match_by": [kind.name for kind in rules.match_by],
        "sources": rules.sources,
        "required": [RequiredFields(record_type=noun, fields=[*map(field_name, names)]) for noun, names in rules.required.items()],
        "severities": [ProblemSeverity(code=code.value, severity=severity) for code, severity in rules.severities.items()],
        "lifecycles": [LifecycleLabel(lifecycle=each, label=rules.lifecycles.get(each)) for each in Lifecycle],
        "retention": [Retention(subject=each, days=rules.retention.get(each), is_applied=each in APPLIED) for each in Kept],
    }


async def _settings(_road: object, actor: Actor) -> TenantSettings:
    async with reading_as(actor):
        return await settings_now()


async def _usage(_road: object, actor: Actor) -> TenantUsage:
    async with reading_as(actor):
        found, (left, most) = await usage(), await budget_left()
    counted = [RecordUsage(name=field_name(each.name), count=each.count, is_at_least=each.is_at_least) for each in found.rows]
    plain = {name: getattr(found, name) for name in _PLAIN}
    return TenantUsage(records=counted, sockets_here=open_of(actor.tenant_id), points_left=left, points_most=most, **plain)


#: What is told of the use as the domain has it.
_PLAIN = (
    *("upload_count", "upload_bytes", "import_runs", "imports_under_way", "jobs_waiting", "api_keys", "members", "custom_fields"),
    "last_active_at",
)


@strawberry.type
class SettingsQueries:
    tenant_settings: TenantSettings | None = computed(_settings, "Your tenant's settings.", points=10, permission=Permission.SETTINGS_READ)
    tenant_usage: TenantUsage | None = computed(
        _usage, "What your tenant uses: counted, each kind of record up to a million.", points=200, permission=Permission.SETTINGS_READ
    )
