"""The rejected rows of an import as a CSV file: as they were, with what is wrong, ready to be corrected and sent again.

Whoever opens the file in a spreadsheet program must not run what a stranger wrote into a form. So a cell that such a program would
take for a formula gets an apostrophe in front (OWASP, "CSV Injection": `= + - @`, their full-width forms, tab, carriage
return, line feed; we look behind white space too), and every cell is quoted, so that no separator of another country splits it.
A plain number (`-12.50`) or phone number (`+49 30 1234-56`) stays as it is: digits, spaces and `( ) . , / -` call no function.
What is stored is never changed. `corrected` takes the apostrophes away again when the file comes back, and nothing else: a
cell that had an apostrophe before a formula of its own has two in the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from tenants.imports.findings import Finding, next_chunk, opened
from tenants.imports.runs import loaded
from tenants.refusals import NotFound
from tenants.session import Actor, acting_as, session
from tenants.trail import Event, note

#: Columns of ours, in front: a row with a cell too many then still has them in their place. They are left out when the file comes back.
OWN_COLUMNS = ("kelu_row", "kelu_problem", "kelu_correction")

_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_HARMLESS = re.compile(r"\s*[+\-＋－]?[\d\s().,/\-]*\d[\d\s().,/\-]*")
_NEUTRALISED = re.compile(r"'+(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")


async def rejected_csv(actor: Actor, run_id: UUID) -> AsyncIterator[bytes]:
    """The file in pieces, one per chunk that has rejected rows; UTF-8 with an order mark, which spreadsheet programs need.

    Not inside a unit of work: a reader may be slow. Each piece is read in one of its own. The trail says that the file was asked for.

    Raises:
        NotFound: there is no such run (raised with the first piece).
    """
    async with acting_as(actor):
        header = await _header(run_id)
        await note(Event.EXPORT, subject_type="IMPORT", subject_id=run_id, details={"what": "rejected rows"})
    kept = [place for place, name in enumerate(header) if not is_own(name)]
    yield b"\xef\xbb\xbf" + _lines([[*OWN_COLUMNS, *(header[place] for place in kept)]])
    position = -1
    while True:
        async with acting_as(actor, read_only=True) as current:
            chunk = await next_chunk(run_id, position)
            if chunk is None:
                return
            position, stored = chunk
            found = opened(await current.keyring(), run_id, position, stored)
        rows = [_row(finding, finding.cells, kept, len(header)) for finding in found if finding.cells is not None]
        if rows:
            yield _lines(rows)


def is_own(name: str) -> bool:
    """Whether a column is one of those this file adds."""
    return name.strip().lower() in OWN_COLUMNS


def is_returned(header: Iterable[str]) -> bool:
    """Whether a file with this header is one of ours that comes back."""
    return set(OWN_COLUMNS) <= {name.strip().lower() for name in header}


def neutralised(cell: str) -> str:
    """The cell as no spreadsheet program takes it for a formula."""
    is_risky = _FORMULA.match(cell) and not _HARMLESS.fullmatch(cell)
    return f"'{cell}" if is_risky or _NEUTRALISED.match(cell) else cell


def corrected(cell: str) -> str:
    """The cell without the apostrophe that `neutralised` put there."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell


async def _header(run_id: UUID) -> list[str]:
    source = await session().connection.fetchval(
        "SELECT source FROM import_run WHERE tenant_id = $1 AND id = $2", session().tenant_id, run_id
    )
    if source is None:
        raise NotFound("There is no such import.")
    return list(loaded(source).get("header", ()))


def _row(finding: Finding, cells: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    """A rejected row with all its problems, one a line; cells beyond the header's width come last."""
    own = [str(finding.row), *("\n".join(dict.fromkeys(said)) for said in zip(*map(_said, finding.problems), strict=True))]
    own += [""] * (len(OWN_COLUMNS) - len(own))
    return [*own, *(cells[place] for place in kept if place < len(cells)), *cells[width:]]


def _said(problem: tuple[object, ...]) -> tuple[str, str]:
    _, target, _, _, wrong, right = problem
    place = f"{target}: " if target else ""
    return f"{place}{wrong}", f"{place}{right}"


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([neutralised(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")
