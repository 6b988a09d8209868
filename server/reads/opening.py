"""Opening: sealed values of a statement's rows, as masks, and in clear for whoever may and says what for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLError

from server.errors import graphql_error
from server.reads.plan import Sealed
from server.reads.showing import SHOWN
from server.reads.types import Types
from tenants.encryption import Keyring
from tenants.refusals import Invalid, NotAllowed
from tenants.trail.circumstances import circumstances

#: Stands in a path for every item of a list.
EACH = None
Path = tuple[str | None, ...]

#: Characters of what a reveal is said to be for.
PURPOSE_LONGEST = 200

_NO_PURPOSE = "Say what this is for: value(purpose: …), or the header X-Kelu-Purpose. It is written into the trail."
_NOT_ALLOWED = "Reading this in clear needs the reveal permission; `masked` does not."


@dataclass(slots=True)
class Revealed:
    """The records whose values go out in clear, and what for, by `table.column`."""

    records: dict[str, list[UUID]] = field(default_factory=dict)
    purposes: dict[str, str] = field(default_factory=dict)

    def add(self, sealed: Sealed, purpose: str | None, ids: list[UUID]) -> None:
        name = f"{sealed.table}.{sealed.column}"
        self.records.setdefault(name, []).extend(ids)
        self.purposes[name] = purpose or ""


@dataclass(slots=True)
class Reading:
    """One reading being turned into a response. `errors` have their paths; `revealed`: records by table and column.

    `unplaced` are errors in records of which it is not yet known where in the response they stand: their paths begin there.
    """

    keyring: Keyring | None
    variables: Any
    types: Types
    errors: list[GraphQLError]
    revealed: Revealed
    unplaced: list[tuple[GraphQLError, Any]] = field(default_factory=list)


def open_sealed(
    rows: list[dict[str, Any]], ids: list[UUID], sealed: Sealed, where: tuple[Any, tuple[str, ...], Path], reading: Reading
) -> None:
    """Put what stands for a sealed column in its place in every row, opened in one go."""
    assert reading.keyring is not None
    raw = [bytes.fromhex(row[sealed.key]) if row[sealed.key] is not None else None for row in rows]
    texts = reading.keyring.column(sealed.table, sealed.column).open_all(ids, raw)
    clear, purpose = [False] * len(rows), _purpose(sealed, reading)
    for place, (row, text) in enumerate(zip(rows, texts, strict=True)):
        said = row.pop(SHOWN + sealed.key, None)
        if sealed.is_map:
            entries = list(_entries(text, said, is_clear=bool(purpose) and sealed.revealed != ()))
            row[sealed.key] = [_shown(sealed, value, may, name) for name, value, may in entries]
            clear[place] = any(may for _, _, may in entries)
        else:
            clear[place] = text is not None and bool(purpose) and sealed.revealed != () and said is not False
            row[sealed.key] = None if text is None else _shown(sealed, text, clear[place])
    wanted = next((key for key, name in sealed.wanted if name == "value"), None)
    if wanted is not None:
        revealed = [id for id, is_clear in zip(ids, clear, strict=True) if is_clear]
        if revealed:
            reading.revealed.add(sealed, purpose, revealed)
        if any(_refused(row, sealed.key, wanted) for row in rows):
            reading.errors.append(_not_revealed(sealed, wanted, purpose, *where))


def _purpose(sealed: Sealed, reading: Reading) -> str | None:
    """What a value is said to be for: by the field's argument, or for the whole request.

    Raises:
        Invalid: it is too long.
    """
    said = sealed.purpose.given(reading.variables).get("purpose") if sealed.purpose else None
    purpose = (circumstances().purpose if said is None else said) or ""
    if len(purpose) > PURPOSE_LONGEST:
        raise Invalid(f"A purpose has at most {PURPOSE_LONGEST} characters.", field=["purpose"])
    return purpose.strip() or None


def _entries(text: str | None, said: Mapping[str, list[bool]] | None, *, is_clear: bool) -> Iterator[tuple[str, str, bool]]:
    """The names of a map that may be seen, with their values, and whether these may be seen in clear."""
    for name, value in sorted(orjson.loads(text or b"{}").items()):
        masked, clear = said.get(name, said["*"]) if said else (True, True)
        if value is not None and masked:
            yield name, value if isinstance(value, str) else orjson.dumps(value).decode(), clear and is_clear


def _shown(sealed: Sealed, text: str, may_reveal: bool, name: str | None = None) -> dict[str, str | None]:
    shown: dict[str, str | None] = {}
    for key, wanted in sealed.wanted:
        match wanted:
            case "masked":
                shown[key] = sealed.mask(text)
            case "value":
                shown[key] = text if may_reveal else None
            case "name":
                shown[key] = name
            case _:
                shown[key] = wanted
    return shown


def _not_revealed(sealed: Sealed, wanted: str, purpose: str | None, value: Any, at: tuple[str, ...], path: Path) -> GraphQLError:
    """One error for a field, however many records it was asked of; its path names the first value that is not given."""
    place = [*at, *(_first(value, path, sealed.key, wanted) or [sealed.key, *([0] if sealed.is_map else []), wanted])]
    if purpose is None and sealed.revealed != ():
        return graphql_error(NotAllowed(_NO_PURPOSE, code="PURPOSE_REQUIRED"), path=place)
    return graphql_error(NotAllowed(_NOT_ALLOWED), path=place)


def _refused(row: Mapping[str, Any], key: str, wanted: str) -> list[str | int] | None:
    """The path in a record to the first value under this key that is not given in clear."""
    shown = row[key]
    if isinstance(shown, list):
        hidden = next((index for index, each in enumerate(shown) if each[wanted] is None), None)
        return None if hidden is None else [key, hidden, wanted]
    return [key, wanted] if shown is not None and shown[wanted] is None else None


def _first(value: Any, path: Path, key: str, wanted: str) -> list[str | int] | None:
    """The first concrete path to such a value, in whichever record."""
    if value is None:
        return None
    if not path:
        return _refused(value, key, wanted)
    step, rest = path[0], path[1:]
    if step is not EACH:
        below = _first(value[step], rest, key, wanted)
        return None if below is None else [step, *below]
    for index, item in enumerate(value):
        below = _first(item, rest, key, wanted)
        if below is not None:
            return [index, *below]
    return None
