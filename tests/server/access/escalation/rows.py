"""Two worlds that differ in hidden records only, and attempts to find out whether there are any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenants.access.permissions import NOUNS, ON_RECORDS
from tenants.ids import global_id, local_id
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.access.conftest import MakeMember, MakeRole, Person
from tests.server.access.escalation.looking import LISTS, TYPES, Look
from tests.server.access.escalation.writing import NEW, UPSERT, act

_ON_RECORDS = [permission.value for permission in ON_RECORDS]
_PLAIN = {"MEMBER_READ": "ALL", "ROLE_MANAGE": "ALL", "MEMBER_MANAGE": "ALL"}
_FIELDS = {noun.value: {"*": "WRITE"} for noun in NOUNS}
_CONDITIONS = {
    "CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}],
    "ORDER": [{"field": "status", "in": ["PAID"]}],
    "INTERACTION": [{"field": "channel", "in": ["PHONE"]}],
    "NEED": [{"field": "status", "in": ["OPEN"]}],
    "PREFERENCE": [{"field": "kind", "in": ["Tee"]}],
}
#: Who spies: the one sees what is his own, the other what fulfils conditions. Both may do everything with that.
SPIES: dict[str, dict[str, Any]] = {
    "owner": {"permissions": dict.fromkeys(_ON_RECORDS, "OWN") | _PLAIN, "fields": _FIELDS},
    "conditional": {"permissions": dict.fromkeys(_ON_RECORDS, "ALL") | _PLAIN, "fields": _FIELDS, "conditions": _CONDITIONS},
}
_SEEN: dict[str, dict[str, Any]] = {
    "Contact": {"name": "Wei", "jobTitle": "老板"},
    "Order": {"number": "S-1", "orderedAt": "2024-05-01", "status": "PAID", "amount": "7", "currency": "EUR"},
    "Interaction": {"channel": "PHONE", "occurredAt": "2024-05-01"},
    "Need": {"what": "Tee", "status": "OPEN"},
    "Preference": {"kind": "Tee", "value": "schwarz"},
}
_UNSEEN: dict[str, dict[str, Any]] = {
    "Contact": {"name": "Xu Hidden", "jobTitle": "Xylograf", "externalId": "X-1"},
    "Order": {"number": "X-1", "orderedAt": "2024-06-01", "status": "OPEN", "amount": "1000", "currency": "EUR"}
    | {"lines": [{"product": "Xylophon", "quantity": "1", "unitPrice": "1000"}]},
    "Interaction": {"channel": "CHAT", "occurredAt": "2024-06-01", "subject": "Xmas"},
    "Need": {"what": "Xylophon", "status": "CLOSED"},
    "Preference": {"kind": "Xylophon", "value": "rot"},
}
#: What can be hidden of a customer that is seen: a role has no condition on contacts.
_INNER = {noun: values for noun, values in _UNSEEN.items() if noun != "Contact"}
SECRET = {"name": "Xu Hidden", "externalId": "X-1", "phone": "+8613811115678", "email": "xu@example.cn", "nationalId": "AB123456"}
_MORE = {"company": "Xenon", "source": "Xmas", "owner": "Xaver", "region": "Xanten", "city": "Xanten", "country": "DE", "gender": "OTHER"}


class RowWorld:
    """A tenant with a `seen` customer and a `hidden` one, each with a record of each kind, and `inner` ones, hidden at `seen`."""

    def __init__(self, tenant: Actor) -> None:
        self.tenant, self.people, self.ids = tenant, dict[str, Person](), dict[str, str]()

    async def settle(self, make_member: MakeMember, make_role: MakeRole) -> RowWorld:
        self.people["full"] = await make_member(self.tenant, "ADMIN")
        for name, grants in SPIES.items():
            self.people[name] = await make_member(self.tenant, await make_role(self.tenant, grants, name))
        small = await make_role(self.tenant, SPIES["owner"] | {"permissions": {"CUSTOMER_READ": "OWN"}}, "small")
        somebody = await make_member(self.tenant, small)
        self.ids |= {"small": global_id("ROLE", small), "somebody": somebody.global_id}
        await self._make("seen", {"name": "Anna", "lifecycle": "ACTIVE"}, _SEEN)
        await self._make("hidden", SECRET | _MORE | {"lifecycle": "PROSPECT", "tags": ["x"]}, _UNSEEN)
        for noun, values in _INNER.items():
            inner = {key: value.replace("X", "Y") if isinstance(value, str) and key != "status" else value for key, value in values.items()}
            inner |= {"channel": "CHAT"} if noun == "Interaction" else {}
            self.ids[f"inner {noun.lower()}"] = await self._done(noun, customerId=self.ids["seen customer"], **inner)
        async with acting_as(self.tenant) as unit:
            statement = "UPDATE customer SET owner_id = $3 WHERE tenant_id = $1 AND id = $2"
            for which, owner in (("seen", self.people["owner"]), ("hidden", somebody)):
                id = local_id(RecordType.CUSTOMER, self.ids[f"{which} customer"])
                await unit.connection.execute(statement, self.tenant.tenant_id, id, owner.id)
        return self

    async def _make(self, which: str, customer: dict[str, Any], of: dict[str, dict[str, Any]]) -> None:
        self.ids[f"{which} customer"] = await self._done("Customer", **customer)
        for noun, values in of.items():
            self.ids[f"{which} {noun.lower()}"] = await self._done(noun, customerId=self.ids[f"{which} customer"], **values)

    async def _done(self, noun: str, **input: Any) -> str:
        payload = (await self.people["full"].ask(act(f"create{noun}", f"of: {noun.lower()} {{ id }}"), input=input))[f"create{noun}"]
        assert payload["userErrors"] == [], payload
        return str(payload["of"]["id"])

    async def take_away(self, which: str) -> None:
        """The same world without the hidden customer, or without what is hidden of the other."""
        for noun in ("Customer",) if which == "hidden" else _INNER:
            document = act(f"delete{noun}", "deletedId", "Delete")
            answer = await self.people["full"].ask(document, input={"id": self.ids[f"{which} {noun.lower()}"]})
            assert answer[f"delete{noun}"]["userErrors"] == []


def _lists() -> Iterator[Look]:
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }"
    for noun, list_ in LISTS.items():
        for label, asked in {
            "all": "{ totalCount nodes { id } }",
            "counted": "(first: 1) { totalCount }",
            "first": f"(first: 1) {{ {page} }}",
            "first two": f"(first: 2) {{ {page} }}",
            "last": f"(last: 1) {{ {page} nodes {{ id }} }}",
        }.items():
            yield Look(f"{list_}, {label}", f"{{ {list_}{asked} }}")
        known: Any = TYPES[f"{noun}OrderField"]
        for name in known.values:
            for direction in ("ASC", "DESC"):
                by = f"first: 1, orderBy: [{{field: {name}, direction: {direction}}}]"
                yield Look(f"{list_} by {name} {direction}", f"{{ {list_}({by}) {{ pageInfo {{ hasNextPage }} nodes {{ id }} }} }}")
        for which in ("hidden", "inner") if noun in _INNER else ("hidden",):
            variables = {"id": f"{{{which} {noun.lower()}}}"}
            yield Look(f"node {which} {noun}", f"query ($id: ID!) {{ node(id: $id) {{ id ... on {noun} {{ version }} }} }}", variables)
            yield Look(f"nodes {which} {noun}", "query ($id: ID!) { nodes(ids: [$id]) { id } }", variables)
            among = f"query ($id: ID!) {{ {list_}(filter: {{id: {{in: [$id]}}}}) {{ totalCount }} }}"
            yield Look(f"{which} {noun} among all", among, variables)
    yield Look("a customer by its id", "query ($id: ID!) { customer(id: $id) { id } }", {"id": "{hidden customer}"})


def _filters() -> Iterator[Look]:
    count = "query ($filter: CustomerFilter) { customers(filter: $filter) { totalCount nodes { id } } }"
    values: dict[str, Any] = {name: {"eq": value} for name, value in (SECRET | _MORE).items()} | {"tags": {"has": "x"}}
    for name, test in (values | {"lifecycle": {"eq": "PROSPECT"}, "version": {"eq": 1}}).items():
        yield Look(f"customers by {name}", count, {"filter": {name: test}})
        yield Look(f"customers but by {name}", count, {"filter": {"not": {"not": {name: test}}}})
        contacts = "query ($filter: ContactFilter) { contacts(filter: $filter) { totalCount } }"
        yield Look(f"contacts of customers by {name}", contacts, {"filter": {"customer": {name: test}}})
    for noun, unseen in _UNSEEN.items():
        for name in (each for each in unseen if each not in ("orderedAt", "occurredAt", "amount", "currency", "lines", "externalId")):
            value = unseen[name].replace("X", "Y") if noun in _INNER and name not in ("status", "channel") else unseen[name]
            test = {name: {"eq": value}}
            of = f"query ($filter: {noun}Filter) {{ {LISTS[noun]}(filter: $filter) {{ totalCount }} }}"
            yield Look(f"{LISTS[noun]} by {name}", of, {"filter": test})
            for quantifier in ("some", "none", "every"):
                found: dict[str, Any] = {LISTS[noun]: {quantifier: test}}
                turned = {"not": found} if (quantifier == "every" and "Y" in value) or (quantifier == "none" and "X" in value) else found
                yield Look(f"customers by {quantifier} {noun}'s {name}", count, {"filter": turned})
        inside = f"{{ customers {{ nodes {{ {LISTS[noun]} {{ totalCount pageInfo {{ hasNextPage }} nodes {{ id }} }} }} }} }}"
        yield Look(f"a customer's {LISTS[noun]}", inside)


def _reports() -> Iterator[Look]:
    groups: Any = TYPES["CustomerGrouping"]
    for group in groups.values:
        yield Look(f"count by {group}", f"{{ customerStats(groupBy: [{group}]) {{ customers }} }}")
        spent = "orders { currency orders customers amount average firstOrderedAt lastOrderedAt }"
        yield Look(f"orders by {group}", f"{{ customerStats(groupBy: [{group}]) {{ {spent} }} }}")
    for document in (
        "{ customerSpending { orders amount average lastOrderedAt } }",
        "{ customers { nodes { spending { orders amount average lastOrderedAt daysBetween } } } }",
        "{ popularProducts { product orders customers quantity amounts { amount } } }",
        "{ preferencesByRegion { country region kind value customers } }",
        '{ customers(search: "Hidden") { totalCount } }',
        '{ customers(search: "Xenon") { nodes { id } } }',
        '{ customers(search: "Xu Hid") { pageInfo { endCursor } } }',
    ):
        yield Look(document, document)


def _acts() -> Iterator[Look]:
    for noun, unseen in ({"Customer": SECRET} | _UNSEEN).items():
        name = next(iter(unseen))
        for which in ("hidden", "inner") if noun in _INNER else ("hidden",):
            id, value = (
                f"{{{which} {noun.lower()}}}",
                unseen[name] if which == "hidden" or name == "channel" else unseen[name].replace("X", "Y"),
            )
            change = act(f"update{noun}", f"of: {noun.lower()} {{ id }} conflicts {{ field stored base }}")
            yield Look(f"conflict about a {which} {noun}", change, {"input": {"id": id, name: value, "version": 99}})
            delete = act(f"delete{noun}", "deletedId deletedCounts { recordType count }", "Delete")
            yield Look(f"delete a {which} {noun} of another version", delete, {"input": {"id": id, "version": 99}})
            yield Look(f"change a {which} {noun}", change, {"input": {"id": id, name: value}})
    for name, key in {"phone": "PHONE", "email": "EMAIL", "nationalId": "NATIONAL_ID", "externalId": "EXTERNAL"}.items():
        for rule in ("SKIP", "REJECT"):
            input = {"rows": [{"name": "Li", name: SECRET[name]}], "matchBy": [key], "dryRun": True}
            yield Look(f"match by {name} or {rule}", UPSERT, {"input": input | {"rules": {"onMissing": rule}}})
            if key != "EXTERNAL":
                yield Look(f"{rule} what is matched by {name}", UPSERT, {"input": input | {"rules": {"onMatch": rule}}})
    row = {"id": "{hidden customer}", "name": "Xu Hidden"}
    yield Look("a row by its id", UPSERT, {"input": {"rows": [row], "dryRun": True}})
    yield Look("a row of another version", UPSERT, {"input": {"rows": [row | {"version": 99}], "dryRun": True}})
    for noun, new in NEW.items():
        number = {"number": "N-2"} if noun == "Order" else {}
        for name in ("phone", "email", "externalId"):
            link = {"customer": {name: SECRET[name]}}
            yield Look(
                f"a {noun} of who has this {name}", act(f"create{noun}", f"of: {noun.lower()} {{ id }}"), {"input": new | number | link}
            )
            number = {"number": f"N-{name}"} if noun == "Order" else {}
        by_id = {"customerId": "{hidden customer}", **({"number": "N-3"} if noun == "Order" else {})}
        yield Look(f"a {noun} of a hidden customer", act(f"create{noun}", f"of: {noun.lower()} {{ id }}"), {"input": new | by_id})


def _told_of_access() -> Iterator[Look]:
    explain = "query ($m: ID!, $r: ID!) { explainAccess(memberId: $m, recordId: $r) { isVisible roles { decides } } }"
    for noun in ("customer", "order", "need"):
        yield Look(f"explain a hidden {noun}", explain, {"m": "{somebody}", "r": f"{{hidden {noun}}}"})
    records = "changes { fieldsGained { field } } records { noun gained lost fields { field gained lost } }"
    preview = f"query ($input: PreviewRoleChangeInput!) {{ previewRoleChange(input: $input) {{ memberCount {records} }} }}"
    yield Look("preview nothing of somebody", preview, {"input": {"member": {"id": "{somebody}", "roleIds": []}}})
    yield Look("preview less", preview, {"input": {"role": {"id": "{small}", "permissions": []}}})


LOOKS = [*_lists(), *_filters(), *_reports(), *_told_of_access(), *_acts()]
