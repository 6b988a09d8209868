"""A key is never wider than who made it: not when it is made, changed or rotated, not by keys that keys make, and not later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tenants.access.actors import BELIEVED_SECONDS
from tenants.access.built_in import BY_WORD, EVERYTHING
from tenants.access.grants import json_of
from tenants.ids import global_id, local_id
from tenants.session import acting_as
from tests.conftest import MakeTenant
from tests.server.access.conftest import MakeMember, MakeRole, Person, rows
from tests.server.access.escalation.asking import named

_KEYS = {"API_KEY_READ": "ALL", "API_KEY_MANAGE": "ALL"}
_ACTIVE = {"CUSTOMER": [{"field": "lifecycle", "in": ["ACTIVE"]}]}
_PHONE = {"CUSTOMER": {"*": "READ", "phone": "MASKED"}}
_SMALL = {"permissions": _KEYS | {"CUSTOMER_READ": "TEAM"}, "fields": _PHONE, "conditions": _ACTIVE}
#: Roles of the tenant: `small` is the keeper's, `less` lies within it, and each of the others goes beyond it in one way.
ROLES: dict[str, dict[str, Any]] = {
    "small": _SMALL,
    "less": _SMALL | {"permissions": _KEYS | {"CUSTOMER_READ": "OWN"}},
    "another noun": _SMALL | {"permissions": {"ORDER_READ": "OWN"}},
    "a wider scope": _SMALL | {"permissions": {"CUSTOMER_READ": "ALL"}},
    "another action": _SMALL | {"permissions": {"CUSTOMER_READ": "OWN", "CUSTOMER_UPDATE": "OWN"}},
    "a field in clear": _SMALL | {"permissions": {"CUSTOMER_READ": "OWN"}, "fields": {"CUSTOMER": {"phone": "READ"}}},
    "a field to write": _SMALL | {"permissions": {"CUSTOMER_READ": "OWN"}, "fields": {"CUSTOMER": {"city": "WRITE"}}},
    "no condition": {"permissions": {"CUSTOMER_READ": "OWN"}, "fields": _PHONE},
    "another condition": {"permissions": {"CUSTOMER_READ": "OWN"}, "conditions": {"CUSTOMER": [{"field": "city", "in": ["杭州"]}]}},
    "reveal": _SMALL | {"permissions": {"CUSTOMER_READ": "OWN", "CUSTOMER_REVEAL": "OWN"}},
    "roles": {"permissions": {"ROLE_MANAGE": "ALL"}},
    "settings": {"permissions": {"SETTINGS_MANAGE": "ALL"}},
    "the trail": {"permissions": {"TRAIL_READ": "ALL"}},
    "everything": json_of(EVERYTHING.grants[0]),
}
#: Revealing counts where a key is to reveal, and without that is nothing.
WIDER = [*(each for each in ROLES if each not in ("small", "less", "reveal")), *BY_WORD]
_KEY = "apiKey { id roleIds mayReveal } userErrors { code message }"


@dataclass(frozen=True)
class Attempt:
    label: str
    who: str
    act: str
    input: dict[str, Any]
    codes: tuple[str, ...] = ("NOT_ALLOWED",)


def _attempts() -> Iterator[Attempt]:
    for who in ("keeper", "his key"):
        own = "{his key's key}" if who == "his key" else "{his key}"
        for role in WIDER:
            name = f"{{{role}}}"
            yield Attempt(f"make a key with {role}", who, "createApiKey", {"name": "x", "roleIds": [name]})
            yield Attempt(f"make a key with {role} besides", who, "createApiKey", {"name": "x", "roleIds": ["{less}", name]})
            yield Attempt(f"give a key {role}", who, "updateApiKey", {"id": own, "roleIds": ["{less}", name]})
        yield Attempt("make a key that reveals", who, "createApiKey", {"name": "x", "roleIds": ["{reveal}"], "mayReveal": True})
        yield Attempt("have a key reveal", who, "updateApiKey", {"id": own, "roleIds": ["{reveal}"], "mayReveal": True})
        for role in ("{foreign role}", "rol_1", "{his key}", f"rol_{'7' * 32}"):
            refused = ("INVALID", "NOT_FOUND", "NOT_ALLOWED")
            yield Attempt(f"make a key with {role}", who, "createApiKey", {"name": "x", "roleIds": [role]}, refused)
            yield Attempt(f"give a key {role}", who, "updateApiKey", {"id": own, "roleIds": [role]}, refused)
        yield from _of_other_keys(who)
    yield from _by_keys()
    for who in ("seller", "seller's key", "auditor", "manager"):
        yield Attempt(f"{who} makes one", who, "createApiKey", {"name": "x", "roleIds": ["{less}"]})
        yield Attempt(f"{who} changes one", who, "updateApiKey", {"id": "{his key}", "roleIds": ["{less}"]})
        yield Attempt(f"{who} gets a secret", who, "rotateApiKey", {"id": "{his key}"})


def _of_other_keys(who: str) -> Iterator[Attempt]:
    for key in ("{boss's key}", "{wide key}"):
        yield Attempt(f"rename {key}", who, "updateApiKey", {"id": key, "name": "mine"})
        yield Attempt(f"open {key} to every network", who, "updateApiKey", {"id": key, "networks": None})
        yield Attempt(f"have {key} for ever", who, "updateApiKey", {"id": key, "expiresAt": None})
        yield Attempt(f"speed {key} up", who, "updateApiKey", {"id": key, "pointsPerMinute": None})
        yield Attempt(f"narrow {key}", who, "updateApiKey", {"id": key, "roleIds": ["{less}"]})
        yield Attempt(f"get the secret of {key}", who, "rotateApiKey", {"id": key})
        yield Attempt(f"get it at once of {key}", who, "rotateApiKey", {"id": key, "overlapHours": 0})
    for key in ("{foreign key}", f"key_{'7' * 32}", "{less}", ""):
        yield Attempt(f"rename {key}", who, "updateApiKey", {"id": key, "name": "mine"}, ("NOT_FOUND",))
        yield Attempt(f"get the secret of {key}", who, "rotateApiKey", {"id": key}, ("NOT_FOUND",))


def _by_keys() -> Iterator[Attempt]:
    for change in (
        {"name": "me"},
        {"roleIds": ["{less}"]},
        {"networks": None},
        {"expiresAt": None},
        {"pointsPerMinute": None},
        {"mayReveal": True},
    ):
        yield Attempt(f"a key changes its own {next(iter(change))}", "his key", "updateApiKey", {"id": "{his key}"} | change)
        yield Attempt(f"it changes another's {next(iter(change))}", "his key", "updateApiKey", {"id": "{a sister key}"} | change)
    yield Attempt("it gets another's secret", "his key", "rotateApiKey", {"id": "{a sister key}"})
    for role in ("less", "small", "everything"):
        yield Attempt(
            f"a key that a key made makes one with {role}", "his key's key", "createApiKey", {"name": "x", "roleIds": [f"{{{role}}}"]}
        )


ATTEMPTS = list(_attempts())


class World:
    def __init__(self) -> None:
        self.people, self.ids = dict[str, Person](), dict[str, str]()

    async def settle(self, make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> World:
        ours, theirs = await make_tenant(), await make_tenant()
        self.tenant = ours
        roles = {name: await make_role(ours, grants, name) for name, grants in ROLES.items()}
        self.ids = {name: global_id("ROLE", id) for name, id in roles.items()} | {
            word: global_id("ROLE", each.id) for word, each in BY_WORD.items()
        }
        self.ids["foreign role"] = global_id("ROLE", await make_role(theirs, ROLES["less"]))
        self.people = {"boss": await make_member(ours, "ADMIN"), "keeper": await make_member(ours, roles["small"])}
        self.people |= {word.lower().replace("sales", "seller"): await make_member(ours, word) for word in ("SALES", "AUDITOR", "MANAGER")}
        foreign = await make_member(theirs, "ADMIN")
        self.ids["foreign key"] = await self._key(foreign, "foreign key", "ADMIN")
        await self._key(self.people["boss"], "boss's key", "less", "another noun")
        await self._key(self.people["boss"], "wide key", "everything")
        await self._key(self.people["boss"], "seller's key", "SALES")
        await self._key(self.people["keeper"], "his key", "small", networks=["127.0.0.0/8"], pointsPerMinute=60000)
        await self._key(self.people["keeper"], "a sister key", "less")
        await self._key(self.people["his key"], "his key's key", "small")
        return self

    async def _key(self, who: Person, name: str, *roles: str, **more: Any) -> str:
        document = f"mutation ($input: CreateApiKeyInput!) {{ done: createApiKey(input: $input) {{ secret {_KEY} }} }}"
        made = (await who.ask(document, input={"name": name, "roleIds": [self.ids[role] for role in roles], **more}))["done"]
        assert made["userErrors"] == [], made
        self.ids[name] = made["apiKey"]["id"]
        self.people[name] = Person(who.tenant, who.id, who.email, made["secret"], http=who.http)
        return self.ids[name]

    async def dump(self) -> list[dict[str, Any]]:
        columns = "id, name, role_ids, made_by, made_by_key, may_reveal, revoked_at, networks, expires_at, points_per_minute, hash, version"
        return await rows(self.tenant, f"SELECT {columns} FROM api_key WHERE tenant_id = $1 ORDER BY id")


@pytest.fixture(scope="module")
def kept() -> dict[str, World]:
    return {}


@pytest.fixture
async def world(kept: dict[str, World], make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> World:
    """One for all attempts: none of them changes it."""
    if not kept:
        kept["world"] = await World().settle(make_tenant, make_member, make_role)
    return kept["world"]


async def _codes(world: World, attempt: Attempt) -> list[str]:
    of = f"{attempt.act[0].upper()}{attempt.act[1:]}Input!"
    document = f"mutation ($input: {of}) {{ done: {attempt.act}(input: $input) {{ {_KEY} }} }}"
    answer = await world.people[attempt.who].ask(document, input=named(attempt.input, world.ids))
    if answer.errors:  # of who may not see keys either
        return answer.codes
    payload = answer["done"]
    assert (payload["apiKey"] is None) is bool(payload["userErrors"])
    return [error["code"] for error in payload["userErrors"]]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: f"{attempt.who}: {attempt.label}")
async def test_an_attempt_is_refused_and_no_key_is_another(world: World, attempt: Attempt) -> None:
    before = await world.dump()

    codes = await _codes(world, attempt)

    assert codes
    assert set(codes) <= set(attempt.codes), codes
    assert await world.dump() == before


async def test_the_same_is_done_within_ones_rights(make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> None:
    """The control."""
    world = await World().settle(make_tenant, make_member, make_role)
    done = [
        Attempt("", "keeper", "createApiKey", {"name": "x", "roleIds": ["{less}", "{small}"]}),
        Attempt("", "keeper", "updateApiKey", {"id": "{his key}", "roleIds": ["{less}"], "networks": None}),
        Attempt("", "keeper", "rotateApiKey", {"id": "{a sister key}"}),
        Attempt("", "his key", "createApiKey", {"name": "x", "roleIds": ["{less}"]}),
        Attempt("", "his key", "rotateApiKey", {"id": "{his key}"}),
        Attempt("", "boss", "updateApiKey", {"id": "{his key}", "roleIds": ["{everything}"]}),
        Attempt("", "boss", "rotateApiKey", {"id": "{wide key}"}),
    ]

    assert [(attempt.act, await _codes(world, attempt)) for attempt in done] == [(attempt.act, []) for attempt in done]


@pytest.mark.parametrize("end", ["no roles", "another role", "suspended", "removed", "role emptied", "role deleted"])
async def test_a_key_loses_what_its_maker_loses(make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole, end: str) -> None:
    world = await World().settle(make_tenant, make_member, make_role)
    keeper, boss = world.people["keeper"], world.people["boss"]
    asked = "{ customers(first: 1) { totalCount } }"
    assert [(await world.people[name].ask(asked)).errors for name in ("his key", "his key's key")] == [[], []]

    if end in ("no roles", "another role"):
        ids = [world.ids["roles"]] if end == "another role" else []
        assert (await boss.done("setMemberRoles", id=keeper.global_id, roleIds=ids))["userErrors"] == []
    elif end in ("suspended", "removed"):
        assert (await boss.moved({"suspended": "suspendMember", "removed": "removeMember"}[end], keeper.global_id))["userErrors"] == []
    elif end == "role emptied":
        assert (await boss.done("updateRole", id=world.ids["small"], permissions=[]))["userErrors"] == []
    else:
        async with acting_as(world.tenant) as unit:
            statement = "DELETE FROM role WHERE tenant_id = $1 AND id = $2"
            await unit.connection.execute(statement, world.tenant.tenant_id, local_id("ROLE", world.ids["small"]))
    await asyncio.sleep(BELIEVED_SECONDS + 0.1)

    for name in ("his key", "his key's key", "keeper"):
        answer = await world.people[name].ask(asked)
        assert answer.status in (401, 403) or set(answer.codes) == {"NOT_ALLOWED"}, (name, answer)


def test_no_two_are_alike() -> None:
    assert len({(each.who, each.act, str(each.input)) for each in ATTEMPTS}) == len(ATTEMPTS)
