"""Plain objects of the domain (an act's payload, an import's problems) cut to what was selected of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.reads.plan import Types
from server.reads.selection import Selected


def cut(told: Any, selected: Sequence[Selected], types: Types) -> Any:
    """The selected fields of an object, or of each in a list, by response key; a leaf is what `orjson.dumps` takes."""
    if told is None or not selected:
        return told
    if isinstance(told, list | tuple) and not hasattr(told, "_fields"):
        return [cut(each, selected, types) for each in told]
    return {each.key: _field(told, each, types) for each in selected}


def _field(told: Any, selected: Selected, types: Types) -> Any:
    if selected.name == "__typename":
        return selected.parent
    return cut(getattr(told, types.python_name(selected)), selected.below, types)
