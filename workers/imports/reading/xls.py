"""XLS ([MS-XLS], BIFF8, Excel 97 to 2003): workbook globals, and worksheets as a stream of rows.

Read here for the same reason as XLSX: a library that lays out every sheet as a grid took 5 GB for a file of 6 KB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from tenants.refusals import Invalid
from workers.imports.reading.cells import ERRORS, is_date_format, number_text, serial_text
from workers.imports.reading.ole2 import CompoundFile
from workers.imports.reading.sheets import PackedStrings, RowBuilder, Sheet

_BOF, _EOF, _CONTINUE, _BIFF8 = 0x0809, 0x000A, 0x003C, 0x0600
_FILEPASS, _BOUNDSHEET, _DATEMODE, _FORMAT, _XF, _SST = 0x002F, 0x0085, 0x0022, 0x041E, 0x00E0, 0x00FC
_FORMULA, _STRING, _NUMBER, _RK, _MULRK, _LABELSST, _LABEL, _BOOLERR = 0x0006, 0x0207, 0x0203, 0x027E, 0x00BD, 0x00FD, 0x0204, 0x0205

#: One record: its kind, its bytes, and those of the CONTINUE records after it.
_Record = tuple[int, list[bytes]]


class _Workbook(NamedTuple):
    stream: bytes
    strings: PackedStrings
    dates: bytearray
    since_1904: bool


def sheets_of(file: CompoundFile) -> list[Sheet]:
    """The worksheets of a workbook, in its order.

    Raises:
        Invalid: protected by a password, older than Excel 97, or damaged.
    """
    if "Workbook" not in file:
        raise Invalid("The workbook is older than Excel 97. Open it in a spreadsheet program and save it as XLSX.")
    try:
        return _globals(file.stream("Workbook"))
    except (struct.error, IndexError) as error:
        raise _damaged() from error


def _globals(stream: bytes) -> list[Sheet]:
    bound: list[tuple[int, bool, str]] = []
    formats: list[int] = []
    codes: dict[int, str] = {}
    strings = PackedStrings()
    since_1904 = False
    for kind, pieces in _records(stream, 0):
        payload = pieces[0]
        if kind == _BOF and struct.unpack_from("<H", payload)[0] != _BIFF8:
            raise Invalid("The workbook is older than Excel 97. Open it in a spreadsheet program and save it as XLSX.")
        if kind == _FILEPASS:
            raise Invalid("The workbook is protected by a password. Save it without one.")
        if kind == _BOUNDSHEET and payload[5] == 0:
            name = _Text([payload[6:7] + b"\0" + payload[7:]]).take()
            bound.append((struct.unpack_from("<I", payload)[0], payload[4] & 3 == 0, name))
        elif kind == _DATEMODE:
            since_1904 = payload[:2] == b"\1\0"
        elif kind == _FORMAT:
            codes[struct.unpack_from("<H", payload)[0]] = _Text([payload[2:]]).take()
        elif kind == _XF:
            formats.append(struct.unpack_from("<H", payload, 2)[0])
        elif kind == _SST:
            _read_strings(pieces, strings)
    dates = bytearray(is_date_format(number, codes.get(number)) for number in formats)
    workbook = _Workbook(stream, strings, dates, since_1904)
    return [Sheet(name, is_visible, partial(_rows, workbook, offset)) for offset, is_visible, name in bound]


def _records(stream: bytes, offset: int) -> Iterator[_Record]:
    """The records of one substream, from its BOF to before its EOF; charts inside it are left out."""
    depth = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        pieces = [stream[offset + 4 : offset + 4 + size]]
        offset += 4 + size
        while stream[offset : offset + 2] == b"\x3c\0":
            (size,) = struct.unpack_from("<H", stream, offset + 2)
            pieces.append(stream[offset + 4 : offset + 4 + size])
            offset += 4 + size
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, pieces
        elif depth <= 0:
            return
    raise _damaged()


class _Text:
    """Reads strings from a record and its continuations: a string cut in two says again, in the second, how wide its characters are."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._rest = iter(pieces)
        self._piece = next(self._rest)
        self._at = 0

    def skip(self, size: int) -> bytes:
        """The next bytes, wherever they are."""
        found = self._piece[self._at : self._at + size]
        self._at += len(found)
        while len(found) < size:
            self._next_piece()
            more = self._piece[: size - len(found)]
            self._at = len(more)
            found += more
        return found

    def take(self) -> str:
        """The next string, without its formatting and phonetic reading."""
        length, flags = struct.unpack("<HB", self.skip(3))
        runs = struct.unpack("<H", self.skip(2))[0] if flags & 8 else 0
        extension = struct.unpack("<I", self.skip(4))[0] if flags & 4 else 0
        text = self._characters(length, bool(flags & 1))
        self.skip(4 * runs + extension)
        return text

    def _characters(self, length: int, is_wide: bool) -> str:
        found: list[str] = []
        while length:
            if self._at >= len(self._piece):
                self._next_piece()
                is_wide = bool(self.skip(1)[0] & 1)
            width = 2 if is_wide else 1
            count = min(length, (len(self._piece) - self._at) // width)
            if not count:
                raise _damaged()
            part = self._piece[self._at : self._at + count * width]
            self._at += count * width
            found.append(part.decode("utf-16-le", "replace") if is_wide else part.decode("latin-1"))
            length -= count
        return "".join(found)

    def _next_piece(self) -> None:
        piece = next(self._rest, None)
        if piece is None:
            raise _damaged()
        self._piece, self._at = piece, 0


def _read_strings(pieces: list[bytes], strings: PackedStrings) -> None:
    (count,) = struct.unpack_from("<I", pieces[0], 4)
    text = _Text([pieces[0][8:], *pieces[1:]])
    for _ in range(count):
        strings.append(text.take())


def _rows(workbook: _Workbook, offset: int, after: int) -> Iterator[tuple[int, list[str]]]:
    row = RowBuilder()
    awaited: tuple[int, int] | None = None
    try:
        for kind, pieces in _records(workbook.stream, offset):
            if kind == _STRING and awaited:
                row.put(awaited[1], _Text(pieces).take())
            elif kind in _CELLS and len(pieces[0]) >= 6:
                number, column = struct.unpack_from("<HH", pieces[0])
                if number + 1 != row.number:
                    if row.cells and row.number > after:
                        yield row.number, row.cells
                    row.unread = 0
                    row.begin(number + 1)
                awaited = (number, column)
                for place, text in enumerate(_CELLS[kind](workbook, pieces), column):
                    row.put(place, text)
    except (struct.error, IndexError) as error:
        raise _damaged() from error
    if row.cells and row.number > after:
        yield row.number, row.cells


def _shown(workbook: _Workbook, style: int, number: float) -> str:
    is_date = style < len(workbook.dates) and workbook.dates[style]
    return serial_text(repr(number), workbook.since_1904) if is_date else number_text(repr(number))


def _number(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    style, number = struct.unpack_from("<4xHd", pieces[0])
    return [_shown(workbook, style, number)]


def _rk(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    style, packed = struct.unpack_from("<4xHI", pieces[0])
    return [_shown(workbook, style, _unpacked(packed))]


def _many_rk(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    pairs = struct.iter_unpack("<HI", pieces[0][4 : 4 + (len(pieces[0]) - 6) // 6 * 6])
    return [_shown(workbook, style, _unpacked(packed)) for style, packed in pairs]


def _unpacked(packed: int) -> float:
    """An RK number ([MS-XLS] 2.5.217): 30 bits of an integer or of a double, perhaps times 100."""
    number: float
    if packed & 2:
        number = (packed >> 2) - (1 << 30 if packed & 0x80000000 else 0)
    else:
        (number,) = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))
    return number / 100 if packed & 1 else number


def _shared_text(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    return [workbook.strings[struct.unpack_from("<6xI", pieces[0])[0]]]


def _own_text(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    return [_Text([pieces[0][6:], *pieces[1:]]).take()]


def _truth_or_error(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    value, is_error = pieces[0][6:8]
    return [ERRORS.get(value, "#N/A") if is_error else "true" if value else "false"]


def _formula(workbook: _Workbook, pieces: list[bytes]) -> list[str]:
    """The value last computed; a text stands in the record after."""
    result = pieces[0][6:14]
    if result[6:] != b"\xff\xff":
        return _number(workbook, pieces)
    if result[0] == 1:
        return ["true" if result[2] else "false"]
    return [ERRORS.get(result[2], "#N/A")] if result[0] == 2 else []


_CELLS: dict[int, Callable[[_Workbook, list[bytes]], list[str]]] = {
    _NUMBER: _number,
    _RK: _rk,
    _MULRK: _many_rk,
    _LABELSST: _shared_text,
    _LABEL: _own_text,
    _BOOLERR: _truth_or_error,
    _FORMULA: _formula,
}


def _damaged() -> Invalid:
    return Invalid("The workbook is damaged: its records cannot be read. Open it in a spreadsheet program and save it again.")
