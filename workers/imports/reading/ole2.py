"""The compound file ([MS-CFB]) that Office formats before 2007, and encrypted ones since, are packed in."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator

from tenants.refusals import Invalid

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST_REGULAR = 0xFFFFFFFA
_STREAM, _ROOT = 2, 5
_TABLES_IN_HEADER = 109


class CompoundFile:
    """The streams of a compound file held in memory, by name.

    Raises:
        Invalid: a chain of sectors leaves the file or runs in a circle.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        try:
            self._read_header()
            self._entries = self._read_directory()
        except (struct.error, IndexError, OverflowError, MemoryError) as error:
            raise _damaged() from error

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def stream(self, name: str) -> bytes:
        """The bytes of a stream."""
        start, size = self._entries[name]
        if size > len(self._content):
            raise _damaged()
        if size >= self._mini_cutoff:
            return b"".join(self._sectors(start))[:size]
        root_start, root_size = self._entries["Root Entry"]
        container = b"".join(self._sectors(root_start))[:root_size]
        table = _numbers(b"".join(self._sectors(self._mini_table_start)))
        return b"".join(container[place * self._mini : (place + 1) * self._mini] for place in _chain(table, start))[:size]

    def _read_header(self) -> None:
        shift, mini_shift = struct.unpack_from("<HH", self._content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise _damaged()
        self._sector, self._mini = 1 << shift, 1 << mini_shift
        self._first_directory, self._mini_cutoff, self._mini_table_start = struct.unpack_from("<I4xII", self._content, 48)
        places = list(_numbers(self._content[76 : 76 + 4 * _TABLES_IN_HEADER]))
        (further,) = struct.unpack_from("<I", self._content, 68)
        for _ in range(len(self._content) // self._sector):
            if further > _LAST_REGULAR:
                break
            *more, further = _numbers(self._at(further))
            places += more
        self._table = _numbers(b"".join(self._at(place) for place in places if place <= _LAST_REGULAR))

    def _read_directory(self) -> dict[str, tuple[int, int]]:
        directory = b"".join(self._sectors(self._first_directory))
        found: dict[str, tuple[int, int]] = {}
        for place in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, place + 64)
            if kind in (_STREAM, _ROOT):
                name = directory[place : place + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
                start, size = struct.unpack_from("<II", directory, place + 116)
                found["Root Entry" if kind == _ROOT else name] = (start, size)
        return found

    def _at(self, sector: int) -> bytes:
        start = (sector + 1) * self._sector
        if start >= len(self._content):
            raise _damaged()
        return self._content[start : start + self._sector]

    def _sectors(self, start: int) -> Iterator[bytes]:
        return (self._at(sector) for sector in _chain(self._table, start))


def _chain(table: array[int], start: int) -> Iterator[int]:
    for _ in range(len(table) + 1):
        if start > _LAST_REGULAR:
            return
        yield start
        if start >= len(table):
            raise _damaged()
        start = table[start]
    raise _damaged()


def _numbers(content: bytes) -> array[int]:
    numbers = array("I", content[: len(content) // 4 * 4])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _damaged() -> Invalid:
    return Invalid("The workbook is damaged: it cannot be unpacked. Open it in a spreadsheet program and save it again.")
