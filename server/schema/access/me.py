"""Who one is, and what one may do: what a frontend needs to know which buttons to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from server.reads.declaring import computed
from server.schema.access.telling import conditions, field_grants, named_levels, other_levels, permission_grants
from server.schema.access.types import BuiltInRole, FieldGrant, PermissionGrant, RoleName
from tenants.access.built_in import BUILT_IN
from tenants.access.difference import highest, named_fields, widest
from tenants.access.me import who_am_i
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.session import Actor, ActorKind, reading_as

if TYPE_CHECKING:
    from server.reads.execute import Road


@strawberry.type(description="Who asks, and what he may do.")
class Me:
    kind: ActorKind = strawberry.field(description="Whether a member asks or a program.")
    id: strawberry.ID = strawberry.field(description="The member's id, or the key's.")
    name: str = strawberry.field(description="The member's name, or the key's.")
    email: str | None = strawberry.field(description="The member's e-mail; null for a program.")
    member_id: strawberry.ID | None = strawberry.field(
        description="Whose customers are the own ones: the member himself, or who made the key; null where nobody did."
    )
    roles: list[RoleName] = strawberry.field(description="The roles of the member, or of the key.")
    permissions: list[PermissionGrant] = strawberry.field(description="What may be done, each as far as any role goes.")
    fields: list[FieldGrant] = strawberry.field(
        description="The level of every field that is not NONE, as high as any role goes on some record; `custom.*` is every field of "
        "your tenant's own that is not named."
    )


async def _me(road: Road, actor: Actor) -> Me:
    async with reading_as(actor):
        found = await who_am_i()
    rights = actor.rights
    return Me(
        kind=actor.kind,
        id=strawberry.ID(global_id(actor.kind, found.id)),
        name=found.name,
        email=found.email,
        member_id=strawberry.ID(global_id("MEMBER", actor.member_id)) if actor.member_id else None,
        roles=[
            RoleName(id=strawberry.ID(global_id("ROLE", role.id)), name=role.name, is_built_in=role.is_built_in) for role in found.roles
        ],
        permissions=permission_grants(widest(rights)),
        fields=field_grants(highest(rights, named_fields(rights.grants))),
    )


async def _built_in(road: Road, actor: Actor) -> list[BuiltInRole]:
    return [
        BuiltInRole(
            id=strawberry.ID(global_id("ROLE", role.id)),
            name=role.word,
            description=role.description,
            permissions=permission_grants(dict(role.grant.permissions)),
            fields=named_levels(role.grant),
            other_fields=other_levels(role.grant),
            conditions=conditions(role.grant),
        )
        for role in BUILT_IN.values()
    ]


@strawberry.type
class MeQueries:
    me: Me = computed(_me, "Who you are, and what you may do.", permission=None)
    built_in_roles: list[BuiltInRole] = computed(_built_in, "The roles that every tenant begins with.", permission=Permission.MEMBER_READ)
