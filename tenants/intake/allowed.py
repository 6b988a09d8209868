"""Allowed: what the actor may do to the records of a batch, asked while it is planned, so that nothing is written that he may not.

A record has to be within reach as it is and as it will be: nobody takes a record out of his own reach, or brings one in from beyond it. One
that he may not see is told as there is none, and none is found by a value that he may not see. Where such a value is in the way of one that
has to be unique, that is told without saying whose it is: uniqueness cannot be had without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from tenants.access.fields import CUSTOM, FIELDS
from tenants.access.holding import Asker, holds
from tenants.access.permissions import Action, Level, on
from tenants.access.rights import ALL_ROWS, Rights, custom_names
from tenants.intake.match import Matches, Sign, Stored
from tenants.intake.problems import Code, Fault
from tenants.intake.records import Draft
from tenants.intake.rules import KeyKind, field_of
from tenants.intake.shapes import Shape
from tenants.refusals import NotAllowed
from tenants.session import Session
from tenants.words import RecordType

#: What goes along with a field, or says which record is meant.
_NOT_FIELDS = frozenset({"customer_id", "owner_id", "id", "version", "custom", "custom_sealed"})

#: What a batch is taken in by.
WRITING = (Action.READ, Action.CREATE, Action.UPDATE)

_CUSTOMERS = """
SELECT id, owner_id, kind, gender, country, region, city, lifecycle, source, tags, custom FROM customer
WHERE tenant_id = $1 AND id = any($2::uuid[])
"""


@lru_cache(maxsize=10_000)
def is_free(rights: Rights, noun: RecordType, actions: tuple[Action, ...]) -> bool:
    """Whether all of this may be done to all of a noun's records, in every field: nothing has to be asked of any of them."""
    permissions = [on(noun, action) for action in actions]
    names = [*FIELDS[noun], *([*custom_names(rights.grants), f"{CUSTOM}?"] if noun is RecordType.CUSTOMER else [])]
    return rights.readable(RecordType.CUSTOMER) == ALL_ROWS and all(
        rights.rows(each) == ALL_ROWS and all(rights.rows(each, name, Level.WRITE) == ALL_ROWS for name in names) for each in permissions
    )


@dataclass(slots=True)
class Allowed:
    """What an actor may do to the records of one batch. `customers` are those its records belong to, `hidden` the stored ones unseen."""

    rights: Rights
    noun: RecordType
    asker: Asker
    customers: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    hidden: set[UUID] = field(default_factory=set)

    def update(self, draft: Draft, stored: Stored) -> Fault | None:
        """Why a stored record may not be changed by this draft."""
        return self._refused(Action.UPDATE, draft, stored.values)

    def result(self, draft: Draft, values: Mapping[str, Any], *, is_new: bool) -> Fault | None:
        """Why a record may not be made, or left, as this draft would have it."""
        return self._refused(Action.CREATE if is_new else Action.UPDATE, draft, values)

    def may(self, action: Action, values: Mapping[str, Any]) -> bool:
        """Whether this may be done to a record as it is."""
        return holds(self.rights.rows(on(self.noun, action)), values, self._owner(values), self.asker)

    def sees(self, values: Mapping[str, Any]) -> bool:
        """Whether a record may be read at all."""
        if not holds(self.rights.readable(self.noun), values, self._owner(values), self.asker):
            return False
        return self.noun is RecordType.CUSTOMER or self.sees_customer(values["customer_id"])

    def recognises(self, stored: Stored, sign: Sign, shape: Shape) -> bool:
        """Whether a stored record may be read, and the fields that a sign of it is made of."""
        if shape.record_type is RecordType.CUSTOMER:
            names = [field_of(KeyKind(sign[0]))]
        else:
            names = ["external_id"] if sign[0] == "external_id" else [name for name in shape.natural if name not in _NOT_FIELDS]
        owner = self._owner(stored.values)
        return stored.id not in self.hidden and all(
            holds(self.rights.readable(self.noun, name), stored.values, owner, self.asker) for name in names
        )

    def sees_customer(self, id: UUID) -> bool:
        """Whether a customer may be read; of one that is not there it is somebody else's to say so."""
        found = self.customers.get(id)
        return found is None or holds(self.rights.readable(RecordType.CUSTOMER), found, found["owner_id"], self.asker)

    def _refused(self, action: Action, draft: Draft, values: Mapping[str, Any]) -> Fault | None:
        if self.noun is not RecordType.CUSTOMER and values.get("customer_id") not in self.customers:
            return None
        permission, owner = on(self.noun, action), self._owner(values)
        if not holds(self.rights.rows(permission), values, owner, self.asker):
            what = "make" if action is Action.CREATE else "change"
            wrong = f"Your roles do not let you {what} a {self.noun.lower()} like this one."
            return Fault(Code.NOT_ALLOWED, wrong, "Leave it to somebody whose roles reach it.")
        for name in sorted(given(draft)):
            if not holds(self.rights.rows(permission, name, Level.WRITE), values, owner, self.asker):
                return Fault(Code.NOT_ALLOWED, f"Your roles do not let you write {name} of this {self.noun.lower()}.", "Leave it out.")
        return None

    def _owner(self, values: Mapping[str, Any]) -> UUID | None:
        whose = values if self.noun is RecordType.CUSTOMER else self.customers.get(values["customer_id"], {})
        return whose.get("owner_id")


def given(draft: Draft) -> set[str]:
    """The fields that a draft gives or clears, custom ones by their names."""
    names = (set(draft.values) | set(draft.cleared)) - _NOT_FIELDS
    names |= {f"{CUSTOM}{name}" for column in ("custom", "custom_sealed") for name in draft.values.get(column) or ()}
    return names | ({"lines"} if draft.lines is not None else set())


async def allowed_of(
    shape: Shape,
    drafts: Sequence[Draft],
    kinds: Sequence[KeyKind],
    matches: Matches,
    current: Session,
    actions: tuple[Action, ...] = WRITING,
) -> Allowed | None:
    """What the actor may do to what a batch means; None for everything. One statement more, for the customers of other records.

    Args:
        kinds: by what customers are matched.
        actions: what is to be done; where all of it may be, nothing is asked.

    Raises:
        NotAllowed: records are to be matched by a field that he may not see.
    """
    actor, noun = current.actor, shape.record_type
    if is_free(actor.rights, noun, actions):
        return None
    for kind in kinds:
        if kind is not KeyKind.EXTERNAL and not actor.rights.readable(RecordType.CUSTOMER, field_of(kind)):
            raise NotAllowed(
                f"Your roles do not let you see a customer's {field_of(kind)}, so nothing is matched by it.", field=["match_by"]
            )
    found = Allowed(actor.rights, noun, actor.asker)
    if noun is not RecordType.CUSTOMER:
        ids = {draft.values["customer_id"] for draft in drafts if "customer_id" in draft.values}
        ids |= {stored.values["customer_id"] for stored in matches.records.values()}
        for row in await current.connection.fetch(_CUSTOMERS, current.tenant_id, list(ids)):
            found.customers[row["id"]] = {**row, "custom": orjson.loads(row["custom"])}
        _unlink(drafts, found, matches)
    found.hidden = {id for id, stored in matches.records.items() if not found.sees(stored.values)}
    return found


def _unlink(drafts: Sequence[Draft], allowed: Allowed, matches: Matches) -> None:
    """A customer that may not be seen is none to link to."""
    for draft in drafts:
        id = draft.values.get("customer_id")
        if id is not None and not allowed.sees_customer(id):
            draft.link = draft.link or ("customer_id", id)
            matches.links[draft.link] = []
            del draft.values["customer_id"]
