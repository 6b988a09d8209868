"""People for tests: invited and accepted as people are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from tenants.access.built_in import ADMIN
from tenants.ids import new_id
from tenants.people.invitations import accept, invite, link_token
from tenants.session import Actor, acting_as

PASSWORD = "四月的雨 falls on Köln"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who is an active member of one tenant, with `PASSWORD`."""

    email: str
    person_id: UUID
    member_id: UUID
    tenant: Actor


Join = Callable[..., Awaitable[Somebody]]


async def invited(tenant: Actor, email: str, *, name: str = "王伟", role_ids: tuple[UUID, ...] = (ADMIN.id,)) -> tuple[UUID, str]:
    """A member invited to a tenant, and the token that its mail would hold."""
    async with acting_as(tenant):
        member = await invite(email, name, role_ids, is_mailed=False)
    token = await link_token(tenant, member.id)
    assert token is not None
    return member.id, token


@pytest.fixture
def join(acme: Actor) -> Join:
    """Makes a person who is an active member: of `acme` unless another tenant is given."""

    async def make(tenant: Actor = acme, *, email: str | None = None, role_ids: tuple[UUID, ...] = (ADMIN.id,)) -> Somebody:
        email = email or f"wang.{new_id().hex}@example.cn"
        _, token = await invited(tenant, email, role_ids=role_ids)
        accepted = await accept(token, PASSWORD, name="王伟")
        return Somebody(email, accepted.person_id, accepted.member_id, tenant)

    return make
