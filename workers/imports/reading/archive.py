"""The ZIP archive that XLSX and ODS are, read without trusting what it says about itself."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.limits import (
    INFLATION_COUNTED_FROM_BYTES,
    LARGEST_ARCHIVE_BYTES,
    LARGEST_DIRECTORY_BYTES,
    LARGEST_SMALL_PART_BYTES,
    MIB,
    MOST_INFLATED_BYTES,
    MOST_INFLATION,
)
from workers.imports.reading.table import Blocks

_PIECE_BYTES = 256 * 1024


class _SeekableBlocks(io.BufferedIOBase):
    """The file as `zipfile` wants it: seekable. Holds one block; a jump starts a new stream of blocks there.

    No single read is longer than a list of contents may be, so a false length cannot fill the memory.
    """

    def __init__(self, blocks: Blocks, size: int) -> None:
        self._blocks, self._size = blocks, size
        self._at = 0
        self._stream: Iterator[bytes] = iter(())
        self._stream_at = -1
        self._block = memoryview(b"")

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if self._at < 0:
            raise OSError("before the start of the file")
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        wanted = max(0, min(size if size >= 0 else self._size, self._size - self._at))
        if wanted > LARGEST_DIRECTORY_BYTES:
            raise TooLarge(f"The archive's list of contents is longer than {LARGEST_DIRECTORY_BYTES // MIB} MiB.")
        if self._stream_at != self._at:
            self._stream, self._block = self._blocks(self._at), memoryview(b"")
        found: list[memoryview] = []
        while wanted and (self._block or self._advance()):
            found.append(self._block[:wanted])
            self._block = self._block[wanted:]
            wanted -= len(found[-1])
        piece = b"".join(found)
        self._at = self._stream_at = self._at + len(piece)
        return piece

    def _advance(self) -> bool:
        self._block = memoryview(next(filter(None, self._stream), b""))
        return bool(self._block)


class Archive:
    """The parts of a ZIP archive by name.

    Raises:
        TooLarge: the file, its contents as declared, or a part as it inflates, is over the limits.
        Invalid: damaged, encrypted, or packed in a way no spreadsheet program uses.
    """

    def __init__(self, blocks: Blocks, size: int) -> None:
        if size > LARGEST_ARCHIVE_BYTES:
            raise TooLarge(f"The spreadsheet has over {LARGEST_ARCHIVE_BYTES // MIB} MiB. Save it as CSV, which may be larger.")
        try:
            self._zip = zipfile.ZipFile(_SeekableBlocks(blocks, size))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _damaged() from error
        if sum(part.file_size for part in self._zip.infolist()) > MOST_INFLATED_BYTES:
            raise _bomb()

    def names(self) -> list[str]:
        return self._zip.namelist()

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def small(self, name: str) -> Iterator[bytes] | None:
        """A part that is parsed into memory, at most 16 MiB of it, or None if the archive has no such part."""
        return self.pieces(name, LARGEST_SMALL_PART_BYTES) if name in self else None

    def pieces(self, name: str, most: int = MOST_INFLATED_BYTES) -> Iterator[bytes]:
        """The part as it inflates, counted on the way."""
        if name not in self:
            raise _damaged()
        part = self._zip.getinfo(name)
        if part.flag_bits & 1:
            raise Invalid("The spreadsheet is protected by a password. Save it without one.")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _damaged()
        inflated = 0
        try:
            with self._zip.open(part) as opened:
                while piece := opened.read(_PIECE_BYTES):
                    inflated += len(piece)
                    inflation = inflated / max(part.compress_size, 1)
                    if inflated > most or (inflated > INFLATION_COUNTED_FROM_BYTES and inflation > MOST_INFLATION):
                        raise _bomb()
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise _damaged() from error


def _bomb() -> TooLarge:
    return TooLarge(
        "The spreadsheet unpacks to far more than a table of this size needs. Copy the rows into a new workbook, or save it as CSV."
    )


def _damaged() -> Invalid:
    return Invalid("The spreadsheet is damaged: its archive cannot be read. Open it in a spreadsheet program and save it again.")
