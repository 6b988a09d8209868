"""Chunks: neighbouring rows of a file, sealed in the file store between reading and taking in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import zstandard

from tenants.encryption import Keyring
from tenants.files import FileStore
from tenants.intake.problems import Code, Fault

#: Higher levels are slower by more than they save: the file is read once and then deleted.
_LEVEL = 1


class Unusable(NamedTuple):
    """A row that could not be read as one: its own cells, and why."""

    number: int
    cells: list[str]
    fault: Fault


@dataclass(slots=True)
class Chunk:
    """Rows of a file as they were.

    Args:
        numbers: the number of each usable row in the file.
        columns: a list of cells for each column of the file, beside `numbers`.
        unusable: rows that cannot go through the intake; together with `numbers` all rows of the chunk.
    """

    numbers: list[int]
    columns: list[Sequence[str]]
    unusable: list[Unusable] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.unusable)

    def cells(self, place: int) -> list[str]:
        """The cells of one usable row."""
        return [column[place] for column in self.columns]


def put(store: FileStore, keyring: Keyring, run_id: UUID, position: int, chunk: Chunk) -> None:
    """Seal a chunk into the file store; the same one again replaces it. Takes milliseconds of disk: call it in a thread."""
    unusable = [[row.number, row.cells, tuple(row.fault)] for row in chunk.unusable]
    store.put(keyring, file_name(run_id, position), [packed([chunk.numbers, chunk.columns, unusable])])


def get(store: FileStore, keyring: Keyring, run_id: UUID, position: int) -> Chunk:
    """The chunk as it was put. Call it in a thread."""
    numbers, columns, unusable = unpacked(store.blocks(keyring, file_name(run_id, position)))
    return Chunk(numbers, columns, [Unusable(number, cells, _fault(*fault)) for number, cells, fault in unusable])


def packed(content: Any) -> bytes:
    """JSON, compressed."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(content))


def unpacked(blocks: Iterable[bytes]) -> Any:
    return orjson.loads(zstandard.ZstdDecompressor().decompress(b"".join(blocks)))


def folder(run_id: UUID) -> str:
    """Where all files of a run lie, besides its upload."""
    return f"imports/{run_id}"


def file_name(run_id: UUID, position: int) -> str:
    return f"{folder(run_id)}/{position}"


def _fault(code: str, wrong: str, right: str) -> Fault:
    return Fault(Code(code), wrong, right)
