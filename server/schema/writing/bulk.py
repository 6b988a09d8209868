"""Customers brought in by the thousand: each row has its own result, in order, and a wrong one leaves the others in place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import strawberry

from server.reads.declaring import read_back
from server.schema.graph import Customer
from server.schema.user_errors import UserError, mutation, path_of
from server.schema.values import argument, optional
from server.schema.writing.acts import CONFLICTS, USER_ERRORS
from server.schema.writing.conflicts import FieldConflict, told
from server.schema.writing.customers import CustomerFields
from server.schema.writing.drafts import bounded, built_at_once, draft_of
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.intake.drafts import Action, Batch, Outcome
from tenants.intake.fields import targets
from tenants.intake.intake import take_in
from tenants.intake.problems import Code, Severity
from tenants.intake.rules import Fill, IntakeRules, KeyKind, OnMatch, OnMissing
from tenants.refusals import Invalid
from tenants.words import RecordType

ROWS_MOST = 1_000
FILLS_MOST = 50


@strawberry.enum(description="What became of a row; in a dry run, what would.")
class RowStatus(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    SKIPPED = "SKIPPED"
    REJECTED = "REJECTED"


_STATUSES = {
    Action.CREATE: RowStatus.CREATED,
    Action.UPDATE: RowStatus.UPDATED,
    Action.UNCHANGED: RowStatus.UNCHANGED,
    Action.SKIP: RowStatus.SKIPPED,
    Action.REJECT: RowStatus.REJECTED,
}


@built_at_once
@strawberry.input(description="A customer as you have it. What is left out stays as it is stored; null clears it.")
class CustomerRowInput(CustomerFields):
    id: strawberry.ID | None = optional("Which one of yours, by its global id; then `matchBy` is not asked.")
    version: int | None = optional("The version you read it at: if it has been changed since, the row is rejected as VERSION_CONFLICT.")
    name: str | None = optional("Up to 200 characters; a new customer needs it, or a company.")


@strawberry.input(description="How a value of one field meets a stored one that differs.")
class FieldFillInput:
    field: str = strawberry.field(description="A field of the rows, `birthDate`, or `custom.` and the name of one of your own.")
    fill: Fill = strawberry.field(description="What to do.")


@strawberry.input(description="What to do with rows that match a stored customer, and with those that match none.")
class UpsertRulesInput:
    on_match: OnMatch = strawberry.field(description="Rows that match one.", default=OnMatch.UPDATE)
    on_missing: OnMissing = strawberry.field(description="Rows that match none.", default=OnMissing.CREATE)
    fill: Fill = strawberry.field(description="How a given value meets a stored one that differs.", default=Fill.OVERWRITE)
    fills: list[FieldFillInput] | None = optional(f"Fields that are filled otherwise, up to {FILLS_MOST}.")


@strawberry.input(description="Customers to bring in.")
class UpsertCustomersInput:
    rows: list[CustomerRowInput] = strawberry.field(
        description=f"Up to {ROWS_MOST:,}, best sent as a variable. A later row meets what an earlier one made."
    )
    match_by: list[KeyKind] | None = optional(
        "By what a row finds its customer, tried in this order; the first that finds one decides. None: only by `id`. Unsaid: as "
        "`matchBy` of your tenant's settings has it."
    )
    rules: UpsertRulesInput | None = optional("Update what matches, create what does not, overwrite what differs, unless said otherwise.")
    dry_run: bool = strawberry.field(description="Say what would become of each row and write nothing.", default=False)


@strawberry.type(description="Something that is wrong in a row.")
class RowProblem:
    code: str = strawberry.field(description="What is wrong, for programs: IMPLAUSIBLE_PHONE, BAD_DATE, DUPLICATE, …")
    field: list[str] | None = strawberry.field(description="The path of the row's field; null for the whole row.")
    severity: Severity = strawberry.field(description="Whether it rejects the row.")
    wrong: str = strawberry.field(description="What is wrong, for people.")
    right: str = strawberry.field(description="What would be right, for people.")


@strawberry.type(description="What became of one row.")
class RowResult:
    row: int = strawberry.field(description="Its number, from 1.")
    status: RowStatus = strawberry.field(description="What became of it.")
    id: strawberry.ID | None = strawberry.field(
        description="The customer's id; of a rejected row that of the customer in its way (DUPLICATE) or meant (VERSION_CONFLICT), if any. "
        "Null for one that a dry run would create."
    )
    problems: list[RowProblem] = strawberry.field(description="What is wrong in it; a warning keeps the value as entered, flagged.")
    conflicts: list[FieldConflict] = strawberry.field(description=CONFLICTS)
    customer: UUID | None = read_back(Customer | None, "The customer `id` names, as it is now stored.")


@strawberry.type(description="How many rows had which fate; together, all of them.")
class RowCounts:
    created: int = strawberry.field(description="Rows that made a customer.")
    updated: int = strawberry.field(description="Rows that changed one.")
    unchanged: int = strawberry.field(description="Rows that said what is stored already.")
    skipped: int = strawberry.field(description="Rows that the rules leave out.")
    rejected: int = strawberry.field(description="Rows with an error.")


@strawberry.type(description="What became of `upsertCustomers`.")
class UpsertCustomersPayload:
    results: list[RowResult] = strawberry.field(description="One for each row, in their order.", default_factory=list)
    counts: RowCounts | None = strawberry.field(description="Null where the rows were refused as a whole.", default=None)
    change_set_id: strawberry.ID | None = strawberry.field(
        description="The one change-set of all changes; null where nothing was changed.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description=f"Why the rows were refused as a whole. {USER_ERRORS}", default_factory=list
    )


@strawberry.type
class BulkMutations:
    @mutation(
        UpsertCustomersPayload,
        f"Bring up to {ROWS_MOST:,} customers in: each is made, or matched to one of yours and changed. A wrong row is rejected alone.",
        permission=(Permission.CUSTOMER_CREATE, Permission.CUSTOMER_UPDATE),
    )
    async def upsert_customers(
        self, input: Annotated[UpsertCustomersInput, argument("The rows, and what to do with them.")]
    ) -> UpsertCustomersPayload | None:
        drafts = [draft_of(row) for row in bounded(input.rows, ROWS_MOST, "rows")]
        outcome = await take_in(Batch.of(RecordType.CUSTOMER, drafts), _rules(input))
        return UpsertCustomersPayload(
            results=list(_results(outcome, input.dry_run)),
            counts=RowCounts(**{status.lower(): outcome.counts()[action] for action, status in _STATUSES.items()}),
            change_set_id=strawberry.ID(global_id("CHANGE_SET", outcome.change_set_id)) if outcome.change_set_id else None,
        )


def _rules(input: UpsertCustomersInput) -> IntakeRules:
    said = input.rules or UpsertRulesInput()
    match_by = tuple(dict.fromkeys(input.match_by)) if isinstance(input.match_by, list) else None
    fills = {_target(each.field): each.fill for each in bounded(said.fills or (), FILLS_MOST, "fills")}
    return IntakeRules(match_by, False, said.on_match, said.on_missing, said.fill, fills, dry_run=input.dry_run)


def _target(field: str) -> str:
    """The target a field's name stands for: `birthDate` → birth_date."""
    target = field if field.startswith("custom.") else re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", field)
    if target not in targets(RecordType.CUSTOMER) and not target.startswith("custom."):
        raise Invalid("A row has no such field.", field=["rules", "fills"])
    return target


def _results(outcome: Outcome, is_dry_run: bool) -> Iterator[RowResult]:
    problems, conflicts = _problems(outcome), defaultdict[int, list[FieldConflict]](list)
    for row, conflict in told(outcome):
        conflicts[row].append(conflict)
    for row, (action, id) in enumerate(zip(outcome.actions, outcome.record_ids, strict=True), start=1):
        stored = None if is_dry_run and action is Action.CREATE else id
        named = strawberry.ID(global_id(RecordType.CUSTOMER, stored)) if stored else None
        yield RowResult(
            row=row, status=_STATUSES[action], id=named, problems=problems.get(row, []), conflicts=conflicts.get(row, []), customer=stored
        )


def _problems(outcome: Outcome) -> Mapping[int, list[RowProblem]]:
    found = defaultdict[int, list[RowProblem]](list)
    for row, field, code, severity, wrong, right in outcome.problems:
        if code is not Code.OTHER_LINE:
            found[row].append(
                RowProblem(code=code.value, field=path_of(field) if field else None, severity=severity, wrong=wrong, right=right)
            )
    return found
