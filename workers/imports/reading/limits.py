"""How much of a file is read at most: every bound of this package, so that no upload decides how much memory a worker needs."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

#: Bytes looked at to tell a file's form, encoding, separator and header.
HEAD_BYTES: Final = MIB

#: A head that is plain ASCII says nothing about the encoding: the search for other characters goes on this far into the file.
ENCODING_SEARCH_BYTES: Final = 32 * MIB

#: Bytes of text parsed at once; as Python rows they take several times as much.
SEGMENT_BYTES: Final = 256 * KIB

#: A record (a row with all the lines of its quoted cells) that is longer than this ends the import.
LONGEST_RECORD_BYTES: Final = MIB

#: Named and unnamed columns of a table.
MOST_COLUMNS: Final = 500

#: The header is looked for in this many rows that are not blank.
HEADER_SEARCH_ROWS: Final = 50

#: Rows of JSON Lines whose keys make the header, and rows of a spreadsheet that say how wide it is.
SHAPE_ROWS: Final = 1_000

#: A spreadsheet in a ZIP archive (XLSX, ODS), as uploaded. It is streamed, so this bounds time rather than memory.
LARGEST_ARCHIVE_BYTES: Final = 100 * MIB

#: Bytes that the parts of such an archive may inflate to, as declared together and as counted part by part:
#: 200,000 rows of 14 columns are 160 MiB.
MOST_INFLATED_BYTES: Final = 1024 * MIB

#: Inflated bytes per compressed byte, counted once a part is over 8 MiB. A worksheet of 200,000 customers has 10, a zip bomb 1,000.
MOST_INFLATION: Final = 100
INFLATION_COUNTED_FROM_BYTES: Final = 8 * MIB

#: The archive's list of contents, which is held in memory: about 20,000 entries.
LARGEST_DIRECTORY_BYTES: Final = MIB

#: A part that is held in memory whole when parsed: workbook, relationships, styles, manifest.
LARGEST_SMALL_PART_BYTES: Final = 16 * MIB

#: Text of all distinct strings of a workbook, and how many of them; they are held in memory, packed.
MOST_SHARED_TEXT_BYTES: Final = 96 * MIB
MOST_SHARED_STRINGS: Final = 8_000_000

#: XML that is legal but never stops: how deep elements nest, how long one tag may be.
DEEPEST_XML: Final = 64
LONGEST_XML_TOKEN_BYTES: Final = 4 * MIB

#: A workbook in Excel's format of 1997 (XLS), as uploaded. It is held in memory, twice while its streams are put together.
LARGEST_XLS_BYTES: Final = 32 * MIB

#: Rows of one worksheet: what Excel itself can hold.
MOST_SHEET_ROWS: Final = 1_048_576

#: Columns Excel itself can hold; cells further right are damage.
MOST_SHEET_COLUMNS: Final = 16_384

#: How often an OpenDocument sheet may repeat one row that has content: a million repeats fit in a hundred bytes.
MOST_ROW_REPEATS: Final = 10_000

#: Characters that one piece of a worksheet may turn into by pointing at shared strings again and again, and that are looked at for
#: the sheet's shape.
MOST_EXPANDED_CHARACTERS: Final = 16 * MIB

#: A batch of rows ends early when it has about this many characters.
LARGEST_BATCH_CHARACTERS: Final = 8 * MIB
