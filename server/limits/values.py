"""JSON that comes in, bounded in how many values it holds: by its text before it is read, and by weight before it becomes inputs.

Bytes alone do not bound it. A byte of `[[],[],…` takes forty of memory, and 256 KiB of `{}` for a filter take GraphQL's coercion most of a
second, in which nothing else runs.
"""

from __future__ import annotations

from typing import Any

from tenants.refusals import TooLarge

#: An object weighs this more than what it holds: each field of its type is looked for in it.
_OBJECT = 3
#: Commas and brackets of a body for each value that variables may hold; they stand in its texts too.
_MARKS = 3


def check_text(text: bytes, most: int) -> None:
    """See that JSON does not hold far too many values, before any of them is made.

    Raises:
        TooLarge: it does.
    """
    if len(text) > _MARKS * most and text.count(b",") + text.count(b"[") + text.count(b"{") > _MARKS * most:
        raise _too_many(most)


def check(value: object, size: int, most: int) -> None:
    """See that a JSON value, whose text has `size` bytes, holds `most` values at most; an object counts as four.

    Raises:
        TooLarge: it holds more.
    """
    if 2 * size <= most:  # the heaviest there is, `{},`, has three bytes
        return
    weight = 0
    waiting: list[Any] = [value]
    while waiting:
        box = waiting.pop()
        weight += len(box) + (_OBJECT if isinstance(box, dict) else 0)
        if weight > most:
            raise _too_many(most)
        waiting += [each for each in (box.values() if isinstance(box, dict) else box) if isinstance(each, dict | list)]


def _too_many(most: int) -> TooLarge:
    return TooLarge(f"Variables may hold {most:,} values, where an object counts as four. Send fewer rows at once.")
