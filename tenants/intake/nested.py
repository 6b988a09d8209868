"""A customer with what belongs to it in one act: all of it or nothing, and every problem with the path of its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from tenants.changes.change import Change
from tenants.changes.record import Cause, record
from tenants.ids import new_id
from tenants.intake.drafts import Action, Batch, Outcome, Row
from tenants.intake.intake import Prepared, prepare, settled, take_step
from tenants.intake.problems import Code, Problem, Severity
from tenants.intake.rules import IntakeRules, TenantRules
from tenants.session import Session, session
from tenants.words import RecordType

#: What a nested draft's problems are told under.
PLURALS: Mapping[RecordType, str] = {
    RecordType.CONTACT: "contacts",
    RecordType.ORDER: "orders",
    RecordType.INTERACTION: "interactions",
    RecordType.NEED: "needs",
    RecordType.PREFERENCE: "preferences",
}


class _Undone(Exception):
    """Something was refused: the savepoint is rolled back, and this outcome told."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


async def take_in_nested(customer: Row, nested: Mapping[RecordType, Sequence[Row]], rules: IntakeRules) -> Outcome:
    """Bring a customer in with its contacts, orders (with `lines`) and so on, as one change-set, or nothing of it.

    Everything is checked before it is said what is wrong, however early the first error. Problems of nested drafts have the field's path:
    `contacts.0.phone`, `orders.1.lines.0.quantity`; a warning keeps the value as everywhere.

    Returns:
        The outcome of the customer, a batch of one; its `records` count all types.
    """
    tenant, keyring = await TenantRules.load(is_held=True), await session().keyring()
    first = prepare(Batch.of_one(RecordType.CUSTOMER, customer), tenant, rules, keyring)
    children = [prepare(Batch.of(noun, drafts), tenant, rules, keyring) for noun, drafts in nested.items() if drafts]
    try:
        return await settled(lambda current: _settle(first, children, current))
    except _Undone as undone:
        return undone.outcome


async def _settle(first: Prepared, children: Sequence[Prepared], current: Session) -> Outcome:
    outcome, changes = await take_step(first, current)
    is_sound = outcome.actions[0] is not Action.REJECT
    owner = outcome.record_ids[0] if is_sound else None
    for child in children:
        changes += await _settle_child(child, owner, outcome, current)
    if any(problem.severity is Severity.ERROR for problem in outcome.problems):
        raise _Undone(replace(outcome, actions=[Action.REJECT], record_ids=[None if is_sound else outcome.record_ids[0]], records={}))
    rules = first.rules
    if changes:
        outcome.change_set_id = await record(changes, Cause(rules.source, rules.import_run_id, rules.reason), current, first.keyring)
    return outcome


async def _settle_child(child: Prepared, owner: UUID | None, outcome: Outcome, current: Session) -> list[Change]:
    """Take one noun in; under a customer that was refused it is only looked at, for its own problems."""
    bound = owner or new_id()
    drafts = [replace(draft, values={**draft.values, "customer_id": bound}, link=None) for draft in child.drafts]
    rules = child.rules if owner else replace(child.rules, dry_run=True)
    found, changes = await take_step(replace(child, drafts=drafts, rules=rules), current)
    plural = PLURALS[child.shape.record_type]
    outcome.problems += _placed(found.problems, plural)
    outcome.records |= found.records
    for problem in found.problems:
        holder = found.record_ids[child.clean.rows.index(problem.row)] if problem.code is Code.DUPLICATE else None
        if holder is not None:
            outcome.holders[_path(problem, plural)] = child.shape.record_type, holder
    return changes


def _placed(problems: Sequence[Problem], plural: str) -> Iterator[Problem]:
    for problem in problems:
        if problem.code is not Code.OTHER_LINE:
            yield problem._replace(row=1, field=_path(problem, plural))


def _path(problem: Problem, plural: str) -> str:
    return ".".join((plural, str(problem.row - 1), *((problem.field,) if problem.field else ())))
