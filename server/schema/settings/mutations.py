"""Settings changed, and fields of a tenant's own made, changed and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from server.schema.settings.types import TenantSettings, settings_now
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from server.schema.writing.acts import USER_ERRORS
from server.schema.writing.drafts import bounded
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.intake.problems import Severity
from tenants.intake.rules import KeyKind
from tenants.refusals import Invalid, Refusal
from tenants.rules import custom_fields as fields
from tenants.rules import settings
from tenants.rules.custom_fields import CHOICE_LONGEST, CHOICES_MOST, FIELDS_MOST, LABEL_LONGEST, FieldType
from tenants.rules.decided import DAYS_MOST, SOURCE_LONGEST, SOURCES_MOST, Decided, Kept
from tenants.rules.decided import LABEL_LONGEST as LIFECYCLE_LONGEST
from tenants.rules.naming import field_name, target_name
from tenants.rules.uniqueness import CLASHES_MOST, CUSTOMERS_MOST, Clash
from tenants.words import Lifecycle, RecordType

#: Items of a list of an input; there are fewer words of each kind.
_ITEMS_MOST = 200
_VERSION = "The version you read the settings at: if one has been changed since, the change is refused as VERSION_CONFLICT."
_RETURNED = "The settings as they are now; null where `userErrors` says why not."
_KEY_LIST = {"unique_keys": "unique"}


@strawberry.input(description="Fields that records of one type must have.")
class RequiredFieldsInput:
    record_type: RecordType = strawberry.field(description="Of which records.")
    fields: list[str] = strawberry.field(description="The fields, by their inputs' names: `birthDate`. None: only what they always must.")


@strawberry.input(description="How you judge a kind of problem.")
class ProblemSeverityInput:
    code: str = strawberry.field(description="The kind: IMPLAUSIBLE_PHONE, BAD_DATE, …")
    severity: Severity = strawberry.field(description="Whether it refuses the row or keeps the value as entered, flagged.")


@strawberry.input(description="What you call a lifecycle.")
class LifecycleLabelInput:
    lifecycle: Lifecycle = strawberry.field(description="Which.")
    label: str = strawberry.field(description=f"Your word for it, up to {LIFECYCLE_LONGEST} characters.")


@strawberry.input(description="How long something is kept.")
class RetentionInput:
    subject: Kept = strawberry.field(description="What.")
    days: int = strawberry.field(description=f"Days, 1 to {DAYS_MOST:,}.")


@strawberry.input(description="What is changed of the settings. What is left out stays; a list that is given replaces the one there is.")
class UpdateTenantSettingsInput:
    version: int | None = optional(_VERSION)
    name: str | None = optional("Up to 200 characters.")
    country: str | None = optional("ISO 3166-1 alpha-2: CN.")
    time_zone: str | None = optional("IANA: Asia/Shanghai.")
    currency: str | None = optional("ISO 4217: CNY.")
    unique_keys: list[KeyKind] | None = optional(
        "Keys that no two customers may share. A new one is checked against all stored customers first; while that takes, some seconds "
        "for a million, others wait to write."
    )
    required: list[RequiredFieldsInput] | None = optional("Fields that records must have; stored ones stay as they are.")
    severities: list[ProblemSeverityInput] | None = optional("Kinds of problems that you judge otherwise than Kelu.")
    sources: list[str] | None = optional(
        f"Where customers may come from, up to {SOURCES_MOST} of up to {SOURCE_LONGEST} characters; none: from anywhere. Stored ones stay."
    )
    lifecycles: list[LifecycleLabelInput] | None = optional("What you call lifecycles.")
    match_by: list[KeyKind] | None = optional("By what a stored customer is found where a write does not say, in this order.")
    retention: list[RetentionInput] | None = optional("How long things are kept; what is not named, for ever.")


@strawberry.type(description="Customers that share a key which was to be unique.")
class UniqueKeyClash:
    key: KeyKind = strawberry.field(description="Which kind of key.")
    customers: int = strawberry.field(description="How many customers share it.")
    customer_ids: list[strawberry.ID] = strawberry.field(description=f"The global ids of the first {CUSTOMERS_MOST} of them.")


@strawberry.type(description="What became of a change of the settings.")
class TenantSettingsPayload:
    settings: TenantSettings | None = strawberry.field(description=_RETURNED, default=None)
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="What became of `updateTenantSettings`.")
class UpdateTenantSettingsPayload(TenantSettingsPayload):
    clashes: list[UniqueKeyClash] = strawberry.field(
        description=f"Where a key cannot be made unique: the first {CLASHES_MOST} that customers share. Nothing was changed then.",
        default_factory=list,
    )


@strawberry.input
class CustomFieldFields:
    version: int | None = optional(_VERSION)
    label: str | None = optional(f"What people call it, up to {LABEL_LONGEST} characters.")
    is_required: bool | None = optional("Whether a customer that is written must have a value; stored ones stay as they are.")
    choices: list[str] | None = optional(
        f"Of a CHOICE: what it can be, up to {CHOICES_MOST} of up to {CHOICE_LONGEST} characters. Stored values stay as they are."
    )
    least: Decimal | None = strawberry.field(description="Of a NUMBER: the least it can be; null: no bound.", default=strawberry.UNSET)
    most: Decimal | None = strawberry.field(description="Of a NUMBER: the most it can be; null: no bound.", default=strawberry.UNSET)


@strawberry.input(description="A new field of your customers.")
class CreateCustomFieldInput(CustomFieldFields):
    name: str = strawberry.field(description="Up to 40 small letters, digits and underscores, a letter first.")
    type: FieldType = strawberry.field(description="What its values are.")
    is_sealed: bool = strawberry.field(description="Whether its values are encrypted. They can then not be filtered by.", default=False)


@strawberry.input(description="Changes of a field. What is left out stays as it is.")
class UpdateCustomFieldInput(CustomFieldFields):
    name: str = strawberry.field(description="Which one.")
    is_sealed: bool | None = optional("Whether its values are encrypted; CONFLICT once a customer has one.")


@strawberry.input(description="A field to take away.")
class DeleteCustomFieldInput:
    name: str = strawberry.field(description="Which one.")
    version: int | None = optional(_VERSION)


@strawberry.type
class SettingsMutations:
    @mutation(
        UpdateTenantSettingsPayload, "Change your tenant's settings: all that is given, or nothing.", permission=Permission.SETTINGS_MANAGE
    )
    async def update_tenant_settings(
        self, input: Annotated[UpdateTenantSettingsInput, argument("What is changed.")]
    ) -> UpdateTenantSettingsPayload | None:
        try:
            clashes = await settings.change_settings(_changes(input), _version(input))
        except Refusal as refusal:
            raise _told(refusal) from None
        if clashes:
            return UpdateTenantSettingsPayload(clashes=[_clash(each) for each in clashes], user_errors=[_shared(clashes)])
        return UpdateTenantSettingsPayload(settings=await settings_now())

    @mutation(TenantSettingsPayload, f"Add a field to your customers, up to {FIELDS_MOST} in all.", permission=Permission.SETTINGS_MANAGE)
    async def create_custom_field(self, input: Annotated[CreateCustomFieldInput, argument("The field.")]) -> TenantSettingsPayload | None:
        await fields.create_field(input.name, input.type, _field(input), _version(input))
        return TenantSettingsPayload(settings=await settings_now())

    @mutation(TenantSettingsPayload, "Change a field of your own.", permission=Permission.SETTINGS_MANAGE)
    async def update_custom_field(
        self, input: Annotated[UpdateCustomFieldInput, argument("What is changed.")]
    ) -> TenantSettingsPayload | None:
        await fields.change_field(input.name, _field(input), _version(input))
        return TenantSettingsPayload(settings=await settings_now())

    @mutation(
        TenantSettingsPayload,
        "Take a field of your own away. Nothing can be written to it from now on; its values are cleared customer by customer in the "
        "background, and then it is gone. The sealed history of the customers keeps what was.",
        permission=Permission.SETTINGS_MANAGE,
    )
    async def delete_custom_field(self, input: Annotated[DeleteCustomFieldInput, argument("Which one.")]) -> TenantSettingsPayload | None:
        await fields.retire_field(input.name, _version(input))
        return TenantSettingsPayload(settings=await settings_now())


def _version(input: Any) -> int | None:
    return None if input.version is strawberry.UNSET else input.version


def _field(input: CreateCustomFieldInput | UpdateCustomFieldInput) -> dict[str, Any]:
    """What is given of a field; null of a bound takes it away, of anything else it is the same as leaving it out."""
    bounds = {name: value for name in ("least", "most") if (value := getattr(input, name)) is not strawberry.UNSET}
    said = {name: value for name, value in given(input).items() if name in ("label", "is_required", "is_sealed", "choices")}
    if "choices" in said:
        bounded(said["choices"], CHOICES_MOST, "choices")
    return said | bounds


def _changes(input: UpdateTenantSettingsInput) -> dict[str, Any]:
    """What is given, as the domain names it."""
    said = given(input)
    for name, value in said.items():
        if isinstance(value, list):
            bounded(value, _ITEMS_MOST, name)
    found = {_KEY_LIST.get(name, name): value for name, value in said.items() if name != "version"}
    if "required" in said:
        found["required"] = _by([(each.record_type, [*map(target_name, each.fields)]) for each in said["required"]], "required")
    if "severities" in said:
        found["severities"] = _by([(each.code, each.severity) for each in said["severities"]], "severities")
    if "lifecycles" in said:
        found["lifecycles"] = _by([(each.lifecycle, each.label) for each in said["lifecycles"]], "lifecycles")
    if "retention" in said:
        found["retention"] = _by([(each.subject, each.days) for each in said["retention"]], "retention")
    return found


def _by(pairs: Sequence[tuple[Any, Any]], field: str) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Invalid("Something is named twice.", field=[field])
    return found


def _told(refusal: Refusal) -> Refusal:
    """A refusal of the domain's field, by the input's."""
    first = refusal.field[:1]
    if first and first[0] in Decided.model_fields:
        refusal.field = ["unique_keys" if first == ["unique"] else first[0]]
    return refusal


def _clash(clash: Clash) -> UniqueKeyClash:
    ids = [strawberry.ID(global_id(RecordType.CUSTOMER, each)) for each in clash.customer_ids]
    return UniqueKeyClash(key=clash.kind.name, customers=clash.customers, customer_ids=ids)  # type: ignore[arg-type]  # as the schema names it


def _shared(clashes: Sequence[Clash]) -> UserError:
    kinds = ", ".join(sorted({each.kind.name for each in clashes}))
    return UserError(
        code="DUPLICATE",
        message=f"Customers share a key that is to be unique: {kinds}. Correct or delete those in `clashes`, then try again.",
        field=[field_name("unique_keys")],
        conflicts_with=strawberry.ID(global_id(RecordType.CUSTOMER, clashes[0].customer_ids[0])),
    )
