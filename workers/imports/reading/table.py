"""What every form of file is read as: a header, and numbered rows of text cells that can be taken up again after any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tenants.intake.problems import Code, Fault
from workers.imports.reading.limits import LARGEST_BATCH_CHARACTERS

#: From a byte offset to the plaintext bytes of the file from there on, in blocks of any size.
Blocks = Callable[[int], Iterator[bytes]]


class Form(StrEnum):
    """The forms a file may have, told by its content."""

    CSV = "CSV"
    XLSX = "XLSX"
    XLS = "XLS"
    ODS = "ODS"
    JSON_LINES = "JSON_LINES"


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the user said about the file; None is found out.

    Args:
        encoding: a name Python knows, such as `big5` or `windows-1252`; text files only.
        separator: one character between cells; text files only.
        sheet: the name of the worksheet; spreadsheets only.
        header_row: the number of the row with the column names, as `SourceRow.number` counts.
    """

    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    header_row: int | None = None


class Cursor(NamedTuple):
    """A place between two rows; `list(cursor)` is JSON, `Cursor(*that)` comes back.

    `position` is the byte offset of what follows (text), or the number of the last row before it (spreadsheets);
    `number` is the row number that would come next.
    """

    position: int
    number: int


class SourceRow(NamedTuple):
    """One row of the file that is not blank.

    `number` is 1-based: a spreadsheet's row number; in text the line on which the row starts, so after a cell of several
    lines it is what an editor shows, not what a spreadsheet would. `cells` has as many cells as the header, unless `fault`
    says why the row cannot be used: then they are the row's own, with U+FFFD for what could not be read.
    """

    number: int
    cells: list[str]
    fault: Fault | None = None


class Batch(NamedTuple):
    """Rows, how many blank rows stood before, between and (at the very end) after them, and the place just after the last."""

    rows: list[SourceRow]
    blank_rows: int
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring rows as a reader finds them. Lengths of runs mean nothing.

    Args:
        size: about how many characters the rows have.
        blank_before: by index in `rows`, blank rows just before it; the index after the last: blank rows at the end.
        after: the cursor after that many of `rows`, at least one.
        end: the cursor after the whole run, blank rows at its end included.
    """

    rows: list[SourceRow]
    blank_before: Mapping[int, int]
    after: Callable[[int], Cursor]
    end: Callable[[], Cursor]
    size: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file, opened: what it is, its raw header cells, and its rows as often as wanted."""

    form: Form
    header: tuple[str, ...]
    header_row: int
    runs: Callable[[Cursor | None], Iterator[Run]]
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None

    def rows(self, start: Cursor | None = None) -> Iterator[SourceRow]:
        """The rows after the header, or after a cursor that `batches` gave."""
        for run in self.runs(start):
            yield from run.rows

    def batches(self, size: int, start: Cursor | None = None) -> Iterator[Batch]:
        """The same rows, `size` at a time or fewer where they are long, each batch with the cursor that goes on after it.

        Adding up rows and blank rows of all batches gives every row of the file below the header, however often the
        reading was taken up again. Blank rows at the end of a spreadsheet are nowhere in the file and not counted.

        Raises:
            Invalid, TooLarge: the rest of the file cannot be read, as `open_table`.
        """
        rows: list[SourceRow] = []
        blank = held = 0
        last: Run | None = None
        for run in self.runs(start):
            taken = 0
            while taken < len(run.rows):
                until = min(taken + size - len(rows), len(run.rows))
                rows += run.rows[taken:until]
                blank += _blank(run, taken, until)
                taken = until
                if len(rows) == size:
                    yield Batch(rows, blank, run.after(taken))
                    rows, blank = [], 0
            blank += run.blank_before.get(len(run.rows), 0)
            last = run
            held = held + run.size if rows else 0
            if held > LARGEST_BATCH_CHARACTERS:
                yield Batch(rows, blank, run.end())
                rows, blank, held = [], 0, 0
        if last and (rows or blank):
            yield Batch(rows, blank, last.end())


def _blank(run: Run, start: int, end: int) -> int:
    return sum(run.blank_before.get(index, 0) for index in range(start, end)) if run.blank_before else 0


def is_blank(cells: Sequence[str]) -> bool:
    """Whether there is nothing but white space in the row."""
    return not any(map(str.strip, cells))


def fitted(number: int, cells: list[str], width: int) -> SourceRow:
    """The row with exactly `width` cells: missing ones at the end are empty, empty ones too many are dropped."""
    if len(cells) < width:
        return SourceRow(number, cells + [""] * (width - len(cells)))
    if is_blank(cells[width:]):
        return SourceRow(number, cells[:width])
    return SourceRow(number, cells, too_many_cells(len(cells), width))


def too_many_cells(found: int, width: int) -> Fault:
    return Fault(
        Code.WRONG_CELL_COUNT,
        f"The row has {found} cells, the header has {width}.",
        "One cell for each column; a cell that contains the separator stands in quotation marks.",
    )
