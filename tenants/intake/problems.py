"""What can be wrong with a value or a row, and how it is told."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """An error refuses the row; a warning keeps the row and the value as entered, flagged for later checking."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Code(StrEnum):
    """Every kind of problem a row can have. Clients may rely on these words."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    BAD_CHARACTER = "BAD_CHARACTER"
    SPREADSHEET_MANGLED = "SPREADSHEET_MANGLED"
    IMPLAUSIBLE_PHONE = "IMPLAUSIBLE_PHONE"
    IMPLAUSIBLE_EMAIL = "IMPLAUSIBLE_EMAIL"
    BAD_DATE = "BAD_DATE"
    AMBIGUOUS_DATE = "AMBIGUOUS_DATE"
    BAD_NUMBER = "BAD_NUMBER"
    AMBIGUOUS_NUMBER = "AMBIGUOUS_NUMBER"
    BAD_CURRENCY = "BAD_CURRENCY"
    BAD_COUNTRY = "BAD_COUNTRY"
    UNKNOWN_WORD = "UNKNOWN_WORD"
    BAD_NATIONAL_ID = "BAD_NATIONAL_ID"
    BAD_POSTAL_CODE = "BAD_POSTAL_CODE"
    IMPLAUSIBLE_AGE = "IMPLAUSIBLE_AGE"
    ORDER_BEFORE_BIRTH = "ORDER_BEFORE_BIRTH"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    CUSTOM_FIELD_RULE = "CUSTOM_FIELD_RULE"
    BROKEN_LINK = "BROKEN_LINK"
    DUPLICATE = "DUPLICATE"
    DUPLICATE_IN_BATCH = "DUPLICATE_IN_BATCH"
    AMBIGUOUS_MATCH = "AMBIGUOUS_MATCH"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    CONTRADICTORY_LINES = "CONTRADICTORY_LINES"
    OTHER_LINE = "OTHER_LINE"
    WRONG_CELL_COUNT = "WRONG_CELL_COUNT"
    UNREADABLE_ROW = "UNREADABLE_ROW"


class Fault(NamedTuple):
    """What a normaliser or a rule answers instead of a value: `wrong` says what is wrong, `right` what would be right.

    Neither sentence repeats the value: faults are logged and stored, values are not.
    """

    code: Code
    wrong: str
    right: str


class Problem(NamedTuple):
    """A fault with its place: the 1-based row of the batch or file, and the field (None: the whole row)."""

    row: int
    field: str | None
    code: Code
    severity: Severity
    wrong: str
    right: str
