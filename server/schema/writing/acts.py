"""Acts: one record made, changed or deleted through the intake, and what came of it as a payload tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import strawberry

from server.schema.user_errors import UserError, of_problems
from server.schema.values import optional
from server.schema.writing.conflicts import FieldConflict, told
from server.schema.writing.drafts import draft_of
from tenants.ids import global_id
from tenants.intake import delete as deleting
from tenants.intake.drafts import Action, Batch, Outcome
from tenants.intake.intake import take_in
from tenants.intake.problems import Code
from tenants.intake.rules import IntakeRules, OnMatch, OnMissing
from tenants.words import RecordType

#: What is made by hand is new; what resembles it is in its way only where a value has to be unique.
CREATING = IntakeRules(on_match=OnMatch.REJECT, only_by_id=True)
UPDATING = IntakeRules(on_missing=OnMissing.REJECT, only_by_id=True)

USER_ERRORS = "Empty when it was done."
CONFLICTS = "After a VERSION_CONFLICT: each field you gave, with what is stored and what both began with."
MOMENT = "ISO 8601; without an offset it is read in your tenant's time zone."
ID = "Which one: its global id."
VERSION = (
    "The version you read it at: if it has been changed since, the change is refused as VERSION_CONFLICT. Without it the last one wins."
)


@dataclass(frozen=True, slots=True)
class Written:
    """`id` is the record's, None where it was refused; a VERSION_CONFLICT gives the record as it is stored."""

    id: UUID | None
    errors: list[UserError] = field(default_factory=list)
    conflicts: list[FieldConflict] = field(default_factory=list)


async def create(noun: RecordType, input: object) -> Written:
    return written(await take_in(Batch.of_one(noun, draft_of(input)), CREATING), noun)


async def update(noun: RecordType, input: object) -> Written:
    return written(await take_in(Batch.of_one(noun, draft_of(input)), UPDATING), noun)


def written(outcome: Outcome, noun: RecordType) -> Written:
    """What came of a batch of one."""
    errors = of_problems(outcome, noun)
    is_done = outcome.actions[0] is not Action.REJECT
    has_conflict = any(problem.code is Code.VERSION_CONFLICT for problem in outcome.problems)
    return Written(outcome.record_ids[0] if is_done or has_conflict else None, errors, [each for _, each in told(outcome)])


@strawberry.input(description="A record to delete, with all that belongs to it.")
class DeleteInput:
    id: strawberry.ID = strawberry.field(description=ID)
    version: int | None = optional(
        "The version you read it at: if it has been changed since, nothing is deleted. Without it any version is."
    )


@strawberry.type(description="How many records of one type were deleted.")
class DeletedCount:
    record_type: RecordType = strawberry.field(description="The type of the records.")
    count: int = strawberry.field(description="How many, those that went with another among them.")


@strawberry.type(description="What became of a deletion.")
class DeletePayload:
    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had; null where `userErrors` says why not.", default=None)
    deleted_counts: list[DeletedCount] = strawberry.field(
        description="All that was deleted and that you may see, by type.", default_factory=list
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


async def delete(noun: RecordType, input: DeleteInput) -> DeletePayload:
    """Delete one record.

    Raises:
        Refusal: there is none of the tenant's, or it has been changed since.
    """
    version = input.version if input.version is not strawberry.UNSET else None
    deleted = await deleting.delete(noun, [input.id], versions=[version])
    counts = [DeletedCount(record_type=RecordType(name), count=count) for name, count in deleted.counts.items() if count]
    return DeletePayload(deleted_id=strawberry.ID(global_id(noun, deleted.ids[0])), deleted_counts=counts)
