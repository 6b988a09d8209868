"""Opens an uploaded file as a table: its form told by its content, never by its name."""

from __future__ import annotations

from collections.abc import Iterator

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading import ods, xls, xlsx
from workers.imports.reading.archive import Archive
from workers.imports.reading.limits import HEAD_BYTES, LARGEST_XLS_BYTES, MIB
from workers.imports.reading.ole2 import MAGIC, CompoundFile
from workers.imports.reading.sheets import open_sheet
from workers.imports.reading.table import Blocks, Form, ReadingOptions, Table
from workers.imports.reading.text import open_text

_OTHER_FORMS = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)


def open_table(blocks: Blocks, name: str, size: int, options: ReadingOptions | None = None) -> Table:
    """The table in a file, ready to be read from the top or from a cursor.

    Args:
        blocks: the plaintext bytes from an offset on, in blocks of any size; called again for every pass and jump.
        name: what the user calls the file; only said in messages.
        size: bytes of the whole file.
        options: what the user said; the rest is found out, the same way every time.

    Raises:
        Invalid: not a table, or one that cannot be read; the message says why and what to send instead.
        TooLarge: over one of `reading.limits`.
    """
    options = options or ReadingOptions()

    def within(offset: int) -> Iterator[bytes]:
        return iter(blocks(offset)) if offset < size else iter(())

    head = _head(within)
    if not head:
        raise Invalid("The file is empty.")
    if head.startswith(b"PK\x05\x06"):
        raise Invalid("The file is an empty ZIP archive.")
    if head.startswith(b"PK\x03\x04"):
        return _open_archive(Archive(within, size), options)
    if head.startswith(MAGIC):
        return _open_compound(within, size, options)
    for magic, form in _OTHER_FORMS:
        if head.startswith(magic) and not _is_text_anyway(magic, head):
            raise Invalid(f"“{name[:80]}” is {form}, not a table. Send CSV, XLSX, XLS, ODS or JSON Lines.")
    return open_text(within, head, options)


def _head(blocks: Blocks) -> bytes:
    found: list[bytes] = []
    size = 0
    for block in blocks(0):
        found.append(block[: HEAD_BYTES - size])
        size += len(found[-1])
        if size >= HEAD_BYTES:
            break
    return b"".join(found)


def _is_text_anyway(magic: bytes, head: bytes) -> bool:
    """`MZ` and `BZh` may begin a header cell; a program or an archive has control characters at once."""
    return magic.isalpha() and not any(byte < 9 for byte in head[:512])


def _open_archive(archive: Archive, options: ReadingOptions) -> Table:
    names = archive.names()
    if "content.xml" in archive and not any(name.startswith("xl/") for name in names):
        return open_sheet(Form.ODS, ods.sheets_of(archive), options)
    if any(name.endswith("workbook.bin") for name in names):
        raise Invalid("The workbook is in the binary form XLSB. Save it as XLSX.")
    if "[Content_Types].xml" in archive and not any(name.startswith(("word/", "ppt/")) for name in names):
        return open_sheet(Form.XLSX, xlsx.sheets_of(archive), options)
    raise Invalid("The file is a ZIP archive but no spreadsheet. If the table is inside it, unpack it and send the table.")


def _open_compound(blocks: Blocks, size: int, options: ReadingOptions) -> Table:
    if size > LARGEST_XLS_BYTES:
        raise TooLarge(f"An XLS workbook may have {LARGEST_XLS_BYTES // MIB} MiB. Save it as XLSX or CSV, which may be larger.")
    file = CompoundFile(b"".join(blocks(0)))
    if "EncryptedPackage" in file:
        raise Invalid("The workbook is protected by a password. Save it without one.")
    if "Workbook" not in file and "Book" not in file:
        raise Invalid("The file is an old Office document, but no workbook. Send CSV, XLSX, XLS, ODS or JSON Lines.")
    return open_sheet(Form.XLS, xls.sheets_of(file), options)
