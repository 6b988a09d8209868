"""A key can never do more than who made it: not when it is made, and not ever after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from tenants.access.actors import BELIEVED_SECONDS, actor_of_key
from tenants.access.built_in import ADMIN, AUDITOR, MANAGER, PARTNER, SALES, SERVICE
from tenants.access.permissions import Permission
from tenants.api_keys import authenticate, change, end_former_secrets, revoke, rotate
from tenants.ids import new_id
from tenants.refusals import Conflict, Invalid, NotAllowed, NotFound
from tenants.session import Actor, acting_as
from tests.tenants.api_keys.conftest import MakeKey, MakeMember, Run

UNKNOWN = r"^This API key is not valid\.$"
MORE = "more than you may do yourself"
DAY = timedelta(days=1)
#: A member who may manage keys, and read customers with masked phones, and nothing else.
KEEPER = {"permissions": {"API_KEY_MANAGE": "ALL", "CUSTOMER_READ": "TEAM"}, "fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}}}


async def make_role(of: Actor, grants: dict[str, Any]) -> UUID:
    id = new_id()
    async with acting_as(of) as unit:
        await unit.connection.execute(
            "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, $2, $3, $4)",
            of.tenant_id,
            id,
            id.hex,
            orjson.dumps(grants).decode(),
        )
    return id


def narrowed(**changes: Any) -> dict[str, Any]:
    return {"permissions": {"CUSTOMER_READ": "TEAM"}, "fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}}} | changes


@pytest.mark.parametrize(
    "wider",
    [
        {"permissions": {"CUSTOMER_READ": "ALL"}},
        {"permissions": {"CUSTOMER_READ": "TEAM", "CUSTOMER_DELETE": "OWN"}},
        {"permissions": {"CUSTOMER_READ": "TEAM", "ROLE_MANAGE": "ALL"}},
        {"fields": {"CUSTOMER": {"*": "READ", "phone": "READ"}}},
        {"fields": {"CUSTOMER": {"*": "WRITE", "phone": "MASKED"}}},
        {"fields": {"CUSTOMER": {"*": "READ", "phone": "MASKED"}, "ORDER": {"*": "READ"}}},
    ],
)
async def test_nobody_makes_or_changes_a_key_into_more_than_he_has(
    acme: Actor, make_member: MakeMember, make_key: MakeKey, wider: dict[str, Any]
) -> None:
    keeper = await make_member(acme, await make_role(acme, KEEPER))
    fits, too_wide = await make_role(acme, narrowed()), await make_role(acme, narrowed(**wider))

    id, _ = await make_key(keeper, role_ids=[fits])
    for roles in ([too_wide], [fits, too_wide], [PARTNER.id], [ADMIN.id]):
        with pytest.raises(NotAllowed, match=MORE) as refused:
            await make_key(keeper, role_ids=roles)
        assert refused.value.field == ["role_ids"]
        with pytest.raises(NotAllowed, match=MORE):
            async with acting_as(keeper):
                await change(id, {"role_ids": roles})


async def test_what_a_key_reveals_its_maker_may_reveal(acme: Actor, make_member: MakeMember, make_key: MakeKey) -> None:
    everything = {noun: {"*": "WRITE"} for noun in ("CUSTOMER", "CONTACT", "ORDER", "INTERACTION", "NEED", "PREFERENCE")}
    records = {
        each.value: "ALL" for each in Permission if each.endswith(("_READ", "_CREATE", "_UPDATE", "_DELETE", "IMPORT_RUN", "_EXPORT"))
    }
    keeper = await make_member(acme, await make_role(acme, {"permissions": records | {"API_KEY_MANAGE": "ALL"}, "fields": everything}))

    id, secret = await make_key(keeper, role_ids=[PARTNER.id])

    assert not (await authenticate(secret)).rights.may(Permission.CUSTOMER_REVEAL)
    with pytest.raises(NotAllowed, match=MORE):
        await make_key(keeper, role_ids=[PARTNER.id], may_reveal=True)
    with pytest.raises(NotAllowed, match=MORE):
        async with acting_as(keeper):
            await change(id, {"may_reveal": True})


@pytest.mark.parametrize("roles", [[MANAGER.id], [SALES.id], [SERVICE.id], [AUDITOR.id], [PARTNER.id], []])
async def test_who_may_not_manage_keys_does_nothing_with_them(
    acme: Actor, make_member: MakeMember, make_key: MakeKey, roles: list[UUID]
) -> None:
    somebody, (id, _) = await make_member(acme, *roles), await make_key(acme, role_ids=[SERVICE.id])

    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: change(id, {"name": "Mine"}),
        lambda: rotate(id, DAY),
        lambda: end_former_secrets(id),
        lambda: revoke(id),
    ]
    for act in acts:
        with pytest.raises(NotAllowed, match="API_KEY_MANAGE"):
            async with acting_as(somebody):
                await act()
    with pytest.raises(NotAllowed, match="API_KEY_MANAGE"):
        await make_key(somebody, role_ids=roles or [SERVICE.id])


async def test_a_role_there_is_not_is_no_role_of_a_key(acme: Actor, globex: Actor, make_key: MakeKey) -> None:
    foreign = await make_role(globex, narrowed())

    for id in (foreign, new_id()):
        with pytest.raises(Invalid, match="no such role"):
            await make_key(acme, role_ids=[id])


async def test_a_key_is_narrowed_with_its_maker_within_a_second(acme: Actor, make_member: MakeMember, make_key: MakeKey, run: Run) -> None:
    maker = await make_member(acme, ADMIN.id)
    _, secret = await make_key(maker, role_ids=[PARTNER.id])
    assert (await authenticate(secret)).rights.may(Permission.CUSTOMER_DELETE)

    await run(acme, "UPDATE member SET role_ids = $3 WHERE tenant_id = $1 AND id = $2", maker.id, [SERVICE.id])
    began = time.monotonic()
    while (await authenticate(secret)).rights.may(Permission.CUSTOMER_DELETE):
        await asyncio.sleep(0.02)

    assert time.monotonic() - began < BELIEVED_SECONDS + 0.5
    left = (await authenticate(secret)).rights
    assert left.may(Permission.CUSTOMER_READ)
    assert not left.may(Permission.IMPORT_RUN)


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE member SET status = 'SUSPENDED' WHERE tenant_id = $1",
        "UPDATE member SET status = 'REMOVED' WHERE tenant_id = $1",
        "UPDATE tenant SET status = 'SUSPENDED' WHERE id = $1",
        "UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1",
        "UPDATE api_key SET expires_at = now() WHERE tenant_id = $1",
    ],
)
async def test_a_key_ends_within_a_second_with_what_it_stands_on(
    acme: Actor, make_member: MakeMember, make_key: MakeKey, run: Run, ending: str
) -> None:
    _, secret = await make_key(await make_member(acme, ADMIN.id), role_ids=[PARTNER.id])
    await authenticate(secret)

    await run(acme, ending)
    began = time.monotonic()
    with pytest.raises(NotAllowed, match=UNKNOWN):
        while await authenticate(secret):
            await asyncio.sleep(0.02)

    assert time.monotonic() - began < BELIEVED_SECONDS + 0.5


async def test_whoever_rotates_a_key_has_all_it_can_do_and_answers_for_it_from_then_on(
    acme: Actor, make_member: MakeMember, make_key: MakeKey, run: Run
) -> None:
    admin, keeper = await make_member(acme, ADMIN.id), await make_member(acme, await make_role(acme, KEEPER))
    wide, _ = await make_key(admin, role_ids=[ADMIN.id])
    narrow, _ = await make_key(admin, role_ids=[await make_role(acme, narrowed())])

    with pytest.raises(NotAllowed, match=MORE):
        async with acting_as(keeper):
            await rotate(wide, DAY)
    async with acting_as(keeper):
        secret = await rotate(narrow, DAY)
    assert (await authenticate(secret)).member_id == keeper.id

    await run(acme, "UPDATE member SET status = 'REMOVED' WHERE tenant_id = $1 AND id = $2", keeper.id)
    with pytest.raises(NotAllowed, match=UNKNOWN):
        await actor_of_key(acme.tenant_id, narrow)


async def test_whoever_says_what_a_key_may_do_answers_for_it_from_then_on(
    acme: Actor, make_member: MakeMember, make_key: MakeKey, run: Run
) -> None:
    admin, (id, secret) = await make_member(acme, ADMIN.id), await make_key(acme, role_ids=[SERVICE.id])
    async with acting_as(admin):
        await change(id, {"name": "Lager"})
    assert (await authenticate(secret)).member_id is None

    async with acting_as(admin):
        await change(id, {"role_ids": [PARTNER.id]})
    assert (await authenticate(secret)).member_id == admin.id

    await run(acme, "UPDATE member SET role_ids = $3 WHERE tenant_id = $1 AND id = $2", admin.id, [SERVICE.id])
    rights = (await actor_of_key(acme.tenant_id, id)).rights
    assert (rights.may(Permission.CUSTOMER_READ), rights.may(Permission.CUSTOMER_DELETE)) == (True, False)


async def test_ending_a_key_takes_the_permission_alone(acme: Actor, make_member: MakeMember, make_key: MakeKey) -> None:
    keeper, (id, secret) = await make_member(acme, await make_role(acme, KEEPER)), await make_key(acme, role_ids=[ADMIN.id])

    async with acting_as(keeper):
        await revoke(id)

    with pytest.raises(NotAllowed, match=UNKNOWN):
        await authenticate(secret)


async def test_a_key_of_another_tenant_is_none(acme: Actor, globex: Actor, make_key: MakeKey) -> None:
    id, secret = await make_key(acme)

    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: change(id, {"name": "Mine"}),
        lambda: rotate(id, DAY),
        lambda: end_former_secrets(id),
        lambda: revoke(id),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            async with acting_as(globex):
                await act()
    assert await authenticate(secret)


async def test_a_revoked_key_stays_as_it_is(acme: Actor, make_key: MakeKey) -> None:
    id, _ = await make_key(acme)
    async with acting_as(acme):
        await revoke(id)

    with pytest.raises(Conflict, match="for good"):
        async with acting_as(acme):
            await change(id, {"expires_at": None})


async def test_the_trail_tells_what_was_done_with_a_key_and_neither_its_name_nor_its_secrets(
    acme: Actor, make_key: MakeKey, run: Run
) -> None:
    id, secret = await make_key(acme, networks=["203.0.113.0/24"])
    async with acting_as(acme):
        await change(id, {"name": "Onlineshop Müller", "points_per_minute": 600})
        after = await rotate(id, DAY)
        await end_former_secrets(id)
        await revoke(id)
        await revoke(id)

    entries = await run(acme, "SELECT * FROM trail_entry WHERE tenant_id = $1 AND subject_id = $2", id)

    assert sorted(row["event"] for row in entries) == ["KEY_CHANGED", "KEY_CHANGED", "KEY_MADE", "KEY_REVOKED", "KEY_ROTATED"]
    assert {tuple(row["fields"]) for row in entries if row["fields"]} == {("name", "points_per_minute"), ("former_secrets",)}
    text = str(entries)
    assert "203.0.113.0/24" in text
    assert not any(each in text for each in ("Müller", "Shop", secret, after, secret[5:48]))
