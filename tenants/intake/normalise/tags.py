"""Splits a cell of tags."""

from __future__ import annotations

import re

from tenants.intake.normalise.text import is_empty, plain
from tenants.intake.problems import Code, Fault

MOST_TAGS = 50
LONGEST_TAG = 50

_SEPARATOR = re.compile("[,;、|]")

_TOO_MANY = Fault(Code.TOO_LONG, f"There are more than {MOST_TAGS} tags.", f"At most {MOST_TAGS} tags.")
_TOO_LONG = Fault(
    Code.TOO_LONG,
    f"A tag is longer than {LONGEST_TAG} characters.",
    f"Tags of at most {LONGEST_TAG} characters, separated by commas or semicolons.",
)


def tags(text: str) -> list[str] | Fault:
    """The tags of a cell, split on , ; 、 | in either width; the first spelling of each, in order.

    TOO_LONG over 50 tags or for a tag of over 50 characters. The answer joined by commas gives the same answer.
    """
    line = plain(text)
    if isinstance(line, Fault):
        return line
    found: dict[str, str] = {}
    for part in _SEPARATOR.split(line):
        if not is_empty(tag := part.strip()):
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        return _TOO_MANY
    return _TOO_LONG if any(len(tag) > LONGEST_TAG for tag in found.values()) else list(found.values())
