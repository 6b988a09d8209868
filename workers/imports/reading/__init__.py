"""From the bytes of an uploaded file to numbered rows of text cells.

`open_table` tells the form by content (`opening`), then `text` (`encodings`, `separators`, `delimited`, `json_lines`) or a spreadsheet
(`archive` and `xml_parts` under `xlsx` and `ods`; `ole2` under `xls`; `sheets` for what they share) finds the header and gives a `Table`.

Guarantees. Every row of the file below its header is either in the rows, with a fault if it cannot be used, or counted as blank, and no
cell that has anything in it is dropped. Reading can be taken up again at the cursor of any batch: text without reading what came before,
a spreadsheet by passing over it. The same bytes and options give the same table every time. The file is never written anywhere;
memory does not grow with its size, except for the distinct strings of a workbook (packed, 96 MiB at most) and XLS (32 MiB at most).

Threats. The file is a stranger's: a bomb of any kind ends as a refusal after bounded work (`limits`), before the memory does. There is no
parser here but the standard library's expat, csv and zlib, so no part of a file is looked at by one and understood by another.
"""

from __future__ import annotations

from workers.imports.reading.opening import open_table
from workers.imports.reading.table import Batch, Blocks, Cursor, Form, ReadingOptions, SourceRow, Table

__all__ = ["Batch", "Blocks", "Cursor", "Form", "ReadingOptions", "SourceRow", "Table", "open_table"]
