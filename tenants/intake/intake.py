"""The road in, read downwards: make it right, check, look, decide, write."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tenants.changes.change import Change
from tenants.changes.record import Cause, record
from tenants.encryption import Keyring
from tenants.intake.allowed import allowed_of
from tenants.intake.apply import apply
from tenants.intake.cleaning import Clean, clean
from tenants.intake.conflicts import conflicts_of
from tenants.intake.drafts import Action, Batch, Outcome
from tenants.intake.match import Matches, load_births, match_links, match_records
from tenants.intake.owners import assign_owners
from tenants.intake.plan import Plan
from tenants.intake.problems import Code, Problem, Severity
from tenants.intake.records import Draft, drafts_of
from tenants.intake.rules import IntakeRules, KeyKind, OnMatch, TenantRules
from tenants.intake.shapes import CONTACT, SHAPES, Shape
from tenants.intake.validate import validate
from tenants.intake.writing import Raced
from tenants.refusals import Conflict
from tenants.session import Session, session
from tenants.words import RecordType

T = TypeVar("T")

#: Rows that are prepared where we stand, 0.1 ms each; more would keep everybody else of this process waiting.
_AT_ONCE = 50

#: How often a batch that met another writer looks again before it gives up.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch made right and checked, ready to be settled: all that can be done without looking at what is stored."""

    clean: Clean
    drafts: Sequence[Draft]
    contacts: Sequence[Draft]
    tenant: TenantRules
    rules: IntakeRules
    keyring: Keyring

    @property
    def shape(self) -> Shape:
        return SHAPES[self.clean.record_type]


async def take_in(batch: Batch, rules: IntakeRules) -> Outcome:
    """Bring a batch of drafts into the tenant's records, or say row by row why not.

    One statement per step however many drafts there are. Nothing is written for a row that has an error;
    `rules.dry_run` stops after the plan, and the plan is what a real run would do.
    """
    tenant, keyring = await TenantRules.load(is_held=not rules.dry_run), await session().keyring()
    if len(batch) <= _AT_ONCE:
        return await settle(prepare(batch, tenant, rules, keyring))
    return await settle(await asyncio.to_thread(prepare, batch, tenant, rules, keyring))


def prepare(batch: Batch, tenant: TenantRules, rules: IntakeRules, keyring: Keyring) -> Prepared:
    """Normalise, validate and seal a batch: pure computation, outside any transaction.

    Raises:
        Invalid: a column that is no field of this record type.
    """
    if rules.match_by is None:
        rules = replace(rules, match_by=tenant.match_by)
    cleaned = clean(batch, tenant, rules)
    validate(cleaned, tenant)
    shape = SHAPES[batch.record_type]
    contacts = []
    if batch.record_type is RecordType.CUSTOMER and any(target.startswith("contact.") for target in batch.columns):
        contacts = drafts_of(cleaned, CONTACT, tenant, keyring, prefix="contact.")
    drafts = drafts_of(cleaned, shape, tenant, keyring, system=rules.system)
    return Prepared(cleaned, drafts, contacts, tenant, rules, keyring)


async def settle(prepared: Prepared) -> Outcome:
    """Match, plan and apply a prepared batch in the unit of work we are in, with its change-set.

    Raises:
        Conflict: other writers kept taking the same unique values.
    """
    return await settled(lambda current: _settle(prepared, current))


async def settled(act: Callable[[Session], Awaitable[T]]) -> T:
    """What an act gives that may meet other writers: undone, it looks again, a few times.

    Raises:
        Conflict: they kept coming.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with session().connection.transaction():
                return await act(session())
        except Raced:
            continue
    raise Conflict("Other changes to the same records kept coming in between. Try again.")


async def _settle(prepared: Prepared, current: Session) -> Outcome:
    rules, keyring = prepared.rules, prepared.keyring
    outcome, changes = await take_step(prepared, current)
    contacts = _contacts_of(prepared, outcome)
    if contacts:
        changes += await _settle_contacts(prepared, contacts, outcome, current)
    if changes:
        outcome.change_set_id = await record(changes, Cause(rules.source, rules.import_run_id, rules.reason), current, keyring)
    return outcome


async def take_step(prepared: Prepared, current: Session) -> tuple[Outcome, list[Change]]:
    """Plan one prepared batch and, unless it is a dry run, apply it: its outcome, and the changes still to be recorded."""
    plan = await _planned(prepared, prepared.shape, prepared.drafts, prepared.rules, current)
    outcome = _outcome(prepared.clean, plan)
    outcome.conflicts = await conflicts_of(plan, current, prepared.keyring)
    return outcome, [] if prepared.rules.dry_run else await apply(plan, current, prepared.keyring)


async def _planned(prepared: Prepared, shape: Shape, drafts: Sequence[Draft], rules: IntakeRules, current: Session) -> Plan:
    matches = Matches()
    if shape.record_type is RecordType.CUSTOMER:
        await assign_owners(drafts, current)
    else:
        await match_links(drafts, current, matches)
    if shape.record_type is RecordType.ORDER:
        customers = {draft.values["customer_id"] for draft in drafts if "customer_id" in draft.values}
        await load_births(sorted(customers), current, prepared.keyring, matches)
    kinds = {KeyKind.EXTERNAL, *(rules.match_by or ()), *prepared.tenant.unique}
    await match_records(shape, drafts, kinds, current, prepared.keyring, matches)
    rows = prepared.clean.rows
    plan = Plan(shape, prepared.tenant, rules, matches, rows, [Action.REJECT] * len(rows), [None] * len(rows), [])
    plan.allowed = await allowed_of(shape, drafts, rules.match_by or (), matches, current)
    plan.decide(drafts)
    return plan


def _contacts_of(prepared: Prepared, outcome: Outcome) -> list[Draft]:
    """The contacts of the rows that were taken in, bound to their customers."""
    taken = {Action.CREATE, Action.UPDATE, Action.UNCHANGED}
    found = []
    for draft in prepared.contacts:
        place = draft.places[0]
        if outcome.actions[place] in taken and outcome.record_ids[place] is not None:
            found.append(replace(draft, values={**draft.values, "customer_id": outcome.record_ids[place]}))
    return found


async def _settle_contacts(prepared: Prepared, contacts: list[Draft], outcome: Outcome, current: Session) -> list[Change]:
    """Contacts that came in their customers' rows: a row that changed only its contact is an UPDATE."""
    plan = await _planned(prepared, CONTACT, contacts, replace(prepared.rules, on_match=OnMatch.UPDATE, match_by=()), current)
    for draft in contacts:
        place = draft.places[0]
        if outcome.actions[place] is Action.UNCHANGED and plan.actions[place] in (Action.CREATE, Action.UPDATE):
            outcome.actions[place] = Action.UPDATE
    # The row itself is taken in: what keeps its contact out is a warning.
    outcome.problems += (p._replace(field=f"contact.{p.field or 'name'}", severity=Severity.WARNING) for p in plan.problems)
    outcome.records[RecordType.CONTACT.value] = plan.records()
    return [] if prepared.rules.dry_run else await apply(plan, current, prepared.keyring)


def _outcome(cleaned: Clean, plan: Plan) -> Outcome:
    problems = [*cleaned.problems, *_other_lines(cleaned), *plan.problems]
    records: dict[str, Counter[str]] = {plan.shape.record_type.value: plan.records()}
    if plan.shape.record_type is RecordType.ORDER:
        records[RecordType.ORDER_LINE.value] = _lines(plan)
    return Outcome(plan.actions, plan.record_ids, problems, records)


def _lines(plan: Plan) -> Counter[str]:
    """Lines by what became of their order's lines."""
    found: Counter[str] = Counter()
    for target in plan.targets.values():
        action = Action.CREATE if target.is_new else Action.UPDATE if "lines" in target.changed else Action.UNCHANGED
        if target.lines:
            found[action.value] += len(target.lines)
    return found


def _other_lines(cleaned: Clean) -> Iterator[Problem]:
    """Rows refused only because another line of their order is."""
    told = {problem.row for problem in cleaned.problems if problem.severity is Severity.ERROR}
    for place in sorted(cleaned.refused):
        row = cleaned.rows[place]
        if row not in told:
            yield Problem(row, None, Code.OTHER_LINE, Severity.ERROR, "Another line of this order has an error.", "Correct that line.")
