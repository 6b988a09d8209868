"""Fourth step of the road in: what is to be done with each draft, decided in order and written down before anything is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from tenants.intake.allowed import Allowed
from tenants.intake.clearing import emptied, never_empty
from tenants.intake.drafts import Action
from tenants.intake.fields import FIELDS
from tenants.intake.match import Matches, Sign, Stored, signs_of
from tenants.intake.orders import Broken, broken_order, completed
from tenants.intake.problems import Code, Fault, Problem, Severity
from tenants.intake.records import Draft, not_found
from tenants.intake.rules import Fill, IntakeRules, KeyKind, OnMatch, OnMissing, TenantRules, field_of
from tenants.intake.shapes import Shape
from tenants.intake.target import Target
from tenants.intake.validate import required
from tenants.words import RecordType


@dataclass(slots=True)
class Plan:
    """What becomes of each place of the batch, and the records to write."""

    shape: Shape
    tenant: TenantRules
    rules: IntakeRules
    matches: Matches
    rows: Sequence[int]
    actions: list[Action]
    record_ids: list[UUID | None]
    problems: list[Problem]
    targets: dict[UUID, Target] = field(default_factory=dict)
    own_signs: dict[Sign, list[UUID]] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    guarded: tuple[KeyKind, ...] = ()
    overtaken: list[tuple[Draft, Stored]] = field(default_factory=list)
    allowed: Allowed | None = None

    def __post_init__(self) -> None:
        """What every new record needs, and which keys one customer alone may hold."""
        own = [field.name for field in FIELDS[self.shape.record_type] if field.required]
        own += sorted(self.tenant.required.get(self.shape.record_type, ()))
        if self.shape.record_type is RecordType.CUSTOMER:
            own += [f"custom.{rule.name}" for rule in self.tenant.custom_fields.values() if rule.is_required]
        self.wanted = tuple(own)
        self.guarded = (KeyKind.EXTERNAL, *sorted(self.tenant.unique - {KeyKind.EXTERNAL}))

    def decide(self, drafts: Sequence[Draft]) -> None:
        """Decide on every draft, in order: a later row of the same record meets what an earlier one made of it."""
        for draft in drafts:
            action = self._decide(draft)
            for place in draft.places:
                self.actions[place] = action

    def records(self) -> Counter[str]:
        """Records (not rows) by what happens to them."""
        found = Counter(Action.CREATE if t.is_new else Action.UPDATE for t in self.targets.values() if t.is_new or t.changed)
        found[Action.UNCHANGED] = sum(not t.is_new and not t.changed for t in self.targets.values())
        return Counter({action.value: count for action, count in found.items() if count})

    def _decide(self, draft: Draft) -> Action:
        if self.shape.record_type is not RecordType.CUSTOMER and not self._linked(draft):
            return Action.REJECT
        ids = self._meant(draft)
        if self.allowed is not None and not self.allowed.hidden.isdisjoint(ids):
            return self._refuse(draft, "id", not_found(self.shape))
        if len(ids) > 1:
            wrong = f"{len(ids)} records of yours match this row."
            return self._refuse(draft, None, Fault(Code.AMBIGUOUS_MATCH, wrong, "Merge them first, or give the id of the one you mean."))
        if draft.wanted_id is not None and not ids:
            return self._refuse(draft, "id", not_found(self.shape))
        return self._meet(draft, ids[0]) if ids else self._miss(draft)

    def _linked(self, draft: Draft) -> bool:
        """Whether it is known whose record this is; a record given by its own id may leave it out."""
        if "customer_id" in draft.values:
            return True
        if draft.link is None:
            if draft.wanted_id is not None:
                return True
            self._refuse(draft, "customer_id", required("customer_id"))
            return False
        found = self.matches.links.get(draft.link, ())
        target = "customer_id" if draft.link[0] == "customer_id" else f"customer_{field_of(KeyKind(draft.link[0]))}"
        if found:
            fault = Fault(
                Code.AMBIGUOUS_MATCH, "Several customers of yours have this value.", "Name the customer by its id or external id."
            )
        else:
            fault = Fault(Code.BROKEN_LINK, "There is no such customer.", "Import the customer first, or correct the link.")
        self._refuse(draft, target, fault)
        return False

    def _meant(self, draft: Draft) -> list[UUID]:
        """The records a draft means: by id, or by the first of its signs that finds any."""
        if draft.wanted_id is not None:
            return [draft.wanted_id] if draft.wanted_id in self.matches.records else []
        if self.rules.only_by_id and self.shape.record_type is not RecordType.CUSTOMER:
            return []
        if self.shape.record_type is RecordType.CUSTOMER:
            signs: list[Sign] = [(kind, draft.keys[kind]) for kind in self.rules.match_by or () if kind in draft.keys]
        else:
            signs = signs_of(self.shape, draft.values)
        return next((found for sign in signs if (found := [id for id in self._holders(sign) if self._is_known(id, sign)])), [])

    def _is_known(self, id: UUID, sign: Sign) -> bool:
        """Whether the actor may know that a record has a sign; by one that is hidden from him nothing is found."""
        stored = self.matches.records.get(id)
        return self.allowed is None or stored is None or self.allowed.recognises(stored, sign, self.shape)

    def _holders(self, sign: Sign) -> list[UUID]:
        """The records that have a sign now: stored ones, and those earlier rows of this batch made or changed."""
        stored, own = self.matches.by_sign.get(sign), self.own_signs.get(sign)
        if stored is None and own is None:
            return []
        found = [id for id in stored or () if id in self.matches.records]
        found += [id for id in own or () if id not in found]
        return [id for id in found if self._still_has(id, sign)]

    def _still_has(self, id: UUID, sign: Sign) -> bool:
        target = self.targets.get(id)
        if target is None:
            return True
        if self.shape.record_type is not RecordType.CUSTOMER:
            return sign in signs_of(self.shape, target.values)
        kind = KeyKind(sign[0])
        return target.keys[kind] == sign[1] if kind in target.keys else field_of(kind) not in target.changed

    def _meet(self, draft: Draft, id: UUID) -> Action:
        if self.rules.on_match is OnMatch.SKIP:
            return self._note(draft, id, Action.SKIP)
        if self.rules.on_match is OnMatch.REJECT:
            return self._refuse(draft, None, _duplicate(), id)
        target = self.targets.get(id) or self._stored_target(id)
        fault = self.allowed.update(draft, target.stored) if self.allowed is not None and target.stored is not None else None
        if fault is not None:
            return self._refuse(draft, None, fault, id)
        if draft.version is not None and target.stored and draft.version != target.stored.version:
            self.overtaken.append((draft, target.stored))
            wrong = f"This record is at version {target.stored.version}, the row was made from version {draft.version}."
            fault = Fault(Code.VERSION_CONFLICT, wrong, "Read the record again and repeat the change.")
            return self._refuse(draft, "version", fault, id)
        kept = never_empty(draft, self.shape, self.wanted) if draft.cleared else None
        if kept is not None:
            return self._refuse(draft, kept, required(kept))
        new = self._differing(draft, target)
        return self._settle(draft, target, new, Action.UPDATE if new or self._lines_differ(draft, target) else Action.UNCHANGED)

    def _stored_target(self, id: UUID) -> Target:
        stored = self.matches.records[id]
        return Target(id, stored, dict(stored.values), list(stored.flags), dict(stored.sealed), lines=stored.lines)

    def _miss(self, draft: Draft) -> Action:
        if self.rules.on_missing is OnMissing.SKIP:
            return self._note(draft, None, Action.SKIP)
        if self.rules.on_missing is OnMissing.REJECT:
            return self._refuse(draft, None, not_found(self.shape))
        missing = self._missing(draft)
        if missing:
            return self._refuse(draft, missing, required(missing))
        defaults = dict(self.shape.defaults or {})
        if draft.default_owner is not None:
            defaults["owner"], defaults["owner_id"] = draft.default_owner
        target = Target(draft.id, None, defaults, [], draft.sealed)
        return self._settle(draft, target, draft.values, Action.CREATE)

    def _missing(self, draft: Draft) -> str | None:
        """The first required field that a new record lacks."""
        for name in self.wanted:
            if name not in draft.values and not (name.startswith("custom.") and self._has_custom(draft, name.removeprefix("custom."))):
                return name
        return "lines.product" if draft.lines == [] else None

    def _has_custom(self, draft: Draft, name: str) -> bool:
        return any(name in draft.values.get(column, ()) for column in ("custom", "custom_sealed"))

    def _differing(self, draft: Draft, target: Target) -> dict[str, Any]:
        """What the draft changes: given, different, and allowed to replace what is there."""
        new: dict[str, Any] = {}
        for name, value in draft.values.items():
            old = target.values.get(name)
            if isinstance(value, dict) and old:
                value = {**old, **value} if self._fill(name) is Fill.OVERWRITE else {**value, **old}
            if value == old or (old not in (None, "", []) and not isinstance(value, dict) and self._fill(name) is Fill.IF_EMPTY):
                continue
            new[name] = value
        return emptied(draft, target, new, self._fill) if draft.cleared else new

    def _fill(self, name: str) -> Fill:
        return self.rules.fills.get(name, self.rules.fill)

    def _lines_differ(self, draft: Draft, target: Target) -> bool:
        """Whether the draft gives lines, or clears them, that are not those the order has."""
        is_given = draft.lines or (draft.cleared and "lines" in draft.cleared)
        return bool(is_given) and completed(draft.lines or []) != (target.lines or [])

    def _settle(self, draft: Draft, target: Target, new: dict[str, Any], action: Action) -> Action:
        """Enter what a draft changes into its record, unless that breaks a rule no single row can know."""
        fault = self._forbidden(draft, target, new) or self._broken(draft, target, new)
        if fault is not None:
            return self._refuse(draft, *fault)
        if target.id == draft.id:
            target.flags = draft.flags
        else:
            target.stale.update(new)
            self._flag(draft, target, new)
        target.values.update(new)
        target.changed.update(new)
        if (draft.lines is not None or draft.cleared) and self._lines_differ(draft, target):
            target.lines = completed(draft.lines or [])
            target.changed.add("lines")
        if self.shape.record_type is RecordType.ORDER:
            self._total(draft, target)
        self.targets[target.id] = target
        self._register(draft, target, new)
        return self._note(draft, target.id, action)

    def _flag(self, draft: Draft, target: Target, new: dict[str, Any]) -> None:
        """A field that is given anew is flagged, or no longer, by what was said of the new value."""
        given = {name for name in draft.values if name in new or target.values.get(name) == draft.values[name]}.union(draft.cleared)
        target.flags = [flag for flag in target.flags if flag.partition(":")[0] not in given]
        target.flags += [flag for flag in draft.flags if flag.partition(":")[0] in given]

    def _total(self, draft: Draft, target: Target) -> None:
        """An order that came without its amount has the sum of its lines, in the tenant's currency unless it says another."""
        target.values.setdefault("currency", self.tenant.currency)
        if "amount" not in draft.values and (target.is_new or "lines" in target.changed):
            summed = sum((line["amount"] for line in target.lines or ()), Decimal(0))
            if target.values.get("amount") != summed:
                target.values["amount"] = summed
                target.changed.add("amount")

    def _register(self, draft: Draft, target: Target, new: dict[str, Any]) -> None:
        """Later rows of the batch find the record by its new signs."""
        if self.shape.record_type is RecordType.CUSTOMER:
            if target.keys:
                target.keys = {kind: value for kind, value in target.keys.items() if field_of(kind) not in new}
            for kind, value in draft.keys.items():
                if target.is_new or field_of(kind) in new:
                    target.keys[kind] = value
                    self._own((kind, value), target.id)
        else:
            for sign in signs_of(self.shape, target.values):
                self._own(sign, target.id)

    def _own(self, sign: Sign, id: UUID) -> None:
        holders = self.own_signs.setdefault(sign, [])
        if id not in holders:
            holders.append(id)

    def _forbidden(self, draft: Draft, target: Target, new: dict[str, Any]) -> Broken | None:
        """That the record would not be one of those the actor may make or change."""
        if self.allowed is None:
            return None
        fault = self.allowed.result(draft, {**target.values, **new}, is_new=target.is_new)
        return (None, fault, None) if fault else None

    def _broken(self, draft: Draft, target: Target, new: dict[str, Any]) -> Broken | None:
        """A unique value another record holds, an order before birth, a total that is not its lines."""
        for name, sign in self._guarded_signs(draft, target, new):
            other = next((id for id in self._holders(sign) if id != target.id), None)
            if other is not None:
                return name, _duplicate(), other if self._is_known(other, sign) else None
        if self.shape.record_type is RecordType.ORDER:
            return broken_order(draft, new, self.matches.births, self.tenant)
        return None

    def _guarded_signs(self, draft: Draft, target: Target, new: dict[str, Any]) -> Iterator[tuple[str, Sign]]:
        """What the record will be alone in having, by field."""
        if self.shape.record_type is RecordType.CUSTOMER:
            for kind in self.guarded:
                if kind in draft.keys and field_of(kind) in new:
                    yield field_of(kind), (kind, draft.keys[kind])
            return
        for sign in signs_of(self.shape, {**target.values, **new}):
            if sign[0] == "external_id":
                yield "external_id", sign
            elif self.shape.is_natural_unique:
                yield self.shape.natural[-1], sign

    def _refuse(self, draft: Draft, target: str | None, fault: Fault, holder: UUID | None = None) -> Action:
        for row in dict.fromkeys(self.rows[place] for place in draft.places):
            self.problems.append(Problem(row, target, fault.code, Severity.ERROR, fault.wrong, fault.right))
        return self._note(draft, holder, Action.REJECT)

    def _note(self, draft: Draft, id: UUID | None, action: Action) -> Action:
        for place in draft.places:
            self.record_ids[place] = id
        return action


def _duplicate() -> Fault:
    return Fault(Code.DUPLICATE, "There is a record of yours with this value already.", "Change that one, or correct the value.")
