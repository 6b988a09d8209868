"""Keys that make keys: those can do no more, live no longer, and make none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants.access.built_in import ADMIN, PARTNER, SERVICE
from tenants.api_keys import authenticate, change, revoke, rotate
from tenants.networks import address_of
from tenants.refusals import Invalid, NotAllowed
from tenants.session import Actor, acting_as
from tests.tenants.api_keys.conftest import MakeKey

UNKNOWN = r"^This API key is not valid\.$"
MORE = "more than you may do yourself"
DAY = timedelta(days=1)


async def test_a_key_that_a_key_has_made_is_within_it_and_ends_with_it(acme: Actor, make_key: MakeKey) -> None:
    parent_id, parent_secret = await make_key(acme, role_ids=[ADMIN.id], networks=["203.0.113.0/24"], points_per_minute=1000)
    parent = await authenticate(parent_secret, address_of("203.0.113.7"))
    _, secret = await make_key(parent, role_ids=[PARTNER.id], networks=["203.0.113.0/25", "198.51.100.0/24"])
    _, free = await make_key(parent, role_ids=[PARTNER.id])

    assert (await authenticate(secret, address_of("203.0.113.7"))).points_per_minute == 1000
    for from_there, each in (("198.51.100.1", secret), ("203.0.113.200", secret), ("198.51.100.1", free)):
        with pytest.raises(NotAllowed):
            await authenticate(each, address_of(from_there))
    with pytest.raises(NotAllowed, match=MORE):
        await make_key(parent, role_ids=[ADMIN.id], may_reveal=True)
    with pytest.raises(Invalid, match="1,000"):
        await make_key(parent, role_ids=[PARTNER.id], points_per_minute=1001)

    async with acting_as(acme):
        await revoke(parent_id)
    for each in (secret, free):
        with pytest.raises(NotAllowed, match=UNKNOWN):
            await authenticate(each, address_of("203.0.113.7"))


async def test_a_key_that_a_key_has_made_makes_none(acme: Actor, make_key: MakeKey) -> None:
    _, parent = await make_key(acme, role_ids=[ADMIN.id])
    _, child = await make_key(await authenticate(parent), role_ids=[ADMIN.id])

    with pytest.raises(NotAllowed, match="makes none"):
        await make_key(await authenticate(child), role_ids=[SERVICE.id])


async def test_a_key_changes_those_it_made_and_of_itself_the_secret_alone(acme: Actor, make_key: MakeKey) -> None:
    id, secret = await make_key(acme, role_ids=[ADMIN.id], networks=["203.0.113.7"], expires_at=datetime.now(UTC) + DAY)
    other, _ = await make_key(acme, role_ids=[SERVICE.id])
    actor = await authenticate(secret, address_of("203.0.113.7"))
    own, _ = await make_key(actor, role_ids=[SERVICE.id])

    for each, changes in ((id, {"networks": []}), (id, {"expires_at": None}), (other, {"role_ids": [ADMIN.id]})):
        with pytest.raises(NotAllowed, match="has made itself"):
            async with acting_as(actor):
                await change(each, changes)
    with pytest.raises(NotAllowed, match="has made itself"):
        async with acting_as(actor):
            await rotate(other, DAY)
    async with acting_as(actor):
        await change(own, {"name": "Ours"})
        await rotate(own, DAY)
        after = await rotate(id, timedelta())
    assert (await authenticate(after, address_of("203.0.113.7"))).id == id
