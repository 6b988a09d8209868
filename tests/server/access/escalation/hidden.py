"""Two worlds that differ in hidden values only: one tenant whose admin changes them, and what everybody is answered before and after."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tenants.access.fields import FIELDS
from tenants.access.permissions import NOUNS, ON_RECORDS, Action
from tenants.ids import local_id, new_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.access.conftest import MakeMember, MakeRole, Person
from tests.server.access.escalation.values import CUSTOM_TYPES, HIDDEN

_READ = {permission.value: "ALL" for permission, (_, action) in ON_RECORDS.items() if action in (Action.READ, Action.REVEAL)}
_WRITE = {
    permission.value: "ALL" for permission, (_, action) in ON_RECORDS.items() if action in (Action.CREATE, Action.UPDATE, Action.DELETE)
}
_CREATE = {permission: scope for permission, scope in _WRITE.items() if permission.endswith("_CREATE")}
_OWN = dict.fromkeys(_READ, "OWN")
_ALL_FIELDS = {noun.value: {"*": "WRITE"} for noun in NOUNS}
_MASKS = {noun.value: {name: "MASKED" for name, known in FIELDS[noun].items() if known.is_masked} for noun in NOUNS}
_MASKS["CUSTOMER"] |= {f"custom.{name}": "MASKED" for name in CUSTOM_TYPES}
_ACTIVE = {"CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}]}

#: Who spies: what his roles say. All read every record; the fields that differ are hidden from each in another way.
SPIES: dict[str, list[dict[str, Any]]] = {
    "blind": [{"permissions": _READ}],
    "masked": [{"permissions": _READ, "fields": _MASKS}],
    "partly": [{"permissions": _READ}, {"permissions": _OWN, "fields": _ALL_FIELDS}],
    "conditional": [{"permissions": _READ}, {"permissions": {"CUSTOMER_READ": "ALL"}, "fields": _ALL_FIELDS, "conditions": _ACTIVE}],
}
#: What a writer of everybody's records sees and writes, so that he can make and change records at all.
WRITTEN = {
    "CUSTOMER": {"name": "WRITE", "lifecycle": "WRITE", "kind": "WRITE"},
    "CONTACT": {"name": "WRITE"},
    "ORDER": {"number": "WRITE", "ordered_at": "WRITE"},
    "INTERACTION": {"channel": "WRITE", "occurred_at": "WRITE"},
    "NEED": {"what": "WRITE"},
    "PREFERENCE": {"kind": "WRITE", "value": "WRITE"},
}
#: Who writes: all records in few fields, his own in all, or new ones that he does not see.
WRITERS: dict[str, list[dict[str, Any]]] = {
    "writer": [{"permissions": _READ | _WRITE, "fields": WRITTEN}],
    "own writer": [{"permissions": _READ}, {"permissions": dict.fromkeys(_READ | _WRITE, "OWN"), "fields": _ALL_FIELDS}],
    "creator": [{"permissions": _READ}, {"permissions": _CREATE, "fields": _ALL_FIELDS}],
}
_TABLES = ("customer", "contact", "customer_order", "interaction", "need", "preference")
_LINE = {"quantity": "1", "discount": "0"}


class HiddenWorld:
    """A tenant with customers whose fields change (`first`), stay between (`second`), are lost (`third`) and are flagged (`fourth`)."""

    def __init__(self, tenant: Actor, *, unchanged: Collection[str] = ()) -> None:
        self.tenant, self.unchanged, self.people, self.ids = tenant, unchanged, dict[str, Person](), dict[str, str]()
        self.answers: dict[str, dict[tuple[str, str], str]] = {}

    async def settle(self, make_member: MakeMember, make_role: MakeRole) -> HiddenWorld:
        statement = "INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, $3, $3, $4, $5)"
        async with acting_as(self.tenant) as unit:
            for name, type_ in CUSTOM_TYPES.items():
                await unit.connection.execute(statement, self.tenant.tenant_id, new_id(), name, type_, name == "sealed")
        self.people["full"] = await make_member(self.tenant, "ADMIN")
        for name, grants in (SPIES | WRITERS).items():
            roles = [await make_role(self.tenant, each, f"{name} {place}") for place, each in enumerate(grants)]
            self.people[name] = await make_member(self.tenant, *roles)
        for which, value in (("first", "one"), ("second", "between"), ("third", "one")):
            await self._make(which, value)
        self.ids["fourth customer"] = await self._done("createCustomer", name="Anna Tal", postalCode="12x", country="DE")
        await self._done("createContact", name="Anna Tal", customerId=self.ids["fourth customer"])
        await self._still()
        return self

    async def change(self) -> None:
        """Another world: the first customer's values are others, of the same masks, and the fourth's flag is gone."""
        for noun in HIDDEN:
            await self._done(f"update{noun}", id=self.ids[f"first {noun.lower()}"], **self.values(noun, "other"))
        await self._done("updateCustomer", id=self.ids["fourth customer"], postalCode="10115")
        await self._still("2024-11-01")

    async def empty(self) -> None:
        """One more: what the third customer had is gone."""
        for noun in HIDDEN:
            gone = {each.name: None for each in HIDDEN[noun] if each.may_be_empty and each.is_input and not each.name.startswith("custom.")}
            custom = {"custom": [{"name": name, "value": None} for name in CUSTOM_TYPES]} if noun == "Customer" else {}
            await self._done(f"update{noun}", id=self.ids[f"third {noun.lower()}"], **gone, **custom)
        await self._still("2024-11-01", None)

    def values(self, noun: str, which: str) -> dict[str, Any]:
        """The input of a noun's hidden fields."""
        fields = [each for each in HIDDEN[noun] if each.is_input and (which != "other" or each.name not in self.unchanged)]
        found: dict[str, Any] = {each.name: getattr(each, which) for each in fields if "." not in each.name}
        if noun == "Customer":
            of_customs = [each for each in HIDDEN[noun] if each.name.startswith("custom.")]
            found["custom"] = [{"name": each.name.removeprefix("custom."), "value": getattr(each, which)} for each in of_customs]
        if noun == "Order":
            found["lines"] = [{"product": _product(which), "unitPrice": found["amount"], **_LINE}]
        return found

    async def _make(self, which: str, value: str) -> None:
        own = {"Order": {"orderedAt": "2024-05-01"}, "Interaction": {"channel": "PHONE", "occurredAt": "2024-05-01"}}
        lifecycle = "ACTIVE" if which == "second" else "PROSPECT"
        suffix = "" if which != "third" else "3"
        for noun in HIDDEN:
            values = self.values(noun, value) | own.get(noun, {})
            if suffix:  # what is unique is not the first's
                values |= {name: f"{values[name]}{suffix}" for name in ("externalId", "number") if name in values}
            of = {"lifecycle": lifecycle} if noun == "Customer" else {"customerId": self.ids[f"{which} customer"]}
            self.ids[f"{which} {noun.lower()}"] = await self._done(f"create{noun}", **values, **of)

    async def _done(self, act: str, **input: Any) -> str:
        noun, of = act[6:], f"{act[0].upper()}{act[1:]}Input!"
        asked = f"of: {noun.lower()} {{ id }} userErrors {{ code field message }}"
        document = f"mutation ($input: {of}) {{ done: {act}(input: $input) {{ {asked} }} }}"
        payload = (await self.people["full"].ask(document, input=input))["done"]
        assert payload["userErrors"] == [], (act, input, payload)
        return str(payload["of"]["id"])

    async def _still(self, verified: str = "2024-01-01", third: str | None = "2024-01-01") -> None:
        """What the writing itself leaves behind, versions and times, is the same in both worlds; and what no input sets is set."""
        async with acting_as(self.tenant) as unit:
            for table in _TABLES:
                await unit.connection.execute(
                    f"UPDATE {table} SET version = 1, updated_at = created_at WHERE tenant_id = $1", self.tenant.tenant_id
                )
            await self._set(unit.connection, "verified_at = $3::text::timestamptz", "first", verified)
            await self._set(unit.connection, "verified_at = $3::text::timestamptz", "second", "2024-06-01")
            await self._set(unit.connection, "verified_at = $3::text::timestamptz", "third", third)
            await self._set(unit.connection, "owner_id = $3", "second", self.people["partly"].id)

    async def _set(self, connection: Any, assignment: str, which: str, value: object) -> None:
        id = local_id(RecordType.CUSTOMER, self.ids[f"{which} customer"])
        await connection.execute(f"UPDATE customer SET {assignment} WHERE tenant_id = $1 AND id = $2", self.tenant.tenant_id, id, value)


def _product(which: str) -> str:
    return {"one": "Apfel", "other": "Azeton", "between": "Ananas"}[which]
