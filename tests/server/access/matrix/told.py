"""The file of what is expected: for what is asked, by roles of whom it is the same, four words and the fields of which they are true.

Customer read
  SALES
    VALUE MASKED ABSENT ABSENT: externalId name
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.server.access.matrix.world import COLUMNS, Words

FILE = Path(__file__).parent / "expected.txt"
HEAD = f"""# What each built-in role may see and do: whose records ({", ".join(COLUMNS)}), and of which fields, tests and acts that is so.
# Written by `python -m tests.server.access.matrix > {FILE.relative_to(Path(__file__).parents[4])}`, and read by a person since.
# VALUE shown in clear, MASKED as a mask, NULL and EMPTY nothing there, REFUSED the whole question, NOT_ALLOWED the value or the act,
# ABSENT and NOT_FOUND as if there were no such record, FOUND in a list, DONE an act; - nothing of that kind to ask about.
"""
_WIDTH = 136

#: By role, by what is asked ("Customer read"), and by field.
Cells = dict[tuple[str, str, str], Words]


def written(cells: Mapping[tuple[str, str, str], Words]) -> str:
    """The file of these cells."""
    return "\n".join((HEAD, *_lines(cells))) + "\n"


def _lines(cells: Mapping[tuple[str, str, str], Words]) -> Iterator[str]:
    groups: dict[str, dict[str, dict[Words, list[str]]]] = {}
    for (role, group, name), words in cells.items():
        groups.setdefault(group, {}).setdefault(role, {}).setdefault(words, []).append(name)
    for group, by_role in groups.items():
        yield group
        alike: dict[str, list[str]] = {}
        for role, by_words in by_role.items():
            lines = [line for words, names in by_words.items() for line in _wrapped(f"    {' '.join(words)}:", names)]
            alike.setdefault("\n".join(lines), []).append(role)
        for lines_, roles in alike.items():
            yield f"  {' '.join(roles)}"
            yield lines_


def _wrapped(line: str, names: list[str]) -> Iterator[str]:
    for name in names:
        if len(line) + 1 + len(name) > _WIDTH:
            yield line
            line = "       "
        line += f" {name}"
    yield line


def read(text: str) -> Cells:
    """The cells of such a file."""
    found: Cells = {}
    group, roles, words = "", list[str](), Words()
    for line in text.splitlines():
        depth, said = len(line) - len(line.lstrip()), line.strip()
        if not said or line.startswith("#"):
            continue
        if depth == 0:
            group = said
        elif depth == 2:
            roles = said.split()
        else:
            if depth == 4:
                begin, _, said = said.partition(":")
                words = tuple(begin.split())
            found |= {(role, group, name): words for role in roles for name in said.split()}
    return found
