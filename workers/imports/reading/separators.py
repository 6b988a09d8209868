"""Which character stands between the cells of a text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice

from tenants.refusals import Invalid
from workers.imports.reading.table import is_blank

#: In the order of preference when two fit equally well.
CANDIDATES = ",;\t|"

_SAMPLE_ROWS = 200


def find_separator(text: str, said: str | None) -> str:
    """The separator of the text that starts so: the user's, or the one that gives the most rows the same number of cells.

    A text in which no candidate makes two columns has one column, and the comma.

    Raises:
        Invalid: the user's separator is not one character, or is one that cannot separate.
    """
    if said is not None:
        said = {"\\t": "\t", "tab": "\t"}.get(said.lower(), said)
        if len(said) != 1 or said in '"\r\n\0' or said.isalnum():
            raise Invalid("The separator is one character such as , ; | or a tab.", field=["separator"])
        return said
    return max(CANDIDATES, key=lambda candidate: _fit(text, candidate))


def _fit(text: str, separator: str) -> tuple[float, int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    widths = [len(row) for row in islice(reader, _SAMPLE_ROWS) if not is_blank(row)]
    several = Counter(width for width in widths if width > 1)
    if not several:
        return 0.0, 0
    width, rows = max(several.items(), key=lambda item: (item[1], item[0]))
    share = rows / len(widths)
    return round(share if widths[0] == width else share * 0.9, 2), width
