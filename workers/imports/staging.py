"""Staging: rows from a table, cut into chunks, looked at by column, sealed into the file store. Runs in a thread, touches no database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from tenants.encryption import Keyring
from tenants.files import FileStore
from tenants.imports import chunks
from tenants.imports.chunks import Chunk, Unusable
from tenants.imports.rejected import corrected, is_returned
from tenants.intake import normalise
from tenants.intake.problems import Fault
from tenants.refusals import NotFound
from tenants.words import RecordType
from workers.imports.evidence import Evidence
from workers.imports.mapping import ColumnMapping
from workers.imports.order_numbers import OrderNumbers
from workers.imports.pieces import Piece, pieces
from workers.imports.reading import Cursor, SourceRow, Table

_LONGEST_NUMBER = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's files lie, and with whose keys they are sealed."""

    store: FileStore
    keyring: Keyring
    run_id: UUID


@dataclass(slots=True)
class Staged:
    """Chunks that lie in the file store and are not yet known to the database, and the state of reading after them."""

    first_rows: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    blank_rows: int = 0
    cursor: Cursor | None = None
    is_end: bool = False


class Staging:
    """The staging of one file from a cursor on, as long as one worker has it."""

    def __init__(self, place: Place, table: Table, mapping: ColumnMapping, evidence: Evidence, cursor: Cursor | None, size: int) -> None:
        self._place, self._table, self._mapping = place, table, mapping
        self.evidence = evidence
        self._orders = _Orders(place, mapping) if mapping.record_type is RecordType.ORDER and "number" in mapping.places else None
        self._pieces = pieces(table, cursor, size, self._orders)
        self._is_returned = is_returned(table.header)

    def stage(self, position: int, seconds: float) -> Staged:
        """Stage chunks, numbered from `position` on, for about so long, and at least one.

        What was staged by a worker that vanished before it could say so is staged again, to the same places.

        Raises:
            Invalid, TooLarge: the file cannot be read on, or not taken in.
        """
        staged, until = Staged(), time.monotonic() + seconds
        for piece in self._pieces:
            self._put(position + len(staged.rows), piece, staged)
            if time.monotonic() > until:
                break
        else:
            staged.is_end = True
        if self._orders:
            self._orders.keep()
        return staged

    def _put(self, position: int, piece: Piece, staged: Staged) -> None:
        staged.blank_rows += piece.blank_rows
        staged.cursor = piece.cursor
        if not piece.rows:
            return
        chunk = self._chunk(piece.rows)
        self.evidence.see(chunk.columns, self._mapping.places)
        chunks.put(self._place.store, self._place.keyring, self._place.run_id, position, chunk)
        staged.first_rows.append(piece.rows[0].number)
        staged.rows.append(len(chunk))

    def _chunk(self, rows: list[SourceRow]) -> Chunk:
        sound = [row for row in rows if row.fault is None]
        columns = [list(column) for column in zip(*(row.cells for row in sound), strict=True)] or [[] for _ in self._table.header]
        unusable = [Unusable(row.number, row.cells, row.fault) for row in rows if row.fault is not None]
        if self._is_returned:
            columns = [[corrected(cell) for cell in column] for column in columns]
            unusable = [row._replace(cells=[corrected(cell) for cell in row.cells]) for row in unusable]
        return Chunk([row.number for row in sound], list(columns), unusable)


class _Orders:
    """Says which order a row of an order file is a line of, and refuses a file whose orders are scattered.

    An unusable row counts to the order before it: what it says of itself is not to be relied on.
    """

    def __init__(self, place: Place, mapping: ColumnMapping) -> None:
        self._place, self._column = place, mapping.places["number"]
        self._last: str | None = None
        self._numbers = OrderNumbers(self._kept())

    def __call__(self, row: SourceRow) -> str | None:
        if row.fault is not None:
            return self._last
        number = order_number(row.cells[self._column])
        if number is not None and number != self._last:
            self._numbers.see(number, row.number)
        self._last = number
        return number

    def keep(self) -> None:
        """Lay what was seen beside the chunks, for the worker that goes on."""
        self._place.store.put(self._place.keyring, self._name, self._numbers.blocks())

    def _kept(self) -> Iterator[bytes]:
        try:
            yield from self._place.store.blocks(self._place.keyring, self._name)
        except NotFound:
            return

    @property
    def _name(self) -> str:
        return f"{chunks.folder(self._place.run_id)}/order_numbers"


@lru_cache(maxsize=4096)
def order_number(cell: str) -> str | None:
    """The number as the intake will see it; None where there is none."""
    number = normalise.text(cell, _LONGEST_NUMBER)
    return cell if isinstance(number, Fault) else number or None
