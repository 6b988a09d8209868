"""From a statement's row to the response: opens what is sealed, signs cursors, asks the domain, and leaves all other JSON untouched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from server.errors import graphql_error
from server.reads.cursors import cursor
from server.reads.opening import EACH, Path, Reading, open_sealed
from server.reads.plan import Asked, Many, Member, One, Page, Plan, Record, Root, Sealed, Single
from server.reads.sql import ROW_ID, Statement
from server.reads.telling import Told, cut
from tenants.encryption import Keyring
from tenants.refusals import NotFound

#: Values that are opened at one stretch, while everybody else in this process waits: about a millisecond's worth.
_OTHERS_WAIT_FOR = 500


@dataclass(frozen=True, slots=True)
class Level:
    """What is still to be done in the objects at one path of a column's JSON."""

    path: Path
    sealed: Sequence[Sealed] = ()
    asked: Sequence[Asked] = ()
    cursors: Sequence[str] = ()
    page: Page | None = None
    has_id: bool = False


def levels_of(plan: Plan, statement: Statement) -> tuple[tuple[Level, ...], ...]:
    """Per column of the statement, what Python has to do in it; nothing for one that can go out as it came."""
    found = []
    for answers in statement.answers:
        root = plan.roots[answers.root]
        if isinstance(root, Page):
            assert answers.member is not None
            found.append(tuple(_member_levels(root, root.members[answers.member], ())))
        else:
            found.append(tuple(_record_levels(root.record, () if isinstance(root, Single) else (EACH,))))
    return tuple(found)


def _record_levels(record: Record, path: Path) -> Iterator[Level]:
    if record.needs_id:
        yield Level(path, record.sealed, record.asked, has_id=True)
    for part in record.parts:
        if isinstance(part, Page):
            for member in part.members:
                yield from _member_levels(part, member, (*path, part.key, member.key))
        elif isinstance(part, One):
            yield from _record_levels(part.record, (*path, part.key))


def _member_levels(page: Page, member: Member, path: Path) -> Iterator[Level]:
    if member.name == "nodes" and member.record is not None:
        yield from _record_levels(member.record, (*path, EACH))
    elif member.name == "edges":
        signed = [key for key, name, _ in member.edge if name == "cursor"]
        if signed:
            yield Level((*path, EACH), cursors=signed, page=page)
        for key, _, record in member.edge:
            if record is not None:
                yield from _record_levels(record, (*path, EACH, key))
    elif member.name == "pageInfo":
        signed = [key for key, name in member.page_info if name in ("startCursor", "endCursor")]
        if signed:
            yield Level(path, cursors=signed, page=page)


async def answer(
    plan: Plan, statement: Statement, levels: Sequence[Sequence[Level]], row: Sequence[bytes | None], reading: Reading
) -> tuple[dict[str, Any], Told]:
    """Root key → value, as `orjson.dumps` takes it: untouched JSON text where nothing had to be done in it; and the records by id."""
    found: dict[str, Any] = {root.key: {} for root in plan.roots if isinstance(root, Page)}  # one may have no member left
    told: Told = {}
    for answers, todo, text in zip(statement.answers, levels, row, strict=True):
        root = plan.roots[answers.root]
        if isinstance(root, Many):
            told.setdefault(id(root.selected), {}).update(await _by_id(text, todo, reading))
            continue
        member = root.members[answers.member].key if isinstance(root, Page) and answers.member is not None else None
        at: tuple[str, ...] = (root.key,) if member is None else (root.key, member)
        value = await _finished(text, todo, at, reading)
        if member is not None:
            found[root.key][member] = value
            continue
        found[root.key] = value
        if value is None and _is_missed(root):
            refusal = NotFound(f"There is no such {root.selected.type.lower()}.")
            reading.errors.append(graphql_error(refusal, root.selected.nodes, [root.key]))
    return found, told


def _is_missed(root: Root) -> bool:
    """Whether no record is an error: where one type was asked for by its id. Of `node` it is an answer, as Relay has it."""
    return isinstance(root, Single) and root.is_by_argument and not root.selected.of_types


async def _by_id(text: bytes | None, todo: Sequence[Level], reading: Reading) -> dict[UUID, Any]:
    """The records of a list by their uuids, which are in them for this."""
    rows = orjson.loads(text or b"[]")
    ids = [UUID(row[ROW_ID]) for row in rows]
    known = len(reading.errors)
    await _finish(rows, todo, (), reading)
    for error in reading.errors[known:]:
        assert error.path is not None
        number, *inside = error.path
        error.path = inside
        reading.unplaced.append((error, rows[int(number)]))
    for row in rows:
        row.pop(ROW_ID, None)
    return dict(zip(ids, rows, strict=True))


def put_in_place(reading: Reading, response: Any) -> None:
    """Say of every error where in the response its record stands: the first place of it."""
    for error, record in reading.unplaced:
        error.path = [*(_place_of(record, response) or []), *(error.path or ())]


def _place_of(record: Any, within: Any) -> list[str | int] | None:
    if within is record:
        return []
    below = within.items() if isinstance(within, dict) else enumerate(within) if isinstance(within, list) else ()
    for step, value in below:
        found = _place_of(record, value)
        if found is not None:
            return [step, *found]
    return None


async def _finished(text: bytes | None, todo: Sequence[Level], at: tuple[str, ...], reading: Reading) -> Any:
    if text is None:
        return None
    if not todo:
        return orjson.Fragment(text)
    value = orjson.loads(text)
    await _finish(value, todo, at, reading)
    return value


async def _finish(value: Any, todo: Sequence[Level], at: tuple[str, ...], reading: Reading) -> None:
    with_ids: list[dict[str, Any]] = []
    for level in todo:
        rows = list(_rows_at(value, level.path))
        ids = [UUID(hex=row[ROW_ID]) for row in rows] if level.has_id else []
        with_ids += rows if level.has_id else []
        for sealed in level.sealed:
            open_sealed(rows, ids, sealed, (value, at, level.path), reading)
            if len(rows) > _OTHERS_WAIT_FOR:
                await asyncio.sleep(0)  # others have their turn between two columns of many records
        for asked in level.asked:
            await _ask(rows, ids, asked, reading)
        for key in level.cursors:
            _sign(rows, key, level.page, reading.keyring)
    for row in with_ids:
        del row[ROW_ID]


def _rows_at(value: Any, path: Path) -> Iterator[dict[str, Any]]:
    """Every object at a path; where something on the way is null there is none."""
    for depth, step in enumerate(path):
        if value is None:
            return
        if step is EACH:
            for item in value:
                yield from _rows_at(item, path[depth + 1 :])
            return
        value = value[step]
    if value is not None:
        yield value


async def _ask(rows: list[dict[str, Any]], ids: list[UUID], asked: Asked, reading: Reading) -> None:
    arguments = asked.selected.arguments.given(reading.variables) if asked.selected.arguments else {}
    for row, id in zip(rows, ids, strict=True):
        row[asked.key] = cut(await asked.place.tell(id, **arguments), asked.selected.below, reading.types)


def _sign(rows: list[dict[str, Any]], key: str, page: Page | None, keyring: Keyring | None) -> None:
    assert page is not None
    assert keyring is not None
    for row in rows:
        if row[key] is not None:
            row[key] = cursor(keyring, page, row[key])
