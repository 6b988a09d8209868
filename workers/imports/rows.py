"""The job `import_rows`: one chunk of a run prepared, and taken in when it is its turn."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenants import jobs
from tenants.encryption import Keyring
from tenants.imports import chunks, findings, runs
from tenants.imports.chunks import Chunk
from tenants.imports.options import ImportOptions
from tenants.imports.runs import Status
from tenants.imports.starters import act_for_starter
from tenants.installation import installation
from tenants.intake.drafts import Action, Batch, Outcome
from tenants.intake.intake import Prepared, prepare, settle
from tenants.intake.problems import Code, Problem, Severity
from tenants.intake.rules import IntakeRules, TenantRules
from tenants.jobs import Claim
from tenants.refusals import NotAllowed
from tenants.rules.hold import RulesChanged, hold
from tenants.session import Actor, acting_as, session
from tenants.words import RecordType
from workers.imports.evidence import Evidence
from workers.imports.mapping import ColumnMapping
from workers.imports.staging import order_number

#: How long a prepared chunk waits for the one before it, and how often it looks.
_WAIT_SECONDS = 5.0
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class _Parted:
    """A chunk parted into what goes through the intake and what is rejected before it."""

    batch: Batch
    rejected: dict[int, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A chunk made right and checked; only its turn is missing."""

    chunk: Chunk
    parted: _Parted
    prepared: Prepared


async def import_rows(actor: Actor, claim: Claim) -> None:
    """Prepare a chunk beside others, then take it in after the chunk before it: the last row about somebody wins.

    Rows, findings, counts and the end of the job are one commit. If the turn does not come in a few seconds, the chunk is held
    back, and the one before it will release it. Should an admin change the tenant's rules meanwhile, it is prepared anew; should who
    started the run not be allowed to any more, the run fails and keeps what was taken in.
    """
    while True:
        try:
            with suppress(RulesChanged):
                return await _import_rows(actor, claim)
        except NotAllowed as refusal:  # it stays so, however often it is tried
            async with acting_as(actor):
                await jobs.fail(claim, refusal.message)
                await runs.fail(claim.subject_id, refusal.message)
            return


async def _import_rows(actor: Actor, claim: Claim) -> None:
    async with acting_as(actor) as current:
        run = await runs.lock(claim.subject_id)
        if Status(run["status"]) is not Status.RUNNING:
            await jobs.give_back(claim, None)
            return
        tenant, keyring = await TenantRules.load(), await current.keyring()
    ready = await asyncio.to_thread(_ready, run, claim.position, tenant, keyring)
    until = time.monotonic() + _WAIT_SECONDS
    while not await _taken_in(actor, claim, ready, keyring, is_last_look=time.monotonic() > until):
        await asyncio.sleep(_LOOK_SECONDS)


def _ready(run: Any, position: int, tenant: TenantRules, keyring: Keyring) -> _Ready:
    """CPU and disk: runs in a thread."""
    mapping = ColumnMapping.from_json({"record_type": run["record_type"], "columns": runs.loaded(run["mapping"])})
    chunk = chunks.get(installation().files, keyring, run["id"], position)
    parted = _parted(chunk, mapping)
    return _Ready(chunk, parted, prepare(parted.batch, tenant, _rules(run, mapping, tenant), keyring))


def _rules(run: Any, mapping: ColumnMapping, tenant: TenantRules) -> IntakeRules:
    options = ImportOptions.of(**runs.loaded(run["options"]))
    evidence = Evidence.of(mapping.record_type, mapping.places, runs.loaded(run["evidence"]))
    return IntakeRules(
        match_by=options.match_by_for(mapping.record_type, mapping.places, tenant.match_by),
        on_match=options.on_match,
        on_missing=options.on_missing,
        fill=options.fill,
        fills=options.fills,
        dates=evidence.date_orders(options),
        marks=evidence.decimal_marks(options),
        dry_run=run["is_dry_run"],
        source="IMPORT",
        system=options.system,
        import_run_id=run["id"],
        reason=options.reason,
    )


def _parted(chunk: Chunk, mapping: ColumnMapping) -> _Parted:
    """Rows that could not be read as rows are rejected, and the other lines of their orders with them."""
    rejected = {row.number: row.cells for row in chunk.unusable}
    problems = [Problem(row.number, None, row.fault.code, Severity.ERROR, row.fault.wrong, row.fault.right) for row in chunk.unusable]
    left_out = _other_lines(chunk, mapping)
    for place in sorted(left_out):
        rejected[chunk.numbers[place]] = chunk.cells(place)
        wrong, right = "Another line of this order cannot be read.", "Correct that line."
        problems.append(Problem(chunk.numbers[place], None, Code.OTHER_LINE, Severity.ERROR, wrong, right))
    kept = [place for place in range(len(chunk.numbers)) if place not in left_out]
    columns: dict[str, list[str | None]] = {
        target: [chunk.columns[index][place] or None for place in kept] for target, index in mapping.places.items()
    }
    return _Parted(Batch(mapping.record_type, [chunk.numbers[place] for place in kept], columns), rejected, problems)


def _other_lines(chunk: Chunk, mapping: ColumnMapping) -> set[int]:
    index = mapping.places.get("number")
    if mapping.record_type is not RecordType.ORDER or index is None or not chunk.unusable:
        return set()
    numbers = {order_number(row.cells[index]) for row in chunk.unusable if index < len(row.cells)} - {None}
    return {place for place, cell in enumerate(chunk.columns[index]) if order_number(cell) in numbers}


async def _taken_in(actor: Actor, claim: Claim, ready: _Ready, keyring: Keyring, *, is_last_look: bool) -> bool:
    """Whether the job is over for this worker: taken in, or held back until it is released."""
    async with acting_as(actor):
        run = await runs.lock(claim.subject_id)
        is_running = Status(run["status"]) is Status.RUNNING
        if is_running and run["chunks_applied"] == claim.position:
            await act_for_starter(run)
            await _take_in(run, claim, ready, keyring)
            return True
        if is_running and not is_last_look:
            return False
        await jobs.give_back(claim, None)
        return True


async def _take_in(run: Any, claim: Claim, ready: _Ready, keyring: Keyring) -> None:
    if not run["is_dry_run"]:
        await hold(ready.prepared.tenant.version)
    outcome = await settle(ready.prepared)
    found = _found(ready, outcome)
    sealed = findings.sealed(keyring, run["id"], claim.position, found)
    problems = sum(len(finding.problems) for finding in found)
    connection, tenant_id = session().connection, session().tenant_id
    await connection.execute(_FINDINGS, tenant_id, run["id"], claim.position, problems, sealed)
    await connection.execute(_COUNTS, tenant_id, run["id"], *_counts(run, ready, outcome))
    await jobs.finish(claim)
    if claim.position + 1 == run["chunks_staged"]:
        await runs.done(run)
    else:
        await runs.release_next(run["id"], claim.position + 1)


def _found(ready: _Ready, outcome: Outcome) -> list[findings.Finding]:
    """The findings of a chunk; a rejected row is among them with its cells, whatever its problems say."""
    chunk, rejected = ready.chunk, dict(ready.parted.rejected)
    place_of = {number: place for place, number in enumerate(chunk.numbers)}
    for row, action in zip(ready.parted.batch.rows, outcome.actions, strict=True):
        if action is Action.REJECT:
            rejected[row] = chunk.cells(place_of[row])
    return findings.gathered([*ready.parted.problems, *outcome.problems], rejected)


def _counts(run: Any, ready: _Ready, outcome: Outcome) -> tuple[Any, ...]:
    """What `_COUNTS` adds, in its order."""
    rows = outcome.counts()
    rows[Action.REJECT] += len(ready.parted.rejected)
    records: dict[str, Counter[str]] = {noun: Counter(counts) for noun, counts in runs.loaded(run["records"]).items()}
    for noun, counts in outcome.records.items():
        records.setdefault(noun, Counter()).update(counts)
    actions = (Action.CREATE, Action.UPDATE, Action.UNCHANGED, Action.SKIP, Action.REJECT)
    return (rows.total(), *(rows[action] for action in actions), outcome.warnings, orjson.dumps(records).decode())


_FINDINGS = "UPDATE import_chunk SET problems = $4, findings = $5 WHERE tenant_id = $1 AND run_id = $2 AND position = $3"

_COUNTS = """
UPDATE import_run SET chunks_applied = chunks_applied + 1, rows_read = rows_read + $3, rows_created = rows_created + $4,
    rows_updated = rows_updated + $5, rows_unchanged = rows_unchanged + $6, rows_skipped = rows_skipped + $7,
    rows_rejected = rows_rejected + $8, warnings = warnings + $9, records = $10, updated_at = now()
WHERE tenant_id = $1 AND id = $2
"""
