"""What a draft made from an older version meets: field by field, what it wants, what is stored, and what both began with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from tenants.changes.record import row_id
from tenants.encryption import Keyring
from tenants.ids import global_id
from tenants.intake.drafts import FieldConflict
from tenants.intake.match import Stored
from tenants.intake.orders import completed
from tenants.intake.plan import Plan
from tenants.intake.records import Draft
from tenants.intake.shapes import LINE, Shape
from tenants.session import Session
from tenants.words import RecordType

#: Changes that are looked through for the base: of one record, and of all of a batch together, a few for each at least. The oldest are
#: looked at; of a field first changed after these, the base is what is stored.
CHANGES_MOST, CHANGES_OF_ALL, CHANGES_LEAST = 1_000, 20_000, 20

_CUSTOM = ("custom", "custom_sealed")

_LINE_TYPES = {name: "text" if name == "product" else "numeric" for name in LINE}

#: Beside the fields in an opened change body.
_VERSION = "\0version"

#: What is open of a change body: `before` of each later change of a record, oldest first.
_Earlier = Sequence[Mapping[str, Any]]


async def conflicts_of(plan: Plan, current: Session, keyring: Keyring) -> list[FieldConflict]:
    """Every field that the drafts refused for their version give; one statement however many."""
    if not plan.overtaken:
        return []
    earlier = await _earlier(plan.overtaken, current, keyring)
    return [
        conflict
        for draft, stored in plan.overtaken
        for conflict in _of_draft(plan.shape, plan.rows[draft.places[0]], draft, stored, earlier[stored.id])
    ]


async def _earlier(overtaken: Sequence[tuple[Draft, Stored]], current: Session, keyring: Keyring) -> Mapping[UUID, _Earlier]:
    since: dict[UUID, int] = {}
    for draft, stored in overtaken:
        since[stored.id] = min(draft.version or 0, since.get(stored.id, draft.version or 0))
    most = min(CHANGES_MOST, max(CHANGES_LEAST, CHANGES_OF_ALL // len(since)))
    rows = await current.connection.fetch(_LATER, current.tenant_id, list(since), list(since.values()), most)
    bodies = keyring.column("change", "body").open_all(
        [row_id(row["change_set_id"], row["position"]) for row in rows], [row["body"] for row in rows]
    )
    found: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for row, body in zip(rows, bodies, strict=True):
        found[row["record_id"]].append({**orjson.loads(body or "{}")["before"], _VERSION: row["version"]})
    return found


_LATER = """
SELECT c.record_id, c.version, c.change_set_id, c.position, c.body FROM unnest($2::uuid[], $3::integer[]) AS q(id, version)
CROSS JOIN LATERAL (SELECT * FROM change WHERE tenant_id = $1 AND record_id = q.id AND version > q.version ORDER BY version LIMIT $4) c
ORDER BY c.version
"""


def _of_draft(shape: Shape, row: int, draft: Draft, stored: Stored, earlier: _Earlier) -> Iterator[FieldConflict]:
    record: dict[str, Any] = {**stored.values, "lines": stored.lines}
    rolled_back = dict(record)
    for before in reversed([each for each in earlier if each[_VERSION] > (draft.version or 0)]):
        rolled_back |= before
    wanted = dict(draft.values)
    if draft.lines:
        wanted["lines"] = completed(draft.lines)
    yours = _told(shape, wanted) | dict.fromkeys(draft.cleared)
    now, base = _told(shape, record), _told(shape, rolled_back)
    hidden = {f"custom.{name}" for values in (record, rolled_back, wanted) for name in values.get("custom_sealed") or ()}
    for name, value in yours.items():
        theirs, was = now.get(name), base.get(name)
        is_conflicting = value != theirs and value != was and theirs != was
        yield FieldConflict(row, stored.id, name, value, theirs, was, is_conflicting, _sealed(shape, name, hidden))


def _sealed(shape: Shape, name: str, hidden: Collection[str]) -> tuple[str, str] | None:
    if name in hidden:
        return shape.table, "custom_sealed"
    return next(((shape.table, column.name) for column in shape.sealed if column.name == name), None)


def _told(shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON that can be compared, whether they come from a draft, a row or a change's body; one's own fields by name."""
    told: dict[str, Any] = {}
    for column in shape.columns:
        value = values.get(column.name)
        if column.name in _CUSTOM:
            told |= {f"custom.{name}": each for name, each in (value or {}).items()}
        elif column.name != "flags":
            told[column.name] = _plain(column.sql, value)
    if values.get("lines") is not None:
        told["lines"] = [{name: _plain(_LINE_TYPES[name], value) for name, value in line.items()} for line in values["lines"]]
    return {name: value for name, value in told.items() if name in values or name.startswith("custom.")}


def _plain(sql: str, value: Any) -> Any:
    match sql:
        case _ if value in (None, "", []):
            return None
        case "numeric":
            return f"{Decimal(value).normalize():f}"
        case "timestamptz":
            at = datetime.fromisoformat(value) if isinstance(value, str) else value
            return at.astimezone(UTC).isoformat()
        case "uuid":
            return global_id(RecordType.CUSTOMER, UUID(str(value)))
        case "date":
            return str(value)
        case _:
            return value
