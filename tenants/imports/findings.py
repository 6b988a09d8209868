"""Findings: the rows of an import that have problems, chunk by chunk, sealed, with the cells of those that were rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tenants.encryption import Keyring
from tenants.imports.chunks import packed, unpacked
from tenants.intake.problems import Code, Problem, Severity
from tenants.refusals import NotFound
from tenants.session import session


@dataclass(slots=True)
class Finding:
    """One row with problems. `cells` are the row's own, as they were, when it was rejected; None when it was taken in."""

    row: int
    problems: list[Problem] = field(default_factory=list)
    cells: list[str] | None = None


def gathered(problems: Sequence[Problem], rejected: Mapping[int, list[str]]) -> list[Finding]:
    """Findings by row number; `rejected` gives the cells of every rejected row."""
    found: dict[int, Finding] = {row: Finding(row, cells=cells) for row, cells in rejected.items()}
    for problem in problems:
        found.setdefault(problem.row, Finding(problem.row)).problems.append(problem)
    return [found[row] for row in sorted(found)]


def sealed(keyring: Keyring, run_id: UUID, position: int, found: Sequence[Finding]) -> bytes | None:
    """Findings as they are stored; None for none."""
    if not found:
        return None
    content = [[each.row, [problem[1:] for problem in each.problems], each.cells] for each in found]
    return b"".join(keyring.stream(_purpose(run_id, position)).seal_blocks([packed(content)]))


def opened(keyring: Keyring, run_id: UUID, position: int, stored: bytes) -> list[Finding]:
    content = unpacked(keyring.stream(_purpose(run_id, position)).open_blocks([stored]))
    return [Finding(row, [_problem(row, *problem) for problem in problems], cells) for row, problems, cells in content]


async def findings(run_id: UUID, first: int = 100) -> list[Problem]:
    """The first problems of a run, in the order of the file.

    Raises:
        NotFound: there is no such run.
    """
    keyring, position = await session().keyring(), -1
    found: list[Problem] = []
    await _known(run_id)
    while len(found) < first and (chunk := await next_chunk(run_id, position)) is not None:
        position, stored = chunk
        found += [problem for finding in opened(keyring, run_id, position, stored) for problem in finding.problems]
    return found[:first]


async def next_chunk(run_id: UUID, position: int) -> tuple[int, bytes] | None:
    """Position and stored findings of the first chunk with any after a position."""
    chunk = await session().connection.fetchrow(_NEXT, session().tenant_id, run_id, position)
    return (chunk["position"], chunk["findings"]) if chunk else None


async def _known(run_id: UUID) -> None:
    if not await session().connection.fetchval("SELECT true FROM import_run WHERE tenant_id = $1 AND id = $2", session().tenant_id, run_id):
        raise NotFound("There is no such import.")


def _purpose(run_id: UUID, position: int) -> str:
    return f"findings/{run_id}/{position}"


def _problem(row: int, target: str | None, code: str, severity: str, wrong: str, right: str) -> Problem:
    return Problem(row, target, Code(code), Severity(severity), wrong, right)


_NEXT = """
SELECT position, findings FROM import_chunk
WHERE tenant_id = $1 AND run_id = $2 AND position > $3 AND findings IS NOT NULL ORDER BY position LIMIT 1
"""
